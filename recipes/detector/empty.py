"""Pictures without a garment, to judge on: ``python recipes/detector/empty.py STAMPS OUT``.

STAMPS is /usr/share/tuxpaint/stamps of Debian's package tuxpaint-stamps-default: cut-out animals, food, plants,
vehicles, instruments and things of the house, most of them photos, here on white. Pictures of few colours or under 100
pixels are left out. OUT/choose gets every other one, for the threshold below which a photo shows nothing, and OUT/judge
the rest. None of them is trained on.
"""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path

from PIL import Image

KINDS = ("animals", "food", "hobbies", "household", "plants", "vehicles")
SMALLEST = 100
FEWEST = 500
"""More than so many in 64 × 64 pixels of it: a photo, or a drawing with light and shade."""


def main() -> None:
    stamps, out = Path(sys.argv[1]), Path(sys.argv[2])
    halves = cycle((out / "choose", out / "judge"))
    for half in (out / "choose", out / "judge"):
        half.mkdir(parents=True)
    for kind in KINDS:
        for path in sorted((stamps / kind).rglob("*.png")):
            thing = Image.open(path).convert("RGBA")
            colours = thing.convert("RGB").resize((64, 64)).getcolors(64 * 64) or []
            if "mirror" in path.stem or max(thing.size) < SMALLEST or len(colours) <= FEWEST:
                continue
            page = Image.new("RGB", (thing.width * 5 // 4, thing.height * 5 // 4), "white")
            page.paste(thing, (thing.width // 8, thing.height // 8), thing)
            page.save(next(halves) / "-".join(path.relative_to(stamps).parts))


if __name__ == "__main__":
    main()

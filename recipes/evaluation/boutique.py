"""Draw a boutique and write what the protocols of products ask: python recipes/evaluation/boutique.py OUT

OUT/packshots.csv is a feed of the first packshots alone; OUT/queries.csv asks for second packshots and worn garments in
OUT/gallery.csv, the first packshots; OUT/looks.csv asks for what the looks show in a catalogue.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from outfitter.boutique import design, write


def save(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def items(photos: Iterable[Mapping[str, Any]], tag: str) -> list[dict[str, Any]]:
    return [
        {
            "image": photo["file"],
            "group": box["product"],
            "kind": box["slot"],
            "tag": tag,
            **dict(zip(("x1", "y1", "x2", "y2"), box["box_xyxy"], strict=True)),
        }
        for photo in photos
        for box in photo["boxes"]
    ]


def main() -> None:
    out = Path(sys.argv[1])
    write(design(products=240, looks=60, seed=5), out)
    photos = json.loads((out / "truth.json").read_text(encoding="utf-8"))["photos"]
    looks = [photo for photo in photos if photo["file"].startswith("looks/")]
    first, second = ([photo for photo in photos if photo["file"].endswith(f"-{view}.jpg")] for view in (1, 2))
    save(out / "gallery.csv", items(first, "flat"))
    save(out / "looks.csv", items(looks, "worn"))
    save(out / "queries.csv", [*items(second, "flat"), *items(looks, "worn")])
    with (out / "feed.csv").open(encoding="utf-8", newline="") as file:
        save(out / "packshots.csv", [row | {"additional_images": ""} for row in csv.DictReader(file)])


if __name__ == "__main__":
    main()

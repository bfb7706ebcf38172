"""The demo's boutique as garments to look for: python draw_boutique.py OUT.

OUT/first.csv, second.csv and worn.csv: the first and second packshots, and the garments of worn photos, by product.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from outfitter.boutique import design, write

COLUMNS = ("image", "group", "kind", "x1", "y1", "x2", "y2")


def main(out: Path) -> None:
    write(design(), out)
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    rows = [[p["file"], b["product"], b["slot"], *b["box_xyxy"]] for p in truth["photos"] for b in p["boxes"]]
    for name, ending in (("first", "-1.jpg"), ("second", "-2.jpg"), ("worn", "-worn.jpg")):
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *(row for row in rows if row[0].endswith(ending))])


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A boutique as garments to look for, the demo's unless another SEED is given: python draw_boutique.py OUT [SEED].

OUT/first.csv, second.csv and worn.csv: the first and second packshots, and the garments of worn photos, by product.
OUT/items.csv: all three, by style, to learn from.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from outfitter.boutique import design, write

COLUMNS = ("image", "group", "kind", "x1", "y1", "x2", "y2")


def main(out: Path, seed: int = 0) -> None:
    write(design(seed=seed), out)
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    rows = [[p["file"], b["product"], b["slot"], *b["box_xyxy"]] for p in truth["photos"] for b in p["boxes"]]
    parts = {
        name: [row for row in rows if row[0].endswith(ending)]
        for name, ending in (("first", "-1.jpg"), ("second", "-2.jpg"), ("worn", "-worn.jpg"))
    }
    styles = {product: f"{seed}-{known['style']}" for product, known in truth["products"].items()}
    parts["items"] = [[row[0], styles[row[1]], *row[2:]] for part in parts.values() for row in part]
    for name, part in parts.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *part])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(seed) for seed in sys.argv[2:]))

"""Draw a boutique and let simulated shoppers walk through it: python recipes/evaluation/shoppers.py OUT

OUT/feed.csv is a feed of 800 products; OUT/events.csv what 600 shoppers with known tastes did in 90 days.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from outfitter.boutique import design, simulate, write


def main() -> None:
    out = Path(sys.argv[1])
    boutique = design(products=800, looks=60, seed=5)
    write(boutique, out)
    with (out / "events.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("user", "product", "kind", "time"))
        table.writerows(simulate(boutique, people=600, looks_around=40000).events)


if __name__ == "__main__":
    main()

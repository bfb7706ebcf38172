"""Keep the crops of top, bottom and long, of several data sets: ``python recipes/seed-crop/crops.py OUT DATA...``.

Judged is on the val of the first alone. Crops of the seven slots are cut first and chosen from here, so that the photos
held out are those held out from the shipped detector: a split of the three classes would hold out others, which it was
trained on.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from outfitter.datasets import load
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.taxonomy import BROAD


def main() -> None:
    out, *sources = (Path(argument) for argument in sys.argv[1:])
    kept = [
        replace(example, name=f"{source.name}/{example.name}")
        for source in sources
        for example in load(source).examples
        if set(example.annotations.labels) & set(BROAD) and (source == sources[0] or example.split == "train")
    ]
    out.mkdir()
    write_splits(out, [record_of(example) for example in kept], BROAD)


if __name__ == "__main__":
    main()

"""Eight photos, those with the most classes, as both train and val: ``python eight.py STREET OUT``.

A model that can learn at all learns these by heart, so AP on them says whether targets, losses and boxes agree.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from outfitter.datasets import load
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.taxonomy import SLOTS


def main() -> None:
    street, out = Path(sys.argv[1]), Path(sys.argv[2])
    train = [example for example in load(street).examples if example.split == "train"]
    eight = sorted(train, key=lambda example: -len(set(example.annotations.labels)))[:8]
    out.mkdir()
    both = [
        replace(example, split=split, name=f"{split}/{example.name}") for split in ("train", "val") for example in eight
    ]
    write_splits(out, [record_of(example) for example in both], SLOTS)


if __name__ == "__main__":
    main()

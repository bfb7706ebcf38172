"""Eight photos as both train and val: ``python eight.py STREET OUT [large]``.

Those with the most classes; or with ``large`` those without small garments: for each class in turn, of the photos that
show it, the one whose least box is largest. A model that can learn at all learns eight photos by heart, so AP on them
says whether targets, losses and boxes agree.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from outfitter.datasets import load
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.values import Example

COUNT = 8


def least_box(example: Example) -> float:
    """The shorter side of the photo's smallest box, as a share of the photo's width."""
    boxes = example.annotations.boxes_xyxy
    return float((boxes[:, 2:] - boxes[:, :2]).min() / example.annotations.size_wh[0])


def large(train: list[Example], class_names: tuple[str, ...]) -> list[Example]:
    chosen: list[Example] = []
    for name in cycle(class_names):
        there = [one for one in train if name in one.annotations.labels and all(one is not other for other in chosen)]
        chosen.append(max(there, key=least_box))
        if len(chosen) == COUNT:
            return chosen
    return chosen


def main(street: Path, out: Path, choice: str = "varied") -> None:
    data = load(street)
    train = [one for one in data.split("train") if len(one.annotations)]
    if choice == "large":
        eight = large(train, data.class_names)
    else:
        eight = sorted(train, key=lambda example: -len(set(example.annotations.labels)))[:COUNT]
    out.mkdir()
    both = [
        replace(example, split=split, name=f"{split}/{example.name}") for split in ("train", "val") for example in eight
    ]
    write_splits(out, [record_of(example) for example in both], data.class_names)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])

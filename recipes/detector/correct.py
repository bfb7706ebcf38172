"""Put right what the masks of street photos call by a wrong name: ``python recipes/detector/correct.py STREET OUT``.

``corrections.csv`` beside this script lists, by photo and CCP's label, garments whose label the picture contradicts.
Looked at were all boxes called ``dress``, ``romper``, ``skirt`` and ``shorts`` in the train photos, and all of top,
bottom and long in the held-out ones, without any detections. Of the 236 dresses and rompers 88 are skirts or
trousers, of the 175 skirts and shorts none is a dress: CCP calls nearly every second skirt a dress. A short coat that
CCP calls a coat stays one. Boxes stay what they are.

STREET is CCP as prepared; OUT has the same photos, in the same splits.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from draw_negatives import mask_of

from outfitter.datasets import load
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.masks import boxes_of
from outfitter.datasets.records import record_of
from outfitter.taxonomy import SLOTS
from outfitter.values import Example

CORRECTIONS = Path(__file__).with_name("corrections.csv")


def corrections() -> dict[str, dict[str, str]]:
    """Photo → CCP's label → the slot that the garment has."""
    found: dict[str, dict[str, str]] = {}
    with CORRECTIONS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["photo"], {})[row["label"]] = row["slot"]
    return found


def corrected(example: Example, wanted: dict[str, str]) -> Example:
    mask, names = mask_of(example.image)
    found = {label: box for box, label in boxes_of(mask, names)}
    labels = list(example.annotations.labels)
    for label, slot in wanted.items():
        off = np.abs(example.annotations.boxes_xyxy - np.array(found[label])).max(1)
        if off.min() >= 1:
            raise ValueError(f"{example.name}: no box is that of its {label}; need CCP prepared by slots, uncropped.")
        labels[int(off.argmin())] = slot
    return replace(example, annotations=replace(example.annotations, labels=tuple(labels)))


def main() -> None:
    street, out = (Path(argument) for argument in sys.argv[1:])
    known = corrections()
    examples = [corrected(one, known[one.name]) if one.name in known else one for one in load(street).examples]
    out.mkdir()
    write_splits(out, [record_of(example) for example in examples], SLOTS)


if __name__ == "__main__":
    main()

"""Mix prepared data sets for the stages: ``python recipes/detector/mix.py first|second|third|fifth WORK``.

WORK holds ``street``, ``packshots`` and ``drawn``; from the third stage on also ``tagged``, ``shoplike`` and
``negatives``. The fourth takes the third's mixture. In the fifth two thirds are street photos with true boxes.
Judged is on the held-out street photos alone; the packshots of
``clothing-small/validation`` are never trained on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from outfitter.datasets import load
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.taxonomy import SLOTS
from outfitter.values import Example


def named(prefix: str, examples: Iterable[Example], split: str | None = None) -> list[Example]:
    return [replace(e, name=f"{prefix}/{e.name}") for e in examples if split in (None, e.split)]


def main() -> None:
    stage, work = sys.argv[1], Path(sys.argv[2])
    street = load(work / "street").examples
    packshots = load(work / "packshots").split("train")
    if stage == "first":
        mixed = named("ccp", street) + named("packshots", packshots)
    elif stage == "third":
        mixed = named("ccp", street) + named("ccp-again", street, "train") + named("packshots", packshots[::3])
        for part in ("tagged", "shoplike", "drawn", "negatives"):
            mixed += named(part, load(work / part).examples)
        mixed += named("tagged-again", load(work / "tagged").examples)
    elif stage == "fifth":
        mixed = named("ccp", street) + named("tagged", load(work / "tagged").examples)
        for turn in range(5):
            mixed += named(f"ccp-{turn}", street, "train")
        mixed += named("packshots", packshots[::5]) + named("drawn", load(work / "drawn").examples[::2])
        mixed += named("negatives", load(work / "negatives").examples[::5])
    else:
        drawn = load(work / "drawn").examples
        mixed = named("ccp", street) + named("ccp-again", street, "train")
        mixed += named("packshots", packshots[::2]) + named("drawn", drawn)
    out = work / stage
    out.mkdir()
    write_splits(out, [record_of(example) for example in mixed], SLOTS)


if __name__ == "__main__":
    main()

"""Mix prepared data sets for the stages: ``python recipes/detector/mix.py STAGE WORK``.

STAGE is first, second, third, fifth, sixth, seventh or eighth. WORK holds ``street``, ``packshots`` and ``drawn``;
from the third stage on also ``tagged``, ``shoplike`` and ``negatives``, from the sixth on ``pasted``. The fourth takes
the third's mixture. In the fifth two thirds are street photos with true boxes; the sixth holds fewer of them and more
of all the others, the seventh and the eighth more street and tagged photos again. Judged is on the held-out street
photos alone; the packshots of ``clothing-small/validation`` are never trained on.
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


def of(examples: Iterable[Example], *slots: str) -> list[Example]:
    return [e for e in examples if set(slots) & set(e.annotations.labels)]


def main() -> None:
    stage, work = sys.argv[1], Path(sys.argv[2])
    street = load(work / "street").examples
    packshots = load(work / "packshots").split("train")
    drawn = load(work / "drawn").examples
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
        mixed += named("packshots", packshots[::5]) + named("drawn", drawn[::2])
        mixed += named("negatives", load(work / "negatives").examples[::5])
    elif stage in ("sixth", "seventh", "eighth"):
        mixed = named("ccp", street)
        for turn in range(3 if stage == "sixth" else 5):
            mixed += named(f"ccp-{turn}", street, "train")
        if stage != "sixth":
            mixed += named("tagged-again", load(work / "tagged").examples)
        for part in ("tagged", "shoplike", "pasted", "negatives"):
            mixed += named(part, load(work / part).examples)
        chosen = (
            of(packshots, "top", "bottom")[::4] + of(packshots, "long") + of(packshots, "footwear", "headwear")[::2]
        )
        mixed += named("packshots", chosen) + named("drawn", drawn[::2])
    else:
        mixed = named("ccp", street) + named("ccp-again", street, "train")
        mixed += named("packshots", packshots[::2]) + named("drawn", drawn)
    out = work / stage
    out.mkdir()
    write_splits(out, [record_of(example) for example in mixed], SLOTS)


if __name__ == "__main__":
    main()

"""Lists of products for people: read from a file, or guessed without a model, as baselines of ``ranking``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from outfitter.errors import EvaluationError, nearest
from outfitter.evaluation.event_log import TemporalSplit

LENGTH: Final = 20
"""Of the lists that are scored."""

Lists = Mapping[str, Sequence[str]]
"""Person → product ids, best first."""


def popular(split: TemporalSplit, length: int = LENGTH) -> Lists:
    """To each what has most events before the split; of equals the first by id. Repeats as the split allows."""
    counts = split.past.counts()
    order = sorted(split.items, key=lambda item: (-counts.get(item, 0), item))
    lists = {}
    for person in split.chosen:
        without = _without(split, person)
        # No more than the seen ones can be in the way.
        lists[person] = [item for item in order[: length + len(without)] if item not in without][:length]
    return lists


def at_random(split: TemporalSplit, length: int = LENGTH, seed: int = 0) -> Lists:
    """To each something else, every item as likely."""
    rng = np.random.default_rng(seed)
    lists = {}
    for person in split.chosen:
        without = _without(split, person)
        picks = rng.choice(len(split.items), min(len(split.items), length + len(without)), replace=False)
        lists[person] = [item for item in (split.items[pick] for pick in picks) if item not in without][:length]
    return lists


GUESSES: Final = {"popular": popular, "random": at_random}


def _without(split: TemporalSplit, person: str) -> frozenset[str]:
    return frozenset() if split.repeats else split.seen.get(person, frozenset())


def read_lists(path: Path, split: TemporalSplit) -> tuple[Lists, int]:
    """Read JSON lines, one person each: ``{"user": "ann", "products": ["p7", "p3"]}``, the best first.

    Returns the lists of the people who chose something after the split, and how many others there were: they are
    known, but there is nothing to score them by.

    Raises:
        EvaluationError: naming the line: no such object, a person twice or one that the events do not know; people
            without a line.
    """
    known = {*split.past.people, *split.chosen}
    lists: dict[str, list[str]] = {}
    others = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    person, products = _row(line, f"{path}:{number}")
                    if person not in known:
                        raise EvaluationError(
                            f"{path}:{number}: the user {person!r} is not in the events{nearest(person, known, '.')}"
                        )
                    if person in lists:
                        raise EvaluationError(
                            f"{path}:{number}: the user {person!r} has a line already; need one each."
                        )
                    others += person not in split.chosen
                    lists[person] = products
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}.") from None
    if missing := [person for person in split.chosen if person not in lists]:
        raise EvaluationError(
            f"{path}: {len(missing)} of the {len(split.chosen)} people who chose something after the split have no "
            f"line, first {missing[0]!r}. Give an empty list to whom nothing is recommended."
        )
    return {person: lists[person] for person in split.chosen}, others


def _row(line: str, where: str) -> tuple[str, list[str]]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{where}: no JSON: {error.msg} at column {error.colno}.") from None
    good = isinstance(row, dict) and isinstance(row.get("user"), str) and isinstance(row.get("products"), list)
    if not good or not all(isinstance(product, str) for product in row["products"]):
        raise EvaluationError(f'{where}: need {{"user": "…", "products": ["…", "…"]}}, product ids best first.')
    return row["user"], row["products"]

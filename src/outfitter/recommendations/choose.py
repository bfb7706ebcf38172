"""Which strategy answers a question, why, and what follows when it has too little to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

# Importing a strategy registers it.
from outfitter.recommendations import (  # noqa: F401
    cold_start,
    collaborative,
    complementary,
    hybrid,
    popular,
    session,
    similar,
)
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.lists import positive
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Query, Strategy
from outfitter.values import Recommendation

LADDER: Final = ("hybrid", "session", "popular", "cold_start")
"""Asked in this order where a strategy gives fewer than k; the last can always answer."""
WHOLE: Final = frozenset({"complementary"})
"""Answers by slot: what it leaves open, nothing else may fill."""


@dataclass(frozen=True)
class Choice:
    """A strategy and one sentence on why it was chosen. strategy: gives k whenever k match."""

    name: str
    strategy: Strategy
    why: str


def choose(name: str | None = None, query: Query | None = None, interactions: Interactions | None = None) -> Choice:
    """The strategy called `name`; without a name, the one that makes most of what is known.

    Raises:
        ConfigError: no strategy has that name.
    """
    interactions = interactions or NOTHING
    query = query or Query()
    if name is not None:
        why = f"'{name}' was asked for."
        missing = STRATEGIES[name](interactions).needs(query)
        if missing:
            why = f"'{name}' was asked for and needs {missing}, so others answer."
    else:
        name, why = _fitting(query, interactions)
    return Choice(name, Ladder((name, *(one for one in LADDER if one != name)), interactions), why)


def _fitting(query: Query, interactions: Interactions) -> tuple[str, str]:
    if query.garments:
        if not len(interactions.products):
            return "similar", "Look-alikes, since nothing but pictures is known."
        return "hybrid", "Look-alikes, and what people want with them, as far as events tell."
    known = len(positive(query.met))
    if known:
        met = "the product that was met" if known == 1 else f"the {known} products that were met"
        return "hybrid", f"What suits {met}, by looks and by events, as far as each tells."
    if len(interactions.products):
        return "popular", "What is wanted most, since nothing is known of the person."
    return "cold_start", "A bit of everything, since nothing is known of anybody."


@dataclass(frozen=True)
class Ladder:
    """Strategies by name: the first answers, the others fill up what it leaves empty. A `Strategy` itself."""

    names: Sequence[str]
    interactions: Interactions

    def needs(self, query: Query) -> str | None:  # noqa: ARG002
        return None

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        first = STRATEGIES[self.names[0]](self.interactions)
        if first.needs(query) is None:
            rows = first.recommend(query, source)
            if self.names[0] in WHOLE or len(rows) == query.k * max(len(query.garments), 1):
                return rows
        rows = []
        for one in _one_by_one(query):
            rows += self._fill(one, source)
        return rows

    def _fill(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        rows: list[Recommendation] = []
        for name in self.names:
            strategy = STRATEGIES[name](self.interactions)
            if name in WHOLE or strategy.needs(query) is not None:
                continue
            shown = {row.product.id for row in rows}
            more = replace(query, k=query.k - len(rows), exclude=query.exclude | shown)
            lowest = rows[-1].score if rows else 0.0
            for row in strategy.recommend(more, source):
                # Scores of two strategies cannot be compared: those that fill up stand below.
                below = min(0.0, lowest - row.score) if shown else 0.0
                parts = {**row.parts, "filled_up": below} if below else row.parts
                rows.append(replace(row, rank=len(rows) + 1, score=row.score + below, parts=parts))
            if len(rows) >= query.k:
                break
        return rows


def _one_by_one(query: Query) -> Iterator[Query]:
    """A question for each answer: for each garment, or for the person."""
    if not query.garments:
        yield query
    for garment in query.garments:
        yield replace(query, garments=(garment,))


NOTHING: Final = Interactions.none()

"""What is done to any strategy's answer: out of stock goes, one colourway a style, and variety.

    strategy, asked for spare products → in stock → one a group → diversity → k, ranked anew

Each step works within one answer: the products for one garment, or for one slot. More are asked for until there are k
or no more come, so there are k whenever k exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import QueryError
from outfitter.recommendations.strategy import CandidateSource, Query, Strategy
from outfitter.values import Recommendation

SPARE: Final = 3
"""Times k that is asked for first; more follow if these are not enough."""

GONE: Final = frozenset({"out_of_stock", "sold_out", "discontinued"})
"""Availabilities of what cannot be bought. Preorder and backorder can; so may what tells none."""


@dataclass(frozen=True)
class Arrangement:
    """in_stock: leave out what cannot be bought. grouped: one product of each item_group_id, the best.

    diversity: 0 keeps the order; up to 1, products unlike those above them come earlier.

    Raises:
        QueryError: diversity outside 0–1.
    """

    in_stock: bool = False
    grouped: bool = False
    diversity: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.diversity <= 1:
            raise QueryError(f"diversity is {self.diversity:g}; need 0 (the strategy's order) to 1 (most varied).")

    def recommend(self, strategy: Strategy, query: Query, source: CandidateSource) -> list[Recommendation]:
        """The strategy's answer, arranged. Errors are the strategy's."""
        if self == Arrangement():
            return strategy.recommend(query, source)
        asked = query.k
        while True:
            asked *= SPARE
            found = strategy.recommend(replace(query, k=asked), source)
            answers = _answers(found)
            kept = [self._keep(rows) for rows in answers]
            if all(len(rows) >= query.k or len(all_) < asked for rows, all_ in zip(kept, answers, strict=True)):
                break
        return [
            replace(one, rank=rank) for rows in kept for rank, one in enumerate(self._varied(rows, query.k, source), 1)
        ]

    def _keep(self, rows: Iterable[Recommendation]) -> list[Recommendation]:
        kept, groups = [], set[str]()
        for one in rows:
            group = one.product.item_group_id
            if self.in_stock and one.product.availability in GONE:
                continue
            if self.grouped and group is not None:
                if group in groups:
                    continue
                groups.add(group)
            kept.append(one)
        return kept

    def _varied(self, rows: list[Recommendation], k: int, source: CandidateSource) -> list[Recommendation]:
        """Maximal marginal relevance (Carbonell and Goldstein, 1998).

        Relevance is the score, scaled to 0–1 within the answer; likeness the cosine of the products' nearest views.
        Only the first `SPARE` × k compete, so that variety does not bring what hardly fits.
        """
        rows = rows[: SPARE * k]
        if not self.diversity or len(rows) < 2:
            return rows[:k]
        scores = np.array([one.score for one in rows])
        relevance = (scores - scores.min()) / (float(np.ptp(scores)) or 1.0)
        views = [_views(one.product.id, source) for one in rows]
        nearest = np.zeros(len(rows))
        left, chosen = list(range(len(rows))), list[int]()
        while left and len(chosen) < k:
            worth = (1 - self.diversity) * relevance[left] - self.diversity * nearest[left]
            best = left.pop(int(worth.argmax()))
            chosen.append(best)
            for at in left:
                nearest[at] = max(nearest[at], float((views[at] @ views[best].T).max(initial=0.0)))
        varied = []
        for place, at in enumerate(chosen):
            passed = set(range(at)) - set(chosen[:place])
            because = f"{rows[at].because} Shown earlier for variety." if passed else rows[at].because
            varied.append(replace(rows[at], because=because))
        return varied


def _answers(found: list[Recommendation]) -> list[list[Recommendation]]:
    """One list for each garment or slot that is answered: every answer begins with rank 1."""
    answers: list[list[Recommendation]] = []
    for one in found:
        if one.rank == 1:
            answers.append([])
        answers[-1].append(one)
    return answers


def _views(product_id: str, source: CandidateSource) -> NDArray[np.float32]:
    return np.stack([garment.vector for garment in source.garments(product_id)])

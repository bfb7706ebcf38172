"""What is done to any strategy's answer: examples, the shop's rules, what is hidden, one colourway a style, variety.

    strategy, asked for spare products, in stock if need be → more and less like this, boost and bury → one a group →
    diversity → pins → k, ranked anew

Each step works within one answer: the products for one garment, or for one slot. More are asked for until there are k
or no more come, so there are k whenever k exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import QueryError
from outfitter.recommendations.merchandising import Rule
from outfitter.recommendations.strategy import CandidateSource, Query, Strategy
from outfitter.values import Recommendation

SPARE: Final = 3
"""Times k that is asked for first; more follow if these are not enough."""
COMPETE: Final = 100
"""Products that compete at least, where examples or rules may bring forward what stands far behind."""
EXAMPLE: Final = 1.0
"""What an example counts: as much as the strategy's whole order, for a product as near to it as the nearest is."""

MORE_LIKE: Final = "what you want more of"
GONE: Final = frozenset({"out_of_stock", "sold_out", "discontinued"})
"""Availabilities of what cannot be bought. Preorder and backorder can; so may what tells none."""
BUYABLE: Final = ",".join(f"availability!={word}" for word in sorted(GONE))
"""The filter that leaves the others."""


def no_example() -> NDArray[np.float32]:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """in_stock: leave out what cannot be bought. grouped: one product of each item_group_id, the best.

    diversity: 0 keeps the order; up to 1, products unlike those above them come earlier. liked, disliked: float32
    (V, D), looks to be nearer to and farther from. rules: of the shop.

    Raises:
        QueryError: diversity outside 0–1.
    """

    in_stock: bool = False
    grouped: bool = False
    diversity: float = 0.0
    liked: NDArray[np.float32] = field(default_factory=no_example)
    disliked: NDArray[np.float32] = field(default_factory=no_example)
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.diversity <= 1:
            raise QueryError(f"diversity is {self.diversity:g}; need 0 (the strategy's order) to 1 (most varied).")

    @property
    def _idle(self) -> bool:
        return not (self.grouped or self.diversity or self._reorders or self.rules)

    @property
    def _reorders(self) -> bool:
        return bool(len(self.liked) or len(self.disliked) or any(rule.pin is None for rule in self.rules))

    def recommend(self, strategy: Strategy, query: Query, source: CandidateSource) -> list[Recommendation]:
        """The strategy's answer, arranged. Errors are the strategy's, and those of the rules' filters."""
        query = self._buyable(query)
        if self._idle:
            return strategy.recommend(query, source)
        arranged = []
        for rows in self._competing(strategy, query, source):
            shown = self._pinned(self._varied(self.kept(rows), query.k, source), query, source)
            arranged += [replace(one, rank=rank) for rank, one in enumerate(shown[: query.k], 1)]
        return arranged

    def competing(self, strategy: Strategy, query: Query, source: CandidateSource) -> list[list[Recommendation]]:
        """What `recommend` chooses from: for each answer what was found, reordered, of a group all."""
        query = self._buyable(query)
        return _answers(strategy.recommend(query, source)) if self._idle else self._competing(strategy, query, source)

    def _buyable(self, query: Query) -> Query:
        """In stock before anything is looked for: all that is near may be sold out."""
        return replace(query, where=",".join(filter(None, (query.where, BUYABLE)))) if self.in_stock else query

    def _competing(self, strategy: Strategy, query: Query, source: CandidateSource) -> list[list[Recommendation]]:
        asked = max(query.k, -(-COMPETE // SPARE)) if self._reorders else query.k
        while True:
            asked *= SPARE
            found = strategy.recommend(replace(query, k=asked), source)
            answers = [self._reordered(rows, source) for rows in _answers(found)]
            if all(len(rows) < asked or len(self.kept(rows)) >= query.k for rows in answers):
                return answers

    # --- order

    def _reordered(self, rows: list[Recommendation], source: CandidateSource) -> list[Recommendation]:
        """Examples and boosts move products by shares of what lies between the best and the last of the first."""
        if not self._reorders or not rows:
            return rows
        scores = [one.score for one in rows[:COMPETE]]
        spread = max(max(scores) - min(scores), 1e-3)
        changes = self._examples(rows, spread, source)
        for rule in self.rules:
            if rule.pin is not None:
                continue
            matched = source.allowed(rule.boost or rule.bury)
            change, part = (rule.by, "boost") if rule.boost else (-rule.by, "bury")
            for one, change_of in zip(rows, changes, strict=True):
                place = source.place(one.product.id)
                if place is not None and matched[place]:
                    change_of[part] = change_of.get(part, 0.0) + change * spread
        moved = [
            replace(one, score=one.score + sum(change_of.values()), parts={**one.parts, **change_of})
            for one, change_of in zip(rows, changes, strict=True)
        ]
        return [_told(one) for one in sorted(moved, key=lambda one: -one.score)]

    def _examples(self, rows: list[Recommendation], spread: float, source: CandidateSource) -> list[dict[str, float]]:
        changes: list[dict[str, float]] = [{} for _ in rows]
        for part, sign, vectors in (("more_like", 1, self.liked), ("less_like", -1, self.disliked)):
            if not len(vectors):
                continue
            near = np.array([float((_views(one.product.id, source) @ vectors.T).max()) for one in rows])
            # From the middle on, so that being unlike something is no merit of its own.
            middle = float(np.median(near))
            likeness = np.maximum(near - middle, 0) / (float(near.max()) - middle or 1.0)
            for change_of, share in zip(changes, likeness.tolist(), strict=True):
                change_of[part] = sign * EXAMPLE * spread * share
        return changes

    # --- what is left

    def kept(self, rows: Iterable[Recommendation]) -> list[Recommendation]:
        """Without those of a group that another one stands for, where only one is shown."""
        kept, groups = [], set[str]()
        for one in rows:
            group = one.product.item_group_id
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

    def _pinned(self, rows: list[Recommendation], query: Query, source: CandidateSource) -> list[Recommendation]:
        """Pinned products at their ranks, of those that the question allows.

        Where one of each group is shown it is the pinned one, of several the first.
        """
        if not rows:
            return rows
        pinned_groups = set[str]()
        allowed = source.allowed(query.where, query.exclude)
        first = source.place(rows[0].product.id)
        for rule in sorted((rule for rule in self.rules if rule.pin), key=lambda rule: rule.at):
            place = source.place(rule.pin or "")
            if place is None or not allowed[place] or rule.at > query.k:
                continue
            if rule.where and first is not None and not source.allowed(rule.where)[first]:
                continue
            product = source.product(source.ids[place])
            group = product.item_group_id if self.grouped else None
            if group in pinned_groups:
                continue
            own = next((one for one in rows if one.product.id == product.id), None)
            slot = source.slots[place] or rows[0].slot
            pinned = own or replace(rows[0], product=product, slot=slot, score=0.0, parts={"pin": 0.0})
            rows = [one for one in rows if one.product.id != product.id]
            if group is not None:
                pinned_groups.add(group)
                rows = [one for one in rows if one.product.item_group_id != group]
            rows.insert(min(rule.at - 1, len(rows)), replace(pinned, because="Chosen by the shop for this place."))
        return rows


def _told(one: Recommendation) -> Recommendation:
    """The reason, with what lifted it."""
    more = []
    lifted = one.parts.get("more_like", 0) > 0 and one.parts["more_like"] > 0.5 * max(one.parts.values())
    if lifted and MORE_LIKE not in one.because:  # where nothing else is asked about, it is
        more.append(f"like {MORE_LIKE}")
    if "boost" in one.parts:
        more.append("lifted by the shop")
    return replace(one, because=f"{one.because[:-1]}; {' and '.join(more)}.") if more else one


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

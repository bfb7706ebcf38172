"""Complete the look: products for the slots an outfit lacks, from what this shop's own photos show together.

It needs no sales. Each picture of the catalogue with garments of two slots or more is an outfit that somebody put
together on purpose. The pictures that come closest to the shopper's outfit say what goes with it; the products
nearest to what is worn there are recommended, those first whose colours go together and whose gender, pattern, season
and whatever else the feed tells are worn together in the shop's pictures (`compatibility`). Where no picture tells,
style (nearness to the shopper's garment) and colour decide alone, and the reason says so.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from outfitter.recommendations.colour import find_colour, harmony
from outfitter.recommendations.compatibility import compatibility
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.slots import NOUNS, fills, own_slot
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Garment, Query
from outfitter.taxonomy import SLOTS
from outfitter.values import Candidate, IndexedGarment, Product, Recommendation

PICTURES: Final = 12
"""Outfits to learn from, per slot. More of them are less and less like the shopper's."""

COLOUR: Final = 0.2
"""Share of the score that colour harmony decides."""
COMPATIBLE: Final = 0.4
"""Share that is decided by which gender, pattern, season, … the shop's pictures show worn together."""
POOL: Final = 8
"""Times k that is looked at near each hint."""

CLOTHES: Final = ("top", "bottom", "long")
BESIDE: Final = 0.4
"""What a garment counts beside one of `CLOTHES`: two outfits with the same glasses need not be alike."""

COVERS: Final = {"long": {"top", "bottom"}, "top": {"long"}, "bottom": {"long"}}
"""Slots that are no longer lacking beside the slot itself."""


@STRATEGIES.register("complementary")
class Complementary:
    """For each slot that the outfit lacks, the k products that go best with it."""

    def __init__(self, interactions: Interactions) -> None:
        pass  # the shop's pictures are enough

    def needs(self, query: Query) -> str | None:
        return None if query.garments else "a photo or a product"

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        outfit = [_with_slot(garment, query, source) for garment in query.garments]
        pictures, fit = _Compared(_pictures(source), outfit), _Fit(outfit, query, source)
        return [row for slot in lacking(outfit) for row in self._fill(slot, outfit, pictures, fit, query, source)]

    def _fill(
        self, slot: str, outfit: list[Garment], pictures: _Compared, fit: _Fit, query: Query, source: CandidateSource
    ) -> list[Recommendation]:
        hints = pictures.hints(slot) or [_Hint(garment.vectors, 1.0, garment, None) for garment in outfit]
        ranked: dict[str, tuple[float, Product, _Hint, dict[str, float]]] = {}
        for hint, candidate, product in _of_slot(slot, hints, query, source):
            together = hint.weight * max(candidate.similarity, 0.0)
            colour = find_colour(product.colour)
            agreement = [harmony(worn.colour, colour) for worn in outfit if worn.colour and colour]
            parts = {
                ("worn_together" if hint.owner else "same_style"): (1 - COLOUR - COMPATIBLE) * together,
                "colour_harmony": COLOUR * float(np.mean(agreement or [0.5])),
                "compatible": COMPATIBLE * fit(product),
            }
            score = sum(parts.values())
            if product.id not in ranked or score > ranked[product.id][0]:
                ranked[product.id] = (score, product, hint, parts)

        best = sorted(ranked.values(), key=lambda row: (-row[0], row[1].id))[: query.k]
        return [
            Recommendation(
                garment=outfit[0].index if len(outfit) == 1 else None,
                slot=slot,
                rank=rank,
                product=product,
                score=score,
                because=_because(slot, product, hint, source),
                parts=parts,
            )
            for rank, (score, product, hint, parts) in enumerate(best, 1)
        ]


class _Fit:
    """How well products go with an outfit: 0–1, 0.5 where nothing is known.

    Of a garment that is no product of the shop, the product it looks most like stands for it.
    """

    def __init__(self, outfit: list[Garment], query: Query, source: CandidateSource) -> None:
        self._together = compatibility(source)
        stands_for = [
            source.product(garment.product) if garment.product else _nearest(garment, query, source)
            for garment in outfit
        ]
        self._worn = [product for product in stands_for if product is not None]

    def __call__(self, product: Product) -> float:
        lifts = [self._together(worn, product) for worn in self._worn]
        return 1 / (1 + math.exp(-sum(lifts) / max(len(lifts), 1)))


def _nearest(garment: Garment, query: Query, source: CandidateSource) -> Product | None:
    found = source.find(garment.vectors, 1, None, query.exclude, garment.slot)
    best = max((one for view in found for one in view), key=lambda one: one.similarity, default=None)
    return None if best is None else source.product(best.product_id)


@dataclass(frozen=True, eq=False)
class _Hint:
    """Something worth being near to.

    anchor: the garment of the outfit that led to it. owner: the product in whose picture it was worn, None for the
    anchor itself.
    """

    vectors: NDArray[np.float32]
    weight: float
    anchor: Garment
    owner: str | None


def lacking(outfit: Iterable[Garment]) -> list[str]:
    """The slots to fill. A whole outfit is completed anew around its first garment."""
    garments = list(outfit)
    worn = {garment.slot for garment in garments if garment.slot}
    open_slots = [slot for slot in SLOTS if slot not in worn and not any(slot in COVERS.get(w, ()) for w in worn)]
    if open_slots or len(garments) == 1:
        return open_slots
    return lacking(garments[:1])


def _with_slot(garment: Garment, query: Query, source: CandidateSource) -> Garment:
    """The garment, its slot guessed from its look-alikes where the detector did not tell."""
    if garment.slot:
        return garment
    nearest = source.find(garment.vectors, 5, None, query.exclude)
    votes: defaultdict[str, float] = defaultdict(float)
    for candidate in (candidate for view in nearest for candidate in view):
        slot = own_slot(source, source.product(candidate.product_id))
        if slot:
            votes[slot] += max(candidate.similarity, 0.0)
    if not votes:
        return garment
    likely = max(votes, key=lambda slot: votes[slot])
    return Garment(garment.vectors, likely, garment.name, garment.index, garment.colour)


class _Pictures:
    """Every picture of garments worn together, as arrays: garments one picture after another."""

    def __init__(self, worn_together: list[list[IndexedGarment]]) -> None:
        self.worn_together = worn_together
        self.garments = [garment for picture in worn_together for garment in picture]
        self.starts = np.cumsum([0, *(len(picture) for picture in worn_together)])[:-1]
        self.slots = np.array([garment.slot or "" for garment in self.garments])
        self.vectors = np.stack([garment.vector for garment in self.garments])


_CACHE: Final[WeakKeyDictionary[CandidateSource, _Pictures]] = WeakKeyDictionary()


def _pictures(source: CandidateSource) -> _Pictures | None:
    """The source's pictures; stacked once for as long as it returns the same list. None if it has none."""
    worn_together = source.worn_together()
    if not worn_together:
        return None
    known = _CACHE.get(source)
    if known is None or known.worn_together is not worn_together:
        known = _CACHE[source] = _Pictures(worn_together)
    return known


class _Compared:
    """How near each picture comes to an outfit: the weighted mean cosine of the garments whose slot it shows."""

    def __init__(self, pictures: _Pictures | None, outfit: list[Garment]) -> None:
        self._pictures, self._outfit = pictures, outfit
        if pictures is None:
            return
        rows = []
        for garment in outfit:
            cosine = (pictures.vectors @ garment.vectors.T).max(1)
            cosine[pictures.slots != garment.slot] = -np.inf
            rows.append(np.maximum.reduceat(cosine, pictures.starts))
        alike = np.stack(rows)
        known = np.isfinite(alike)
        weight = np.array([1.0 if garment.slot in CLOTHES else BESIDE for garment in outfit])[:, None] * known
        self._counts = weight * np.where(known, alike, 0)
        total = np.maximum(weight.sum(0), BESIDE)
        self._nearness = np.where(known.any(0), self._counts.sum(0) / total, -np.inf)

    def hints(self, slot: str) -> list[_Hint]:
        """What is worn as `slot` in the `PICTURES` pictures nearest to the outfit that show it."""
        if self._pictures is None:
            return []
        shown = np.flatnonzero(self._pictures.slots == slot)
        pictures = np.searchsorted(self._pictures.starts, shown, "right") - 1
        nearness = self._nearness[pictures]
        hints = []
        for at in np.argsort(-nearness, kind="stable")[:PICTURES].tolist():
            if not np.isfinite(nearness[at]):
                break
            garment = self._pictures.garments[shown[at]]
            anchor = self._outfit[int(self._counts[:, pictures[at]].argmax())]
            hints.append(_Hint(garment.vector[None], max(float(nearness[at]), 0.0), anchor, garment.product_id))
        return hints


Near = tuple[_Hint, Candidate, Product]


def _of_slot(slot: str, hints: list[_Hint], query: Query, source: CandidateSource) -> list[Near]:
    """The products near the hints that fill the slot: k of them whenever k match."""

    def near(hints: list[_Hint], k: int, slot_seen: str | None) -> tuple[list[Near], bool]:
        """Those among each hint's nearest k that fill the slot; whether there are no more to come."""
        vectors = np.concatenate([hint.vectors for hint in hints])
        found = source.find(vectors, k, query.where, query.exclude, slot_seen)
        owners = [hint for hint in hints for _ in hint.vectors]
        kept = [
            (hint, candidate, product)
            for hint, view in zip(owners, found, strict=True)
            for candidate in view
            if fills(source, product := source.product(candidate.product_id), slot)
        ]
        return kept, any(len(view) < k for view in found)

    kept, _ = near(hints, POOL * query.k, slot)
    # A skirt in whose picture shoes are worn was near and is dropped; a shoe that the detector took for a bag was
    # not looked at. If too few are left, look at everything, nearest first, until there are enough or no more come.
    k, done = 4 * query.k, False
    while len({product.id for _, _, product in kept}) < query.k and not done:
        more, done = near(hints[:1], k, None)
        kept += more
        k *= 4
    return kept


def _because(slot: str, product: Product, hint: _Hint, source: CandidateSource) -> str:
    worn, colour = hint.anchor, find_colour(product.colour)
    goes = f"{colour} goes with {worn.colour}" if worn.colour and colour and harmony(worn.colour, colour) > 0.5 else ""
    if hint.owner is None:
        reason = f"{goes}; close in style to" if goes else "close in style to"
        return f"{reason[0].upper()}{reason[1:]} {worn.name}. No picture of the shop shows {NOUNS[slot]} worn with it."
    where = "its own picture" if hint.owner == product.id else f"the picture of “{source.product(hint.owner).title}”"
    return f"Worn with a look-alike of {worn.name} in {where}{f'; {goes}' if goes else ''}."

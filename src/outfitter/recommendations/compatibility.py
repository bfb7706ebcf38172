"""What goes with what, learnt from the feed's own words and the shop's own pictures: no rule and no sale is needed.

Of each picture in which several garments are worn, the product it belongs to is known, and the others are taken to be
the products they look most like. How often two values of a column (gender, season, pattern, colour, …) are worn
together, beside how often they would be by chance, says how well they go together: the logarithm of that lift, summed
over the columns, is what naive Bayes says for "worn together" against "any two products".
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from outfitter.recommendations.colour import find_colour
from outfitter.recommendations.slots import own_slot
from outfitter.recommendations.strategy import CandidateSource
from outfitter.values import IndexedGarment, Product

PAIRS: Final = 4000
"""Worn garments that are looked up at most, evenly spread over the pictures."""
LOOKED_AT: Final = 8
"""Look-alikes among which the product of a worn garment is sought: some may be of other slots."""
BATCH: Final = 256
DOUBT: Final = 8.0
"""Pairs that are supposed besides, worn as chance would have it, so that a few do not say much."""
VALUES: Final = (2, 40)
"""Fewest and most different values of a column that can tell anything."""
QUIET: Final = frozenset(
    {"solid", "plain", "uni", "none", "melange", "marl", "heather", "ribbed", "pinstripe", "herringbone", "tortoise"}
)
"""Patterns, as feeds call them, that go with any other."""
CLASH: Final = 1.5
"""Taken off where both have another pattern: one of an outfit is enough, as stylists rule, and pictures of so many
patterns are too few to learn it from."""
IGNORED: Final = frozenset({"currency", "availability", "brand", "url", "item_group_id"})
"""Columns that say nothing of how a product looks or is worn."""


class Compatibility:
    """Learnt from pairs of products that are worn together."""

    def __init__(self, pairs: Iterable[tuple[Product, Product]]) -> None:
        counts: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        for one, other in pairs:
            left, right = values(one), values(other)
            for column in left.keys() & right.keys():
                counts[column][left[column], right[column]] += 1
                counts[column][right[column], left[column]] += 1
        self._lifts = {column: _lifts(counted) for column, counted in counts.items() if _tells(counted)}

    def __call__(self, one: Product, other: Product) -> float:
        """How much more likely two products are worn together than any two: the logarithm, 0 where nothing is known."""
        left, right = values(one), values(other)
        clash = QUIET.isdisjoint((left.get("pattern", "none"), right.get("pattern", "none")))
        return -CLASH * clash + sum(
            lifts.get((left[column], right[column]), 0.0)
            for column, lifts in self._lifts.items()
            if column in left and column in right
        )


def values(product: Product) -> Mapping[str, str]:
    """Column → value, of the columns that may tell what a product goes with."""
    told = {**product.attributes, "gender": product.gender, "colour": find_colour(product.colour)}
    told["category"] = product.category
    return {name: value.casefold() for name, value in told.items() if value and name not in IGNORED}


def _tells(counted: Mapping[tuple[str, str], int]) -> bool:
    return VALUES[0] <= len({one for one, _ in counted}) <= VALUES[1]


def _lifts(counted: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], float]:
    total = sum(counted.values())
    single: Counter[str] = Counter()
    for (one, _), number in counted.items():
        single[one] += number
    return {
        (one, other): math.log((counted.get((one, other), 0) + DOUBT) / (single[one] * single[other] / total + DOUBT))
        for one in single
        for other in single
    }


_LEARNT: Final[WeakKeyDictionary[CandidateSource, Compatibility]] = WeakKeyDictionary()


def compatibility(source: CandidateSource) -> Compatibility:
    """Learnt once for a source."""
    known = _LEARNT.get(source)
    if known is None:
        known = _LEARNT[source] = Compatibility(worn_pairs(source))
    return known


def worn_pairs(source: CandidateSource) -> list[tuple[Product, Product]]:
    """For each worn picture its product with each of the products that the other garments in it look most like."""
    worn: defaultdict[str, list[IndexedGarment]] = defaultdict(list)
    for picture in source.worn_together():
        own = own_slot(source, source.product(picture[0].product_id))
        for garment in picture:
            if garment.slot is not None and garment.slot != own:
                worn[garment.slot].append(garment)
    share = min(1.0, PAIRS / max(sum(map(len, worn.values())), 1))
    pairs = []
    for slot, garments in worn.items():
        chosen = [garments[int(at)] for at in np.linspace(0, len(garments) - 1, math.ceil(share * len(garments)))]
        for start in range(0, len(chosen), BATCH):
            pairs += _looked_up(chosen[start : start + BATCH], slot, source)
    return pairs


def _looked_up(garments: Sequence[IndexedGarment], slot: str, source: CandidateSource) -> list[tuple[Product, Product]]:
    found = source.find(np.stack([garment.vector for garment in garments]), LOOKED_AT, None, (), slot)
    pairs = []
    for garment, candidates in zip(garments, found, strict=True):
        for candidate in candidates:
            product = source.product(candidate.product_id)
            if product.id != garment.product_id and own_slot(source, product) == slot:
                pairs.append((source.product(garment.product_id), product))
                break
    return pairs

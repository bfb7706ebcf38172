"""Which slot a product fills. A skirt's picture may also show shoes; that does not make the skirt a shoe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np

from outfitter.recommendations.strategy import CandidateSource
from outfitter.taxonomy import slot_of_category, slot_shown
from outfitter.values import Candidate, IndexedGarment, Product

NOUNS: Final[Mapping[str, str]] = {
    "top": "top",
    "bottom": "bottoms",
    "long": "dress or coat",
    "footwear": "shoes",
    "bag": "bag",
    "headwear": "hat",
    "eyewear": "glasses",
}
"""Slots as people say them."""

ARTICLES: Final[Mapping[str, str]] = {"top": "a ", "long": "a ", "bag": "a ", "headwear": "a "}
"""The rest are plural."""


def own_slot(source: CandidateSource, product: Product) -> str | None:
    """The slot a product fills: its category's, else what more of its pictures show than anything else.

    None if nothing tells, as for a product whose only picture is a whole outfit.
    """
    named = slot_of_category(product.category)
    if named:
        return named
    return slot_shown((garment.image, garment.slot) for garment in source.garments(product.id))


def own_views(source: CandidateSource, product_id: str) -> list[IndexedGarment]:
    """The garments in a product's pictures that are the product itself, as far as its slot tells; else all."""
    own = own_slot(source, source.product(product_id))
    seen = source.garments(product_id)
    return [garment for garment in seen if garment.slot == own] or seen


def is_bystander(source: CandidateSource, candidate: Candidate, product: Product) -> bool:
    """Whether the candidate's garment is not the product itself but something worn with it in the same picture.

    Pictures that show one garment alone tell what the product looks like: of several garments in one picture, the one
    most like those is the product. Where no picture shows it alone, its slot tells, if the picture shows that slot: a
    wrongly labelled product alone in its picture is still the product.
    """
    garments = source.garments(product.id)
    beside = [garment for garment in garments if garment.image == candidate.image]
    if len(beside) < 2:
        return False
    shown = Counter(garment.image for garment in garments)
    if alone := [garment.vector for garment in garments if shown[garment.image] == 1]:
        likeness = np.stack([garment.vector for garment in beside]) @ np.stack(alone).T
        return beside[int(likeness.max(1).argmax())].box_xyxy != candidate.box_xyxy
    own = own_slot(source, product)
    if candidate.slot is None or own is None or candidate.slot == own:
        return False
    return any(other.slot == own for other in beside)


def fills(source: CandidateSource, product: Product, slot: str) -> bool:
    """Whether to offer the product as `slot`: that is its own slot, or it has none and a picture shows that slot."""
    own = own_slot(source, product)
    if own is None:
        return any(garment.slot == slot for garment in source.garments(product.id))
    return own == slot

"""Which slot a product fills. A skirt's picture may also show shoes; that does not make the skirt a shoe."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import numpy as np

from outfitter.recommendations.strategy import CandidateSource
from outfitter.taxonomy import CCP_TO_SLOT, SLOTS
from outfitter.values import Candidate, Product

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

CATEGORY_WORDS: Final[Mapping[str, str]] = {
    **{slot: slot for slot in SLOTS},
    **CCP_TO_SLOT,
    **{
        word: slot
        for slot, words in {
            "top": "anorak camisole gilet henley jersey knitwear polo pullover tank tee tshirt tunic",
            "bottom": "chino culotte jogger trouser",
            "long": "dungaree gown jumpsuit kaftan kimono overall parka playsuit sundress trench",
            "footwear": "espadrille flip-flop mule oxford shoe slipper stiletto trainer",
            "bag": "backpack clutch crossbody handbag satchel tote",
            "headwear": "beanie beret cap fedora headband",
            "eyewear": "eyeglasses spectacles",
        }.items()
        for word in words.split()
    },
}


@lru_cache(4096)
def slot_of_category(category: str | None) -> str | None:
    """The slot that a feed's category names ("Women > Midi Skirts" → "bottom"), or None. The last word wins."""
    for word in reversed(re.findall(r"[a-z][a-z-]*", (category or "").casefold())):
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in CATEGORY_WORDS:
                return CATEGORY_WORDS[form]
    return None


def own_slot(source: CandidateSource, product: Product) -> str | None:
    """The slot a product fills: its category's, else what more of its pictures show than anything else.

    None if nothing tells, as for a product whose only picture is a whole outfit.
    """
    named = slot_of_category(product.category)
    if named:
        return named
    shown = {(garment.image, garment.slot) for garment in source.garments(product.id) if garment.slot}
    counted = Counter(slot for _, slot in shown).most_common(2)
    if not counted or (len(counted) == 2 and counted[0][1] == counted[1][1]):
        return None
    return counted[0][0]


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

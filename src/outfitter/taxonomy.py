"""Names of garments, and how one set of names becomes another.

Three levels: the original system's three classes (`BROAD`), the shop's seven `SLOTS`, and whatever fine
categories a dataset or a shop has. Names are the contract everywhere; ids exist only inside a file format.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from outfitter.errors import ConfigError, nearest

BROAD: Final = ("top", "bottom", "long")
SLOTS: Final = ("top", "bottom", "long", "footwear", "bag", "headwear", "eyewear")

CCP_TO_SLOT: Final[Mapping[str, str]] = {
    label: slot
    for slot, labels in {
        "top": "blazer blouse bodysuit cardigan hoodie jacket jumper shirt sweater sweatshirt t-shirt top vest",
        "bottom": "pants jeans skirt shorts leggings",
        "long": "dress coat romper suit cape",
        "footwear": "shoes boots clogs flats heels loafers pumps sandals sneakers wedges",
        "bag": "bag purse",
        "headwear": "hat",
        "eyewear": "sunglasses glasses",
    }.items()
    for label in labels.split()
}
"""Clothing Co-Parsing's labels that are garments of a slot; its other labels (skin, hair, socks…) are dropped."""


def require_slot(name: str) -> str:
    """Return `name` if it is a slot, else raise ConfigError listing the slots."""
    if name not in SLOTS:
        raise ConfigError(f"unknown slot {name!r}; choose from {', '.join(SLOTS)}{nearest(name, SLOTS)}")
    return name


def map_labels(labels: Iterable[str], mapping: Mapping[str, str | None]) -> tuple[str | None, ...]:
    """Rename labels; None marks a label that is dropped on purpose.

    Raises:
        ConfigError: a label that the mapping does not name.
    """
    named = []
    for label in labels:
        if label not in mapping:
            raise ConfigError(
                f"label {label!r} is not in the mapping; it names {', '.join(sorted(mapping))}"
                f"{nearest(label, mapping) or '.'} Map it to a class, or to null to drop it."
            )
        named.append(mapping[label])
    return tuple(named)


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
    """The slot that a feed's category names ("Women > Midi Skirts" → "bottom"), or None.

    The last part of it that names any counts, and of that the last word; None if it names two ("Coats & Jackets").
    """
    for part in reversed(re.split(r"[>/|]", (category or "").casefold())):
        named = {_last_slot(garment) for garment in re.split(r"[&+,]|\band\b", part)} - {None}
        if named:
            return named.pop() if len(named) == 1 else None
    return None


def _last_slot(words: str) -> str | None:
    for word in reversed(re.findall(r"[a-z][a-z-]*", words)):
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in CATEGORY_WORDS:
                return CATEGORY_WORDS[form]
    return None


def slot_shown(garments: Iterable[tuple[str, str | None]]) -> str | None:
    """The slot that more of a product's pictures show than any other, of (picture, slot) pairs; None on a tie."""
    counted = Counter(slot for _, slot in set(garments) if slot).most_common(2)
    if not counted or (len(counted) == 2 and counted[0][1] == counted[1][1]):
        return None
    return counted[0][0]

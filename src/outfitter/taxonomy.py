"""Names of garments, and how one set of names becomes another.

Three levels: the original system's three classes (`BROAD`), the shop's seven `SLOTS`, and whatever fine
categories a dataset or a shop has. Names are the contract everywhere; ids exist only inside a file format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

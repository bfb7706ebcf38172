"""Names of garments, checked against the real label list where there is one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from outfitter.errors import ConfigError
from outfitter.taxonomy import BROAD, CCP_TO_SLOT, SLOTS, map_labels, require_slot, slot_of_category


def test_levels_agree() -> None:
    assert SLOTS[:3] == BROAD
    assert set(CCP_TO_SLOT.values()) == set(SLOTS)
    counts = {"top": 13, "bottom": 5, "long": 5, "footwear": 10, "bag": 2, "headwear": 1, "eyewear": 2}
    assert Counter(CCP_TO_SLOT.values()) == counts


def test_every_name_is_a_label_of_the_data(data_dir: Path) -> None:
    assert set(CCP_TO_SLOT) <= set((data_dir / "ccp" / "labels.txt").read_text(encoding="utf-8").split())


def test_require_slot() -> None:
    assert [require_slot(name) for name in SLOTS] == list(SLOTS)
    with pytest.raises(
        ConfigError, match=r"unknown slot 'Footware'; choose from top, .+, eyewear; did you mean 'footwear'"
    ):
        require_slot("Footware")


def test_map_labels() -> None:
    mapping = {"jeans": "bottom", "hair": None, "boots": "footwear"}
    assert map_labels(["boots", "hair", "jeans", "boots"], mapping) == ("footwear", None, "bottom", "footwear")
    assert map_labels([], mapping) == ()


@pytest.mark.parametrize(
    ("category", "slot"),
    [
        ("Apparel & Accessories > Clothing > Outerwear > Coats & Jackets", None),
        ("Dresses & Skirts", None),
        ("Tops and jeans > Sale", None),
        ("Coats & Jackets > Coats", "long"),
        ("Women/Dresses & Skirts/Midi Skirts", "bottom"),
        ("Clothing > Shirts & Tops", "top"),
        ("Handbags, Wallets & Cases", "bag"),
        ("Jumpsuits & Rompers", "long"),
        ("Coat, belt and bag", None),
        ("Shirts & Dress Shirts", "top"),
    ],
)
def test_a_category_of_two_slots_names_none(category: str, slot: str | None) -> None:
    assert slot_of_category(category) == slot


def test_unmapped_label() -> None:
    with pytest.raises(
        ConfigError, match=r"label 'jean' is not .+; it names hair, jeans; did you mean 'jeans'\? Map it"
    ):
        map_labels(["hair", "jean"], {"jeans": "bottom", "hair": None})
    with pytest.raises(ConfigError, match=r"it names hair, jeans\. Map it to a class"):
        map_labels(["scarf"], {"jeans": "bottom", "hair": None})

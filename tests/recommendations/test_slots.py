from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from outfitter.recommendations import CandidateSource
from outfitter.recommendations.slots import fills, own_slot
from outfitter.taxonomy import slot_of_category
from outfitter.values import Product

ONE = np.ones(1, np.float32)


@pytest.mark.parametrize(
    ("category", "slot"),
    [
        ("top", "top"),
        ("Women > Clothing > Midi Skirts", "bottom"),
        ("T-Shirts", "top"),
        ("Dresses", "long"),
        ("Hats & Caps", "headwear"),
        ("dress shoes", "footwear"),
        ("Home > Lamps", None),
        (None, None),
    ],
)
def test_slot_of_a_feeds_category(category: str | None, slot: str | None) -> None:
    assert slot_of_category(category) == slot


def test_own_slot_without_a_category_is_what_the_pictures_show(
    make_shop: Callable[..., CandidateSource],
) -> None:
    product = Product("p", "P", "pack.jpg")
    source = make_shop(
        [product, Product("q", "Q", "q.jpg"), Product("outfit", "O", "o.jpg")],
        [
            ("p", "worn.jpg", "footwear", ONE),
            ("p", "worn.jpg", "bottom", ONE),
            ("p", "pack.jpg", "bottom", ONE),
            ("q", "q.jpg", None, ONE),
            ("outfit", "o.jpg", "top", ONE),
            ("outfit", "o.jpg", "bottom", ONE),
        ],
    )
    assert own_slot(source, product) == "bottom"
    assert fills(source, product, "bottom")
    assert not fills(source, product, "footwear")
    assert own_slot(source, source.product("q")) is None
    assert own_slot(source, source.product("outfit")) is None
    assert not fills(source, source.product("q"), "bag")
    assert fills(source, source.product("outfit"), "bottom")

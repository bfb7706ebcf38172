from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import pytest

from outfitter.boutique import Boutique, BoutiqueProduct, goes_together, outfit_score
from outfitter.boutique.stylist import LOUD, colours_agree


def one(boutique: Boutique, category: str, **fields: object) -> BoutiqueProduct:
    """A neutral product of a category, with what matters set."""
    usual = {"colour": "white", "pattern": "solid", "formality": "casual", "season": "all", "gender": "unisex"}
    found = next(p for p in boutique.products if p.category == category)
    return replace(found, **{**usual, **fields})  # type: ignore[arg-type]


def test_the_rule_is_symmetric_and_never_pairs_a_product_with_itself(boutique: Boutique) -> None:
    some = boutique.products[::4]
    assert all(goes_together(a, b) == goes_together(b, a) for a, b in product(some, some))
    assert not any(goes_together(a, a) for a in some)
    share = outfit_score(some)
    assert 0.05 < share < 0.6, "a rule that allows nearly nothing, or nearly everything, tells nothing"


@pytest.mark.parametrize(
    ("a", "b", "together"),
    [
        ({"category": "shirt"}, {"category": "jeans"}, True),
        ({"category": "shirt"}, {"category": "sweater"}, False),
        ({"category": "shirt"}, {"category": "blazer"}, True),
        ({"category": "dress"}, {"category": "jeans"}, False),
        ({"category": "dress"}, {"category": "coat"}, True),
        ({"category": "blazer"}, {"category": "coat"}, False),
        ({"category": "shirt", "gender": "men"}, {"category": "jeans", "gender": "women"}, False),
        ({"category": "shirt", "formality": "smart"}, {"category": "jeans"}, False),
        ({"category": "t-shirt", "formality": "sport"}, {"category": "jeans"}, True),
        ({"category": "coat", "season": "winter"}, {"category": "sandals", "season": "summer"}, False),
        ({"category": "shirt", "pattern": "tartan"}, {"category": "mini skirt", "pattern": "leopard"}, False),
        ({"category": "shirt", "pattern": "tartan"}, {"category": "trousers", "pattern": "pinstripe"}, True),
        ({"category": "shirt", "colour": "red"}, {"category": "trousers", "colour": "green"}, False),
        ({"category": "shirt", "colour": "teal"}, {"category": "trousers", "colour": "coral"}, True),
    ],
)
def test_each_part_of_the_rule(boutique: Boutique, a: dict[str, str], b: dict[str, str], together: bool) -> None:
    assert goes_together(one(boutique, **a), one(boutique, **b)) is together


def test_colours_agree_by_nearness_contrast_or_neutrality() -> None:
    assert colours_agree("black", "fuchsia")
    assert colours_agree("blue", "light blue"), "near"
    assert colours_agree("yellow", "lilac"), "a known contrast"
    assert not colours_agree("orange", "pink")


def test_every_outfit_follows_the_rule(boutique: Boutique) -> None:
    for look in (*boutique.looks, *boutique.worn):
        worn = [boutique.product(i) for i in look.products]
        assert 3 <= len(worn) <= 6
        assert all(goes_together(a, b) for a, b in combinations(worn, 2))
        assert look.score == outfit_score(worn) == 1.0
        assert sum(p.pattern in LOUD for p in worn) <= 1
        assert {p.gender for p in worn} <= {look.gender, "unisex"}


def test_most_products_can_be_worn(boutique: Boutique) -> None:
    assert len(boutique.worn) > len(boutique.products) // 3
    assert all(look.around in look.products for look in boutique.worn)

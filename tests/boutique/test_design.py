from __future__ import annotations

import pickle
from collections import Counter

import pytest

from outfitter.boutique import Boutique, design
from outfitter.boutique.kinds import KINDS
from outfitter.boutique.palette import COLOURS
from outfitter.errors import ConfigError
from outfitter.taxonomy import SLOTS


def test_the_demo_has_every_slot_and_every_kind(boutique: Boutique) -> None:
    assert len(boutique.products) == 240
    assert len(boutique.looks) == 40
    slots = Counter(product.slot for product in boutique.products)
    assert set(slots) == set(SLOTS)
    assert min(slots.values()) >= 12
    assert {product.category for product in boutique.products} == {kind.category for kind in KINDS}
    assert len({product.id for product in boutique.products}) == 240


def test_the_same_seed_gives_the_same_boutique_and_another_seed_another(boutique: Boutique) -> None:
    assert design() == boutique
    assert design(seed=1).products != boutique.products


def test_no_two_products_are_alike_in_category_colour_and_pattern(boutique: Boutique) -> None:
    looks = Counter((p.category, p.colour, p.pattern) for p in boutique.products)
    twins = {key for key, count in looks.items() if count > 1}
    cuts = [(p.category, p.colour, p.pattern, p.upper, p.lower, p.item) for p in boutique.products]
    assert len(set(cuts)) == len(cuts)
    assert len(twins) <= 4, f"only a category that has run out of colours may repeat one: {twins}"


def test_some_styles_come_in_several_colours(boutique: Boutique) -> None:
    styles: dict[int, set[str]] = {}
    for product in boutique.products:
        styles.setdefault(product.style, set()).add(product.colour)
    several = [colours for colours in styles.values() if len(colours) > 1]
    assert len(several) >= 5
    assert sum(len(colours) for colours in styles.values()) == 240, "products of one style differ in colour"


def test_products_say_what_a_shop_says(boutique: Boutique) -> None:
    for product in boutique.products:
        assert product.colour in COLOURS
        assert product.colour in product.title
        assert product.price > 5
        assert product.formality in ("casual", "smart", "sport")
        assert product.season in ("summer", "winter", "all")
        assert sum(cut is not None for cut in (product.upper, product.lower, product.item)) >= 1


def test_a_boutique_can_be_sent_to_another_process(boutique: Boutique) -> None:
    assert pickle.loads(pickle.dumps(boutique)) == boutique  # noqa: S301 - made here


@pytest.mark.parametrize(("products", "looks"), [(39, 4), (60, -1)])
def test_too_small_a_boutique_is_refused(products: int, looks: int) -> None:
    with pytest.raises(ConfigError, match=f"{products} products and {looks} looks; need at least {len(KINDS)}"):
        design(products, looks)

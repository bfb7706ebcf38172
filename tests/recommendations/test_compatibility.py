from __future__ import annotations

import numpy as np
import pytest

from outfitter.recommendations import Garment, Query
from outfitter.recommendations.choose import NOTHING
from outfitter.recommendations.compatibility import Compatibility, compatibility, worn_pairs
from outfitter.recommendations.complementary import Complementary
from outfitter.values import Product
from tests.recommendations.conftest import shop_of, unit


def product(name: str, category: str, **more: str) -> Product:
    return Product(name, name, f"{name}.jpg", category, gender=more.pop("gender", None), attributes=more)


def test_what_is_worn_together_goes_together_and_the_unknown_does_not_matter() -> None:
    smart, sport = ({"occasion": word} for word in ("smart", "sport"))
    pairs = [(product("a", "top", **smart), product("b", "bag", **smart))] * 30
    pairs += [(product("c", "top", **sport), product("d", "bag", **sport))] * 30
    goes = Compatibility(pairs)
    same = goes(product("x", "top", **smart), product("y", "bag", **smart))
    other = goes(product("x", "top", **smart), product("y", "bag", **sport))
    assert same > 0.3 > -0.3 > other
    assert other == goes(product("y", "bag", **sport), product("x", "top", **smart))
    assert goes(product("x", "hat", occasion="beach"), product("y", "hat")) == 0
    assert Compatibility([])(pairs[0][0], pairs[0][1]) == 0


def test_a_few_pairs_say_little() -> None:
    few = Compatibility([(product("a", "top", gender="men"), product("b", "bag", gender="men"))] * 2)
    assert abs(few(product("a", "top", gender="men"), product("b", "bag", gender="men"))) < 0.155


def test_two_patterns_clash_unless_one_is_quiet() -> None:
    goes = Compatibility([])
    floral, tartan, plain = (product(name, "top", pattern=name) for name in ("floral", "Tartan", "Solid"))
    assert goes(floral, tartan) < -1
    assert goes(floral, plain) == goes(plain, plain) == 0


def test_a_worn_garment_is_taken_for_the_product_that_looks_like_it() -> None:
    """Men's tops are worn with men's bags, women's with women's; nothing but the feed's gender tells the bags apart."""
    rng = np.random.default_rng(0)
    products, seen = [], []
    for number in range(24):
        gender = ("men", "women")[number % 2]
        top, bag = unit(1, *rng.normal(0, 0.4, 6)), unit(-1, *rng.normal(0, 0.4, 6))
        for name, category, vector in ((f"top-{number}", "top", top), (f"bag-{number}", "bag", bag)):
            products.append(Product(name, name, f"{name}.jpg", category, gender=gender))
            seen.append((name, f"{name}.jpg", category, vector))
        seen += [(f"top-{number}", "worn.jpg", "top", top), (f"top-{number}", "worn.jpg", "bag", bag)]
    source = shop_of(products, seen)
    pairs = worn_pairs(source)
    assert len(pairs) == 24
    assert all(one.id.replace("top", "bag") == other.id for one, other in pairs)
    assert compatibility(source) is compatibility(source)
    asked = Query((Garment(unit(1, *[0.0] * 6)[None], "top", "“top-3”", product="top-3"),), 5)
    rows = [row for row in Complementary(NOTHING).recommend(asked, source) if row.slot == "bag"]
    assert [row.product.gender for row in rows] == ["women"] * 5
    assert all(row.parts["compatible"] > 0.2 for row in rows)
    assert all(row.score == pytest.approx(sum(row.parts.values())) for row in rows)

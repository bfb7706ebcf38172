"""What is done to any strategy's answer, for shops of any make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfitter.errors import QueryError
from outfitter.recommendations import STRATEGIES, Garment, Query
from outfitter.recommendations.arrange import Arrangement
from outfitter.recommendations.choose import NOTHING
from outfitter.recommendations.strategy import CandidateSource
from outfitter.values import Product, Recommendation
from tests.recommendations.conftest import MemorySource, Seen, shop_of, unit

SLOTS = ("top", "bottom", "footwear")


@st.composite
def shops(draw: st.DrawFn) -> MemorySource:
    """Up to 40 products of three slots, of few styles, some sold out; some shown worn together."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    products: list[Product] = []
    seen: list[Seen] = []
    for number in range(draw(st.integers(1, 40))):
        slot = SLOTS[number % 3]
        group = draw(st.sampled_from([None, "a", "b", "c"]))
        stock = draw(st.sampled_from([None, "in_stock", "out_of_stock", "out_of_stock"]))
        products.append(Product(f"p{number}", f"P {number}", "i.png", slot, availability=stock, item_group_id=group))
        seen.append((f"p{number}", "i.png", slot, unit(*rng.normal(0.3, 1, 5))))
    return shop_of(products, seen)


def query(k: int) -> Query:
    return Query((Garment(unit(1, 0.2, 0.1, 0.4, -0.3)[None], "top", "your top", 0),), k)


def answers(rows: list[Recommendation]) -> Iterator[list[Recommendation]]:
    begins = [place for place, one in enumerate(rows) if one.rank == 1]
    for start, stop in pairwise([*begins, len(rows)]):
        yield rows[start:stop]


@pytest.mark.parametrize("strategy", ["similar", "complementary"])
@given(shop=shops(), k=st.integers(1, 12), in_stock=st.booleans(), grouped=st.booleans(), diversity=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_every_answer_keeps_what_was_asked_and_has_k_when_k_exist(
    strategy: str, shop: MemorySource, k: int, in_stock: bool, grouped: bool, diversity: float
) -> None:
    chosen = STRATEGIES[strategy](NOTHING)
    everything = list(answers(chosen.recommend(query(1000), shop)))
    got = list(answers(Arrangement(in_stock, grouped, diversity).recommend(chosen, query(k), shop)))
    expected = []
    for rows in everything:
        allowed = [one.product for one in rows if not in_stock or one.product.availability != "out_of_stock"]
        fresh = count()
        styles = {one.item_group_id if grouped and one.item_group_id else next(fresh) for one in allowed}
        if styles:
            expected.append(min(k, len(styles)))
    assert [len(rows) for rows in got] == expected
    for rows in got:
        assert [one.rank for one in rows] == list(range(1, len(rows) + 1))
        assert len({one.product.id for one in rows}) == len(rows)
        assert not in_stock or all(one.product.availability != "out_of_stock" for one in rows)
        groups = [one.product.item_group_id for one in rows if one.product.item_group_id]
        assert not grouped or len(set(groups)) == len(groups)


@given(shop=shops(), k=st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_nothing_asked_changes_nothing(shop: MemorySource, k: int) -> None:
    similar = STRATEGIES["similar"](NOTHING)
    bare = similar.recommend(query(k), shop)
    assert Arrangement().recommend(similar, query(k), shop) == bare
    first_of_all = [one for one in similar.recommend(query(1000), shop) if one.product.availability != "out_of_stock"]
    in_stock = Arrangement(in_stock=True).recommend(similar, query(k), shop)
    assert [one.product.id for one in in_stock] == [one.product.id for one in first_of_all[:k]]
    assert [one.because for one in in_stock] == [one.because for one in first_of_all[:k]]


def test_diversity_brings_the_unlike_forward_and_says_so() -> None:
    vectors = {"a": (1, 0.0), "b": (1, 0.02), "c": (1, 0.04), "d": (1, 0.9), "e": (1, 1.4)}
    shop = shop_of(
        [Product(name, name, "i.png", "top") for name in vectors],
        [(name, "i.png", "top", unit(*vector)) for name, vector in vectors.items()],
    )
    asked = Query((Garment(unit(1, -0.01)[None], "top", "your top", 0),), 3)

    def ids(diversity: float) -> list[str]:
        rows = Arrangement(diversity=diversity).recommend(STRATEGIES["similar"](NOTHING), asked, shop)
        return [one.product.id for one in rows]

    assert ids(1e-9) == ["a", "b", "c"]
    assert ids(1) == ["a", "e", "b"] or ids(1) == ["a", "e", "d"]
    rows = Arrangement(diversity=1).recommend(STRATEGIES["similar"](NOTHING), asked, shop)
    assert rows[0].because.count("variety") == 0
    assert rows[1].because.endswith("Shown earlier for variety.")


def test_of_a_style_the_best_colour_in_stock_is_shown() -> None:
    products = [
        Product(name, name, "i.png", "top", availability=stock, item_group_id="shirt")
        for name, stock in (("near", "out_of_stock"), ("next", "in_stock"), ("far", None))
    ]
    vectors = {"near": unit(1, 0), "next": unit(1, 0.2), "far": unit(1, 0.9)}
    shop = shop_of(products, [(name, "i.png", "top", vector) for name, vector in vectors.items()])
    asked = replace(query(2), garments=(Garment(unit(1, 0)[None], "top", "your top", 0),))
    rows = Arrangement(in_stock=True, grouped=True).recommend(STRATEGIES["similar"](NOTHING), asked, shop)
    assert [one.product.id for one in rows] == ["next"]


def test_what_is_sold_out_is_not_even_looked_for() -> None:
    products = [Product(f"p{n}", "P", "i.png", "top", availability="sold_out" if n else None) for n in range(200)]
    shop = shop_of(products, [(f"p{n}", "i.png", "top", unit(1, 0.001 * (200 - n))) for n in range(200)])
    asked: list[int] = []

    class Counted:
        def needs(self, query: Query) -> str | None:
            return STRATEGIES["similar"](NOTHING).needs(query)

        def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
            asked.append(query.k)
            return STRATEGIES["similar"](NOTHING).recommend(query, source)

    one = Query((Garment(unit(1, 0)[None], "top", "your top", 0),), 1)
    (found,) = Arrangement(in_stock=True).recommend(Counted(), one, shop)
    assert (found.product.id, asked) == ("p0", [1])


@pytest.mark.parametrize("diversity", [-0.1, 1.01, float("nan")])
def test_a_diversity_that_is_none(diversity: float) -> None:
    with pytest.raises(QueryError, match="need 0"):
        Arrangement(diversity=diversity)

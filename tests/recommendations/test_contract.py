"""What every strategy promises, whatever it does."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from outfitter.errors import QueryError
from outfitter.recommendations import STRATEGIES, CandidateSource, Garment, Query
from outfitter.values import Recommendation

VECTOR = np.array([[0.5, 0.1, 0.5, 0.1, 0.5, 0.48]], np.float32)
VECTOR /= np.linalg.norm(VECTOR)


def ask(name: str, source: CandidateSource, garments: tuple[Garment, ...], **options: Any) -> list[Recommendation]:
    return STRATEGIES[name]().recommend(Query(garments, **options), source)


@pytest.fixture(params=list(STRATEGIES))
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


TOP = Garment(VECTOR, "top", "your navy top", 0, "navy")
BAG = Garment(VECTOR[:, ::-1].copy(), "bag", "your bag", 1)
UNKNOWN = Garment(VECTOR, None, "your picture")


@pytest.mark.parametrize("garments", [(TOP,), (TOP, BAG), (UNKNOWN,)], ids=["top", "top and bag", "unknown"])
@pytest.mark.parametrize("k", [1, 4, 9])
def test_k_products_ranked_once_each(
    strategy: str, big_shop: CandidateSource, garments: tuple[Garment, ...], k: int
) -> None:
    answers: defaultdict[tuple[int | None, str], list[Recommendation]] = defaultdict(list)
    for row in ask(strategy, big_shop, garments, k=k):
        answers[row.garment, row.slot if strategy == "complementary" else ""].append(row)
    # 17 bottoms and 9 shoes: each answer that the shop can give has k rows.
    assert answers
    for rows in answers.values():
        assert [row.rank for row in rows] == list(range(1, k + 1))
        assert len({row.product.id for row in rows}) == k
        assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)


def test_score_is_the_sum_of_its_parts_and_has_a_reason(strategy: str, big_shop: CandidateSource) -> None:
    for row in ask(strategy, big_shop, (TOP, BAG), k=7):
        assert row.score == pytest.approx(sum(row.parts.values()))
        assert row.because.endswith(".")
        assert row.because[0].isupper()


def test_a_filter_does_not_starve_the_list(strategy: str, big_shop: CandidateSource) -> None:
    rows = ask(strategy, big_shop, (TOP,), k=9, where="category=footwear")
    assert len(rows) == 9
    assert {row.product.category for row in rows} == {"footwear"}


def test_excluded_products_stay_away(strategy: str, big_shop: CandidateSource) -> None:
    first = ask(strategy, big_shop, (TOP,), k=3)
    gone = frozenset(row.product.id for row in first)
    again = ask(strategy, big_shop, (TOP,), k=3, exclude=gone)
    assert len(again) == len(first)
    assert not gone & {row.product.id for row in again}


def test_fewer_than_k_only_if_fewer_match(strategy: str, big_shop: CandidateSource) -> None:
    rows = ask(strategy, big_shop, (TOP,), k=50, where="category=footwear")
    assert len(rows) == 9
    assert ask(strategy, big_shop, (TOP,), k=50, where="category=hats") == []


def test_same_question_same_answer(strategy: str, big_shop: CandidateSource) -> None:
    assert ask(strategy, big_shop, (TOP, BAG)) == ask(strategy, big_shop, (TOP, BAG))


def test_k_below_one_is_refused() -> None:
    with pytest.raises(QueryError, match="k is 0; need at least 1"):
        Query((TOP,), k=0)

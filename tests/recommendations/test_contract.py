"""What every strategy promises, whatever it does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from outfitter.errors import QueryError
from outfitter.evaluation.event_log import EventLog
from outfitter.recommendations import STRATEGIES, CandidateSource, Garment, Interactions, Query, choose
from outfitter.recommendations.choose import NOTHING
from outfitter.recommendations.interactions import InteractionOptions
from outfitter.values import Recommendation
from tests.recommendations.conftest import shop_of

VECTOR = np.array([[0.5, 0.1, 0.5, 0.1, 0.5, 0.48]], np.float32)
VECTOR /= np.linalg.norm(VECTOR)


def known(source: CandidateSource) -> Interactions:
    """What 40 people did with every other product of a source, in pairs that go together."""
    rng = np.random.default_rng(3)
    rows: list[tuple[str, str, str, float]] = []
    for person in range(40):
        for product in rng.choice(len(source.ids) // 2, 6, replace=False) * 2:
            kind = ("view", "cart", "purchase")[int(rng.integers(3))]
            rows.append((f"person-{person}", source.ids[int(product)], kind, 1.7e9 + 3600.0 * len(rows)))
    return Interactions.learn(EventLog.of(rows), InteractionOptions(factors=8))


@pytest.fixture(scope="module", params=["nothing is known", "events are known"])
def interactions(request: pytest.FixtureRequest, big_shop: CandidateSource) -> Interactions:
    return NOTHING if request.param == "nothing is known" else known(big_shop)


@pytest.fixture(params=list(STRATEGIES))
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Ask = Callable[..., list[Recommendation]]


@pytest.fixture
def ask(strategy: str, interactions: Interactions, big_shop: CandidateSource) -> Ask:
    """The strategy, with those that fill up what it leaves open."""

    def asked(garments: tuple[Garment, ...] = (), **options: Any) -> list[Recommendation]:
        query = Query(garments, **options)
        return choose(strategy, query, interactions).strategy.recommend(query, big_shop)

    return asked


TOP = Garment(VECTOR, "top", "your navy top", 0, "navy")
BAG = Garment(VECTOR[:, ::-1].copy(), "bag", "your bag", 1)
UNKNOWN = Garment(VECTOR, None, "your picture")
PERSON: dict[str, Any] = {
    "user": "person-3",
    "met": {"top-2": 3.0, "bottom-1": 1.0, "gone": 1.0},
    "session": ("top-2", "bottom-1"),
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "top": {"garments": (TOP,)},
    "top and bottom": {"garments": (TOP, replace(TOP, slot="bottom", index=1))},
    "unknown": {"garments": (UNKNOWN,)},
    "person": PERSON,
    "nobody": {},
}


@pytest.mark.parametrize("question", list(QUESTIONS))
@pytest.mark.parametrize("k", [1, 4, 9])
def test_k_products_ranked_once_each(strategy: str, ask: Ask, question: str, k: int) -> None:
    answers: defaultdict[tuple[int | None, str], list[Recommendation]] = defaultdict(list)
    for row in ask(**QUESTIONS[question], k=k):
        answers[
            row.garment, row.slot if strategy == "complementary" and "garments" in QUESTIONS[question] else ""
        ].append(row)
    # 17 bottoms and 9 shoes: each answer that the shop can give has k rows.
    assert answers
    for rows in answers.values():
        assert [row.rank for row in rows] == list(range(1, k + 1))
        assert len({row.product.id for row in rows}) == k
        assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)


@pytest.mark.parametrize("question", list(QUESTIONS))
def test_score_is_the_sum_of_its_parts_and_has_a_reason(ask: Ask, question: str) -> None:
    for row in ask(**QUESTIONS[question], k=7):
        assert row.score == pytest.approx(sum(row.parts.values()), abs=1e-5)
        assert row.because.endswith(".")
        assert row.because[0].isupper()


def test_a_filter_does_not_starve_the_list(ask: Ask) -> None:
    for question in ({"garments": (UNKNOWN,)}, PERSON):
        rows = ask(**question, k=9, where="category=footwear")
        assert len(rows) == 9
        assert {row.product.category for row in rows} == {"footwear"}


@pytest.mark.parametrize("question", list(QUESTIONS))
def test_an_empty_catalogue_has_nothing(strategy: str, interactions: Interactions, question: str) -> None:
    query = Query(**QUESTIONS[question])
    assert choose(strategy, query, interactions).strategy.recommend(query, shop_of([], [])) == []


def test_excluded_products_stay_away(ask: Ask) -> None:
    for question in ({"garments": (TOP,)}, PERSON):
        first = ask(**question, k=3)
        gone = frozenset(row.product.id for row in first)
        again = ask(**question, k=3, exclude=gone)
        assert len(again) == len(first)
        assert not gone & {row.product.id for row in again}


def test_fewer_than_k_only_if_fewer_match(ask: Ask) -> None:
    assert len(ask((UNKNOWN,), k=50, where="category=footwear")) == 9
    assert ask((TOP,), k=50, where="category=hats") == []
    assert ask(k=50, where="category=hats") == []


def test_same_question_same_answer(ask: Ask) -> None:
    assert ask((TOP, BAG)) == ask((TOP, BAG))
    assert ask(**PERSON) == ask(**PERSON)


def test_k_below_one_is_refused() -> None:
    with pytest.raises(QueryError, match="k is 0; need at least 1"):
        Query((TOP,), k=0)

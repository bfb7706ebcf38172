from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from outfitter.errors import ConfigError, QueryError
from outfitter.evaluation.event_log import EventLog
from outfitter.recommendations import CandidateSource, Garment, Interactions, Query, choose
from outfitter.recommendations.arrange import Arrangement
from outfitter.recommendations.experiment import assign
from outfitter.recommendations.explain import explain
from outfitter.recommendations.merchandising import SCENARIOS, Merchandising, Rule, read_merchandising
from outfitter.recommendations.settle import settle
from outfitter.values import Product, Recommendation
from tests.recommendations.conftest import shop_of, unit

ASKED = Query((Garment(unit(1, 0)[None], "top", "your top", 0),), 3)


@pytest.fixture(scope="module")
def shop() -> CandidateSource:
    """Six tops, each a little farther from the question than the one before; the last is a bag."""
    names = ["a", "b", "c", "d", "e"]
    products = [
        Product(name, f"Top {name}", "i.png", "top", item_group_id="g" if name in "ab" else None) for name in names
    ]
    products[2] = Product("c", "Top c", "i.png", "top", availability="out_of_stock")
    products.append(Product("bag", "Bag", "i.png", "bag"))
    seen = [(name, "i.png", "top", unit(1, 0.2 * place)) for place, name in enumerate(names)]
    return shop_of(products, [*seen, ("bag", "i.png", "bag", unit(0.1, 1))])


def ids(rows: list[Recommendation]) -> list[str]:
    return [one.product.id for one in rows]


def arranged(shop: CandidateSource, query: Query = ASKED, **options: object) -> list[Recommendation]:
    return Arrangement(**options).recommend(choose("similar").strategy, query, shop)  # type: ignore[arg-type]


def test_more_and_less_like_this(shop: CandidateSource) -> None:
    assert ids(arranged(shop)) == ["a", "b", "c"]
    like = arranged(shop, liked=unit(1, 0.8)[None])
    assert like[0].product.id != "a"
    assert like[0].parts["more_like"] > 0
    assert "like what you want more of" in " ".join(one.because for one in arranged(shop, liked=unit(0, 1)[None]))
    assert "a" not in ids(arranged(shop, disliked=unit(1, 0)[None]))
    for rows in (like, arranged(shop, disliked=unit(1, 0)[None])):
        assert [one.score for one in rows] == sorted((one.score for one in rows), reverse=True)
        assert all(one.score == pytest.approx(sum(one.parts.values())) for one in rows)


def test_boost_bury_and_pin(shop: CandidateSource) -> None:
    boosted = arranged(shop, rules=(Rule(boost="category=bag", by=2),))
    assert ids(boosted)[0] == "bag"
    assert boosted[0].because.endswith("; lifted by the shop.")
    assert boosted[0].parts["boost"] > 0
    assert ids(arranged(shop, rules=(Rule(bury="category=top", by=2),)))[0] == "bag"
    pinned = arranged(shop, rules=(Rule(pin="e", at=2), Rule(pin="bag", at=3), Rule(pin="gone")))
    assert [(one.rank, one.product.id) for one in pinned] == [(1, "a"), (2, "e"), (3, "bag")]
    assert pinned[2].because == "Chosen by the shop for this place."


def test_pins_obey_the_question(shop: CandidateSource) -> None:
    pin = (Rule(pin="c", at=1),)
    assert ids(arranged(shop, rules=pin, in_stock=True)) == ["a", "b", "d"]
    away = Query(ASKED.garments, 3, exclude=frozenset({"c"}))
    assert ids(arranged(shop, away, rules=pin)) == ["a", "b", "d"]
    assert ids(arranged(shop, rules=(Rule(pin="bag", where="category=bag"),))) == ["a", "b", "c"]
    assert ids(arranged(shop, rules=(Rule(pin="bag", where="category=top"),)))[0] == "bag"


def test_a_pin_beyond_the_last_rank_changes_nothing(shop: CandidateSource) -> None:
    for product in ("a", "e", "bag"):
        assert arranged(shop, rules=(Rule(pin=product, at=4),)) == arranged(shop)
        assert ids(arranged(shop, rules=(Rule(pin=product, at=3),)))[-1] == product


def test_a_pin_takes_the_place_of_another_of_its_style(shop: CandidateSource) -> None:
    assert ids(arranged(shop, rules=(Rule(pin="b", at=3),), grouped=True)) == ["c", "d", "b"]
    assert ids(arranged(shop, rules=(Rule(pin="b", at=3),))) == ["a", "c", "b"]
    assert ids(arranged(shop, Query(ASKED.garments, 1), rules=(Rule(pin="b"),), grouped=True)) == ["b"]
    both = (Rule(pin="b", at=1), Rule(pin="a", at=3))
    assert ids(arranged(shop, rules=both, grouped=True)) == ["b", "c", "d"]
    assert ids(arranged(shop, rules=both)) == ["b", "c", "a"]


def test_why_a_product_is_absent(shop: CandidateSource) -> None:
    def why(product: str, query: Query = ASKED, **options: object) -> str:
        similar = choose("similar").strategy
        return " ".join(explain(product, similar, query, Arrangement(**options), shop))  # type: ignore[arg-type]

    assert why("a").startswith("It is shown, at rank 1 with score")
    assert "out_of_stock" in why("c", in_stock=True)
    assert why("e").startswith("It comes at rank 5, after the first 3: its score is")
    assert why("b", grouped=True) == "Another of its style is shown: a “Top a”, and only one of each is."
    assert why("bag", Query(ASKED.garments, 3, "category=top")) == (
        "The filter leaves it out: category=top does not hold for it."
    )
    assert "It was excluded" in why("a", Query(ASKED.garments, 3, exclude=frozenset({"a"})))
    assert "bury" in why("a", rules=(Rule(bury="category=top", by=2),)) or why("a").startswith("It is shown")
    lacking = explain("b", choose("complementary").strategy, Query(ASKED.garments, 3), Arrangement(), shop)
    assert lacking == ["The question asks for other kinds of products: it is of the slot top."]
    with pytest.raises(QueryError, match="there is no product 'gone' in the catalogue"):
        why("gone")


@pytest.fixture(scope="module")
def many() -> CandidateSource:
    """120 tops, every fifth of them by Ylva; the last 100 in styles of four."""
    rng = np.random.default_rng(0)
    products = [
        Product(
            f"p{number}", f"Top {number}", "i.png", "top", brand="x" if number % 5 else "Ylva",
            item_group_id=f"g{number // 4}" if number >= 20 else None,
        )
        for number in range(120)
    ]  # fmt: skip
    return shop_of(products, [(one.id, "i.png", "top", unit(*(rng.normal(0, 1, 12) + 0.5))) for one in products])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"diversity": 0.9}, "variety brought others before it"),
        ({"liked": unit(*np.linspace(-1, 1, 12))[None]}, "after the first 3"),
        ({"rules": (Rule(boost="brand=Ylva", by=2),)}, "after the first 3"),
        ({"rules": (Rule(pin="p77", at=1),)}, "what the shop chose is shown in its place"),
        ({"grouped": True}, "comes before it, p"),
        ({"grouped": True}, "is shown: p"),
    ],
)
def test_reasons_agree_with_what_is_shown(many: CandidateSource, options: dict[str, object], told: str) -> None:
    similar, arrangement = choose("similar").strategy, Arrangement(**options)  # type: ignore[arg-type]
    asked = Query((Garment(many.garments("p0")[0].vector[None], "top", "your top", 0),), 3)
    shown = arrangement.recommend(similar, asked, many)
    said = {name: explain(name, similar, asked, arrangement, many)[0] for name in many.ids}
    assert [name for name in many.ids if "It is shown" in said[name]] == sorted(ids(shown), key=many.place)  # type: ignore[arg-type]
    assert any(told in text for text in said.values())
    for text in said.values():
        assert "other kinds" not in text
        if found := re.match(r"It comes at rank (\d+), after the first 3: its score is (\S+); .* has (\S+)\.$", text):
            assert int(found[1]) > 3
            assert float(found[2]) <= float(found[3])
        if found := re.match(r"By its score of .* it comes at rank (\d+);", text):
            assert int(found[1]) <= 9  # only so many compete


def test_no_rank_is_told_of_another_competition(many: CandidateSource) -> None:
    """Events choose among the nearest only; were all of them asked for, the farthest would be among the first."""
    asked = Query((Garment(many.garments("p0")[0].vector[None], "top", "“Top 0”", product="p0"),), 3)
    asked = replace(asked, exclude=frozenset({"p0"}))
    far = choose("similar").strategy.recommend(replace(asked, k=119), many)[-1].product.id
    log = [(f"u{person}", product, "purchase", 1.7e9) for person in range(60) for product in ("p0", far)]
    hybrid = choose("hybrid", asked, Interactions.learn(EventLog.of(log))).strategy
    (said,) = explain(far, hybrid, asked, Arrangement(), many)
    assert said.startswith("It comes after the first 3. At which rank cannot be told")


GOOD = """
rules:
  - {boost: brand=Ylva, by: 0.3}
  - {bury: price>300, scenarios: [home]}
  - {pin: P0042, at: 1, where: slot=bag}
scenarios:
  sale: {strategy: popular, where: price<30, k: 12}
  product:
    k: 8
    experiment: {name: taste, arms: {a: {strategy: similar}, b: {strategy: hybrid, diversity: 0.2}}}
"""


def read(tmp_path: Path, text: str) -> Merchandising:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return read_merchandising(path)


def test_rules_and_scenarios_of_a_file(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert [rule.boost or rule.bury or rule.pin for rule in found.rules_of("home")] == [
        "brand=Ylva",
        "price>300",
        "P0042",
    ]
    assert len(found.rules_of(None)) == 2
    assert found.scenario("sale").k == 12
    assert found.scenario("cart") == SCENARIOS["cart"]
    with pytest.raises(ConfigError, match="unknown scenario 'hom'; choose from .*; did you mean 'home'"):
        found.scenario("hom")


def test_what_is_asked_goes_before_the_arm_and_that_before_the_scenario(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    plain = settle(found, None, {}, None)
    assert (plain.k, plain.in_stock, plain.strategy, plain.experiment) == (10, False, None, None)
    sale = settle(found, "sale", {"where": "slot=top", "k": 3, "strategy": None}, None)
    assert (sale.k, sale.where, sale.strategy, sale.grouped) == (3, "price<30,slot=top", "popular", True)
    arms = {settle(found, "product", {}, f"u{number}").arm for number in range(20)}
    assert arms == {"a", "b"}
    for number in range(20):
        place = settle(found, "product", {}, f"u{number}")
        assert (place.strategy, place.diversity) == {"a": ("similar", 0.0), "b": ("hybrid", 0.2)}[str(place.arm)]
        assert place.experiment == "taste"
        assert settle(found, "product", {}, f"u{number}").arm == place.arm
    with pytest.raises(QueryError, match="k is 0"):
        settle(found, "product", {"k": 0}, None)


def test_an_arm_counts_as_it_was_checked(tmp_path: Path) -> None:
    text = 'scenarios: {x: {where: a=b, experiment: {name: e, arms: {a: {k: 8.0}, b: {k: "6", where: null}}}}}'
    found = read(tmp_path, text)
    places = [settle(found, "x", {}, f"u{number}") for number in range(20)]
    assert {(one.arm, one.k, one.where) for one in places} == {("a", 8, "a=b"), ("b", 6, None)}
    assert all(isinstance(one.k, int) for one in places)


def test_people_are_shared_out_as_asked_and_anew_for_each_experiment() -> None:
    people = [f"u{number}" for number in range(4000)]
    first = [assign("x", person, {"a": 0.2, "b": 0.5, "c": 0.3}) for person in people]
    assert [round(first.count(arm) / 4000, 1) for arm in "abc"] == [0.2, 0.5, 0.3]
    other = [assign("y", person, {"a": 0.2, "b": 0.5, "c": 0.3}) for person in people]
    both = np.mean([one == two for one, two in zip(first, other, strict=True)])
    assert both == pytest.approx(0.04 + 0.25 + 0.09, abs=0.04)
    assert assign("x", "u7", {"a": 0.2, "b": 0.5, "c": 0.3}) == first[7]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [{boots: a=b}]", "unknown key 'rules.0.boots'; .* did you mean 'boost'"),
        ("rules: [{by: 1}]", "a rule has one of boost, bury and pin; this has none"),
        ("rules: [{boost: a=b, pin: p}]", "this has boost and pin"),
        ("rules: [{boost: a=b, at: 2}]", "at and where are of a pin only"),
        ("rules: [{boost: a=b, by: -1}]", "rules.0.by is -1"),
        ("rules: [{boost: a=b}, {bury: a=b}]", "rules 1 and 2 contradict each other: they boost and bury 'a=b'"),
        ("rules: [{pin: p}, {pin: q}]", "rules 1 and 2 contradict each other: they both pin a product at 1"),
        ("rules: [{pin: p}, {pin: p, at: 2}]", "pin 'p' at 1 and at 2"),
        ("rules: [{boost: a=b, scenarios: [hoem]}]", "is for the scenario 'hoem'; .* did you mean 'home'"),
        ("scenarios: {x: {stratgy: similar}}", "unknown key .*; did you mean 'strategy'"),
        (
            "scenarios: {sale: {strategy: populer}}",
            "the scenario 'sale' has the strategy 'populer'; there are cold_start, .*; did you mean 'popular'",
        ),
        ("scenarios: {x: {experiment: {name: e, arms: {a: {}, b: {strategy: hybird}}}}}", "did you mean 'hybrid'"),
        ("scenarios: {x: {experiment: {name: e, arms: {a: {}, b: {k: many}}}}}", "k.* is 'many'"),
        ("scenarios: {x: {experiment: {name: e, arms: {a: {}, b: {experiment: {}}}}}}", "an experiment of its own"),
        ("scenarios: {x: {experiment: {name: e, arms: {a: {}}}}}", "arms"),
        ("scenarios: {x: {experiment: {name: e, arms: {a: {}, b: {}}, shares: {a: 1}}}}", "need one for each of a, b"),
        ("scenarios: {x: {experiment: {name: e, arms: {a: {}, b: {}}, shares: {a: 1, b: 1}}}}", "add up to 1"),
        ("- a", "is no mapping"),
        ("rules: [", "cannot be read"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, text)


def test_rules_for_different_places_do_not_contradict(tmp_path: Path) -> None:
    read(tmp_path, "rules: [{boost: a=b, scenarios: [home]}, {bury: a=b, scenarios: [cart]}]")
    read(tmp_path, "rules: [{pin: p, where: slot=top}, {pin: q, where: slot=bag}]")

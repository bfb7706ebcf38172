from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from outfitter.evaluation.event_log import EventLog
from outfitter.events import Event, EventStore
from outfitter.recommendations import CandidateSource, Garment, Interactions, Query, choose
from outfitter.recommendations.hybrid import Hybrid
from outfitter.recommendations.interactions import InteractionOptions
from outfitter.recommendations.looks import item_factors, looks_of
from outfitter.recommendations.person import meet
from outfitter.recommendations.similar import Similar
from outfitter.values import Product, Recommendation
from tests.recommendations.conftest import shop_of, unit

NOW = 1.78e9
TOP = Garment(unit(1, 0.2, 0.1)[None], "top", "your top", 0)


@pytest.fixture(scope="module")
def shop() -> CandidateSource:
    """40 tops, half of them of each of two looks; the last five of each are new."""
    rng = np.random.default_rng(1)
    products, seen = [], []
    for number in range(40):
        name = f"{'xy'[number % 2]}{number // 2:02d}"
        look = (1, 0.2, 0.1) if number % 2 else (0.1, 1, 0.3)
        products.append(Product(name, f"Top {name}", f"{name}.jpg", "top"))
        seen.append((name, f"{name}.jpg", "top", unit(*(np.array(look) + rng.normal(0, 0.15, 3)))))
    return shop_of(products, seen)


def events(people: int = 30, most: int = 15) -> Interactions:
    """Half of the people like the x-products, half the y-products; none has met the new ones."""
    rng = np.random.default_rng(2)
    rows: list[tuple[str, str, str, float]] = []
    for person in range(people):
        for product in rng.choice(most, 6, replace=False):
            rows.append((f"u{person}", f"{'xy'[person % 2]}{product:02d}", "view", NOW + len(rows)))
    return Interactions.learn(EventLog.of(rows))


def ids(rows: list[Recommendation]) -> list[str]:
    return [one.product.id for one in rows]


def test_without_events_it_is_what_looks_alike(shop: CandidateSource) -> None:
    nothing = Interactions.none()
    for query in (Query((TOP,), 7), Query((TOP, TOP), 5, met={"x01": 1.0}, session=("x01",))):
        assert Hybrid(nothing).recommend(query, shop) == Similar(nothing).recommend(query, shop)
    rows = Hybrid(nothing).recommend(Query((), 8, met={"x01": 1.0, "x02": 3.0}), shop)
    assert {name[0] for name in ids(rows)} == {"x"}
    assert all(one.parts["taste"] == one.parts["popular"] == 0 for one in rows)
    near = looks_of(shop).liked({shop.ids.index("x01"): 1.0, shop.ids.index("x02"): 3.0})
    assert ids(rows) == [shop.ids[at] for at in np.argsort(-near)[:8]]


def test_the_more_somebody_met_the_more_taste_counts(shop: CandidateSource) -> None:
    learnt = events()
    shares = []
    for many in (1, 3, 12):
        met = {f"x{number:02d}": 1.0 for number in range(many)}
        rows = Hybrid(learnt).recommend(Query((), 40, met=met), shop)
        parts = {name: max(abs(one.parts[name]) for one in rows) for name in ("looks", "taste")}
        shares.append(parts["taste"] / (parts["looks"] + parts["taste"]))
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < shares[2]


def test_new_products_are_judged_by_the_taste_their_looks_foretell(shop: CandidateSource) -> None:
    learnt = events()
    factors = item_factors(learnt, shop)
    for person, kind in (("u0", "x"), ("u1", "y")):
        rows = Hybrid(learnt).recommend(Query((), 40, user=person, met=learnt.met(person)), shop)
        new = [name for name in ids(rows) if int(name[1:]) >= 15]
        assert {name[0] for name in new[:4]} == {kind}
        assert len(rows) == 40
    assert np.abs(factors[shop.place("x17")]).max() > 0
    assert item_factors(learnt, shop) is factors


def test_beside_a_product_events_choose_among_its_look_alikes(shop: CandidateSource) -> None:
    rows = [(f"u{number}", name, "view", NOW) for number in range(40) for name in ("x00", "x09")]
    learnt = Interactions.learn(EventLog.of(rows))
    of_product = Garment(TOP.vectors, "top", "“Top x00”", product="x00")
    alike = ids(Similar(learnt).recommend(Query((of_product,), 40, exclude=frozenset({"x00"})), shop))
    chosen = Hybrid(learnt).recommend(Query((of_product,), 40, exclude=frozenset({"x00"})), shop)
    assert ids(chosen).index("x09") < alike.index("x09")
    assert "wanted by people who want it." in chosen[ids(chosen).index("x09")].because


@pytest.mark.parametrize("algorithm", ["als", "item-item"])
def test_nobody_is_told_of_a_taste_that_was_not_learnt(shop: CandidateSource, algorithm: str) -> None:
    log = EventLog.of([("ann", "x00", "view", NOW), ("bob", "y00", "view", NOW)])
    learnt = Interactions.learn(log, InteractionOptions(algorithm=algorithm))
    query = Query((), 40, user="ann", met=learnt.met("ann"))
    for name in ("collaborative", "hybrid"):
        rows = choose(name, query, learnt).strategy.recommend(query, shop)
        assert len(rows) == 40
        assert not [one for one in rows if "taste" in one.because]


def test_who_asks(shop: CandidateSource) -> None:
    learnt = events()
    unknown = meet(learnt, None, "nobody", None, (), shop)
    assert unknown.note == "The user 'nobody' is unknown, and is answered as somebody new."
    here = meet(learnt, None, None, None, ("x01", "y02"), shop)
    assert here.met == pytest.approx({"y02": 1.0, "x01": 0.7})
    assert (here.session, here.note) == (("x01", "y02"), "")
    assert here.hidden("bought", of_visit=True) == {"x01", "y02"}
    assert here.hidden("nothing", of_visit=True) == here.hidden("bought") == frozenset()
    known = meet(learnt, None, "u0", None, (), shop)
    assert set(known.met) == set(learnt.met("u0"))
    assert known.hidden("seen") == set(known.met)
    assert known.hidden("bought") == known.hidden("nothing") == frozenset()


def test_what_was_bought_and_dismissed_is_known_however_long_ago(shop: CandidateSource, tmp_path: Path) -> None:
    learnt = Interactions.learn(EventLog.of([("ann", "y03", "view", NOW), ("ann", "y04", "dismiss", NOW)]))
    deeds = [("purchase", "x01"), ("dismiss", "x02"), ("view", "x03"), ("dismiss", "x05"), ("view", "x05")]
    deeds += [("view", "y04"), *[("view", "y00")] * 60]
    with EventStore(tmp_path / "events.db") as store:
        store.add(Event(f"e{at}", *deed, NOW + 1 + at, "ann", "s") for at, deed in enumerate(deeds))
        for user, visit in (("ann", None), (None, "s")):
            ann = meet(learnt, store, user, visit, (), shop)
            assert ann.hidden("bought") == {"x01", "x02"}
            assert ann.hidden("seen") >= {"x01", "x02", "x03", "x05", "y00", "y04"}
            assert "x03" not in ann.met, "tastes are drawn from the latest"

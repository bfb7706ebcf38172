from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from outfitter.errors import EventError
from outfitter.evaluation.event_log import EventLog
from outfitter.recommendations.interactions import DAY, InteractionOptions, Interactions

NOW = 1_780_000_000.0
Rows = list[tuple[str, str, str, float]]


def two_tastes(people: int = 30) -> Rows:
    """Half of the people like s-products, half t-products; each met 6 of the 10 of theirs."""
    rng = np.random.default_rng(5)
    rows: Rows = []
    for person in range(people):
        for product in rng.choice(10, 6, replace=False):
            rows.append((f"u{person}", f"{'st'[person % 2]}{product}", "view", NOW + 60 * len(rows)))
    return rows


@pytest.mark.parametrize("algorithm", ["als", "bpr", "item-item"])
def test_a_taste_foretells_what_people_of_it_want(algorithm: str) -> None:
    learnt = Interactions.learn(EventLog.of(two_tastes()), InteractionOptions(algorithm=algorithm, factors=8))
    for person, kind in (("u0", "s"), ("u1", "t")):
        met = learnt.met(person)
        assert set(met) <= {f"{kind}{number}" for number in range(10)}
        for scores in (learnt.taste(met, person), learnt.taste(met)):
            unmet = [name for name in np.array(learnt.products)[np.argsort(-scores)] if name not in met]
            assert {name[0] for name in unmet[:4]} == {kind}
    beside = dict(zip(learnt.products, learnt.beside("s3").tolist(), strict=True))
    assert beside["s3"] == 0
    assert max(beside, key=lambda name: beside[name])[0] == "s"


@pytest.mark.parametrize("algorithm", ["als", "bpr", "item-item"])
def test_a_dismissal_is_no_wish(algorithm: str) -> None:
    """Everybody who likes s-products dismissed x, and three others viewed it."""
    rows = [*two_tastes(), *((f"u{number}", "x", "view", NOW) for number in (1, 3, 5))]
    rows += [(f"u{number}", "x", "dismiss", NOW + 1e5) for number in range(0, 30, 2)]
    options = InteractionOptions(algorithm=algorithm, factors=8)
    learnt = Interactions.learn(EventLog.of(rows), options)
    met = learnt.met("u0")
    scores = dict(zip(learnt.products, learnt.taste(met, "u0").tolist(), strict=True))
    assert scores["x"] < min(score for name, score in scores.items() if name[0] == "s" and name not in met)
    dismissed = EventLog.of([("ann", "x", "dismiss", NOW), ("bob", "x", "dismiss", NOW)])
    nothing = Interactions.learn(dismissed, options)
    assert (nothing.factors, nothing.taste({"x": 1.0}).tolist()) == (0, [0.0])


def test_what_was_not_learnt_scores_nothing() -> None:
    learnt = Interactions.learn(EventLog.of(two_tastes()))
    assert not learnt.taste({"gone": 3.0}).any()
    assert not learnt.taste({}).any()
    assert not learnt.beside("gone").any()
    assert (learnt.met("nobody"), learnt.bought_by("nobody"), learnt.knows("nobody")) == ({}, frozenset(), False)
    nothing = Interactions.none()
    assert (len(nothing.products), nothing.taste({"s1": 1.0}).shape, nothing.factors) == (0, (0,), 0)


def test_the_order_of_the_file_does_not_matter_and_the_last_word_counts() -> None:
    rows: Rows = [
        ("ann", "p1", "purchase", NOW),
        ("ann", "p1", "dismiss", NOW + 10),
        ("ann", "p2", "dismiss", NOW),
        ("ann", "p2", "view", NOW + 10),
        ("bob", "p1", "odd", NOW),
    ]
    for order in (rows, rows[::-1]):
        learnt = Interactions.learn(EventLog.of(order))
        assert learnt.met("ann")["p1"] == 0
        assert learnt.met("ann")["p2"] == pytest.approx(1, abs=1e-4)
        assert learnt.bought_by("ann") == {"p1"}
        assert learnt.met("bob") == pytest.approx({"p1": 1.0}, abs=1e-4)
        assert (learnt.count("p1"), learnt.count("p2"), learnt.count("p9")) == (2, 1, 0)


def test_popular_fades_and_trending_is_what_is_new() -> None:
    rows: Rows = [(f"u{number}", "old", "view", NOW - 60 * DAY) for number in range(8)]
    rows += [(f"u{number}", "steady", "view", NOW - 3 * number * DAY) for number in range(8)]
    rows += [(f"u{number}", "new", "view", NOW - number) for number in range(3)]
    learnt = Interactions.learn(EventLog.of(rows))
    popular = dict(zip(learnt.products, learnt.popular.tolist(), strict=True))
    trending = dict(zip(learnt.products, learnt.trending.tolist(), strict=True))
    assert popular["old"] == pytest.approx(8 * 0.5**2)
    assert popular["steady"] > popular["new"] > popular["old"]
    assert trending["new"] > trending["steady"] > trending["old"]


def test_scores_are_put_in_a_catalogues_order() -> None:
    learnt = Interactions.learn(EventLog.of([("ann", "b", "view", NOW), ("ann", "d", "purchase", NOW)]))
    ids = ("a", "b", "c", "d")  # "gone" products of the events would be left aside
    assert learnt.aligned(learnt.popular, ids).tolist() == [0, 1, 0, 5]
    assert learnt.aligned(learnt.events, ids[::-1]).tolist() == [1, 0, 1, 0]


def test_learning_goes_on_from_what_was_learnt() -> None:
    rows = two_tastes()
    before = Interactions.learn(EventLog.of(rows))
    newer = [
        *rows,
        ("fresh", "s1", "view", NOW + 1e6),
        ("fresh", "s2", "view", NOW + 1e6),
        ("u0", "new", "view", NOW + 1e6),
    ]
    for algorithm in ("als", "bpr"):
        options = InteractionOptions(algorithm=algorithm)
        before = Interactions.learn(EventLog.of(rows), options)
        after = Interactions.learn(EventLog.of(newer), options, before)
        assert set(after.people) == {*before.people, "fresh"}
        scores = dict(zip(after.products, after.taste(after.met("fresh"), "fresh").tolist(), strict=True))
        assert np.mean([scores[f"s{number}"] for number in range(3, 10)]) > np.mean(
            [scores[f"t{number}"] for number in range(10)]
        )


def test_on_disk_and_back(tmp_path: Path) -> None:
    learnt = Interactions.learn(EventLog.of(two_tastes()))
    path = tmp_path / "taste.npz"
    learnt.save(path)
    again = Interactions.load(path)
    assert (again.people, again.products, again.options) == (learnt.people, learnt.products, learnt.options)
    np.testing.assert_array_equal(again.taste(again.met("u3"), "u3"), learnt.taste(learnt.met("u3"), "u3"))
    assert again.met("u3") == learnt.met("u3")
    with pytest.raises(EventError, match="is no .npz"):
        learnt.save(tmp_path / "taste.bin")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(EventError, match="damaged|cannot be read"):
        Interactions.load(path)
    with pytest.raises(EventError, match="Make it with 'outfitter events learn"):
        Interactions.load(tmp_path / "gone.npz")
    with pytest.raises(EventError, match=r"events learn \S*/gone.npz --events DATABASE"):
        Interactions.load(tmp_path / "gone")

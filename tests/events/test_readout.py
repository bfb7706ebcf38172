from __future__ import annotations

import numpy as np
import pytest

from outfitter.errors import EventError
from outfitter.events import Event, Shown
from outfitter.events.readout import Clicks, by_strategy, read_out, sequential_width
from tests.events.conftest import NOW, event


def test_a_list_is_clicked_once_and_only_by_what_was_in_it() -> None:
    shown = [Shown(f"r{number}", NOW, strategy, ("p1", "p2")) for number, strategy in enumerate("aaab")]
    events = [
        event(1, product="p1", recommendation="r0"),
        event(2, product="p2", recommendation="r0", kind="purchase"),
        event(3, product="p9", recommendation="r1"),
        event(4, product="p1", recommendation="r2", kind="dismiss"),
        event(5, product="p1"),
        event(6, product="p1", recommendation="r3"),
    ]
    assert by_strategy(shown, events) == {"a": Clicks(3, 1, 1), "b": Clicks(1, 1, 0)}
    assert by_strategy(shown, events)["a"].rate == pytest.approx(1 / 3)


def experiment(people: int, rates: dict[str, float], seed: int) -> tuple[list[Shown], list[Event]]:
    """Two lists each; people differ in how readily they click."""
    rng = np.random.default_rng(seed)
    shown: list[Shown] = []
    events: list[Event] = []
    for person in range(people):
        arm = list(rates)[person % len(rates)]
        chance = rng.beta(10 * rates[arm], 10 * (1 - rates[arm]))
        for number in range(2):
            name = f"r{person}-{number}"
            shown.append(Shown(name, NOW, "s", ("p1",), experiment="x", arm=arm, user=f"u{person}"))
            if rng.random() < chance:
                events.append(event(len(events), product="p1", recommendation=name))
    return shown, events


def test_a_real_difference_is_found_and_its_direction_told() -> None:
    for horizon in (None, 2000):
        found = read_out("x", *experiment(2000, {"a": 0.2, "b": 0.3, "c": 0.1}, 0), horizon=horizon)
        assert [arm.people for arm in found.arms] == [667, 667, 666]
        assert [(one.arm, one.verdict) for one in found.comparisons] == [("b", "better"), ("c", "worse")]
        assert found.comparisons[0].low < 0.1 < found.comparisons[0].high


def test_nothing_is_concluded_before_the_horizon_nor_from_a_few() -> None:
    early = read_out("x", *experiment(400, {"a": 0.1, "b": 0.6}, 0), horizon=1000)
    assert [one.verdict for one in early.comparisons] == ["open"]
    assert early.note == "400 of 1000 people. Not concluded: wait for the rest."
    few = read_out("x", *experiment(40, {"a": 0.01, "b": 0.99}, 0))
    assert few.comparisons[0].verdict == "open"
    two = read_out("x", *experiment(2, {"a": 0.01, "b": 0.99}, 0))
    assert (two.comparisons[0].low, two.comparisons[0].high) == (-1, 1)


def test_looking_often_does_not_find_differences_that_are_none() -> None:
    """Equal arms, looked at 12 times: the usual interval of 95 % errs in far more than 5 % of such experiments."""
    wrong = naive = 0
    for seed in range(40):
        shown, events = experiment(480, {"a": 0.3, "b": 0.3}, seed)
        looks = [2 * people for people in range(40, 481, 40)]
        verdicts = [read_out("x", shown[:look], events) for look in looks]
        wrong += any(one.comparisons[0].verdict != "open" for one in verdicts)
        fixed = [read_out("x", shown[:look], events, horizon=1) for look in looks]
        naive += any(one.comparisons[0].verdict != "open" for one in fixed)
    assert wrong <= 4
    assert naive > wrong


def test_the_sequence_is_wider_than_one_look_and_narrows() -> None:
    assert sequential_width(1000) == pytest.approx(2.9, abs=0.2)
    errors = [sequential_width(people) / people**0.5 for people in (100, 1000, 10000)]
    assert errors == sorted(errors, reverse=True)


def test_an_experiment_that_nobody_saw() -> None:
    shown, events = experiment(10, {"a": 0.5, "b": 0.5}, 0)
    with pytest.raises(EventError, match="nothing was shown in the experiment 'y'; there are x"):
        read_out("y", shown, events)
    with pytest.raises(EventError, match="horizon is 0"):
        read_out("x", shown, events, horizon=0)

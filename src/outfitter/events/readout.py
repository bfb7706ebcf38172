"""What came of what was shown: click-through by strategy, and which arm of an A/B experiment did better.

A list counts once, as clicked if any event of a product in it names its recommendation. People are the unit of an
experiment, as they were assigned: the lists of one person are not independent.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np

from outfitter.errors import EventError, nearest
from outfitter.events.event import Event, Shown

LEVEL: Final = 0.95
PLANNED: Final = 1000
"""People, of all arms together, at which a sequential interval is at its narrowest."""
ENOUGH: Final = 30
"""People in each arm below which nothing is concluded: the intervals rest on means being normal."""


@dataclass(frozen=True)
class Clicks:
    """Of one strategy: lists shown, lists with a click, lists that led to a purchase."""

    lists: int
    clicked: int
    bought: int

    @property
    def rate(self) -> float:
        """Share of lists clicked."""
        return self.clicked / self.lists if self.lists else math.nan


def by_strategy(shown: Iterable[Shown], events: Iterable[Event]) -> dict[str, Clicks]:
    """Strategy → what came of its lists."""
    clicks, purchases = _led_to(events)
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in shown:
        count = counts[one.strategy]
        count[0] += 1
        count[1] += not clicks.get(one.id, frozenset()).isdisjoint(one.products)
        count[2] += not purchases.get(one.id, frozenset()).isdisjoint(one.products)
    return {name: Clicks(*count) for name, count in sorted(counts.items())}


@dataclass(frozen=True)
class Arm:
    """people: who were shown something. rate: mean over people of the share of their lists that were clicked."""

    name: str
    people: int
    lists: int
    rate: float


@dataclass(frozen=True)
class Comparison:
    """rate of `arm` minus rate of `against`, with its interval; verdict: better, worse or open."""

    arm: str
    against: str
    difference: float
    low: float
    high: float
    verdict: Literal["better", "worse", "open"]


@dataclass(frozen=True)
class Readout:
    """An experiment so far. method: sequential or fixed."""

    experiment: str
    method: str
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    note: str


def read_out(
    experiment: str, shown: Sequence[Shown], events: Iterable[Event], *, horizon: int | None = None
) -> Readout:
    """Compare every arm of an experiment with its first by name.

    Args:
        horizon: people, of all arms together, at which to conclude: before, every verdict is "open", and from then on
            the interval is the usual one. None may be looked at any time: the interval is an asymptotic confidence
            sequence (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2021, arXiv 2103.06476, theorem 2.2), which holds
            at all times at once and is wider for it.

    Raises:
        EventError: nothing was shown in that experiment, or horizon is below 1.
    """
    if horizon is not None and horizon < 1:
        raise EventError(f"horizon is {horizon}; need the number of people at which to conclude, at least 1.")
    own = [one for one in shown if one.experiment == experiment and one.arm is not None]
    if not own:
        known = sorted({one.experiment for one in shown if one.experiment})
        raise EventError(
            f"nothing was shown in the experiment {experiment!r}; there are {', '.join(known) or 'none'}"
            f"{nearest(experiment, known, '.')}"
        )
    clicks, _ = _led_to(events)
    lists: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for one in own:
        clicked = not clicks.get(one.id, frozenset()).isdisjoint(one.products)
        lists[str(one.arm)][one.user or f"session:{one.session or one.id}"].append(clicked)
    rates = {arm: np.array([np.mean(one) for one in people.values()]) for arm, people in sorted(lists.items())}
    arms = tuple(
        Arm(arm, len(rate), sum(map(len, lists[arm].values())), float(rate.mean())) for arm, rate in rates.items()
    )
    people = sum(arm.people for arm in arms)
    due = horizon is None or people >= horizon
    first, *others = rates
    comparisons = tuple(
        _compare(arm, first, rates, None if horizon is None else NormalDist().inv_cdf(0.5 + LEVEL / 2), due)
        for arm in others
    )
    if horizon is None:
        note = f"May be looked at any time; {people} people so far."
    else:
        note = f"{people} of {horizon} people. " + ("Concluded." if due else "Not concluded: wait for the rest.")
    return Readout(experiment, "sequential" if horizon is None else "fixed", arms, comparisons, note)


def _compare(
    arm: str,
    against: str,
    rates: Mapping[str, np.ndarray[tuple[int], np.dtype[np.float64]]],
    z: float | None,
    due: bool,
) -> Comparison:
    ours, theirs = rates[arm], rates[against]
    difference = float(ours.mean() - theirs.mean())
    if min(len(ours), len(theirs)) < 2:
        return Comparison(arm, against, difference, -1.0, 1.0, "open")
    error = math.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
    wide = error * (z if z is not None else sequential_width(len(ours) + len(theirs)))
    low, high = difference - wide, difference + wide
    verdict: Literal["better", "worse", "open"] = "open"
    if due and min(len(ours), len(theirs)) >= ENOUGH:
        verdict = "better" if low > 0 else "worse" if high < 0 else "open"
    return Comparison(arm, against, difference, low, high, verdict)


def sequential_width(people: int, planned: int = PLANNED, level: float = LEVEL) -> float:
    """Half the width of a confidence sequence, in standard errors: what 1.96 is for a single look.

    rho is chosen as their equation 24 does, to be narrowest at `planned` people.
    """
    alpha = 1 - level
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned
    return math.sqrt((people * rho2 + 1) / (people * rho2) * math.log((people * rho2 + 1) / alpha**2))


def _led_to(events: Iterable[Event]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Recommendation → products that were chosen, and bought, from it. Dismissing is no choice."""
    clicks: defaultdict[str, set[str]] = defaultdict(set)
    purchases: defaultdict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.recommendation is None or event.kind == "dismiss":
            continue
        clicks[event.recommendation].add(event.product)
        if event.kind == "purchase":
            purchases[event.recommendation].add(event.product)
    return clicks, purchases

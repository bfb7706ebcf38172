"""What a question leaves open: from the scenario it is asked in, the arm of its experiment, or the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from outfitter.errors import QueryError
from outfitter.recommendations.experiment import assign
from outfitter.recommendations.merchandising import Merchandising, Scenario
from outfitter.recommendations.strategy import CandidateSource, Query

PLAIN: Final = Scenario(in_stock=False, grouped=False)
"""Where no scenario is named, nothing is left out that was not asked to be."""


@dataclass(frozen=True)
class Place:
    """The options of a `Scenario`, settled; and which scenario, experiment and arm they come from."""

    strategy: str | None
    k: int
    where: str | None
    in_stock: bool
    grouped: bool
    diversity: float
    hide: str
    scenario: str | None = None
    experiment: str | None = None
    arm: str | None = None


def settle(merchandising: Merchandising, scenario: str | None, given: Mapping[str, Any], person: str | None) -> Place:
    """Given options before the arm's, those before the scenario's. A scenario's filter holds besides a given one.

    person: whoever is assigned to an arm; None is assigned anew each time.

    Raises:
        ConfigError: no such scenario.
        QueryError: k below 1.
    """
    base = PLAIN if scenario is None else merchandising.scenario(scenario)
    options = base.model_dump(exclude={"experiment"})
    experiment = arm = None
    if base.experiment is not None:
        arms, experiment = base.experiment.arms, base.experiment.name
        shares = base.experiment.shares or dict.fromkeys(arms, 1 / len(arms))
        arm = assign(experiment, person if person is not None else uuid4().hex, shares)
        options |= arms[arm]
    filters = [text for text in (options["where"], given.get("where")) if text and text.strip()]
    options |= {name: value for name, value in given.items() if value is not None}
    options["where"] = ",".join(filters) or None
    if options["k"] < 1:
        raise QueryError(f"k is {options['k']}; need at least 1 recommendation.")
    return Place(**options, scenario=scenario, experiment=experiment, arm=arm)


def nothing(query: Query, place: Place, source: CandidateSource) -> str:
    """Why there is nothing to show."""
    if not len(source.ids):
        return "The catalogue is empty."
    if not source.allowed(query.where).any():
        return f"No product matches the filter {query.where}."
    if not source.allowed(query.where, query.exclude).any():
        return "All products that match are excluded, or were met before."
    if place.in_stock:
        return "Nothing that fits can be bought at present."
    return "No product is of the kind that was asked for."

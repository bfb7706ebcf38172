"""The shop's own rules and named places, from one checked YAML file.

    rules:
      - boost: brand=Ylva            # a filter, as in 'outfitter recommend --where'
        by: 0.2
      - bury: price>300
        scenarios: [home]
      - pin: P0042                   # a product's id
        at: 1
        where: slot=bag              # only in answers whose first product the filter matches
    scenarios:
      sale: {strategy: popular, where: price<30, k: 12}

A boost of 0.2 lifts by a fifth of what lies between the best and the last of the products that compete; a bury lowers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from outfitter.config import Options, parse
from outfitter.errors import ConfigError, nearest
from outfitter.recommendations.strategy import STRATEGIES

STRENGTH: Final = 0.2


class Rule(Options):
    """One of boost, bury and pin. scenarios: where it holds; None is everywhere."""

    boost: str | None = Field(default=None, min_length=1, description="a filter: what it matches is lifted")
    bury: str | None = Field(default=None, min_length=1, description="a filter: what it matches is lowered")
    pin: str | None = Field(default=None, min_length=1, description="a product's id: it is shown")
    by: float = Field(default=STRENGTH, gt=0, le=10)
    at: int = Field(default=1, ge=1, le=1000, description="of a pin: the rank; beyond k it changes nothing")
    where: str | None = Field(default=None, description="of a pin: only beside products that a filter matches")
    scenarios: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one(self) -> Rule:
        given = [name for name in ("boost", "bury", "pin") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a rule has one of boost, bury and pin; this has {' and '.join(given) or 'none'}")
        if self.pin is None and ("at" in self.model_fields_set or "where" in self.model_fields_set):
            raise ValueError("at and where are of a pin only")
        if self.pin is not None and "by" in self.model_fields_set:
            raise ValueError("by is of boost and bury only")
        return self


class Experiment(Options):
    """An A/B experiment in a scenario: arms by name, and the share of people each gets, all alike by default."""

    name: str = Field(min_length=1)
    arms: Mapping[str, Mapping[str, Any]] = Field(min_length=2, description="arm: options of the scenario it changes")
    shares: Mapping[str, float] | None = None

    @field_validator("arms")
    @classmethod
    def _checked(cls, arms: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        """As a scenario would take them: a k of 8.0 is 8."""
        for arm, changes in arms.items():
            if "experiment" in changes:
                raise ValueError(f"arm {arm!r} has an experiment of its own; need one at a time")
        return {arm: Scenario(**changes).model_dump(exclude_unset=True) for arm, changes in arms.items()}

    @model_validator(mode="after")
    def _whole(self) -> Experiment:
        if self.shares is not None:
            if set(self.shares) != set(self.arms):
                raise ValueError(f"shares are of {', '.join(self.shares)}; need one for each of {', '.join(self.arms)}")
            if min(self.shares.values()) < 0 or abs(sum(self.shares.values()) - 1) > 1e-6:
                raise ValueError(f"shares are {dict(self.shares)}; need shares of 0 or more that add up to 1")
        return self


class Scenario(Options):
    """A place in the shop, and how recommendations are made there."""

    strategy: str | None = None
    k: int = Field(default=10, ge=1, le=1000)
    where: str | None = None
    in_stock: bool = True
    grouped: bool = True
    diversity: float = Field(default=0.0, ge=0, le=1)
    hide: Literal["seen", "bought", "nothing"] = "bought"
    experiment: Experiment | None = None


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "product": Scenario(k=12),
    "cart": Scenario(strategy="complementary", k=4, diversity=0.2),
    "home": Scenario(k=20, diversity=0.3),
    "look": Scenario(strategy="complementary", k=4),
}
"""The product page, the cart, the home page, and an outfit that somebody looks at."""


class Merchandising(Options):
    """All rules and scenarios of a shop; the scenarios of `SCENARIOS` are there unless they are given anew."""

    rules: tuple[Rule, ...] = ()
    scenarios: Mapping[str, Scenario] = {}

    def scenario(self, name: str) -> Scenario:
        """A scenario. Raises ConfigError if there is none of that name."""
        known = {**SCENARIOS, **self.scenarios}
        if name not in known:
            raise ConfigError(f"unknown scenario {name!r}; choose from {', '.join(known)}{nearest(name, known)}")
        return known[name]

    def rules_of(self, scenario: str | None) -> tuple[Rule, ...]:
        """The rules that hold in a scenario."""
        return tuple(rule for rule in self.rules if rule.scenarios is None or scenario in rule.scenarios)


def read_merchandising(path: Path) -> Merchandising:
    """Read a YAML file.

    Raises:
        ConfigError: it cannot be read; an unknown key, scenario or strategy; rules that contradict each other.
    """
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: is no mapping; need 'rules:' and 'scenarios:'.")
    found = parse(Merchandising, values, str(path))
    known = {**SCENARIOS, **found.scenarios}
    for number, rule in enumerate(found.rules, 1):
        for name in rule.scenarios or ():
            if name not in known:
                raise ConfigError(
                    f"{path}: rule {number} is for the scenario {name!r}; there are {', '.join(known)}"
                    f"{nearest(name, known)}"
                )
    for name, scenario in found.scenarios.items():
        arms = scenario.experiment.arms.values() if scenario.experiment else ()
        for strategy in (scenario.strategy, *(arm.get("strategy") for arm in arms)):
            if strategy is not None and strategy not in STRATEGIES:
                raise ConfigError(
                    f"{path}: the scenario {name!r} has the strategy {strategy!r}; there are {', '.join(STRATEGIES)}"
                    f"{nearest(strategy, STRATEGIES)}"
                )
    _refuse_contradictions(found.rules, path)
    return found


def _refuse_contradictions(rules: Sequence[Rule], path: Path) -> None:
    for number, rule in enumerate(rules, 1):
        for other_number, other in enumerate(rules[: number - 1], 1):
            if rule.scenarios and other.scenarios and not set(rule.scenarios) & set(other.scenarios):
                continue
            told = ""
            if rule.pin and other.pin and (rule.where or other.where) == (other.where or rule.where):
                if rule.at == other.at and rule.pin != other.pin:
                    told = f"both pin a product at {rule.at}"
                elif rule.pin == other.pin and rule.at != other.at:
                    told = f"pin {rule.pin!r} at {other.at} and at {rule.at}"
            if (rule.boost and rule.boost == other.bury) or (rule.bury and rule.bury == other.boost):
                told = f"boost and bury {rule.boost or rule.bury!r}"
            if told:
                raise ConfigError(f"{path}: rules {other_number} and {number} contradict each other: they {told}.")

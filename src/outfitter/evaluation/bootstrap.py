"""How sure a score is, and whether a difference between two is real: resampling whole photos, queries or shoppers.

Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993: percentile intervals (chapter 13); for a difference,
both sides see the same resamples, so that what is hard for both cancels out. Replicate i is drawn from
``default_rng([seed, i])``, so the same samples give the same replicates whatever is scored on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import EvaluationError
from outfitter.evaluation.curves import Values, Weights, once

REPLICATES: Final = 1000
MANY: Final = 10_000
"""Samples from which a fifth of the replicates is enough by default: intervals are narrow there, and their ends vary by
about a tenth of their width with the seed."""
LEVEL: Final = 0.95
FEWEST: Final = 4
"""Samples that a score must rest on to have an interval. A resample of 3 is one of them three times over in 1 of 27
cases, and the interval leaves out 1 of 40 at either end: it would but span what the three are. Of 4 it is 1 of 256."""
CELLS_AT_ONCE: Final = 4_000_000
"""Bounds the memory of a batch of replicates: its weights, times what each weight is spread over."""


class Evidence(Protocol):
    """Scores as a function of how often each sample is seen."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the samples."""

    @property
    def samples(self) -> int: ...

    @property
    def width(self) -> int:
        """The longest array that one weighting is spread over."""

    def __call__(self, weights: Weights) -> Mapping[str, Values]: ...

    def support(self, score: str) -> int:
        """The samples that a score rests on: how many have something it is about."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays that need no pickle."""


class Progress(Protocol):
    """Told that `done` more replicates are done; `total` says how many there are."""

    def __call__(self, done: int = ..., /, *, total: int | None = ...) -> None: ...


@dataclass(frozen=True)
class Interval:
    """A score and its 95 % bootstrap interval, NaN where it rests on fewer than `FEWEST` samples."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float | None]:
        return {name: json_number(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Difference:
    """By how much a second score is higher than a first, with its interval.

    p: two-sided; the share of replicates on the less common side of 0, doubled. NaN, as is the interval, where a score
    rests on fewer than `FEWEST` samples.
    """

    value: float
    low: float
    high: float
    p: float

    @property
    def real(self) -> bool:
        """There is an interval, and it holds no 0."""
        return self.low > 0 or self.high < 0

    def as_dict(self) -> dict[str, float | bool | None]:
        return {
            "difference": json_number(self.value),
            "low": json_number(self.low),
            "high": json_number(self.high),
            "p": json_number(self.p),
            "real": self.real,
        }


def replicates_for(samples: int, asked: int | None = None) -> int:
    """How many replicates to draw: what is asked for, or a default."""
    return asked or (REPLICATES if samples < MANY else REPLICATES // 5)


def intervals(
    evidence: Evidence,
    replicates: int = REPLICATES,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Interval]:
    """Every score with its interval."""
    drawn = _replicates([evidence], replicates, seed, progress)[0]
    return {
        name: Interval(value, *_bounds(drawn[name], evidence.support(name))) for name, value in plain(evidence).items()
    }


def plain(evidence: Evidence) -> dict[str, float]:
    """Every score without its interval."""
    return {name: float(value[0]) for name, value in evidence(once(evidence.samples)).items()}


def differences(
    first: Evidence,
    second: Evidence,
    replicates: int = REPLICATES,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Difference]:
    """Second minus first, for every score that both have.

    Raises:
        EvaluationError: other samples on the two sides; their order does not matter.
    """
    if sorted(first.names) != sorted(second.names):
        raise EvaluationError(
            f"the runs were scored on {first.samples} and {second.samples} samples; need the same ones."
        )
    before, after = plain(first), plain(second)
    drawn = _replicates([first, second], replicates, seed, progress)
    found = {}
    for name in before:
        if name in after:
            moved = drawn[1][name] - drawn[0][name]
            samples = min(first.support(name), second.support(name))
            told = moved[~np.isnan(moved)]
            side = min((told <= 0).sum(), (told >= 0).sum()) + 1
            p = min(1.0, 2 * float(side) / (len(told) + 1)) if samples >= FEWEST else float("nan")
            found[name] = Difference(after[name] - before[name], *_bounds(moved, samples), p)
    return found


def json_number(value: float) -> float | None:
    """JSON has no NaN; a score that does not exist is null."""
    return None if np.isnan(value) else round(value, 6)


def _bounds(values: Values, samples: int) -> tuple[float, float]:
    told = values[~np.isnan(values)]
    if samples < FEWEST or not len(told):
        return float("nan"), float("nan")
    low, high = np.quantile(told, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _replicates(
    evidence: list[Evidence],
    replicates: int,
    seed: int,
    progress: Progress | None,
) -> list[dict[str, Values]]:
    """The scores of every resample, for each evidence on the same resamples."""
    samples = evidence[0].samples
    places = [_places(evidence[0].names, one.names) for one in evidence]
    batch = max(1, CELLS_AT_ONCE // max(1, *(one.width for one in evidence)))
    parts: list[dict[str, list[Values]]] = [{} for _ in evidence]
    for start in range(0, replicates, batch):
        weights = np.stack([_resample(samples, seed, i) for i in range(start, min(start + batch, replicates))])
        for one, place, collected in zip(evidence, places, parts, strict=True):
            for name, values in one(weights if place is None else weights[:, place]).items():
                collected.setdefault(name, []).append(values)
        if progress:
            progress(len(weights))
    return [{name: np.concatenate(values) for name, values in collected.items()} for collected in parts]


def _places(names: tuple[str, ...], own: tuple[str, ...]) -> NDArray[np.int64] | None:
    """Where each of `own` is among `names`; None if both are in one order."""
    if names == own:
        return None
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[name] for name in own])


def _resample(samples: int, seed: int, number: int) -> Weights:
    picks = np.random.default_rng([seed, number]).integers(samples, size=samples)
    return np.bincount(picks, minlength=samples).astype(np.int32)


def rounded(scores: Mapping[str, Interval]) -> dict[str, Any]:
    """JSON-ready."""
    return {name: score.as_dict() for name, score in scores.items()}

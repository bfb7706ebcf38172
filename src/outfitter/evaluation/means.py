"""Scores that are means over items: queries, packshots, shoppers. Items of one sample are resampled together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.curves import Values, Weights


@dataclass(frozen=True, eq=False)
class MeanEvidence:
    """columns: score name → float64 (N,), NaN for an item that the score does not concern.

    names: of the samples. sample: int64 (N,), which sample an item belongs to: all photos of one product are one
    sample, since they are right or wrong together.
    """

    names: tuple[str, ...]
    sample: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of_items(cls, names: tuple[str, ...], columns: Mapping[str, NDArray[np.float64]]) -> MeanEvidence:
        """Each item is a sample of its own."""
        return cls(names, np.arange(len(names)), columns)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays that need no pickle."""
        return {
            "names": np.array(self.names),
            "sample": self.sample,
            "scores": np.array(list(self.columns)),
            "values": np.array(list(self.columns.values())),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> MeanEvidence:
        columns = dict(zip(arrays["scores"].tolist(), arrays["values"], strict=True))
        return cls(tuple(arrays["names"].tolist()), arrays["sample"], columns)

    @property
    def samples(self) -> int:
        return len(self.names)

    @property
    def width(self) -> int:
        return len(self.sample)

    def support(self, score: str) -> int:
        """How many samples have an item that the score concerns."""
        return int(np.count_nonzero(np.bincount(self.sample[~np.isnan(self.columns[score])])))

    def __call__(self, weights: Weights) -> dict[str, Values]:
        scores = {}
        for name, column in self.columns.items():
            told = ~np.isnan(column)
            total = np.bincount(self.sample[told], column[told], minlength=self.samples)
            count = np.bincount(self.sample[told], minlength=self.samples)
            seen = weights @ count
            scores[name] = np.divide(weights @ total, seen, out=np.full(len(weights), np.nan), where=seen > 0)
        return scores


def sliced(
    columns: Mapping[str, NDArray[np.float64]], masks: Mapping[str, NDArray[np.bool_]], scores: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """The columns, and those of `scores` also for each mask alone, as ``score/name of the mask``."""
    parts = {
        f"{score}/{name}": np.where(mask, columns[score], np.nan) for name, mask in masks.items() for score in scores
    }
    return {**columns, **parts}

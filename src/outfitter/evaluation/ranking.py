"""The scores of the protocol ``ranking``: recommended lists against what people then chose.

Sources: NDCG: Järvelin & Kekäläinen 2002. Novelty, the mean self-information of what is shown: Zhou et al. 2010.
Diversity, the mean dissimilarity of two items of a list: Ziegler et al. 2005. Coverage: Herlocker et al. 2004.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import EvaluationError
from outfitter.evaluation.curves import Values, Weights
from outfitter.evaluation.means import MeanEvidence

KS: Final = (5, 10, 20)
PASTS: Final = (("0", 0, 0), ("1 to 4", 1, 4), ("5 to 19", 5, 19), ("20 and more", 20, 10**9))


@dataclass(frozen=True, eq=False)
class RankingEvidence:
    """Means over people, and coverage, the share of the items that is shown to anybody.

    A resample holds fewer different people than the sample, so the interval of coverage lies below its value.

    shown: int64 (S,), items shown; to: int64 (S,), the person each was shown to.
    """

    means: MeanEvidence
    shown: NDArray[np.int64]
    to: NDArray[np.int64]
    items: int

    @property
    def names(self) -> tuple[str, ...]:
        return self.means.names

    @property
    def samples(self) -> int:
        return self.means.samples

    @property
    def width(self) -> int:
        return max(len(self.shown), self.means.width)

    def support(self, score: str) -> int:
        """How many people the score concerns."""
        return self.samples if score == "coverage" else self.means.support(score)

    def __call__(self, weights: Weights) -> dict[str, Values]:
        covered = []
        for row in weights:
            reached = np.zeros(self.items, bool)
            reached[self.shown[row[self.to] > 0]] = True
            covered.append(reached.mean())
        return {**self.means(weights), "coverage": np.array(covered)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays that need no pickle."""
        return {**self.means.arrays(), "shown": self.shown, "to": self.to, "items": np.array(self.items)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> RankingEvidence:
        return cls(MeanEvidence.from_arrays(arrays), arrays["shown"], arrays["to"], int(arrays["items"]))


def score_ranking(
    recommended: Mapping[str, Sequence[str]],
    chosen: Mapping[str, Set[str]],
    items: Sequence[str],
    *,
    popularity: Mapping[str, int] | None = None,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
    past: Mapping[str, int] | None = None,
) -> RankingEvidence:
    """Recall@k and NDCG@k for k = 5, 10, 20, coverage; novelty, diversity and slices where their data is given.

    Args:
        recommended: person → item ids, best first; an empty list is a recommendation of nothing and scores 0.
        chosen: person → the held-out items; the same people.
        items: everything that could have been recommended.
        popularity: past events by item; novelty is the mean of -log2((events + 1) / (all events + items)), in bits.
        vectors: unit vectors by item; diversity is the mean of 1 - cosine over pairs of the first 10, in [0, 2].
        past: events by person before the split, for scores of people with 0, 1 to 4, 5 to 19, and 20 and more of them,
            as ``Recall@10/past events: 1 to 4``.

    Raises:
        EvaluationError: other people on the two sides, nobody, nothing chosen by somebody, an item recommended twice
            or unknown.
    """
    numbers = {item: number for number, item in enumerate(items)}
    _check(recommended, chosen, numbers)
    people = tuple(chosen)
    columns: dict[str, list[float]] = {}
    events = sum((popularity or {}).values())
    for person in people:
        row = _scores(recommended[person], chosen[person])
        if popularity is not None:
            row["novelty"] = _novelty(recommended[person], popularity, events + len(items))
        if vectors is not None:
            row["diversity"] = _diversity([vectors[item] for item in recommended[person][:10] if item in vectors])
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    arrays = {name: np.array(column) for name, column in columns.items()}
    counts = np.array([(past or {}).get(person, 0) for person in people])
    for name, least, most in PASTS if past is not None else ():
        mine = (counts >= least) & (counts <= most)
        if mine.any():
            arrays |= {f"{score}/past events: {name}": np.where(mine, arrays[score], np.nan) for score in columns}
    shown = [(numbers[item], number) for number, person in enumerate(people) for item in recommended[person]]
    pairs = np.array(shown, np.int64).reshape(-1, 2)
    return RankingEvidence(MeanEvidence.of_items(people, arrays), pairs[:, 0], pairs[:, 1], len(items))


def _scores(listed: Sequence[str], wanted: Set[str]) -> dict[str, float]:
    hits = np.array([item in wanted for item in listed[: max(KS)]] + [False] * (max(KS) - len(listed)), float)
    worth = 1 / np.log2(np.arange(2, max(KS) + 2))
    recall = {f"Recall@{k}": float(hits[:k].sum() / len(wanted)) for k in KS}
    gain = {f"NDCG@{k}": float((hits * worth)[:k].sum() / worth[: min(k, len(wanted))].sum()) for k in KS}
    return recall | gain


def _novelty(listed: Sequence[str], popularity: Mapping[str, int], total: int) -> float:
    if not listed:
        return float("nan")
    events = np.array([popularity.get(item, 0) for item in listed])
    return float(-np.log2((events + 1) / total).mean())


def _diversity(vectors: Sequence[NDArray[np.float32]]) -> float:
    if len(vectors) < 2:
        return float("nan")
    stacked = np.stack(vectors)
    upper = np.triu_indices(len(stacked), 1)
    return float(1 - (stacked @ stacked.T)[upper].mean())


def _check(
    recommended: Mapping[str, Sequence[str]], chosen: Mapping[str, Set[str]], numbers: Mapping[str, int]
) -> None:
    if not chosen:
        raise EvaluationError("there is nobody to recommend to; need at least one person with a held-out item.")
    if strangers := sorted(set(recommended) ^ set(chosen)):
        raise EvaluationError(
            f"{len(strangers)} people are on one side only, first {strangers[0]!r}. "
            "Give an empty list for a person to whom nothing is recommended."
        )
    for person, listed in recommended.items():
        if not chosen[person]:
            raise EvaluationError(f"{person}: chose nothing after the split; leave such people out.")
        if len(set(listed)) < len(listed):
            twice = next(item for item in listed if listed.count(item) > 1)
            raise EvaluationError(f"{person}: {twice!r} is recommended twice; each hit may count once only.")
        if unknown := [item for item in listed if item not in numbers]:
            raise EvaluationError(
                f"{person}: {unknown[0]!r} is recommended and is not among the {len(numbers)} items. "
                "Give the catalogue that the lists were made of."
            )

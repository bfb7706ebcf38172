"""The protocol ``retrieval``: is the right product among the nearest of a gallery?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import EvaluationError
from outfitter.evaluation.means import MeanEvidence, sliced
from outfitter.values import Embeddings

KS: Final = (1, 5, 10)
ROWS_AT_ONCE: Final = 256


@dataclass(frozen=True, eq=False)
class Retrieval:
    """evidence: scores by query, resampled by group. nearest: int64 (Q, 10), gallery rows, best first, -1 past its end.

    chance: the same scores for a gallery in random order; majority: for one constant order, largest groups first.
    """

    evidence: MeanEvidence
    nearest: NDArray[np.int64]
    chance: dict[str, float]
    majority: dict[str, float]


def score_retrieval(
    queries: Embeddings,
    query_groups: Sequence[str],
    gallery: Embeddings,
    gallery_groups: Sequence[str],
    *,
    own: NDArray[np.int64] | None = None,
    kinds: Sequence[str] | None = None,
    slices: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Retrieval:
    """Recall@1, 5, 10 and mAP@R by cosine similarity.

    Recall@k: the share of queries with an item of their group among the k nearest. mAP@R (Musgrave, Belongie & Lim,
    *A Metric Learning Reality Check*, ECCV 2020): precision at each right item among the R nearest, summed and divided
    by R, the number of right items. Of equally similar items the wrong ones come first, so a model that maps all to
    one point earns nothing.

    Args:
        query_groups, gallery_groups: what must agree, such as product ids.
        own: int64 (Q,), the gallery row that is the query itself and is left out, or -1.
        kinds: a slot or category for each query, for scores of their own, ``Recall@1/top``.
        slices: bool (Q,) by name, for scores of those queries alone.

    Raises:
        EvaluationError: no queries; lengths that differ; vectors of different models; a query whose group is not in
            the gallery.
    """
    _check(queries, query_groups, gallery, gallery_groups)
    _, numbers = _numbered([*query_groups, *gallery_groups])
    query_number, gallery_number = np.split(numbers, [len(query_groups)])
    own = np.full(len(queries), -1) if own is None else own
    constant = -_places_by_size(gallery_number)
    rows, chance, majority, nearest = [], [], [], np.full((len(queries), max(KS)), -1)
    for start in range(0, len(queries), ROWS_AT_ONCE):
        similar = queries.vectors[start : start + ROWS_AT_ONCE] @ gallery.vectors.T
        for number, row in enumerate(similar, start):
            left = np.arange(len(row)) != own[number]
            right = (gallery_number == query_number[number]) & left
            if not right.any():
                raise EvaluationError(
                    f"query {number} is of group {query_groups[number]!r}, which the gallery does not hold"
                    f"{' besides the query itself' if own[number] >= 0 else ''}. Leave such queries out."
                )
            rows.append(_scores(row[right], row[left & ~right]))
            majority.append(_scores(constant[right], constant[left & ~right]))
            chance.append(_chance(int(right.sum()), int(left.sum())))
            row[~left] = -np.inf
            best = np.argsort(-row, kind="stable")[: min(max(KS), int(left.sum()))]
            nearest[number, : len(best)] = best
    names = [*(f"Recall@{k}" for k in KS), "mAP@R"]
    columns = dict(zip(names, np.array(rows).T, strict=True))
    masks = {kind: np.array([one == kind for one in kinds or ()]) for kind in sorted(set(kinds or ()))}
    groups, sample = _numbered(query_groups)
    evidence = MeanEvidence(groups, sample, sliced(columns, {**masks, **(slices or {})}, names))
    means = (dict(zip(names, np.mean(found, 0).tolist(), strict=True)) for found in (chance, majority))
    return Retrieval(evidence, nearest, *means)


def _places_by_size(group: NDArray[np.int64]) -> NDArray[np.float32]:
    """Where each gallery item stands if items of the largest groups come first, (G,)."""
    places = np.empty(len(group), np.float32)
    places[np.lexsort((group, -np.bincount(group)[group]))] = np.arange(len(group))
    return places


def _scores(right: NDArray[np.float32], wrong: NDArray[np.float32]) -> list[float]:
    """Recall at each of `KS` and average precision at R, from similarities."""
    right, wrong = np.sort(right)[::-1], np.sort(wrong)
    place = np.arange(1, len(right) + 1)
    rank = place + len(wrong) - np.searchsorted(wrong, right)
    precision = np.where(rank <= len(right), place / rank, 0.0)
    return [*(float(rank[0] <= k) for k in KS), float(precision.mean())]


def _chance(right: int, items: int) -> list[float]:
    """What `_scores` is on average when the items are shuffled."""
    recalls = [1 - comb(items - right, k) / comb(items, k) if k <= items else 1.0 for k in KS]
    place = np.arange(1, right + 1)
    others = (place - 1) * (right - 1) / max(items - 1, 1)
    return [*recalls, float(((1 + others) / place).sum() / items)]


def _numbered(groups: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return tuple(numbers), np.array([numbers[group] for group in groups])


def _check(
    queries: Embeddings, query_groups: Sequence[str], gallery: Embeddings, gallery_groups: Sequence[str]
) -> None:
    if not len(queries) or not len(gallery):
        raise EvaluationError(f"{len(queries)} queries and a gallery of {len(gallery)}; need at least one of each.")
    for what, vectors, groups in (("queries", queries, query_groups), ("gallery", gallery, gallery_groups)):
        if len(vectors) != len(groups):
            raise EvaluationError(f"the {what}: {len(vectors)} vectors and {len(groups)} groups; need one for each.")
        if np.isnan(vectors.vectors).any():
            raise EvaluationError(f"the {what}: vector {int(np.isnan(vectors.vectors).any(1).argmax())} is NaN.")
    if queries.embedder != gallery.embedder:
        raise EvaluationError(
            f"queries were embedded by {queries.embedder}, the gallery by {gallery.embedder}; embed both by one model."
        )

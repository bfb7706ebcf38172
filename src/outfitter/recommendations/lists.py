"""From a score for every product to a ranked list: what strategies that learn from events have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from outfitter.recommendations.strategy import CandidateSource, Garment, Query
from outfitter.values import Recommendation

Scores: TypeAlias = NDArray[np.float32]
"""float32 (N,), one for each of a source's ids."""


@dataclass(frozen=True, eq=False)
class Asked:
    """One answer to give. garment: what it is for, None for the person. allowed: bool (N,), what may be in it."""

    garment: Garment | None
    allowed: NDArray[np.bool_]


def asked(query: Query, source: CandidateSource) -> Iterator[Asked]:
    """An answer for each garment, of its own slot and without itself; without garments one for the person."""
    allowed = source.allowed(query.where, query.exclude)
    if not query.garments:
        yield Asked(None, allowed)
    for garment in query.garments:
        yield Asked(garment, allowed if garment.slot is None else allowed & (source.slots == garment.slot))


def ranked(
    parts: Mapping[str, Scores],
    answer: Asked,
    k: int,
    source: CandidateSource,
    because: str | Callable[[int], str],
    evidence: NDArray[np.bool_] | None = None,
) -> list[Recommendation]:
    """The k products with the highest sum of parts, of those that are allowed and that there is evidence for.

    because: the reason, or one for each: a product's place among the ids → the reason. evidence: bool (N,); None is
    all.
    """
    total = np.asarray(np.sum(list(parts.values()), axis=0), np.float32)
    may = answer.allowed if evidence is None else answer.allowed & evidence
    places = best(total, may, k)
    rows = []
    for rank, place in enumerate(places.tolist(), 1):
        own = {name: float(scores[place]) for name, scores in parts.items()}
        rows.append(
            Recommendation(
                garment=answer.garment.index if answer.garment else None,
                slot=source.slots[place] or "unknown",
                rank=rank,
                product=source.product(source.ids[place]),
                score=sum(own.values()),
                because=because if isinstance(because, str) else because(place),
                parts=own,
            )
        )
    return rows


def best(scores: Scores, may: NDArray[np.bool_], k: int) -> NDArray[np.intp]:
    """The places of the k highest scores among those that may be chosen, the highest first; ties by place."""
    open_places = np.flatnonzero(may)
    if len(open_places) > k:
        own = scores[open_places]
        open_places = open_places[own >= np.partition(own, -k)[-k]]
    return open_places[np.argsort(-scores[open_places], kind="stable")][:k]


def evened(scores: Scores, among: NDArray[np.bool_]) -> Scores:
    """Scores made comparable with others: 0 is the mean of those `among`, 1 the highest of them."""
    if not among.any():
        return np.zeros_like(scores)
    own = scores[among]
    mean = float(own.mean())
    return np.asarray((scores - mean) / max(float(own.max()) - mean, 1e-6), np.float32)


def positive(met: Mapping[str, float]) -> dict[str, float]:
    """What was met and not dismissed."""
    return {name: weight for name, weight in met.items() if weight > 0}

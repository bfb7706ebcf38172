"""What a catalogue's products look like, in few numbers that are about equally telling; and tastes put into them.

The mean vector of each product, less the mean of all, on the principal axes, scaled to even variance: how much somebody
likes a look is then the product with the mean of what they liked, as in a linear discriminant whose background is the
whole catalogue. Nearness to a mean of plain vectors would rather find what is near to everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.lists import Scores
from outfitter.recommendations.slots import own_views
from outfitter.recommendations.strategy import CandidateSource

AXES: Final = 64
SHRINK: Final = 0.1
"""Of the mean variance, added to each axis's, so that the last axes are not noise made large."""
RIDGE: Final = 300.0
HALF_FACTORS: Final = 15.0
"""Events of a product at which its own factors and those that its looks foretell count the same."""


@dataclass(frozen=True, eq=False)
class Looks:
    """axes: float32 (N, A), one row for each of the source's ids."""

    axes: NDArray[np.float32]

    def liked(self, met: Mapping[int, float]) -> Scores:
        """How much each product looks like what was met: float32 (N,). met: place → weight, counted by its root."""
        weights = np.sqrt(np.array(list(met.values()), np.float32))
        wanted = (self.axes[list(met)] * weights[:, None]).sum(0) / weights.sum()
        return np.asarray(self.axes @ wanted, np.float32)


_LOOKS: WeakKeyDictionary[CandidateSource, Looks] = WeakKeyDictionary()
_FACTORS: WeakKeyDictionary[CandidateSource, tuple[Interactions, NDArray[np.float32]]] = WeakKeyDictionary()


def looks_of(source: CandidateSource) -> Looks:
    """Computed once for a source."""
    known = _LOOKS.get(source)
    if known is None:
        means = [np.mean([garment.vector for garment in own_views(source, name)], axis=0) for name in source.ids]
        vectors = np.stack(means).astype(np.float32)
        vectors -= vectors.mean(0)
        variance, directions = np.linalg.eigh(vectors.T @ vectors / len(vectors))
        most = slice(-min(AXES, len(variance)), None)
        variance = np.maximum(variance[most], 0)
        scale = np.sqrt(variance + SHRINK * max(float(variance.mean()), 1e-12))
        known = _LOOKS[source] = Looks(np.asarray(vectors @ directions[:, most] / scale, np.float32))
    return known


def item_factors(interactions: Interactions, source: CandidateSource) -> NDArray[np.float32]:
    """The factors of every product of a catalogue: float32 (N, F).

    Those of a product without events are foretold from its looks, by a ridge regression on the products with events
    (van den Oord, Dieleman, Schrauwen 2013 do so for music); with events its own take over, n / (n + `HALF_FACTORS`).
    """
    known = _FACTORS.get(source)
    if known is not None and known[0] is interactions:
        return known[1]
    own = np.stack([interactions.aligned(column, source.ids) for column in interactions.item_factors.T], 1)
    events = interactions.aligned(interactions.events, source.ids)
    trust = (events / (events + HALF_FACTORS))[:, None]
    looks = np.hstack([looks_of(source).axes, np.ones((len(own), 1), np.float32)]).astype(np.float64)
    gram = looks.T @ (looks * trust) + RIDGE * np.eye(looks.shape[1])
    foretold = looks @ np.linalg.solve(gram, looks.T @ (own * trust))
    factors = np.asarray(trust * own + (1 - trust) * foretold, np.float32)
    _FACTORS[source] = interactions, factors
    return factors

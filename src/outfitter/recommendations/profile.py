"""What somebody likes, as a picture: the garments of what they met, put into one vector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from outfitter.recommendations.slots import own_slot
from outfitter.recommendations.strategy import CandidateSource
from outfitter.values import IndexedGarment

MOST = 30
"""Products that make a profile, those of most weight."""


def own_views(source: CandidateSource, product_id: str) -> list[IndexedGarment]:
    """The garments in a product's pictures that are the product itself, as far as its slot tells; else all."""
    own = own_slot(source, source.product(product_id))
    seen = source.garments(product_id)
    return [garment for garment in seen if garment.slot == own] or seen


def profile(met: Mapping[str, float], source: CandidateSource) -> NDArray[np.float32] | None:
    """float32 (1, D) of length 1: cosines to it are the weighted mean of the cosines to all that was met.

    None if nothing of it is in the catalogue. A weight counts by its square root: five views are no five tastes.
    """
    known = {name: weight for name, weight in met.items() if weight > 0 and source.place(name) is not None}
    chosen = sorted(known, key=lambda name: -known[name])[:MOST]
    if not chosen:
        return None
    views = [own_views(source, name)[0].vector * np.sqrt(known[name]) for name in chosen]
    total = np.sum(views, axis=0, dtype=np.float32)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32)[None]

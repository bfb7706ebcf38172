"""Alike in shape, or in colour: how much the parts of an embedder's vectors count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from outfitter.artifact import Manifest
from outfitter.errors import QueryError, nearest
from outfitter.recommendations import Garment

BOTH: Final = "both"
"""What counts by default: the whole vector."""


def as_asked(by: str, garments: Sequence[Garment], manifest: Callable[[], Manifest]) -> tuple[Garment, ...]:
    """Garments as a question compares them. by: `BOTH`, or a part. manifest: called if it is needed.

    Raises:
        QueryError: the embedder's vectors have no such part.
    """
    if by != BOTH:
        return seen_by(by, garments, manifest())
    return tuple(one if one.product is not None else as_in_photo([one], manifest())[0] for one in garments)


def seen_by(part: str, garments: Sequence[Garment], manifest: Manifest) -> tuple[Garment, ...]:
    """Garments whose vectors, times an indexed one, give the cosine of the two in `part` alone.

    Raises:
        QueryError: the embedder's vectors have no such part.
    """
    if part not in manifest.parts:
        choices = [BOTH, *manifest.parts]
        raise QueryError(
            f"similar_by is {part!r}; {manifest.name} tells apart {', '.join(manifest.parts) or 'nothing'}; "
            f"choose from {', '.join(choices)}{nearest(part, choices, '.')}"
        )
    return tuple(replace(one, by=part) for one in _counted(garments, manifest, {part: 1.0}))


def as_in_photo(garments: Sequence[Garment], manifest: Manifest) -> tuple[Garment, ...]:
    """Garments of a photo, whose parts count as the embedder's manifest says for photos."""
    if not manifest.parts_in_photo:
        return tuple(garments)
    return _counted(garments, manifest, manifest.parts_in_photo)


def _counted(garments: Sequence[Garment], manifest: Manifest, shares: Mapping[str, float]) -> tuple[Garment, ...]:
    """Garments whose vectors, times an indexed one, give the mean of the cosines in each part, weighted by `shares`.

    In every vector of such an embedder a part has the same length l, so that it is enough to multiply the query's part
    by its share and to divide it by l².
    """
    counted = []
    for garment in garments:
        vectors, start = np.zeros_like(garment.vectors), 0
        for name, dimensions in manifest.parts.items():
            within = slice(start, start := start + dimensions)
            own = garment.vectors[:, within]
            vectors[:, within] = shares.get(name, 0.0) * own / np.maximum((own**2).sum(1, keepdims=True), 1e-12)
        counted.append(replace(garment, vectors=vectors))
    return tuple(counted)

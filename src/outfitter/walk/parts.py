"""Alike in shape, or in colour: one part of an embedder's vectors in place of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from outfitter.artifact import Manifest
from outfitter.errors import QueryError, nearest
from outfitter.recommendations import Garment

BOTH: Final = "both"
"""What counts by default: the whole vector."""


def seen_by(part: str, garments: Sequence[Garment], manifest: Manifest) -> tuple[Garment, ...]:
    """Garments whose vectors, times an indexed one, give the cosine of the two in `part` alone.

    In every vector of such an embedder a part has the same length l, so that it is enough to set the query's other
    parts to zero and to divide by l².

    Raises:
        QueryError: the embedder's vectors have no such part.
    """
    if part not in manifest.parts:
        choices = [BOTH, *manifest.parts]
        raise QueryError(
            f"similar_by is {part!r}; {manifest.name} tells apart {', '.join(manifest.parts) or 'nothing'}; "
            f"choose from {', '.join(choices)}{nearest(part, choices, '.')}"
        )
    start = 0
    for name, dimensions in manifest.parts.items():
        if name == part:
            break
        start += dimensions
    within = slice(start, start + manifest.parts[part])
    seen = []
    for garment in garments:
        vectors = np.zeros_like(garment.vectors)
        own = garment.vectors[:, within]
        vectors[:, within] = own / np.maximum((own**2).sum(1, keepdims=True), 1e-12)
        seen.append(replace(garment, vectors=vectors, by=part))
    return tuple(seen)

"""A part of the query's vectors in place of the whole gives that part's cosine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.artifact import read_manifest
from outfitter.errors import QueryError
from outfitter.recommendations import Garment
from outfitter.walk.parts import seen_by
from tests.conftest import ToyModels

SHARES = (0.7, 0.3)


def unit(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    drawn = rng.normal(size=(rows, columns)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize(("part", "place"), [("shape", 0), ("colour", 1)])
def test_the_product_is_the_cosine_of_the_part(toy_models: ToyModels, part: str, place: int) -> None:
    manifest = read_manifest(Path(toy_models.embedder), "embedder").model_copy(
        update={"parts": {"shape": 5, "colour": 3}}
    )
    rng = np.random.default_rng(4)
    parts = [(unit(rng, 4, 5), unit(rng, 4, 3)) for _ in range(2)]
    queries, stored = (np.hstack([share**0.5 * one for share, one in zip(SHARES, pair, strict=True)]) for pair in parts)
    (seen,) = seen_by(part, [Garment(queries, "top", "your top")], manifest)
    assert np.allclose(seen.vectors @ stored.T, parts[0][place] @ parts[1][place].T, atol=1e-6)
    assert (seen.by, seen.slot) == (part, "top")


def test_an_embedder_without_parts(toy_models: ToyModels) -> None:
    manifest = read_manifest(Path(toy_models.embedder), "embedder")
    with pytest.raises(QueryError, match="similar_by is 'shape'; toy-embedder tells apart nothing; choose from both"):
        seen_by("shape", [], manifest)

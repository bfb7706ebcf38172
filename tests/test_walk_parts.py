"""A part of the query's vectors in place of the whole gives that part's cosine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.artifact import Manifest, read_manifest
from outfitter.errors import QueryError
from outfitter.recommendations import Garment
from outfitter.walk.parts import BOTH, as_asked, as_in_photo, seen_by
from tests.conftest import ToyModels

SHARES = (0.7, 0.3)


def unit(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    drawn = rng.normal(size=(rows, columns)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


class Vectors(NamedTuple):
    """queries, stored: of two parts. cosines: of each part's own."""

    queries: NDArray[np.float32]
    stored: NDArray[np.float32]
    cosines: list[NDArray[np.float32]]


@pytest.fixture
def vectors() -> Vectors:
    rng = np.random.default_rng(4)
    parts = [(unit(rng, 4, 5), unit(rng, 4, 3)) for _ in range(2)]
    queries, stored = (np.hstack([share**0.5 * one for share, one in zip(SHARES, pair, strict=True)]) for pair in parts)
    return Vectors(queries, stored, [one @ other.T for one, other in zip(*parts, strict=True)])


@pytest.fixture
def manifest(toy_models: ToyModels) -> Manifest:
    loaded = read_manifest(Path(toy_models.embedder), "embedder")
    return loaded.model_copy(update={"parts": {"shape": 5, "colour": 3}})


@pytest.mark.parametrize(("part", "place"), [("shape", 0), ("colour", 1)])
def test_the_product_is_the_cosine_of_the_part(manifest: Manifest, vectors: Vectors, part: str, place: int) -> None:
    (seen,) = seen_by(part, [Garment(vectors.queries, "top", "your top")], manifest)
    assert np.allclose(seen.vectors @ vectors.stored.T, vectors.cosines[place], atol=1e-6)
    assert (seen.by, seen.slot) == (part, "top")


def test_in_a_photo_the_parts_count_otherwise(manifest: Manifest, vectors: Vectors) -> None:
    garment = Garment(vectors.queries, "top", "your top")
    assert as_in_photo([garment], manifest) == (garment,), "as in the vectors unless the manifest says otherwise"
    told = manifest.model_copy(update={"parts_in_photo": {"shape": 0.4, "colour": 0.6}})
    (seen,) = as_in_photo([garment], told)
    shape, colour = vectors.cosines
    assert np.allclose(seen.vectors @ vectors.stored.T, 0.4 * shape + 0.6 * colour, atol=1e-6)
    assert seen.by is None


def test_of_photos_and_products_each_counts_as_its_own(manifest: Manifest, vectors: Vectors) -> None:
    told = manifest.model_copy(update={"parts_in_photo": {"shape": 0.4, "colour": 0.6}})
    photo = Garment(vectors.queries, "top", "your top")
    product = replace(photo, product="p1")
    assert as_asked(BOTH, [product], lambda: pytest.fail("no model is needed")) == (product,)
    shape, colour = vectors.cosines
    first, second = as_asked(BOTH, [photo, product], lambda: told)
    assert np.allclose(first.vectors @ vectors.stored.T, 0.4 * shape + 0.6 * colour, atol=1e-6)
    assert second == product
    for one in as_asked("shape", [photo, product], lambda: told):
        assert np.allclose(one.vectors @ vectors.stored.T, shape, atol=1e-6)


def test_an_embedder_without_parts(toy_models: ToyModels) -> None:
    manifest = read_manifest(Path(toy_models.embedder), "embedder")
    with pytest.raises(QueryError, match="similar_by is 'shape'; toy-embedder tells apart nothing; choose from both"):
        seen_by("shape", [], manifest)

"""Search through the index of a catalogue of clusters, beside the exact search of the same."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.catalogue import Catalogue, approximate, vector_index
from outfitter.catalogue import store as tables_of
from outfitter.catalogue.store import Tables, read_stamp
from outfitter.errors import CatalogueError
from tests.catalogue.stored import Pictures, Products, add, store, units

DIMENSIONS = 24
COUNT = 3000
SLOTS = ("top", "top", "bag", None)


def clustered(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Garments look alike in kinds: unit vectors around 40 centres."""
    centres = units(np.random.default_rng(1), 40, DIMENSIONS)
    vectors = centres[rng.integers(len(centres), size=count)] + 0.8 * units(rng, count, DIMENSIONS)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def shop(seed: int, count: int, prefix: str) -> tuple[Products, Pictures]:
    """Prices are spread evenly over 0–1000, so that a filter on them lets through what share one likes."""
    rng = np.random.default_rng(seed)
    vectors = iter(clustered(rng, 2 * count))
    pictures = {
        f"{prefix}{at}": [(SLOTS[int(slot)], next(vectors)) for slot in rng.integers(4, size=1 + at % 2)]
        for at in range(count)
    }
    prices = rng.permutation(count) * 1000 / count
    return {f"{prefix}{at:05d}": (float(prices[at]), [f"{prefix}{at}"]) for at in range(count)}, pictures


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, Catalogue]:
    """One catalogue opened without its index and with it: 4500 garments in 60 partitions."""
    folder = store(tmp_path_factory.mktemp("large") / "shop", *shop(0, COUNT, "p"), DIMENSIONS)
    exact = Catalogue.open(folder)
    vector_index.keep_index(Tables(folder, read_stamp(folder)).garments, least=COUNT, partition=75)
    return exact, Catalogue.open(folder)


@pytest.mark.parametrize("slot", [None, "top", "bag"])
@pytest.mark.parametrize("per_mille", [1000, 500, 100, 10, 1])
def test_it_finds_what_the_exact_search_finds(
    both: tuple[Catalogue, Catalogue], per_mille: int, slot: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approximate, "FEW", COUNT * 5 // 1000)
    monkeypatch.setattr(approximate, "PROBES", 10)
    exact, indexed = both
    where = None if per_mille == 1000 else f"price<{per_mille}"
    queries, k, left_out = clustered(np.random.default_rng(7), 30), 20, {"p00004", "p00099"}
    found, truth = (one.search(queries, k, where, left_out, slot) for one in (indexed, exact))
    shared = 0
    for own, true in zip(found, truth, strict=True):
        assert (
            len(own) == len(true) == min(k, len(indexed.ids(where)) - len(left_out & set(indexed.ids(where)))) or slot
        )
        assert len(own) == len(true)
        assert len({one.product_id for one in own}) == len(own)
        shared += len({one.product_id for one in own} & {one.product_id for one in true})
        at = {one.product_id: one for one in true}
        for one in own:
            if same := at.get(one.product_id):
                assert (one.slot, one.image, one.box_xyxy) == (same.slot, same.image, same.box_xyxy)
                assert one.similarity == pytest.approx(same.similarity, abs=1e-6)
        assert [one.similarity for one in own] == sorted((one.similarity for one in own), reverse=True)
    assert shared >= 0.98 * sum(map(len, truth))


def test_the_index_is_what_is_asked(both: tuple[Catalogue, Catalogue], monkeypatch: pytest.MonkeyPatch) -> None:
    exact, indexed = both
    monkeypatch.setattr(approximate, "PROBES", 1)
    monkeypatch.setattr(approximate, "SPREAD", 0)
    queries = clustered(np.random.default_rng(7), 30)
    shared = [
        len({one.product_id for one in own} & {one.product_id for one in true})
        for own, true in zip(indexed.search(queries, 20), exact.search(queries, 20), strict=True)
    ]
    assert 0.2 < np.mean(shared) / 20 < 0.95  # one partition of 60 holds some of the nearest, not all


@pytest.mark.parametrize("length", [0.025, 3.0])
def test_only_the_direction_of_a_question_counts(
    both: tuple[Catalogue, Catalogue], length: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its length scales similarities, as where the parts of a vector are weighed, and chooses nothing."""
    monkeypatch.setattr(approximate, "PROBES", 1)
    monkeypatch.setattr(approximate, "SPREAD", 0)
    _, indexed = both
    queries = clustered(np.random.default_rng(7), 10)
    for own, other in zip(indexed.search(queries, 20), indexed.search(length * queries, 20), strict=True):
        assert [one.product_id for one in other] == [one.product_id for one in own]


def test_a_filter_against_the_look_still_gives_k(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything cheap is on the other side: the first candidates all fall to the filter."""
    monkeypatch.setattr(approximate, "FEW", 5)
    rng = np.random.default_rng(3)
    vectors = clustered(rng, 800)
    query = vectors[0]
    order = np.argsort(vectors @ query)
    prices = np.empty(800)
    prices[order] = np.arange(800)  # the cheaper, the less alike
    products = {f"p{at:03d}": (float(prices[at]), [f"s{at}"]) for at in range(800)}
    folder = store(tmp_path / "shop", products, {f"s{at}": [("top", vectors[at])] for at in range(800)}, DIMENSIONS)
    exact = Catalogue.open(folder)
    vector_index.keep_index(Tables(folder, read_stamp(folder)).garments, least=1, partition=40)
    found, truth = (one.search(query[None], 12, "price<100") for one in (Catalogue.open(folder), exact))
    assert [one.product_id for one in found[0]] == [one.product_id for one in truth[0]]


def test_more_than_are_compared_for_one_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second product is in two pictures, so that its garments take two of the places."""
    monkeypatch.setattr(approximate, "FEW", 0)
    monkeypatch.setattr(approximate, "RERANKED", 30)
    products, pictures = shop(4, 400, "p")
    folder = store(tmp_path / "shop", products, pictures, DIMENSIONS)
    exact = Catalogue.open(folder)
    vector_index.keep_index(Tables(folder, read_stamp(folder)).garments, least=1, partition=40)
    query = clustered(np.random.default_rng(7), 1)
    for k in (29, 31, 150, 399):
        found, truth = (one.search(query, k)[0] for one in (Catalogue.open(folder), exact))
        assert len(found) == k
        assert len({one.product_id for one in found} & {one.product_id for one in truth}) >= 0.98 * k
    tops = {name for name, (_, shown) in products.items() if any(slot == "top" for slot, _ in pictures[shown[0]])}
    (found,) = Catalogue.open(folder).search(query, len(tops), slot="top")
    assert {one.product_id for one in found} == tops


def test_equals_go_by_id_however_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "FEW", 0)
    (vector,) = units(np.random.default_rng(1), 1, DIMENSIONS)
    vectors = [vector] * 300 + list(clustered(np.random.default_rng(2), 300))
    products = {f"p{at:03d}": (1.0, [f"s{at}"]) for at in range(600)}
    folder = store(tmp_path / "shop", products, {f"s{at}": [("top", vectors[at])] for at in range(600)}, DIMENSIONS)
    vector_index.keep_index(Tables(folder, read_stamp(folder)).garments, least=1, partition=100)
    (found,) = Catalogue.open(folder).search(vector[None], 5, exclude={"p001"})
    assert [one.product_id for one in found] == ["p000", "p002", "p003", "p004", "p005"]


def test_what_is_added_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "FEW", 0)
    folder = store(tmp_path / "shop", *shop(0, 500, "p"), DIMENSIONS)
    stamp = read_stamp(folder)
    tables = Tables(folder, stamp)
    vector_index.keep_index(tables.garments, least=1, partition=50)
    parts, rows = vector_index.partitions(tables.garments), tables.garments.count_rows()
    before = Catalogue.open(folder)
    products, pictures = shop(1, 60, "new")
    add(tables, stamp, products, pictures)
    tables.delete_products(["p00007"])
    tables.tidy(readers=True)
    index = next(one for one in tables.garments.list_indices() if one.columns == ["vector"])
    assert vector_index.partitions(tables.garments) == parts  # extended, not trained anew
    assert (index.num_indexed_rows, index.num_unindexed_rows) == (rows + 90 - 2, 0)
    (new,) = pictures["new3"][:1]
    assert Catalogue.open(folder).search(new[1][None], 1)[0][0].product_id == "new00003"
    # Who opened it before sees what was there then.
    old = before.garments("p00007")[0]
    assert before.search(old.vector[None], 1)[0][0].product_id == "p00007"
    assert before.search(new[1][None], 1)[0][0].product_id.startswith("p")
    assert Catalogue.open(folder).search(old.vector[None], 1)[0][0].product_id != "p00007"


def test_an_index_comes_with_size_and_is_trained_anew(tmp_path: Path) -> None:
    folder = store(tmp_path / "shop", *shop(0, 200, "p"), DIMENSIONS)
    stamp = read_stamp(folder)
    garments = Tables(folder, stamp).garments
    vector_index.keep_index(garments, least=301, partition=50)
    assert vector_index.partitions(garments) == 0
    vector_index.keep_index(garments, least=300, partition=50)
    assert vector_index.partitions(garments) == 6
    add(Tables(folder, stamp), stamp, *shop(1, 700, "new"))
    garments.checkout_latest()  # type: ignore[no-untyped-call]
    vector_index.keep_index(garments, least=300, partition=50)
    assert vector_index.partitions(garments) == math.floor((300 + 1050) / 50)


def test_a_long_build_merges_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_of, "MERGED", 4)
    folder = store(tmp_path / "shop", *shop(0, 20, "p"), DIMENSIONS)
    tables = Tables(folder, read_stamp(folder), make=True)
    for number in range(10):
        add(tables, read_stamp(folder), *shop(number, 3, f"n{number}-"))
    assert len(tables.products.list_versions()) <= 5
    assert len(Catalogue.open(folder)) == 20 + 30


def test_a_catalogue_that_is_taken_away(tmp_path: Path) -> None:
    folder = store(tmp_path / "shop", *shop(0, 200, "p"), DIMENSIONS)
    vector_index.keep_index(Tables(folder, read_stamp(folder)).garments, least=1, partition=50)
    catalogue = Catalogue.open(folder)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(CatalogueError, match="cannot be read any more: .*open it again"):
        catalogue.search(units(np.random.default_rng(0), 1, DIMENSIONS), 3)

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.catalogue import Catalogue, approximate
from outfitter.catalogue.store import Tables, read_stamp
from outfitter.catalogue.vector_index import keep_index
from outfitter.crops import PROTOCOL
from outfitter.errors import CatalogueError, QueryError
from outfitter.values import IndexedGarment
from tests.catalogue.stored import Pictures, store, units

SLOTS = ("top", "bottom", "bag", None)


@pytest.fixture(scope="module", params=["exact", "approximate"])
def random_shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Catalogue, dict[str, tuple[float, list[str]]], Pictures]]:
    """90 products with one to three pictures, some shared, of one to four garments each."""
    rng = np.random.default_rng(5)
    pictures = {
        f"sha{number:03d}": [(SLOTS[int(rng.integers(4))], vector) for vector in units(rng, int(rng.integers(1, 5)))]
        for number in range(120)
    }
    names = list(pictures)
    products = {
        f"p{number:02d}": (
            float(rng.integers(0, 20)),
            [names[i] for i in rng.choice(120, int(rng.integers(1, 4)), replace=False)],
        )
        for number in range(90)
    }
    folder = store(tmp_path_factory.mktemp("random") / "shop", products, pictures)
    if request.param == "approximate":
        keep_index(Tables(folder, read_stamp(folder)).garments, least=1, partition=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(approximate, "FEW", 0)
        yield Catalogue.open(folder, "e-1"), products, pictures


@pytest.mark.parametrize("k", [1, 7, 90, 500])
@pytest.mark.parametrize("slot", [None, "bag"])
@pytest.mark.parametrize(
    ("where", "price_is"),
    [(None, lambda _: True), ("price<5", lambda p: p < 5), ("fabric=Wool,price>=3", lambda p: 3 <= p < 5)],
)
def test_the_search_is_exact(
    random_shop: tuple[Catalogue, dict[str, tuple[float, list[str]]], Pictures],
    k: int,
    slot: str | None,
    where: str | None,
    price_is: Callable[[float], bool],
) -> None:
    catalogue, products, pictures = random_shop
    queries = units(np.random.default_rng(k), 3)
    left_out = {"p00", "p13", "no such product"}
    found = catalogue.search(queries, k, where, left_out, slot)
    assert len(found) == 3
    for query, candidates in zip(queries, found, strict=True):
        best = {
            product_id: max(alike)
            for product_id, (price, shas) in products.items()
            if price_is(price)
            and product_id not in left_out
            and (alike := [float(query @ v) for sha in shas for s, v in pictures[sha] if slot in (None, s)])
        }
        expected = sorted(best.values(), reverse=True)[:k]
        assert [one.similarity for one in candidates] == pytest.approx(expected, abs=1e-6)
        assert len({one.product_id for one in candidates}) == len(candidates)
        for one in candidates:
            assert best[one.product_id] == pytest.approx(one.similarity, abs=1e-6)
            seen = pictures[one.image.removesuffix(".png")]
            matched_slot, vector = seen[int(one.box_xyxy[0])]
            assert float(query @ vector) == pytest.approx(one.similarity, abs=1e-6)
            assert matched_slot == one.slot


def test_garments_and_products_as_the_feed_names_them(
    random_shop: tuple[Catalogue, dict[str, tuple[float, list[str]]], Pictures],
) -> None:
    catalogue, products, pictures = random_shop
    assert len(catalogue) == 90
    for product_id, (price, shas) in products.items():
        expected = [(f"{sha}.png", slot, vector.tolist()) for sha in shas for slot, vector in pictures[sha]]
        found = catalogue.garments(product_id)
        assert [(one.image, one.slot, one.vector.tolist()) for one in found] == expected
        assert {one.product_id for one in found} == {product_id}
        product = catalogue.product(product_id)
        assert (product.image, product.additional_images) == (f"{shas[0]}.png", tuple(f"{sha}.png" for sha in shas[1:]))
        assert dict(product.attributes) == ({"fabric": "wool"} if price < 5 else {})
    assert [one.id for one in catalogue.products("price<5")] == sorted(i for i, (p, _) in products.items() if p < 5)
    assert catalogue.picture("p03") == Path("/feeds", catalogue.product("p03").image)


def test_worn_together_is_every_picture_with_two_slots(
    random_shop: tuple[Catalogue, dict[str, tuple[float, list[str]]], Pictures],
) -> None:
    catalogue, products, pictures = random_shop

    def key(outfit: list[IndexedGarment]) -> tuple[str, str, int]:
        (owner,) = {one.product_id for one in outfit}
        (image,) = {one.image for one in outfit}
        return owner, image, len(outfit)

    owners: dict[str, str] = {}
    for product_id, (_, shas) in sorted(products.items()):
        for sha in shas:
            owners.setdefault(sha, product_id)
    expected = {
        (owners[sha], f"{sha}.png", len(seen))
        for sha, seen in pictures.items()
        if sha in owners and len({slot for slot, _ in seen} - {None}) >= 2
    }
    outfits = catalogue.worn_together()
    assert {key(outfit) for outfit in outfits} == expected
    assert len(outfits) == len(expected)


def test_equal_products_go_by_id(tmp_path: Path) -> None:
    (vector,) = units(np.random.default_rng(1), 1)
    products = {f"p{number}": (1.0, [f"s{number}"]) for number in (4, 2, 9, 1, 7)}
    folder = store(tmp_path / "shop", products, {f"s{number}": [("top", vector)] for number in (9, 7, 4, 2, 1)})
    (found,) = Catalogue.open(folder).search(vector[None], 3)
    assert [one.product_id for one in found] == ["p1", "p2", "p4"]
    assert max(one.similarity for one in found) <= 1


def test_garments_of_no_product_are_not_seen(tmp_path: Path) -> None:
    orphan, owned = units(np.random.default_rng(2), 2)
    folder = store(tmp_path / "shop", {"p": (1.0, ["a"])}, {"a": [("top", owned)], "b": [("top", orphan)]})
    (found,) = Catalogue.open(folder).search(orphan[None], 5)
    assert [one.product_id for one in found] == ["p"]
    assert found[0].similarity == pytest.approx(float(orphan @ owned))


def test_an_empty_catalogue_answers(tmp_path: Path) -> None:
    catalogue = Catalogue.open(store(tmp_path / "shop", {}, {}))
    assert catalogue.search(units(np.random.default_rng(3), 2), 4, "price<5") == [[], []]
    assert (catalogue.worn_together(), list(catalogue.products())) == ([], [])


@pytest.mark.parametrize(("count", "told"), [(500, "did you mean"), (501, "Check the id")])
def test_a_wrong_id_is_compared_with_few_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, told: str
) -> None:
    """Whoever asks for what there is not must not keep a core busy."""
    compared: list[int] = []
    plain = difflib.get_close_matches

    def counted(got: str, names: list[str], **options: Any) -> list[str]:
        compared.append(len(names))
        return plain(got, names, **options)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    picture: list[tuple[str | None, NDArray[np.float32]]] = [("top", units(np.random.default_rng(1), 1)[0])]
    products = {f"p{number:03d}": (1.0, ["sha"]) for number in range(count)}
    catalogue = Catalogue.open(store(tmp_path / "shop", products, {"sha": picture}))
    with pytest.raises(QueryError, match=told):
        catalogue.product("p1234")
    assert max(compared) <= 500


def test_questions_that_have_no_answer(
    random_shop: tuple[Catalogue, dict[str, tuple[float, list[str]]], Pictures],
) -> None:
    catalogue = random_shop[0]
    query = units(np.random.default_rng(4), 1)
    with pytest.raises(QueryError, match="k is 0; need at least 1"):
        catalogue.search(query, 0)
    with pytest.raises(QueryError, match="no column 'fabrik'.*did you mean 'fabric'"):
        catalogue.search(query, 3, "fabrik=wool")
    with pytest.raises(QueryError, match="no product 'p5' among the 90 .*did you mean 'p.5'"):
        catalogue.product("p5")
    with pytest.raises(QueryError, match="no product"):
        catalogue.garments("P03")
    with pytest.raises(ValueError, match=r"shape \(1, 5\); need \(Q, 6\)"):
        catalogue.search(query[:, 1:], 3)
    assert catalogue.search(query, 3, slot="footwear") == [[]]  # a slot of which nothing was found
    assert catalogue.search(query[:0], 3) == []


@pytest.fixture
def made(tmp_path: Path) -> Path:
    (vector,) = units(np.random.default_rng(6), 1)
    return store(tmp_path / "shop", {"p": (1.0, ["a"])}, {"a": [("top", vector)]})


def test_opened_with_another_embedder(made: Path) -> None:
    assert len(Catalogue.open(made, "e-1")) == 1
    with pytest.raises(CatalogueError, match=r"embedder e-1, and e-2 is in use.*outfitter catalogue build FEED --out"):
        Catalogue.open(made, "e-2")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            '"complete": true',
            '"complete": false',
            r"was never finished. Run 'outfitter catalogue build FEED --out .*shop",
        ),
        (PROTOCOL, "stretched-0", "crop protocol stretched-0, and letterbox-white-1 is in use"),
        ('"format": 1', '"format": 9', "is damaged: .*format"),
        ('"format": 1', '"format" 1', "is damaged"),
        ('"attributes"', '"extras"', "is damaged: .*extras"),
    ],
)
def test_a_stamp_that_forbids_it(made: Path, old: str, new: str, told: str) -> None:
    stamp = made / "catalogue.json"
    text = stamp.read_text()
    assert old in text
    stamp.write_text(text.replace(old, new))
    with pytest.raises(CatalogueError, match=told):
        Catalogue.open(made)


def test_no_catalogue_there(tmp_path: Path, made: Path) -> None:
    with pytest.raises(CatalogueError, match="is not a folder. Make one with 'outfitter catalogue build FEED --out"):
        Catalogue.open(tmp_path / "nowhere")
    with pytest.raises(CatalogueError, match=r"holds no catalogue\.json"):
        Catalogue.open(tmp_path)
    for data in (made / "garments.lance").rglob("*.lance"):
        data.write_bytes(data.read_bytes()[:40])
    with pytest.raises(CatalogueError, match="is damaged: .*Build it again"):
        Catalogue.open(made)


def test_tables_that_are_gone(made: Path) -> None:
    (made / "garments.lance").rename(made / "elsewhere")
    with pytest.raises(CatalogueError, match="its tables cannot be opened: .*Build it again"):
        Catalogue.open(made)


def test_a_product_without_its_garments_is_damage(tmp_path: Path) -> None:
    folder = store(tmp_path / "shop", {"p": (1.0, ["a"])}, {"b": [("top", units(np.random.default_rng(6), 1)[0])]})
    with pytest.raises(CatalogueError, match="product 'p' lacks garments"):
        Catalogue.open(folder)

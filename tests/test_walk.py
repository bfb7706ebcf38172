"""The walk, from pixels to reasons, with tiny real models and a shop of seven products."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.crops import crop
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import CatalogueError, ConfigError, PhotoError, QueryError
from outfitter.photo import encode_jpeg
from outfitter.recommendations import CandidateSource
from outfitter.values import Crops, Embeddings, Photo, Product
from outfitter.walk import Shop
from tests.conftest import ToyModels
from tests.recommendations.conftest import Seen, shop_of
from tests.toy import SIDE, picture

RED, ORANGE, PLUM = (200, 20, 30), (232, 130, 40), (120, 10, 55)
BLUE, NAVY = (40, 60, 200), (20, 25, 95)
GREEN, MINT = (10, 150, 20), (90, 200, 110)
TOPS, BOTTOMS, SHOES = (
    {"red": RED, "orange": ORANGE, "burgundy": PLUM},
    {"blue": BLUE, "navy": NAVY},
    {"green": GREEN, "mint": MINT},
)


def outfit(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Photo:
    """322 × 480: a top at (100, 60)–(220, 200), a bottom at (110, 200)–(210, 400)."""
    image = picture((322, 480), top=((100, 60, 220, 200), top), bottom=((110, 200, 210, 400), bottom))
    return Photo(np.asarray(image), "outfit.jpg")


@pytest.fixture(scope="module")
def embedder(toy_models: ToyModels) -> Embedder:
    return Embedder(toy_models.embedder)


@pytest.fixture(scope="module")
def detector(toy_models: ToyModels) -> Detector:
    return Detector(toy_models.detector)


@pytest.fixture(scope="module")
def source(embedder: Embedder, detector: Detector) -> CandidateSource:
    """Packshots of every colour in the proportions of `outfit`, and one picture of a red top with navy trousers."""

    def vectors(photo: Photo) -> NDArray[np.float32]:
        return embedder(crop(photo, detector(photo).boxes_xyxy, SIDE)).vectors

    products: list[Product] = []
    seen: list[Seen] = []
    for slot, colours, size in (
        ("top", TOPS, (120, 140)),
        ("bottom", BOTTOMS, (100, 200)),
        ("footwear", SHOES, (150, 70)),
    ):
        for name, rgb in colours.items():
            box = (60, 40, 60 + size[0], 40 + size[1])
            packshot = Photo(np.asarray(picture((300, 280), garment=(box, rgb))), name)
            products.append(Product(f"{slot}-{name}", f"{name.title()} {slot}", f"{name}.jpg", slot, name))
            seen.append((f"{slot}-{name}", f"{name}.jpg", slot, vectors(packshot)[0]))
    top, bottom = vectors(outfit(RED, NAVY))
    seen += [("top-red", "worn.jpg", "top", top), ("top-red", "worn.jpg", "bottom", bottom)]
    return shop_of(products, seen)


@pytest.fixture
def shop(source: CandidateSource, detector: Detector, embedder: Embedder) -> Shop:
    return Shop(source, detector, embedder, embedder.manifest.model_id)


def test_photo_to_look_alikes_of_every_garment(shop: Shop) -> None:
    rows = shop.recommend(outfit(PLUM, BLUE), k=2)
    assert [(row.garment, row.rank) for row in rows] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert rows[0].product.id == "top-burgundy"
    assert rows[0].because == "Looks like your burgundy top, in the same colour."
    assert rows[2].product.id == "bottom-blue"
    assert shop.detect(outfit(PLUM, BLUE)).labels == ("top", "bottom")


@pytest.mark.parametrize("kind", ["path", "bytes", "text"])
def test_photos_come_as_paths_and_bytes(shop: Shop, tmp_path: Path, kind: str) -> None:
    data = encode_jpeg(outfit(ORANGE, BLUE).pixels)
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    photos: dict[str, str | Path | bytes] = {"path": path, "bytes": data, "text": str(path)}
    assert shop.recommend(photos[kind], k=1, garment=0)[0].product.id == "top-orange"


def test_an_example_that_is_no_product_and_no_photo_is_told_as_both(shop: Shop) -> None:
    with pytest.raises(QueryError, match=r"like 'top-rde': no product has this id, and as a photo, .*no such file"):
        shop.recommend(product="top-red", like=["top-rde"])


class OfParts:
    """An embedder whose vectors have two parts, of which one counts most in photos."""

    def __init__(self, embedder: Embedder) -> None:
        parts = {"parts": {"shape": 16, "colour": 32}, "parts_in_photo": {"shape": 0.1, "colour": 0.9}}
        self._embedder, self.manifest = embedder, embedder.manifest.model_copy(update=parts)

    def __call__(self, crops: Crops) -> Embeddings:
        return self._embedder(crops)


def test_an_example_alone_is_compared_as_a_question_is(
    source: CandidateSource, detector: Detector, embedder: Embedder
) -> None:
    shop = Shop(source, detector, OfParts(embedder))
    first = {by: shop.recommend(like=["top-red"], similar_by=by)[0] for by in ("both", "shape", "colour")}
    assert first["both"].because == "Looks like what you want more of."
    assert first["colour"].because.startswith("Has the colour of what you want more of")
    assert len({round(one.parts["similarity"], 4) for one in first.values()}) == 3
    photo = outfit(PLUM, NAVY)
    (asked,) = shop.recommend(photo, garment=1, k=1)
    (liked,) = shop.recommend(like=[photo], k=1, where="category=bottom")
    assert liked.parts["similarity"] == pytest.approx(asked.parts["similarity"], abs=1e-6)
    with pytest.raises(QueryError, match="similar_by is 'shpe'"):
        shop.recommend(like=["top-red"], similar_by="shpe")


def test_one_garment_of_several(shop: Shop) -> None:
    rows = shop.recommend(outfit(PLUM, NAVY), k=3, garment=1)
    assert {row.garment for row in rows} == {1}
    assert rows[0].product.id == "bottom-navy"


def test_a_region_is_one_garment_and_takes_the_slot_of_what_lies_there(shop: Shop) -> None:
    (row,) = shop.recommend(outfit(PLUM, NAVY), k=1, region=(112, 205, 208, 395))
    assert (row.garment, row.product.id) == (None, "bottom-navy")
    assert row.because == "Looks like your navy bottoms, in the same colour."
    (row,) = shop.recommend(outfit(PLUM, NAVY), k=1, region=(120, 70, 160, 90))
    assert row.because.startswith("Looks like the part you marked")


def test_the_completed_look_comes_from_the_shops_own_pictures(shop: Shop) -> None:
    rows = shop.recommend(outfit(RED, NAVY), k=2, garment=0, strategy="complementary")
    assert [(row.slot, row.rank) for row in rows] == [("bottom", 1), ("bottom", 2), ("footwear", 1), ("footwear", 2)]
    assert rows[0].product.id == "bottom-navy"
    assert "in the picture of “Red top”" in rows[0].because
    whole = shop.recommend(outfit(RED, NAVY), k=2, strategy="complementary")
    assert {row.slot for row in whole} == {"footwear"}


def test_a_product_is_asked_for_and_left_out(shop: Shop) -> None:
    rows = shop.recommend(product="top-red", k=7)
    assert len(rows) == 6
    assert "top-red" not in {row.product.id for row in rows}
    assert rows[0].because == "Looks like “Red top”, in burgundy."
    assert rows[0].garment is None


def test_a_product_that_is_named_twice_is_one(shop: Shop) -> None:
    assert shop.recommend(product=["top-red", "top-red"], k=3) == shop.recommend(product="top-red", k=3)


def test_what_was_looked_at_in_a_visit_is_not_recommended_back(shop: Shop) -> None:
    visit = {"session": ("top-red", "bottom-navy"), "k": 7}
    rows = shop.recommend(**visit)  # type: ignore[arg-type]
    assert {row.product.id for row in rows} == set(shop.source.ids) - {"top-red", "bottom-navy"}
    assert len(shop.recommend(**visit, hide="nothing")) == 7  # type: ignore[arg-type]
    beside = shop.recommend(product="top-orange", **visit)  # type: ignore[arg-type]
    assert len(beside) == 6


def test_nothing_found_means_the_whole_picture_and_says_so(shop: Shop) -> None:
    grey = Photo(np.full((300, 200, 3), 128, np.uint8), "grey.jpg")
    rows = shop.recommend(grey, k=5)
    assert len(rows) == 5
    assert {row.garment for row in rows} == {None}
    assert "your picture as a whole (no garment was found in it)" in rows[0].because


def test_a_look_is_seen_once_and_asked_often(source: CandidateSource, detector: Detector, embedder: Embedder) -> None:
    calls = 0

    def counted(photo: Photo | str | Path | bytes) -> object:
        nonlocal calls
        calls += 1
        return detector(photo)

    shop = Shop(source, counted, embedder)  # type: ignore[arg-type]
    look = shop.see(outfit(RED, BLUE))
    assert shop.recommend(look, k=2) == shop.recommend(outfit(RED, BLUE), k=2)
    assert shop.recommend(look, k=2, strategy="complementary")
    assert calls == 2
    (one,) = shop.recommend(look, k=1, garment=1)
    assert (one.garment, one.slot) == (1, "bottom")
    assert [garment.index for garment in look.only(1).garments] == [1]
    assert calls == 2
    with pytest.raises(QueryError, match=r"there is no garment 2; found: 0 top, 1 bottom"):
        look.only(2)
    part = shop.see(outfit(RED, BLUE), region=(100, 60, 220, 200))
    with pytest.raises(QueryError, match="garment 0 was not looked at, only another part of the photo"):
        shop.recommend(part, garment=0)


def test_filters_and_exclusions_reach_the_source(shop: Shop) -> None:
    rows = shop.recommend(outfit(RED, BLUE), k=2, garment=0, where="category=bottom", exclude=["bottom-blue"])
    assert [row.product.id for row in rows] == ["bottom-navy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k is 0; need at least 1"),
        ({"k": 1.5}, r"k is 1\.5; need a whole number from 1"),
        ({"k": "3"}, "k is '3'; need a whole number from 1"),
        ({"exclude": "top-red"}, r"exclude is 'top-red'; need a list, even of one\. Write exclude=\[…\]"),
        ({"session": "top-red"}, "session is 'top-red'; need a list"),
        ({"like": "top-red"}, "like is 'top-red'; need a list"),
        ({"dislike": Path("a.jpg")}, r"dislike is PosixPath\('a.jpg'\); need a list"),
        ({"garment": 2}, r"outfit.jpg: there is no garment 2; found: 0 top, 1 bottom\."),
        ({"garment": -1}, "there is no garment -1"),
        ({"region": (0, 0, 323, 480)}, r"region is 0,0,323,480; need 0 <= x1 < x2 <= 322 and 0 <= y1 < y2 <= 480"),
        ({"region": (50, 60, 50, 90)}, "region is 50,60,50,90; need"),
        ({"region": (1, 2, 3)}, r"region is \[1, 2, 3\]; need four numbers"),
        ({"region": (1, 2, 3, float("nan"))}, "need four numbers"),
        ({"region": (0, 0, 9, 9), "garment": 0}, "give one of them"),
        ({"product": "top-red"}, "takes a photo or a product, not both"),
    ],
)
def test_questions_without_an_answer(shop: Shop, options: dict[str, object], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        shop.recommend(outfit(RED, BLUE), **options)  # type: ignore[arg-type]


def test_other_bad_questions(shop: Shop) -> None:
    with pytest.raises(QueryError, match="no product 'gone'"):
        shop.recommend(product="gone")
    with pytest.raises(QueryError, match="exclude is 'top-red'; need a list"):
        shop.explain("top-red", exclude="top-red")
    with pytest.raises(QueryError, match="a product is asked for as a whole"):
        shop.recommend(product="top-red", garment=0)
    with pytest.raises(ConfigError, match="choose from cold_start, collaborative, complementary"):
        shop.recommend(outfit(RED, BLUE), strategy="magic")
    with pytest.raises(PhotoError, match="no such file"):
        shop.recommend("gone.jpg")


def test_another_embedder_than_the_catalogues_is_refused(
    source: CandidateSource, detector: Detector, embedder: Embedder, toy_models: ToyModels
) -> None:
    other = Embedder(toy_models.other_embedder)
    with pytest.raises(CatalogueError, match=f"made by the embedder {embedder.manifest.model_id}, and other-toy-"):
        Shop(source, detector, other, embedder.manifest.model_id)

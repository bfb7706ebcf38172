from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from outfitter.recommendations import CandidateSource, Garment, Query
from outfitter.recommendations.choose import NOTHING
from outfitter.recommendations.complementary import Complementary, lacking
from outfitter.values import Product

MakeShop = Callable[..., CandidateSource]


def axis(number: int, tilt: float = 0.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The unit vector along one of six axes, tilted a little towards the next."""
    array = np.zeros(6, np.float32)
    array[number], array[(number + 1) % 6] = (1 - tilt**2) ** 0.5, tilt
    return array


def garment(slot: str | None, vector: object, colour: str | None = None) -> Garment:
    return Garment(np.array([vector], np.float32), slot, f"your {slot}", 0, colour)


@pytest.mark.parametrize(
    ("worn", "expected"),
    [
        (["top"], ["bottom", "footwear", "bag", "headwear", "eyewear"]),
        (["long"], ["footwear", "bag", "headwear", "eyewear"]),
        (["top", "bottom", "footwear"], ["bag", "headwear", "eyewear"]),
        (["bag"], ["top", "bottom", "long", "footwear", "headwear", "eyewear"]),
        (["long", "footwear", "bag", "headwear", "eyewear"], ["footwear", "bag", "headwear", "eyewear"]),
    ],
    ids=["top", "dress", "two and shoes", "bag", "nothing lacks"],
)
def test_slots_an_outfit_lacks(worn: list[str], expected: list[str]) -> None:
    assert lacking([garment(slot, axis(0)) for slot in worn]) == expected


@pytest.fixture
def styled(make_shop: MakeShop) -> CandidateSource:
    """Tops like axis 0 are worn with skirts like axis 2, tops like axis 1 with skirts like axis 3."""
    products = [
        Product("tee", "Plain tee", "tee.jpg", "top"),
        Product("blouse", "Silk blouse", "blouse.jpg", "top"),
        Product("skirt-2", "Pleated skirt", "s2.jpg", "skirt"),
        Product("skirt-3", "Leather skirt", "s3.jpg", "skirt"),
        Product("skirt-0", "Skirt that looks like the tee", "s0.jpg", "skirt"),
    ]
    seen = [
        ("tee", "tee.jpg", "top", axis(0)),
        ("tee", "tee-worn.jpg", "top", axis(0, 0.1)),
        ("tee", "tee-worn.jpg", "bottom", axis(2, 0.1)),
        ("blouse", "blouse.jpg", "top", axis(1)),
        ("blouse", "blouse-worn.jpg", "top", axis(1, 0.1)),
        ("blouse", "blouse-worn.jpg", "bottom", axis(3, 0.1)),
        ("skirt-2", "s2.jpg", "bottom", axis(2)),
        ("skirt-3", "s3.jpg", "bottom", axis(3)),
        ("skirt-0", "s0.jpg", "bottom", axis(0)),
    ]
    return make_shop(products, seen)


@pytest.mark.parametrize(("look", "skirt", "owner"), [(0, "skirt-2", "Plain tee"), (1, "skirt-3", "Silk blouse")])
def test_recommends_what_the_shops_pictures_show_worn_together(
    styled: CandidateSource, look: int, skirt: str, owner: str
) -> None:
    rows = Complementary(NOTHING).recommend(Query((garment("top", axis(look, 0.05)),), k=3), styled)
    assert [row.product.category for row in rows] == ["skirt"] * 3  # the tee's own picture shows a skirt: no skirt
    assert rows[0].product.id == skirt
    assert rows[0].slot == "bottom"
    assert rows[0].because == f"Worn with a look-alike of your top in the picture of “{owner}”."


def test_the_whole_outfit_chooses_the_pictures(make_shop: MakeShop) -> None:
    products = [Product(f"bag-{number}", "Bag", f"{number}.jpg", "bag") for number in (4, 5)]
    products += [Product("a", "A", "a.jpg", "top"), Product("b", "B", "b.jpg", "top")]
    seen = [("bag-4", "4.jpg", "bag", axis(4)), ("bag-5", "5.jpg", "bag", axis(5))]
    # Both tops look the same; only the skirt tells which of the two pictures is like the shopper's outfit.
    for owner, skirt, bag in (("a", 2, 4), ("b", 3, 5)):
        seen += [(owner, f"{owner}.jpg", "top", axis(0)), (owner, f"{owner}.jpg", "bottom", axis(skirt))]
        seen += [(owner, f"{owner}.jpg", "bag", axis(bag))]
    source = make_shop(products, seen)
    for skirt, expected in ((2, "bag-4"), (3, "bag-5")):
        worn = (garment("top", axis(0)), garment("bottom", axis(skirt)))
        rows = Complementary(NOTHING).recommend(Query(worn, k=1), source)
        assert [row.product.id for row in rows if row.slot == "bag"] == [expected]


def test_without_worn_pictures_style_and_colour_decide_and_it_says_so(make_shop: MakeShop) -> None:
    products = [
        Product("clash", "Clash", "a.jpg", "skirt", "orange"),
        Product("match", "Match", "b.jpg", "skirt", "white"),
    ]
    seen = [("clash", "a.jpg", "bottom", axis(0)), ("match", "b.jpg", "bottom", axis(0))]
    first, second = Complementary(NOTHING).recommend(
        Query((garment("top", axis(0, 0.2), "fuchsia"),), k=2), make_shop(products, seen)
    )
    assert [first.product.id, second.product.id] == ["match", "clash"]
    assert first.because == (
        "White goes with fuchsia; close in style to your top. No picture of the shop shows bottoms worn with it."
    )
    assert "goes with" not in second.because
    assert first.parts["same_style"] == pytest.approx(second.parts["same_style"])


def test_a_product_sold_from_its_own_outfit_picture_says_so(make_shop: MakeShop) -> None:
    source = make_shop(
        [Product("skirt", "Skirt", "worn.jpg", "skirt")],
        [("skirt", "worn.jpg", "bottom", axis(2)), ("skirt", "worn.jpg", "top", axis(0))],
    )
    (row,) = Complementary(NOTHING).recommend(Query((garment("top", axis(0, 0.1)),)), source)
    assert row.because == "Worn with a look-alike of your top in its own picture."


def test_an_unlabelled_picture_takes_the_slot_of_its_look_alikes(styled: CandidateSource) -> None:
    rows = Complementary(NOTHING).recommend(Query((garment(None, axis(1)),), k=1), styled)
    assert [(row.slot, row.product.id) for row in rows] == [("bottom", "skirt-3")]


def test_products_fill_their_own_slot_whatever_the_detector_called_them(make_shop: MakeShop) -> None:
    """A shoe that was taken for a bag is offered as a shoe, a hat that was taken for shoes is not."""
    products = [Product("tee", "Tee", "tee.jpg", "top"), Product("hat", "Hat", "hat.jpg", "Sun hats")]
    products += [Product(name, name, f"{name}.jpg", "Sneakers") for name in ("shoe-a", "shoe-b")]
    seen = [
        ("tee", "tee.jpg", "top", axis(0)),
        ("tee", "tee.jpg", "footwear", axis(1)),
        ("hat", "hat.jpg", "footwear", axis(1)),
        ("shoe-a", "shoe-a.jpg", "footwear", axis(1, 0.3)),
        ("shoe-b", "shoe-b.jpg", "bag", axis(1, 0.2)),
    ]
    rows = Complementary(NOTHING).recommend(Query((garment("top", axis(0)),), k=2), make_shop(products, seen))
    assert {row.product.id for row in rows if row.slot == "footwear"} == {"shoe-a", "shoe-b"}


def test_clothes_say_more_than_glasses_about_which_outfits_are_alike(make_shop: MakeShop) -> None:
    products = [Product(f"bag-{number}", "Bag", f"{number}.jpg", "bag") for number in (4, 5)]
    products += [Product("same-glasses", "A", "a.jpg", "glasses"), Product("same-top", "B", "b.jpg", "top")]
    seen = [("bag-4", "4.jpg", "bag", axis(4)), ("bag-5", "5.jpg", "bag", axis(5))]
    for owner, top, glasses, bag in (
        ("same-glasses", axis(0, 0.9), axis(2), 4),
        ("same-top", axis(0), axis(2, 0.9), 5),
    ):
        image = f"{owner}-worn.jpg"
        seen += [(owner, image, "top", top), (owner, image, "eyewear", glasses), (owner, image, "bag", axis(bag))]
    outfit = (garment("eyewear", axis(2)), garment("top", axis(0)))
    rows = Complementary(NOTHING).recommend(Query(outfit, k=1), make_shop(products, seen))
    (first,) = (row for row in rows if row.slot == "bag")
    assert first.product.id == "bag-5"
    assert first.because == "Worn with a look-alike of your top in the picture of “B”."

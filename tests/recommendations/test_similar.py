from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from outfitter.recommendations import CandidateSource, Garment, Query
from outfitter.recommendations.choose import NOTHING
from outfitter.recommendations.similar import Similar
from outfitter.values import Product


def vector(cosine: float) -> Any:
    """A unit vector whose cosine to (1, 0) is `cosine`."""
    return np.array([cosine, (1 - cosine**2) ** 0.5], np.float32)


MakeShop = Callable[..., CandidateSource]
QUERY = Garment(vector(1.0)[None], "top", "your navy top", 3, "navy")


def ids(source: CandidateSource, garment: Garment = QUERY, k: int = 10) -> list[str]:
    return [row.product.id for row in Similar(NOTHING).recommend(Query((garment,), k), source)]


def test_identical_garment_wins_even_if_the_detector_called_it_something_else(make_shop: MakeShop) -> None:
    source = make_shop(
        [Product("same", "Same", "a.jpg"), Product("near", "Near", "b.jpg")],
        [("same", "a.jpg", "long", vector(1.0)), ("near", "b.jpg", "top", vector(0.99))],
    )
    assert ids(source) == ["same", "near"]


def test_among_look_alikes_the_own_slot_comes_first(make_shop: MakeShop) -> None:
    source = make_shop(
        [Product("bottom", "B", "a.jpg"), Product("top", "T", "b.jpg"), Product("far", "F", "c.jpg")],
        [
            ("bottom", "a.jpg", "bottom", vector(0.80)),
            ("top", "b.jpg", "top", vector(0.79)),
            ("far", "c.jpg", "top", vector(0.40)),
        ],
    )
    assert ids(source) == ["top", "bottom", "far"]
    assert ids(source, Garment(QUERY.vectors, None, "your picture")) == ["bottom", "top", "far"]


def test_a_category_tells_the_slot_where_the_detector_was_wrong(make_shop: MakeShop) -> None:
    source = make_shop(
        [Product("backpack", "B", "a.jpg", "Backpacks"), Product("tee", "T", "b.jpg", "T-Shirts")],
        [("backpack", "a.jpg", "top", vector(0.80)), ("tee", "b.jpg", "long", vector(0.79))],
    )
    assert ids(source) == ["tee", "backpack"]


def test_many_nearer_products_of_another_slot_do_not_hide_the_own_slot(make_shop: MakeShop) -> None:
    bottoms = [(f"b{number}", f"b{number}.jpg", "bottom", vector(0.800 + number / 10_000)) for number in range(40)]
    source = make_shop(
        [Product(name, name, image) for name, image, _, _ in bottoms] + [Product("top", "T", "t.jpg")],
        [*bottoms, ("top", "t.jpg", "top", vector(0.79))],
    )
    assert ids(source, k=1) == ["top"]


def test_shoes_in_the_picture_of_a_skirt_do_not_make_it_a_shoe(make_shop: MakeShop) -> None:
    shoes = Garment(vector(1.0)[None], "footwear", "your shoes", 0)
    source = make_shop(
        [Product("skirt", "Skirt", "worn.jpg", "Midi Skirts"), Product("shoe", "Shoe", "s.jpg", "Pumps")],
        [
            ("skirt", "worn.jpg", "bottom", vector(-0.3)),
            ("skirt", "worn.jpg", "footwear", vector(0.9)),
            ("shoe", "s.jpg", "footwear", vector(0.8)),
        ],
    )
    first, second = Similar(NOTHING).recommend(Query((shoes,)), source)
    assert (first.product.id, second.product.id) == ("shoe", "skirt")
    assert second.because == "Its picture shows something that looks like your shoes, worn with it."


def test_pictures_of_a_product_alone_tell_it_from_what_is_worn_with_it(make_shop: MakeShop) -> None:
    """The detector calls both the T-shirt and the coat over it tops; the packshot shows which is for sale."""
    coat = Garment(vector(1.0)[None], "top", "your coat", 0)
    source = make_shop(
        [Product("tee", "Tee", "packshot.jpg", "tops"), Product("coat", "Coat", "c.jpg", "tops")],
        [
            ("tee", "packshot.jpg", "top", vector(-0.5)),
            ("tee", "worn.jpg", "top", vector(-0.4)),
            ("tee", "worn.jpg", "top", vector(0.95)),
            ("coat", "c.jpg", "top", vector(0.8)),
        ],
    )
    assert [row.product.id for row in Similar(NOTHING).recommend(Query((coat,)), source)] == ["coat", "tee"]


def test_a_product_alone_in_its_picture_is_no_bystander_whatever_its_label(make_shop: MakeShop) -> None:
    source = make_shop(
        [Product("skirt", "Skirt", "a.jpg", "skirt"), Product("other", "Other", "b.jpg", "top")],
        [("skirt", "a.jpg", "top", vector(0.9)), ("other", "b.jpg", "top", vector(0.8))],
    )
    assert ids(source) == ["skirt", "other"]


def test_the_feeds_category_counts_where_the_detector_is_mistaken(make_shop: MakeShop) -> None:
    source = make_shop(
        [Product("blouse", "Blouse", "a.jpg", "Blouses"), Product("bag", "Bag", "b.jpg", "bag")],
        [("blouse", "a.jpg", "long", vector(0.79)), ("bag", "b.jpg", "bag", vector(0.8))],
    )
    assert ids(source) == ["blouse", "bag"]


def test_several_views_of_a_product_answer_together(make_shop: MakeShop) -> None:
    views = np.stack([vector(1.0), vector(-1.0)])
    source = make_shop(
        [Product("front", "F", "a.jpg"), Product("back", "B", "b.jpg"), Product("neither", "N", "c.jpg")],
        [
            ("front", "a.jpg", "top", vector(0.9)),
            ("back", "b.jpg", "top", vector(-0.95)),
            ("neither", "c.jpg", "top", vector(0.1)),
        ],
    )
    rows = Similar(NOTHING).recommend(Query((Garment(views, "top", "“Shirt”"),), k=5), source)
    assert [row.product.id for row in rows] == ["back", "front", "neither"]


def test_reasons_are_for_people(make_shop: MakeShop) -> None:
    source = make_shop(
        [
            Product("copy", "C", "a.jpg", colour="Navy"),
            Product("same", "S", "b.jpg", colour="Dark Navy Blue"),
            Product("red", "R", "c.jpg", colour="scarlet"),
            Product("bare", "P", "d.jpg"),
            Product("other", "O", "e.jpg"),
        ],
        [
            ("copy", "a.jpg", "top", vector(1.0)),
            ("same", "b.jpg", "top", vector(0.9)),
            ("red", "c.jpg", "top", vector(0.8)),
            ("bare", "d.jpg", "top", vector(0.7)),
            ("other", "e.jpg", "bag", vector(0.6)),
        ],
    )
    rows = Similar(NOTHING).recommend(Query((QUERY,)), source)
    assert [row.because for row in rows] == [
        "Looks exactly like your navy top.",
        "Looks like your navy top, in the same colour.",
        "Looks like your navy top, in red.",
        "Looks like your navy top.",
        "Looks like your navy top, though it is a bag.",
    ]
    assert {row.garment for row in rows} == {3}
    assert [row.slot for row in rows] == ["top"] * 4 + ["bag"]

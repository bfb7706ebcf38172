from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outfitter.catalogue import Catalogue, Reject, add, build, remove, status
from outfitter.catalogue.place import open_place
from outfitter.catalogue.store import Tables, read_stamp, write_rejects
from outfitter.crops import crop, crop_whole
from outfitter.detections import Detector
from outfitter.errors import CatalogueError, FeedError
from outfitter.photo import load_photo
from tests.catalogue.conftest import Models, Shop, counts, write_csv
from tests.conftest import ToyModels
from tests.toy import SIDE, picture

TOP = {"top": ((30, 10, 100, 60), (220, 30, 30))}
BOTTOM = {"bottom": ((30, 10, 60, 80), (30, 30, 220))}


def test_every_garment_is_where_the_models_put_it(shop: Shop) -> None:
    seen: list[tuple[int, int]] = []
    report = build(shop.feed, shop.out, **shop.models, progress=lambda done, total: seen.append((done, total)))
    assert counts(report) == (7, 0, 0, 0)
    assert seen == [(number, 7) for number in range(1, 8)]
    catalogue = Catalogue.open(shop.out, shop.models["embedder"].manifest.model_id)
    for number in range(7):
        photo = load_photo(shop.folder / f"pictures/{number}.png")
        found = shop.models["detector"](photo)
        vectors = shop.models["embedder"].inner(crop(photo, found.boxes_xyxy, SIDE)).vectors
        garments = catalogue.garments(f"p{number}")
        assert [one.slot for one in garments] == list(found.labels) == ["top", "bottom"][: 2 if number % 3 == 0 else 1]
        np.testing.assert_array_equal([one.box_xyxy for one in garments], found.boxes_xyxy)
        np.testing.assert_array_equal([one.score for one in garments], found.scores)
        np.testing.assert_array_equal([one.vector for one in garments], vectors)
    product = catalogue.product("p3")
    assert (product.title, product.category, product.price) == ("Top, no 3", "Top", 3.5)
    assert dict(product.attributes) == {"fabric": "linen"}
    assert [one.id for one in catalogue.products("category=top,fabric=wool,price<4")] == ["p0"]
    assert sorted(outfit[0].product_id for outfit in catalogue.worn_together()) == ["p0", "p3", "p6"]
    assert catalogue.picture("p3") == shop.folder / "pictures/3.png"


def test_a_picture_without_garments_is_indexed_whole(shop: Shop, save: Callable[..., str]) -> None:
    shop.write({"id": "lamp", "title": "Lamp", "image": save("lamp.png", lamp=((20, 20, 50, 60), (90, 90, 90)))})
    (garment,) = shop.build().garments("lamp")
    assert (garment.slot, garment.score, garment.box_xyxy) == (None, 0.0, (0.0, 0.0, 140.0, 90.0))
    whole = crop_whole(load_photo(shop.folder / "lamp.png"), SIDE)
    np.testing.assert_array_equal(garment.vector, shop.models["embedder"].inner(whole).vectors[0])


def test_what_is_broken_is_rejected_and_the_rest_goes_on(shop: Shop, save: Callable[..., str]) -> None:
    (shop.folder / "broken.png").write_bytes((shop.folder / "pictures/1.png").read_bytes()[:60])
    (shop.folder / "text.png").write_text("no picture")
    shop.write(
        {"id": "gone", "title": "T", "image": "gone.png"},
        {"id": "broken", "title": "T", "image": "broken.png", "additional_images": "pictures/2.png"},
        {"id": "p3", "title": "T", "image": "pictures/3.png"},
        {"id": "some", "title": "T", "image": save("some.png", **TOP), "additional_images": "text.png|pictures/2.png"},
        {"id": "cheap", "title": "T", "image": "pictures/3.png", "price": "cheap"},
    )
    catalogue = shop.build()
    assert {one.id for one in catalogue.products()} == {*(f"p{number}" for number in range(7)), "some"}
    assert [(row["line"], row["id"], row["image"]) for row in shop.rejects()] == [
        ("9", "gone", "gone.png"),
        ("10", "broken", "broken.png"),
        ("11", "p3", "pictures/3.png"),
        ("12", "some", "text.png"),
        ("13", "cheap", "pictures/3.png"),
    ]
    reasons = " | ".join(row["reason"] for row in shop.rejects())
    for part in (
        "no such file",
        "cannot be decoded",
        "duplicate id, first on line 5",
        "is no picture",
        "price is 'che",
    ):
        assert part in reasons
    assert {one.image for one in catalogue.garments("some")} == {"some.png", "pictures/2.png"}
    assert catalogue.product("some").additional_images == ("text.png", "pictures/2.png")


def test_what_is_told_of_a_reject_is_short_and_long_lists_of_before_are_read(shop: Shop) -> None:
    long = "data:image/png;base64," + "A" * 200_000
    ids = ["x" * 3000, "dear"]
    shop.write(
        {"id": ids[0], "title": "T", "image": long},
        {"id": ids[1], "title": "T", "image": "pictures/3.png", "price": "1" * 3000 + "x"},
    )
    shop.build()
    with_long, with_price = shop.rejects()
    assert (with_long["line"], with_long["id"][:9], with_long["image"][:9]) == ("9", ids[0][:9], long[:9])
    assert with_price["reason"].startswith("price is '111")
    assert with_price["reason"].endswith("such as 49.90 EUR")
    assert max(len(value) for row in (with_long, with_price) for value in row.values()) == 500
    assert status(shop.out).rejected == 2
    write_rejects(open_place(shop.out), [Reject(9, ids[0], long, f"{long}: no such file")])
    assert status(shop.out).rejected == build(shop.feed, shop.out, **shop.models).rejected == 1


def test_a_folder_of_pictures_is_a_feed(shop: Shop) -> None:
    report = build(shop.folder / "pictures", shop.out, **shop.models)
    assert counts(report) == (7, 0, 0, 0)
    assert Catalogue.open(shop.out).product("4").title == "4"


def test_a_shared_picture_is_embedded_once(shop: Shop, save: Callable[..., str]) -> None:
    save("look.png", **TOP)
    (shop.folder / "copy.png").write_bytes((shop.folder / "look.png").read_bytes())
    shop.write(
        {"id": "a", "title": "A", "image": "look.png", "additional_images": "copy.png"},
        {"id": "b", "title": "B", "image": "copy.png"},
    )
    catalogue = shop.build()
    assert shop.models["embedder"].crops == 10 + 1
    assert [one.image for one in catalogue.garments("a")] == ["look.png"]
    assert [one.image for one in catalogue.garments("b")] == ["copy.png"]
    assert remove(["a"], shop.out).removed == ("a",)
    assert [one.slot for one in Catalogue.open(shop.out).garments("b")] == ["top"]


def test_the_same_feed_again_is_nothing_to_do_and_another_is_an_error(shop: Shop) -> None:
    shop.build()
    before = shop.models["embedder"].crops
    assert counts(build(shop.feed, shop.out, **shop.models)) == (0, 0, 7, 0)
    shop.write({"id": "new", "title": "T", "image": "pictures/1.png"})
    with pytest.raises(CatalogueError, match=r"finished.*'outfitter catalogue add .*feed.csv --to .*shop'"):
        build(shop.feed, shop.out, **shop.models)
    assert shop.models["embedder"].crops == before


def test_add_embeds_only_what_is_new(shop: Shop, save: Callable[..., str]) -> None:
    before = shop.build()
    embedder = shop.models["embedder"]
    embedder.crops = 0
    assert counts(add(shop.feed, shop.out, **shop.models)) == (0, 0, 7, 0)

    save("pictures/1.png", **BOTTOM)
    more = write_csv(
        shop.folder / "more.csv",
        [
            {**shop.rows[0], "price": 99, "season": "winter"},  # only its row changed: not embedded
            shop.rows[1],  # only its picture changed
            {**shop.rows[2], "additional_images": "pictures/1.png"},  # a picture more, which is known by then
            shop.rows[3],
            {"id": "new", "title": "New", "image": save("new.png", **TOP), "season": "summer"},
            {"id": "p4", "title": "Its picture is gone", "image": "gone.png"},
        ],
    )
    report = add(more, shop.out, **shop.models)
    assert counts(report) == (1, 3, 1, 1)
    assert embedder.crops == 2
    after = Catalogue.open(shop.out)
    assert (len(before), len(after)) == (7, 8)
    assert (before.product("p0").price, after.product("p0").price) == (0.5, 99)
    assert [one.slot for one in after.garments("p1")] == ["bottom"]
    assert [one.image for one in after.garments("p2")] == ["pictures/2.png", "pictures/1.png"]
    assert after.product("p4").title == "Top, no 4"  # a rejected row leaves what was there
    assert [one.id for one in after.products("season=Winter")] == ["p0"]
    assert dict(after.product("new").attributes) == {"season": "summer"}
    # Who had it open goes on seeing what was there.
    assert [one.slot for one in before.garments("p1")] == ["top"]
    assert len(before.search(before.garments("p1")[0].vector[None], 20, "price<1000")[0]) == 7
    # The picture that p1 no longer shows is no longer stored.
    assert status(shop.out).garments == 10 + 1


def test_rejects_that_are_handed_back_leave_the_list_as_it_was(shop: Shop) -> None:
    shop.write({"id": "gone", "title": "T", "image": "gone.png"})
    shop.build()
    told: list[Reject] = []
    some = write_csv(shop.folder / "some.csv", [{**shop.rows[0], "price": 99}, {**shop.rows[1], "price": "cheap"}])
    assert counts(add(some, shop.out, **shop.models, rejected=told.extend)) == (0, 1, 0, 1)
    none = write_csv(shop.folder / "none.csv", [{**shop.rows[2], "title": ""}])
    with pytest.raises(FeedError, match=r"none of its rows can be used. Line 2: title is empty. Correct them and add"):
        add(none, shop.out, **shop.models, rejected=told.extend)
    assert [(one.line, one.id) for one in told] == [(3, "p1"), (2, "p2")]
    assert ([row["id"] for row in shop.rejects()], status(shop.out).rejected) == (["gone"], 1)
    add(some, shop.out, **shop.models)
    assert [row["id"] for row in shop.rejects()] == ["p1"]


def test_the_feed_that_built_it_no_longer_tells_what_is_in_it(shop: Shop) -> None:
    shop.build()
    add(shop.feed, shop.out, **shop.models)
    assert counts(build(shop.feed, shop.out, **shop.models)) == (0, 0, 7, 0)
    remove(["p2"], shop.out)
    with pytest.raises(CatalogueError, match="catalogue add"):
        build(shop.feed, shop.out, **shop.models)


def test_remove_reports_what_was_not_there(shop: Shop) -> None:
    shop.write({"id": "it's", "title": "T", "image": "pictures/1.png"})
    shop.build()
    removal = remove(["p2", "nobody", "it's", "p2", "') OR 1=1 --"], shop.out)
    assert (removal.removed, removal.unknown) == (("p2", "it's"), ("nobody", "') OR 1=1 --"))
    assert {one.id for one in Catalogue.open(shop.out).products()} == {"p0", "p1", "p3", "p4", "p5", "p6"}
    assert status(shop.out).garments == 9


def test_status_tells_what_is_there(shop: Shop) -> None:
    shop.write({"id": "gone", "title": "T", "image": "gone.png"})
    shop.build()
    found = status(shop.out)
    assert (found.complete, found.products, found.pictures, found.garments, found.rejected) == (True, 7, 7, 10, 1)
    assert (found.slots, found.dimensions) == ({"top": 7, "bottom": 3}, 48)
    assert (found.attributes, found.crop_protocol) == (("fabric",), "letterbox-white-1")
    assert found.embedder == shop.models["embedder"].manifest.model_id
    assert found.size_bytes > 7 * 48 * 4


def test_a_feed_without_a_usable_row(shop: Shop) -> None:
    write_csv(shop.feed, [{"id": "a", "title": "A", "image": "gone.png"}, {"id": "b", "title": "", "image": "b.png"}])
    with pytest.raises(FeedError, match=r"none of its rows can be used. Line 2: .*gone.png.*rejects.csv"):
        build(shop.feed, shop.out, **shop.models)
    assert [row["id"] for row in shop.rejects()] == ["a", "b"]
    shop.write()
    assert len(shop.build()) == 7  # the corrected feed goes to the same folder


def test_one_writer_at_a_time(shop: Shop) -> None:
    shop.build()
    with open_place(shop.out).writing():
        for attempt in (
            lambda: build(shop.feed, shop.out, **shop.models),
            lambda: add(shop.feed, shop.out, **shop.models),
            lambda: remove(["p1"], shop.out),
        ):
            with pytest.raises(CatalogueError, match="another process is writing to it. Wait until it ends"):
                attempt()
        assert len(Catalogue.open(shop.out)) == 7  # readers are not kept out
    assert remove(["p1"], shop.out).removed == ("p1",)


def test_readers_see_a_product_whole_while_it_is_replaced(shop: Shop, save: Callable[..., str]) -> None:
    """A writer swaps red tops for blue bottoms, price and all, as fast as it can; readers open what is there."""
    feeds = []
    for number, garment in enumerate((TOP, BOTTOM)):
        rows = [{"id": f"x{i}", "title": "T", "image": save(f"{number}-{i}.png", **garment)} for i in range(5)]
        for i, row in enumerate(rows):  # different pictures of one kind
            picture((140, 90 + i), **garment).save(shop.folder / row["image"])
        feeds.append(write_csv(shop.folder / f"{number}.csv", [{**row, "price": number} for row in rows]))
    build(feeds[0], shop.out, **shop.models)
    turns = []

    def write() -> None:
        for turn in range(1, 13):
            turns.append(add(feeds[turn % 2], shop.out, **shop.models))

    writer = threading.Thread(target=write)
    writer.start()
    opened = 0
    while writer.is_alive():
        catalogue = Catalogue.open(shop.out)
        opened += 1
        for product in catalogue.products():
            slots = {one.slot for one in catalogue.garments(product.id)}
            assert slots == {"bottom" if product.price else "top"}
    writer.join()
    assert (opened > 5, [report.updated for report in turns]) == (True, [5] * 12)


@pytest.mark.parametrize("name", ["notes.txt", "products.lance"])
def test_a_folder_with_something_else_is_left_alone(shop: Shop, name: str) -> None:
    shop.out.mkdir()
    (shop.out / name).write_text("mine")
    with pytest.raises(CatalogueError, match=f"holds '{name}' and no catalogue; nothing is overwritten"):
        build(shop.feed, shop.out, **shop.models)
    assert [path.name for path in shop.out.iterdir()] == [name]


def test_a_place_where_no_folder_can_be(shop: Shop) -> None:
    shop.out.write_text("a file")
    with pytest.raises(CatalogueError, match="cannot be a folder"):
        build(shop.feed, shop.out, **shop.models)
    with pytest.raises(CatalogueError, match="is not a folder"):
        add(shop.feed, shop.folder / "nowhere", **shop.models)
    with pytest.raises(CatalogueError, match="is not a folder"):
        status(shop.folder / "nowhere")


def test_tables_stay_small_however_often_they_are_written(shop: Shop) -> None:
    shop.build()
    for number in range(4):
        shop.rows[2] = {**shop.rows[2], "price": 50 + number}
        shop.write()
        add(shop.feed, shop.out, **shop.models)
    tables = Tables(shop.out, read_stamp(shop.out))
    fragments: Any = tables.products.stats()
    assert fragments["fragment_stats"]["num_fragments"] == 1
    assert json.loads((shop.out / "catalogue.json").read_text())["attributes"] == {"fabric": "attribute_0"}


def test_workers_change_nothing(shop: Shop, models: Models, tmp_path: Path) -> None:
    shop.build()
    build(shop.feed, tmp_path / "one", **models, workers=1)
    for name in ("products", "garments"):
        one, many = (getattr(Tables(out, read_stamp(out)), name).to_arrow() for out in (tmp_path / "one", shop.out))
        assert one == many


def test_detector_and_embedder_are_used_as_given(shop: Shop, toy_models: ToyModels) -> None:
    nothing: Any = {**shop.models, "detector": Detector(toy_models.detector, min_score=1.0, threads=1)}
    build(shop.feed, shop.out, **nothing)
    assert status(shop.out).slots == {None: 7}

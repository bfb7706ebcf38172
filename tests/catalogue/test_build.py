from __future__ import annotations

import json
import resource
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outfitter.catalogue import Catalogue, Report, add, build, remove, status
from outfitter.catalogue.place import open_place
from outfitter.catalogue.store import Tables, read_stamp
from outfitter.crops import crop, crop_whole
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import CatalogueError, FeedError, ModelError
from outfitter.photo import load_photo
from tests.catalogue.conftest import Models, Shop, write_csv
from tests.conftest import ToyModels
from tests.toy import SIDE, picture

TOP = {"top": ((30, 10, 100, 60), (220, 30, 30))}
BOTTOM = {"bottom": ((30, 10, 60, 80), (30, 30, 220))}


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, report.rejected


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


class Stopped(Exception):  # noqa: N818
    """What ends a build in these tests; Ctrl-C is one, too."""


def stop_after(rows: int, error: type[BaseException] = Stopped) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done == rows < total:
            raise error

    return progress


def test_what_was_finished_is_kept_and_the_build_goes_on(shop: Shop) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(shop.feed, shop.out, **shop.models, progress=stop_after(4, KeyboardInterrupt))
    found = status(shop.out)
    assert (found.complete, found.products, found.garments) == (False, 4, 6)
    with pytest.raises(
        CatalogueError, match="was never finished. Run 'outfitter catalogue build FEED --out .*shop' ag"
    ):
        Catalogue.open(shop.out)
    with pytest.raises(CatalogueError, match="was never finished"):
        add(shop.feed, shop.out, **shop.models)
    with pytest.raises(CatalogueError, match="was never finished"):
        remove(["p1"], shop.out)

    shop.models["embedder"].crops = 0
    assert counts(build(shop.feed, shop.out, **shop.models)) == (3, 0, 4, 0)
    assert shop.models["embedder"].crops == 4
    assert len(Catalogue.open(shop.out)) == 7


def test_the_feed_may_change_while_the_build_is_interrupted(shop: Shop, save: Callable[..., str]) -> None:
    with pytest.raises(Stopped):
        build(shop.feed, shop.out, **shop.models, progress=stop_after(5))
    shop.rows[1] = {**shop.rows[1], "title": "Renamed"}
    save("pictures/2.png", **BOTTOM)
    del shop.rows[3], shop.rows[0]
    shop.write({"id": "new", "title": "New", "image": "new.jpg", "season": "winter"})
    picture((50, 70), **{"top": ((5, 5, 30, 40), (230, 20, 20))}).save(shop.folder / "new.jpg")

    assert counts(build(shop.feed, shop.out, **shop.models)) == (3, 2, 1, 0)
    catalogue = Catalogue.open(shop.out)
    assert [one.id for one in catalogue.products()] == ["new", "p1", "p2", "p4", "p5", "p6"]
    assert catalogue.product("p1").title == "Renamed"
    assert [one.slot for one in catalogue.garments("p2")] == ["bottom"]
    assert [one.id for one in catalogue.products("season=winter")] == ["new"]
    assert status(shop.out).garments == 7


@pytest.fixture
def server(shop: Shop) -> Iterator[tuple[str, list[str]]]:
    """The shop's folder by HTTP: its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(shop.folder))

        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def test_pictures_are_downloaded_once_for_a_build(shop: Shop, server: tuple[str, list[str]]) -> None:
    address, asked = server
    rows = [{**row, "image": f"{address}/{row['image']}"} for row in shop.rows]
    rows[1] = {**rows[1], "additional_images": f"{address}/gone.png"}
    write_csv(shop.feed, rows)
    with pytest.raises(Stopped):
        build(shop.feed, shop.out, **shop.models, progress=stop_after(4), workers=1)
    asked.clear()
    assert counts(build(shop.feed, shop.out, **shop.models)) == (3, 0, 4, 1)
    assert sorted(asked) == [f"/pictures/{number}.png" for number in (4, 5, 6)]
    (reject,) = shop.rejects()
    assert (reject["line"], reject["id"], reject["image"]) == ("3", "p1", f"{address}/gone.png")
    assert "404" in reject["reason"]
    assert Catalogue.open(shop.out).picture("p1") == f"{address}/pictures/1.png"


def test_an_interruption_does_not_wait_for_downloads(shop: Shop, server: tuple[str, list[str]]) -> None:
    address, asked = server
    many = [{**row, "additional_images": "|".join(f"{address}/{i}.png" for i in range(90))} for row in shop.rows[1:]]
    write_csv(shop.feed, [shop.rows[0], *many])
    with pytest.raises(Stopped):
        build(shop.feed, shop.out, **shop.models, progress=stop_after(1))
    assert len(asked) < 6 * 90 / 2
    assert status(shop.out).products == 1


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


def test_other_models_do_not_mix(shop: Shop, toy_models: ToyModels) -> None:
    other: Any = {**shop.models, "embedder": Embedder(toy_models.other_embedder, threads=1)}
    with pytest.raises(Stopped):
        build(shop.feed, shop.out, **shop.models, progress=stop_after(2))
    told = (
        "made with the embedder toy-embedder-.*, and other-toy-.* is in use.*outfitter catalogue build FEED --out NEW"
    )
    with pytest.raises(CatalogueError, match=told):
        build(shop.feed, shop.out, **other)
    shop.build()
    for attempt in (build, add):
        with pytest.raises(CatalogueError, match=told):
            attempt(shop.feed, shop.out, **other)


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


def test_a_model_that_fails_ends_the_build_and_keeps_what_was_finished(shop: Shop) -> None:
    class Failing:
        manifest = shop.models["detector"].manifest

        def __call__(self, photo: Any, /) -> Any:
            if photo.pixels[30, 30].tolist() == load_photo(shop.folder / "pictures/5.png").pixels[30, 30].tolist():
                raise ModelError("out of memory")
            return shop.models["detector"](photo)

    with pytest.raises(ModelError, match="out of memory"):
        build(shop.feed, shop.out, detector=Failing(), embedder=shop.models["embedder"])
    assert status(shop.out).products == 5
    assert counts(build(shop.feed, shop.out, **shop.models)) == (2, 0, 5, 0)


@pytest.mark.parametrize("limit", [100, 400, 2_500])
def test_a_full_disk_ends_the_build_and_it_goes_on_later(shop: Shop, limit: int) -> None:
    """No file may grow beyond `limit` bytes, as on a disk that is full: first none of the stamp, then of the tables."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(CatalogueError, match="See whether the disk is full or read-only, and run the same command"):
            build(shop.feed, shop.out, **shop.models)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(shop.build()) == 7


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

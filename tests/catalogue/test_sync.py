from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from outfitter.catalogue import Catalogue, build, status, sync
from outfitter.catalogue.store import Tables
from outfitter.errors import CatalogueError, FeedError, QueryError
from tests.catalogue.conftest import Models, Shop, contents, draw, write_csv
from tests.conftest import ToyModels

TOP = {"top": ((30, 10, 100, 60), (220, 30, 30))}


def changes(folder: Path) -> list[tuple[str, str]]:
    with (folder / "changes.csv").open(encoding="utf-8", newline="") as file:
        return [(row["id"], row["change"]) for row in csv.DictReader(file)]


def test_a_night_embeds_only_what_is_new_and_reports_the_rest(shop: Shop, save: Callable[..., str]) -> None:
    shop.build()
    embedder = shop.models["embedder"]
    embedder.crops = 0
    save("pictures/1.png", **TOP)
    rows = [
        {**shop.rows[0], "price": 99},
        shop.rows[1],  # its picture is another
        shop.rows[2],
        {**shop.rows[3], "price": "cheap"},  # stays as it was
        {**shop.rows[4], "image": "gone.png"},  # likewise
        {"id": "new", "title": "New", "image": save("new.png", **TOP), "item_group_id": "news"},
    ]
    report = sync(write_csv(shop.folder / "night.csv", rows), shop.out, **shop.models)
    assert (report.added, report.changed, report.changed_pictures, report.removed) == (1, 2, 1, 2)
    assert (report.unchanged, report.kept, report.rejected) == (1, 2, 2)
    assert embedder.crops == 1  # new.png and the changed picture are the same bytes
    assert report.embedded == 1
    assert changes(shop.out) == [
        ("p0", "changed"),
        ("p1", "changed pictures"),
        ("new", "added"),
        ("p5", "removed"),
        ("p6", "removed"),
    ]
    after = Catalogue.open(shop.out)
    assert {product.id for product in after.products()} == {"p0", "p1", "p2", "p3", "p4", "new"}
    assert (after.product("p0").price, after.product("p3").price, after.product("p4").image) == (
        99,
        3.5,
        "pictures/4.png",
    )
    assert after.product("new").item_group_id == "news"

    embedder.crops = 0
    again = sync(shop.folder / "night.csv", shop.out, **shop.models)
    assert (again.added, again.changed, again.removed, again.unchanged, again.embedded) == (0, 0, 0, 4, 0)
    assert (embedder.crops, changes(shop.out)) == (0, [])


def test_an_additional_picture_that_cannot_be_read_stays_until_the_feed_names_it_no_more(
    shop: Shop, save: Callable[..., str]
) -> None:
    shop.rows[1] = {**shop.rows[1], "additional_images": save("back.png", **TOP)}
    shop.write()
    shop.build()
    before, embedder = contents(shop.out), shop.models["embedder"]
    embedder.crops = 0
    (shop.folder / "back.png").rename(shop.folder / "away.png")
    night = sync(shop.feed, shop.out, **shop.models)
    assert (night.unchanged, night.changed, night.kept, night.rejected) == (7, 0, 0, 1)
    assert [(one["id"], one["image"]) for one in shop.rejects()] == [("p1", "back.png")]
    assert {**contents(shop.out), "rejects": []} == before

    shop.rows[1] = {**shop.rows[1], "price": 99}
    shop.write()
    assert (night := sync(shop.feed, shop.out, **shop.models)).changed == 1
    assert (night.changed_pictures, night.embedded) == (0, 0)
    assert [one.image for one in Catalogue.open(shop.out).garments("p1")] == ["pictures/1.png", "back.png"]

    (shop.folder / "away.png").rename(shop.folder / "back.png")
    assert sync(shop.feed, shop.out, **shop.models).unchanged == 7
    assert embedder.crops == 0

    shop.rows[1] = {**shop.rows[1], "additional_images": ""}
    shop.write()
    assert sync(shop.feed, shop.out, **shop.models).changed_pictures == 1
    assert [one.image for one in Catalogue.open(shop.out).garments("p1")] == ["pictures/1.png"]
    assert status(shop.out).garments == 10


def test_a_feed_that_lies_elsewhere_changes_only_what_does_with_it(shop: Shop) -> None:
    rows = [
        {**shop.rows[0], "image": str(shop.folder / "pictures/0.png")},
        {**shop.rows[1], "image": str(shop.folder / "pictures/1.png"), "additional_images": "pictures/2.png"},
        {**shop.rows[2], "image": str(shop.folder / "pictures/2.png")},
    ]
    sync(write_csv(shop.feed, rows), shop.out, **shop.models)
    (shop.folder / "monday/pictures").mkdir(parents=True)
    shutil.copy(shop.folder / "pictures/2.png", shop.folder / "monday/pictures")
    moved = write_csv(shop.folder / "monday/feed.csv", [*rows[:2], {**rows[2], "price": 7}])
    for _ in range(2):
        report = sync(moved, shop.out, **shop.models)
    assert (report.unchanged, report.embedded) == (3, 0)
    sync(shop.feed, shop.out, **shop.models)
    assert changes(shop.out) == [("p1", "changed"), ("p2", "changed")]
    assert Catalogue.open(shop.out).picture("p1", "pictures/2.png") == shop.folder / "pictures/2.png"


def test_rows_without_new_pictures_are_written_many_at_once_and_merged(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write of changed rows costs more, the more small files came before it."""
    rows = [{**shop.rows[number % 7], "id": f"p{number}"} for number in range(150)]
    sync(write_csv(shop.feed, rows), shop.out, **shop.models)
    written: list[int] = []
    put = Tables.put_products

    def counted(tables: Tables, rows: pa.Table, replace: bool) -> None:
        written.append(len(rows))
        put(tables, rows, replace)

    monkeypatch.setattr(Tables, "put_products", counted)
    before = Catalogue.open(shop.out)
    sync(write_csv(shop.feed, [{**row, "price": 7} for row in rows]), shop.out, **shop.models)
    assert written == [150]

    written.clear()
    monkeypatch.setattr("outfitter.catalogue.intake.ROWS", 20)
    monkeypatch.setattr("outfitter.catalogue.store.MERGED", 2)
    merges: list[bool] = []
    merge = Tables._merge

    def merged(tables: Tables, readers: bool) -> None:
        merges.append(readers)
        merge(tables, readers)

    monkeypatch.setattr(Tables, "_merge", merged)
    sync(write_csv(shop.feed, [{**row, "price": 8} for row in rows]), shop.out, **shop.models)
    assert written == [20] * 7 + [10]
    assert merges == [True] * 5  # after every other write, and once at the end
    assert {product.price for product in Catalogue.open(shop.out).products()} == {8.0}
    assert {before.product(str(row["id"])).price for row in rows} == {n + 0.5 for n in range(7)}  # readers go on


def test_an_almost_empty_feed_changes_nothing_unless_allowed(shop: Shop) -> None:
    shop.build()
    before = contents(shop.out)
    night = write_csv(shop.folder / "night.csv", shop.rows[:3])
    with pytest.raises(CatalogueError, match=r"names 3 of the catalogue's 7 products, so 4 would.*--allow-removals"):
        sync(night, shop.out, **shop.models)
    assert contents(shop.out) == before
    assert sync(night, shop.out, allow_removals=True, **shop.models).removed == 4
    assert len(Catalogue.open(shop.out)) == 3


def test_a_row_that_tells_no_id_may_be_any_products_so_none_is_removed(shop: Shop) -> None:
    shop.build()
    night = write_csv(shop.folder / "night.csv", shop.rows[:5])
    night.write_text(night.read_text() + 'p5,"Top"s,pictures/5.png,top,1,wool\n')
    report = sync(night, shop.out, **shop.models)
    assert (report.removed, report.kept, report.rejected, report.unchanged) == (0, 2, 1, 5)
    assert sync(night, shop.out, allow_removals=True, **shop.models).removed == 2


def test_a_feed_of_nothing_usable_changes_nothing(shop: Shop) -> None:
    shop.build()
    night = write_csv(shop.folder / "night.csv", [{**row, "price": "x"} for row in shop.rows])
    with pytest.raises(FeedError, match="none of its rows can be used"):
        sync(night, shop.out, **shop.models)
    assert len(Catalogue.open(shop.out)) == 7


def test_without_a_catalogue_one_is_made(shop: Shop) -> None:
    report = sync(shop.feed, shop.out, **shop.models)
    assert (report.added, report.embedded) == (7, 7)
    assert len(Catalogue.open(shop.out)) == len(changes(shop.out)) == 7


def test_a_column_without_a_value_tonight_is_still_a_column(shop: Shop) -> None:
    night = write_csv(shop.folder / "night.csv", [{**row, "season": ""} for row in shop.rows])
    sync(night, shop.out, **shop.models)
    catalogue = Catalogue.open(shop.out)
    assert list(catalogue.products("season=winter")) == []
    assert len(list(catalogue.products("season!=winter"))) == 7


def test_slot_is_a_filter_whatever_the_categories_are(shop: Shop) -> None:
    shop.rows[1] = {**shop.rows[1], "category": "Women > Midi Skirts"}
    shop.rows[2] = {**shop.rows[2], "category": "Sale"}  # its picture shows a top
    shop.rows[3] = {**shop.rows[3], "category": "Dresses & Skirts"}  # its picture shows a top and a bottom
    shop.rows[4] = {**shop.rows[4], "category": "Coats & Jackets"}  # its picture shows a top
    shop.write()
    catalogue = shop.build()
    assert [one.id for one in catalogue.products("slot=bottom")] == ["p1"]
    assert [one.id for one in catalogue.products("slot!=bottom,price<4")] == ["p0", "p2", "p3"]
    assert [one.id for one in catalogue.products("slot=top")] == ["p0", "p2", "p4", "p5", "p6"]
    with pytest.raises(QueryError, match="no such slot; choose from top, bottom, .*did you mean 'bottom'"):
        list(catalogue.products("slot=bottoms"))


CHILD = """
import os, signal, sys, threading, time
from pathlib import Path
import lancedb
from outfitter.catalogue import intake, sync
from outfitter.detections import Detector
from outfitter.embeddings import Embedder

feed, out, detector, embedder, at = sys.argv[1:]
intake.BATCH = 5

def step(done, total):
    if done == int(at):
        os.kill(os.getpid(), signal.SIGKILL)

sync(feed, out, detector=Detector(Path(detector), threads=1), embedder=Embedder(Path(embedder), threads=1),
     progress=step)
"""


def test_killed_in_the_middle_it_goes_on_and_ends_the_same(
    tmp_path: Path, models: Models, toy_models: ToyModels
) -> None:
    rows = draw(tmp_path, 40)
    old, night = write_csv(tmp_path / "old.csv", rows[:28]), tmp_path / "night.csv"
    write_csv(night, [{**row, "price": 7} if n % 5 == 0 else row for n, row in enumerate(rows) if n >= 6])
    for name in ("whole", "shop"):
        build(old, tmp_path / name, **models)
    sync(night, tmp_path / "whole", **models)
    chance = random.Random(3)
    for _ in range(2):
        arguments = [night, tmp_path / "shop", toy_models.detector, toy_models.embedder, chance.randint(24, 33)]
        child = subprocess.run([sys.executable, "-c", CHILD, *map(str, arguments)], env=os.environ, timeout=100)
        assert child.returncode == -signal.SIGKILL
        assert status(tmp_path / "shop").complete
        Catalogue.open(tmp_path / "shop")  # readers go on
    models["embedder"].crops = 0
    sync(night, tmp_path / "shop", **models)
    assert 0 < models["embedder"].crops < 12 * 2
    assert contents(tmp_path / "shop") == contents(tmp_path / "whole")

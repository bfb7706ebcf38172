"""A catalogue in an object store is what it would be in a folder, and has one writer at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outfitter.catalogue import Catalogue, add, build, lease, remove, status, sync
from outfitter.catalogue.place import open_place
from outfitter.catalogue.store import Tables, column, publish, read_stamp
from outfitter.errors import CatalogueError, FeedError
from tests.catalogue.conftest import Shop, contents, write_csv


def test_whatever_is_written_is_what_it_would_be_in_a_folder(shop: Shop, bucket: str) -> None:
    places = (shop.out, f"{bucket}/deep/shop")
    night = write_csv(shop.folder / "night.csv", [{**shop.rows[0], "price": 99}, *shop.rows[2:6]])
    more = write_csv(shop.folder / "more.csv", [{**shop.rows[6], "id": "more", "season": "winter"}])
    reports = []
    for place in places:
        done = [
            build(shop.feed, place, **shop.models),
            build(shop.feed, place, **shop.models),
            sync(night, place, **shop.models),
            add(more, place, **shop.models),
            remove(["p2", "nobody"], place),
            status(place),
        ]
        reports.append([{**vars(one), "folder": None, "size_bytes": None} for one in done])
    assert reports[0] == reports[1]
    assert contents(places[0]) == contents(places[1])
    assert sorted(open_place(places[0]).names()) == sorted(open_place(places[1]).names())
    assert 10_000 < status(places[1]).size_bytes < 3 * status(places[0]).size_bytes
    here, there = (Catalogue.open(place) for place in places)
    assert there.ids("season=winter") == ["more"]
    vectors = here.garments("p3")[0].vector[None]
    assert here.search(vectors, 3) == there.search(vectors, 3)


def test_readers_see_a_state_whole_or_not_at_all(shop: Shop, bucket: str) -> None:
    place = f"{bucket}/shop"
    build(shop.feed, place, **shop.models)
    before = contents(place)
    stamp = read_stamp(place)
    tables = Tables(place, stamp, write=True)
    tables.delete_products(["p1", "p2"])
    assert Tables(place, stamp).products.count_rows() == 7
    assert contents(place) == before
    assert status(place).products == 7
    assert [one.id for one in Catalogue.open(place).products()] == [f"p{number}" for number in range(7)]
    remove(["p3"], place)  # what the other has left does not come with it
    assert Catalogue.open(place).ids() == ["p0", "p1", "p2", "p4", "p5", "p6"]


def test_a_second_writer_is_told_who_writes(shop: Shop, bucket: str) -> None:
    place = f"{bucket}/shop"
    build(shop.feed, place, **shop.models)
    with open_place(place).writing(), pytest.raises(CatalogueError, match=r"another process .*\(process \d+ on .*\)"):
        remove(["p1"], place)
    assert remove(["p1"], place).removed == ("p1",)


def test_two_that_begin_at_once_do_not_both_write(bucket: str) -> None:
    first, second = open_place(f"{bucket}/shop"), open_place(f"{bucket}/shop")
    first.read("catalogue.json")
    second.read("catalogue.json")
    first.swap("catalogue.json", b"first")
    with pytest.raises(CatalogueError, match="another process has written to this catalogue meanwhile"):
        second.swap("catalogue.json", b"second")
    first.swap("catalogue.json", b"third")
    assert second.read("catalogue.json") == b"third"
    second.swap("catalogue.json", b"fourth")
    assert first.read("catalogue.json") == b"fourth"


# --- a writer that was held up


def test_commits_of_others_are_undone_and_ones_own_are_made_again(shop: Shop, bucket: str) -> None:
    place = f"{bucket}/shop"
    build(shop.feed, place, **shop.models)
    expected = contents(place)
    stranger = Tables(place, read_stamp(place), write=True)
    with (held := open_place(place)).writing():
        mine = Tables(held, read_stamp(held), write=True)
        stranger.delete_products(["p1"])
        stranger.delete_products(["p2"])
        mine.delete_products(["p5"])
        assert sorted(column(mine.products, "id")) == ["p0", "p1", "p2", "p3", "p4", "p6"]
        stranger.products.checkout_latest()  # type: ignore[no-untyped-call]
        assert sorted(column(stranger.products, "id")) == ["p0", "p1", "p2", "p3", "p4", "p6"]
    assert contents(place) == expected  # nobody has published


def test_a_lease_that_ran_out_is_taken_and_its_holder_stops(
    shop: Shop, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"{bucket}/shop"
    build(shop.feed, place, **shop.models)
    monkeypatch.setattr(lease, "SECONDS", 3.0)
    monkeypatch.setattr(lease, "RENEWED_EVERY", 1e6)  # it is as if it were stopped
    with (late := open_place(place)).writing():
        monkeypatch.setattr(lease, "RENEWED_EVERY", 0.2)
        stamp = read_stamp(late)
        tables = Tables(late, stamp, write=True)
        assert remove(["p3"], place).removed == ("p3",)  # which waits for as long
        with pytest.raises(CatalogueError, match="held up for longer than 3 s, so another may be writing instead"):
            tables.delete_products(["p1"])
        with pytest.raises(CatalogueError, match="held up for longer"):
            late.confirm_held()
        with pytest.raises(CatalogueError, match="held up for longer"):
            publish(late, stamp, tables)
    assert Catalogue.open(place).ids() == ["p0", "p1", "p2", "p4", "p5", "p6"]
    assert remove(["p1"], place).removed == ("p1",)  # its end has released nothing of another's


# --- bad input


@pytest.mark.parametrize(
    "address", ["s3://bucket", "s3:///shop", "gs://bucket/shop", "s3://bucket/shop?x=1", "file:///x"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(CatalogueError, match="is no address of a catalogue; need a folder, or s3://BUCKET/NAME"):
        open_place(address)


def test_a_name_that_is_read_in_two_ways() -> None:
    with pytest.raises(CatalogueError, match=r"s3://bucket/shop%20a: has a % in its name, .* Give it a name without"):
        open_place("s3://bucket/shop%20a")


def test_nothing_there(shop: Shop, bucket: str) -> None:
    with pytest.raises(CatalogueError, match=r"shop: holds no catalogue.json, so it is no catalogue. Make one with"):
        Catalogue.open(f"{bucket}/shop")
    open_place(f"{bucket}/letters").replace("a.txt", b"dear")
    with pytest.raises(CatalogueError, match=r"letters: holds 'a.txt' and no catalogue; nothing is overwritten"):
        build(shop.feed, f"{bucket}/letters", **shop.models)


@pytest.mark.usefixtures("bucket")
def test_no_such_bucket() -> None:
    for ask in (Catalogue.open, lambda where: open_place(where).swap("catalogue.json", b"")):
        with pytest.raises(
            CatalogueError, match="there is no bucket 'buckte' at http://127.*Make it first, or correct"
        ):
            ask("s3://buckte/shop")


def test_wrong_and_no_credentials(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(CatalogueError, match=r"refuses: SignatureDoesNotMatch, .*See whether these credentials may"):
        Catalogue.open(f"{bucket}/shop")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(CatalogueError, match="no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        Catalogue.open(f"{bucket}/shop")


def test_nobody_answers(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(CatalogueError, match="http://127.0.0.1:9 fails: .*See whether the object store can"):
        Catalogue.open(f"{bucket}/shop")


def test_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(CatalogueError, match=r"not installed. Run: pip install 'outfitter\[s3\]'"):
        open_place("s3://bucket/shop")


def test_a_feed_without_the_extra_for_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(FeedError, match=r"feed.csv: cannot be read: .* Run: pip install 'outfitter\[s3\]'"):
        build("s3://bucket/feed.csv", shop.out, **shop.models)


def test_a_damaged_stamp(bucket: str) -> None:
    open_place(f"{bucket}/shop").replace("catalogue.json", json.dumps({"format": 2}).encode())
    with pytest.raises(CatalogueError, match=r"shop/catalogue.json: is damaged: .*Build it again"):
        Catalogue.open(f"{bucket}/shop")
    assert not Path("s3:").exists()

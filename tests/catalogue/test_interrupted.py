"""Builds that do not come to their end, and what they leave for the next."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from outfitter.catalogue import Catalogue, add, build, remove, status
from outfitter.embeddings import Embedder
from outfitter.errors import CatalogueError, ModelError
from outfitter.photo import load_photo
from tests.catalogue.conftest import Shop, counts, write_csv
from tests.conftest import ToyModels
from tests.toy import picture

TOP = {"top": ((30, 10, 100, 60), (220, 30, 30))}
BOTTOM = {"bottom": ((30, 10, 60, 80), (30, 30, 220))}


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

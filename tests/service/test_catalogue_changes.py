"""The catalogue changes while it is served."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from outfitter.catalogue import Report, add, remove
from outfitter.catalogue.place import open_place
from outfitter.errors import PhotoError
from outfitter.service.app import create_app
from outfitter.service.auth import Keys
from outfitter.service.settings import Settings
from outfitter.service.storefront import Storefront
from tests.conftest import ToyModels
from tests.service.conftest import SHOP_PAGE, Serve, outfit, running
from tests.service.test_api import problem

NEW = {"id": "new", "title": "New top", "image": "https://shop.example/new.png", "category": "top", "price": "5 EUR"}


def storefront(client: TestClient) -> Storefront:
    return client.app.state.front.storefront  # type: ignore[attr-defined, no-any-return]


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "it did not come true"
        sleep(0.02)


def test_products_are_put_and_served_at_once(serve: Serve, catalogue: Path) -> None:
    client, nightly = serve(fetch=lambda _: outfit("orange", "blue")), (catalogue / "rejects.csv").read_text()
    put = client.put("/v1/products", json={"products": [NEW, {"id": "half", "image": NEW["image"]}]})
    assert put.status_code == 200, put.text
    assert put.json() | {"rejected": []} == {"added": 1, "updated": 0, "unchanged": 0, "rejected": [], "products": 8}
    assert [(one["id"], one["reason"]) for one in put.json()["rejected"]] == [("half", "title is empty")]
    assert (catalogue / "rejects.csv").read_text() == nightly
    shown = client.get("/v1/products/new").json()
    assert (shown["title"], shown["price"], shown["currency"]) == ("New top", 5.0, "EUR")
    assert client.post("/v1/recommend", json={"product": "new", "k": 1}).json()["picks"]
    again = client.put("/v1/products", json={"products": [NEW]}).json()
    assert (again["added"], again["unchanged"]) == (0, 1)
    changed = client.put("/v1/products", json={"products": [{**NEW, "title": "Newer"}]}).json()
    assert (changed["updated"], client.get("/v1/products/new").json()["title"]) == (1, "Newer")


@pytest.mark.parametrize(
    "row",
    [
        {**NEW, "image": "/etc/hostname"},
        {**NEW, "image": "../feed/top-red.png"},
        {**NEW, "Additional Images": "/etc/hostname"},
        {**NEW, "additional_images": ["https://shop.example/a.png", "b.png"]},
    ],
)
def test_files_of_the_service_are_no_pictures(serve: Serve, row: dict[str, object]) -> None:
    answer = serve(fetch=lambda _: outfit()).put("/v1/products", json={"products": [row]})
    assert "need http://host/" in problem(answer, 422, "feed")


def test_a_put_that_cannot_be_used_changes_nothing(serve: Serve, catalogue: Path) -> None:
    def fetch(url: str) -> bytes:
        raise PhotoError(f"{url}: is not on the public internet.")

    client = serve(fetch=fetch)
    assert "not on the public internet" in problem(client.put("/v1/products", json={"products": [NEW]}), 422, "feed")
    problem(client.put("/v1/products", json={"products": []}), 422, "invalid")
    problem(client.put("/v1/products", json={"products": [[1]]}), 422, "invalid")
    problem(client.put("/v1/products", content=b"x"), 400, "json")
    assert client.get("/readyz").json()["products"] == 7
    assert list((catalogue.parent / "shop.service").glob("*put*")) == []


def test_two_services_that_put_at_once_lose_nothing(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """They share a state folder. The second puts between the first's reading of its request and its writing."""
    first, second = (serve(fetch=lambda _: outfit("orange", "blue")) for _ in range(2))
    second.headers["Authorization"] = first.headers["Authorization"]
    others = [{**NEW, "id": "other"}]

    def after_the_other(*arguments: Any, **options: Any) -> Report:
        if others:
            assert second.put("/v1/products", json={"products": [others.pop()]}).json()["added"] == 1
        return add(*arguments, **options)

    monkeypatch.setattr("outfitter.service.storefront.add", after_the_other)
    put = first.put("/v1/products", json={"products": [NEW]})
    assert (put.status_code, put.json()["added"]) == (200, 1), put.text
    assert {first.get(f"/v1/products/{one}").status_code for one in ("new", "other")} == {200}


def test_a_picture_that_changes_under_its_name_is_shown_anew(serve: Serve) -> None:
    files = {NEW["image"]: outfit("orange", "blue")}
    client = serve(fetch=lambda url: files[url])
    client.put("/v1/products", json={"products": [NEW]})
    before = client.get("/v1/products/new").json()["picture"]
    old, other = client.get(before).content, client.get("/v1/products/top-red").json()["picture"]
    files[NEW["image"]] = outfit("red", "navy")
    assert client.put("/v1/products", json={"products": [{**NEW, "title": "Newer"}]}).json()["updated"] == 1
    after = client.get("/v1/products/new").json()["picture"]
    assert after != before  # browsers keep pictures for an hour
    assert client.get(after).content != old
    assert client.get(before).content == client.get(after).content
    assert client.get("/v1/products/top-red").json()["picture"] == other


def test_products_are_deleted(client: TestClient) -> None:
    assert client.delete("/v1/products/top-red").status_code == 204
    problem(client.get("/v1/products/top-red"), 404, "product")
    problem(client.delete("/v1/products/top-red"), 404, "product")
    assert client.get("/v1/looks").json()["total"] == 0


def test_changes_need_the_admin_key(client: TestClient) -> None:
    token = client.post("/v1/tokens", json={"origins": [SHOP_PAGE]}).json()["token"]
    page = TestClient(client.app, headers={"Authorization": f"Bearer {token}", "Origin": SHOP_PAGE})
    problem(page.delete("/v1/products/top-red"), 403, "key")
    problem(page.put("/v1/products", json={"products": [NEW]}), 403, "key")
    assert client.get("/v1/products/top-red").status_code == 200


def test_another_writer_is_told_of_and_waited_for(client: TestClient, catalogue: Path) -> None:
    with open_place(catalogue).writing():
        answer = client.delete("/v1/products/top-red")
        assert "another process is writing" in problem(answer, 503, "catalogue")
        assert "retry-after" in answer.headers
    assert client.delete("/v1/products/top-red").status_code == 204


def test_the_catalogue_is_swapped_without_a_dropped_request(serve: Serve, catalogue: Path) -> None:
    client = serve(reload_seconds=0.02)
    stop = threading.Event()

    def ask(number: int) -> set[tuple[int, int]]:
        seen, last = set(), False
        while not last:
            last = stop.is_set()
            if number % 2:
                answer = client.post("/v1/recommend", files={"photo": ("a.png", outfit())}, data={"k": "7"})
            else:
                answer = client.post("/v1/recommend", json={"product": "top-red", "k": 7})
            seen.add((answer.status_code, len({pick["product"]["id"] for pick in answer.json()["picks"]})))
        return seen

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, number) for number in range(4)]
        try:
            for number, product_id in enumerate(("footwear-mint", "bottom-blue", "top-orange"), 1):
                remove([product_id], catalogue)
                until(lambda left=7 - number: client.get("/readyz").json()["products"] == left)  # type: ignore[misc]
        finally:
            stop.set()
        answers = set().union(*(one.result() for one in asking))
    assert {status for status, _ in answers} == {200}
    assert {count for _, count in answers} >= {6, 3}  # by product, before the first swap and after the last


def test_a_folder_put_in_the_catalogues_place_is_served(client: TestClient, catalogue: Path) -> None:
    beside = Path(shutil.copytree(catalogue, catalogue.with_name("beside")))
    remove(["top-red"], beside)
    catalogue.rename(catalogue.with_name("old"))
    beside.rename(catalogue)
    assert storefront(client).reload()
    assert client.get("/readyz").json()["products"] == 6
    assert not storefront(client).reload()


def test_a_catalogue_that_is_broken_leaves_the_old_one_serving(client: TestClient, catalogue: Path) -> None:
    stamp = (catalogue / "catalogue.json").read_text()
    (catalogue / "catalogue.json").write_text("{")
    assert not storefront(client).reload()
    assert client.get("/readyz").json()["products"] == 7
    assert "is damaged" in client.get("/v1/status").json()["trouble"]
    (catalogue / "catalogue.json").write_text(stamp)
    assert storefront(client).reload()
    assert client.get("/v1/status").json()["trouble"] is None


def test_the_end_waits_for_a_change_that_is_under_way(
    catalogue: Path, toy_models: ToyModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outfitter.service.server.GRACE", 0)
    gate = threading.Event()

    def fetch(_: str) -> bytes:
        gate.wait(20)
        return outfit("orange", "blue")

    settings = Settings(
        catalogue=catalogue,
        detector=toy_models.detector,
        embedder=toy_models.embedder,
        insecure_local=True,
        seconds=0.4,
    )
    app = create_app(settings, Keys.ephemeral(), fetch)
    with ThreadPoolExecutor(1) as pool:
        with running(app, settings) as url:
            put = pool.submit(httpx2.put, f"{url}/v1/products", json={"products": [NEW]}, timeout=60)
            until(lambda: bool(app.state.front.writes.taken))
            threading.Timer(1.5, gate.set).start()
        assert put.result().json()["added"] == 1

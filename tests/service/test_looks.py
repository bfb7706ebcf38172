"""Looks as the widget asks for them: each is worked out once, and waits for no other."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from outfitter.errors import PhotoError, QueryError
from tests.service.conftest import Serve, outfit
from tests.service.test_api import problem
from tests.service.test_catalogue_changes import until

SLOW, QUICK = "https://slow.example/look.png", "https://quick.example/look.png"


class Web:
    """Two pictures, each by its address. held: what SLOW waits for, once it is set. gone: nothing is had any more."""

    def __init__(self) -> None:
        self.files = {SLOW: outfit("orange", "blue"), QUICK: outfit("burgundy", "blue")}
        self.asked: Counter[str] = Counter()
        self.held: threading.Event | None = None
        self.gone = False

    def __call__(self, url: str) -> bytes:
        self.asked[url] += 1
        if url == SLOW and self.held:
            self.held.wait(60)
        if self.gone:
            raise PhotoError(f"{url}: answered 404 Not Found; need 200. Check the address.")
        return self.files[url]


def on_the_web(serve: Serve, web: Web, **options: Any) -> TestClient:
    """The shop with two looks more, whose pictures lie on the web."""
    client = serve(fetch=web, **{"seconds": 10, **options})
    rows = [{"id": url, "title": "A look", "image": url, "category": "top"} for url in web.files]
    assert client.put("/v1/products", json={"products": rows}).json()["added"] == 2
    web.asked.clear()
    return client


def path(url: str) -> str:
    return f"/v1/looks/{quote(url, safe='')}"


def test_a_slow_picture_holds_up_its_own_look_only(serve: Serve) -> None:
    web = Web()
    client = on_the_web(serve, web)
    known = client.get(path(QUICK)).json()
    web.held = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        try:
            waiting = [pool.submit(client.get, path(SLOW)) for _ in range(2)]
            until(lambda: web.asked[SLOW] == 1)
            assert client.get("/v1/looks/worn.png").status_code == 200
            again = client.get(path(QUICK)).json()
            assert again | {"recommendation_id": ""} == known | {"recommendation_id": ""}
        finally:
            web.held.set()
        assert [one.result().status_code for one in waiting] == [200, 200]
    assert web.asked == {SLOW: 1, QUICK: 1}


def test_a_picture_that_cannot_be_had_is_asked_for_once_a_minute(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    web = Web()
    client = on_the_web(serve, web)
    web.gone = True
    told = [problem(client.get(path(SLOW)), 422, "photo") for _ in range(3)]
    assert "answered 404" in told[0]
    assert (len(set(told)), web.asked[SLOW]) == (1, 1)
    monkeypatch.setattr("outfitter.service.looks.AGAIN", 0.0)
    web.gone = False
    assert client.get(path(SLOW)).status_code == 200
    assert web.asked[SLOW] == 2


def test_slow_pictures_hold_up_nothing_that_is_at_hand(serve: Serve) -> None:
    web = Web()
    client = on_the_web(serve, web, workers=1)
    slow = client.get(f"/v1/products/{quote(SLOW, safe='')}").json()["picture"]
    near = client.get("/v1/products/top-red").json()["picture"]
    web.held = threading.Event()
    with ThreadPoolExecutor(12) as pool:
        try:
            waiting = [pool.submit(client.get, slow) for _ in range(6)]  # there are four threads for searches
            waiting += [pool.submit(client.get, path(SLOW)) for _ in range(6)]
            until(lambda: client.app.state.front.pictures.taken == 12)  # type: ignore[attr-defined]
            for at_hand in (near, path("worn.png"), path("none"), "/v1/products/top-red/similar"):
                assert client.get(at_hand).status_code in (200, 404)
        finally:
            web.held.set()
        assert [one.result().status_code for one in waiting] == [200] * 12
    assert web.asked == {SLOW: 2}  # once for the thumbnail, once for the look's size


def test_a_thumbnail_that_cannot_be_made_is_tried_once_a_minute(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    web = Web()
    client = on_the_web(serve, web)
    picture = client.get(f"/v1/products/{quote(SLOW, safe='')}").json()["picture"]
    web.gone = True
    told = {problem(client.get(picture), 422, "photo") for _ in range(3)}
    assert (len(told), web.asked[SLOW]) == (1, 1)
    monkeypatch.setattr("outfitter.service.storefront.AGAIN", 0.0)
    web.gone = False
    assert client.get(picture).status_code == 200
    assert client.get(picture).status_code == 200
    assert web.asked[SLOW] == 2


def test_a_look_follows_the_rules_of_its_scenario(serve: Serve, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{pin: footwear-mint, where: slot=footwear, scenarios: [look]}]")
    look = serve(merchandising=rules).get("/v1/looks/worn.png").json()
    assert look["complete"][0]["id"] == "footwear-mint"
    assert look["complete"][0]["because"] == "Chosen by the shop for this place."
    shown = [one["id"] for row in (*(spot["similar"] for spot in look["hotspots"]), look["complete"]) for one in row]
    assert "bottom-blue" not in shown  # it cannot be bought


def test_reasons_speak_of_these_shoes_and_of_this_top(client: TestClient) -> None:
    top, bottom = client.get("/v1/looks/worn.png").json()["hotspots"]
    assert " this top" in top["similar"][0]["because"]
    assert " these bottoms" in bottom["similar"][0]["because"]


def test_only_a_look_that_there_is_not_is_not_found(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise QueryError("filter: there is no column 'prise'")

    monkeypatch.setattr("outfitter.walk.Shop.recommend", refuse)
    assert "prise" in problem(client.get("/v1/looks/worn.png"), 422, "query")
    problem(client.get("/v1/looks/0000"), 404, "look")

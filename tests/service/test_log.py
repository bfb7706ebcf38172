"""What is logged: a line a request, with its id wherever it is worked on, and nothing that is secret."""

from __future__ import annotations

import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from outfitter.embeddings import Embedder
from outfitter.errors import EventError, ModelError
from outfitter.service.batching import BatchedEmbedder
from outfitter.service.log import REQUEST, LogFormat, log_to
from outfitter.service.metrics import Metrics
from outfitter.values import Crops, Embeddings
from outfitter.walk import Shop
from tests.conftest import ToyModels, logging_kept
from tests.service.conftest import SHOP_PAGE, Serve, outfit
from tests.service.test_api import problem
from tests.service.test_catalogue_changes import until
from tests.service.test_queue import Gated, crops, one_core


class Logged:
    """What `outfitter serve` would write to stderr."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The lines as JSON, but for those of this test's own HTTP client."""
        rows = [json.loads(line) for line in self.text.splitlines()]
        return [row for row in rows if row["logger"] == "outfitter.service"]


@pytest.fixture
def logged(request: pytest.FixtureRequest) -> Iterator[Logged]:
    kind: LogFormat = getattr(request, "param", "json")
    made = Logged()
    with logging_kept():
        log_to(made.stream, kind)
        yield made


def test_a_line_for_each_request(client: TestClient, logged: Logged) -> None:
    answer = client.post("/v1/recommend", json={"product": "top-red"}, headers={"X-Request-ID": "shop-17/a.b_c"})
    assert answer.headers["x-request-id"] == "shop-17/a.b_c"
    wrong = client.get("/v1/products/none?limit=secret", headers={"X-Request-Id": "shop-18"})
    problem(wrong, 404, "product")
    assert wrong.json()["instance"] == "urn:outfitter:request:shop-18"
    first, second = logged.rows
    assert {name: first[name] for name in ("level", "request", "method", "route", "status", "caller")} == {
        "level": "info",
        "request": "shop-17/a.b_c",
        "method": "POST",
        "route": "/v1/recommend",
        "status": 200,
        "caller": "admin",
    }
    assert 0 < first["ms"] < 60_000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert "problem" not in first
    assert (second["request"], second["status"], second["problem"]) == ("shop-18", 404, "product")
    assert second["route"] == "/v1/products/{product_id:path}"


@pytest.mark.parametrize("sent", ["", "two words", "x" * 101, "line\\nbreak", "<b>", "é"])
def test_an_id_that_cannot_be_logged_as_it_is_is_replaced(client: TestClient, logged: Logged, sent: str) -> None:
    answer = client.get("/healthz", headers={b"X-Request-Id": sent.encode()})
    own = answer.headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{16}", own)
    assert [row["request"] for row in logged.rows] == [own]


@pytest.mark.parametrize("logged", ["text"], indirect=True)
def test_a_line_for_people(client: TestClient, logged: Logged) -> None:
    client.get("/v1/products/none", headers={"X-Request-Id": "r-1"})
    (line,) = [line for line in logged.text.splitlines() if "/v1/" in line and "HTTP Request" not in line]
    assert re.fullmatch(
        r"\S+Z info GET /v1/products/\{product_id:path\} 404 in [\d.]+ ms "
        r"\(request r-1, caller admin, problem product\)",
        line,
    )


def test_the_id_goes_along_into_the_workers(
    client: TestClient, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommend, both = Shop.recommend, threading.Barrier(2)

    def telling(self: Shop, *question: Any, **options: Any) -> Any:
        both.wait(20)  # two requests at once, in two threads
        logging.getLogger("outfitter.service").warning("about %s", options["product"][0])
        return recommend(self, *question, **options)

    monkeypatch.setattr(Shop, "recommend", telling)

    def ask(product: str) -> None:
        client.post("/v1/recommend", json={"product": product}, headers={"X-Request-Id": f"for-{product}"})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, ("top-red", "bottom-navy")))
    told = {row["message"]: row["request"] for row in logged.rows if row["level"] == "warning"}
    assert told == {"about top-red": "for-top-red", "about bottom-navy": "for-bottom-navy"}


def test_a_batch_that_fails_names_the_requests_in_it(toy_models: ToyModels, logged: Logged) -> None:
    class Failing(Gated):
        def __call__(self, crops: Crops) -> Embeddings:
            made = super().__call__(crops)
            if len(crops) == 3:
                raise ModelError("the third is too much")
            return made

    gated = Failing(Embedder(toy_models.embedder, threads=1))
    batched = BatchedEmbedder(gated, 1, one_core(), Metrics())

    def ask(request: str, count: int) -> Embeddings:
        REQUEST.set(request)
        return batched(crops(count, count))

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, "a", 4)
        assert gated.entered.acquire(timeout=10)
        others = [pool.submit(ask, "b", 2)]
        until(lambda: len(batched._waiting) == 1)
        others.append(pool.submit(ask, "c", 1))
        until(lambda: len(batched._waiting) == 2)
        for _ in range(2):
            gated.gate.release()
        assert len(first.result(10)) == 4
        for one in others:
            with pytest.raises(ModelError):
                one.result(10)
    batched.close()
    (row,) = logged.rows
    assert (row["level"], row["requests"]) == ("error", ["b", "c"])
    assert "the third is too much" in row["exception"]


def test_lists_that_are_lost_are_told_and_counted(
    client: TestClient, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = client.app.state.front  # type: ignore[attr-defined]

    def full(*_: object) -> None:
        raise EventError("events.db: cannot be written: disk full")

    monkeypatch.setattr(front.happenings.store, "show", full)
    client.post("/v1/recommend", json={"product": "top-red"}, headers={"X-Request-Id": "r-9"})
    until(lambda: any(row["level"] == "error" for row in logged.rows))
    (row,) = [row for row in logged.rows if row["level"] == "error"]
    assert (row["message"], row["requests"]) == (
        "1 lists that were shown are lost: events.db: cannot be written: disk full",
        ["r-9"],
    )
    assert "outfitter_lists_lost_total 1.0" in client.get("/metrics").text


@pytest.mark.parametrize("logged", ["json", "text"], indirect=True)
def test_nothing_secret_is_logged(serve: Serve, logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(fetch=lambda _: outfit())
    key = client.headers["authorization"].removeprefix("Bearer ")
    token = client.post("/v1/tokens", json={"origins": [SHOP_PAGE]}).json()["token"]
    link = client.get("/v1/products/top-red").json()["picture"]
    client.get(link)
    client.get(link[:-3])
    client.get("/v1/looks", headers={"Authorization": f"Bearer {token}", "Origin": SHOP_PAGE})
    client.get("/v1/looks", headers={"Authorization": f"Bearer {token}x", "Origin": SHOP_PAGE})
    client.get("/v1/looks", headers={"Authorization": "Bearer ofk_mistyped"})
    client.get("/v1/looks?key=ofk_in_the_query", headers={"Authorization": "Bearer ofk_mistyped"})
    client.post("/v1/recommend", json={"product": "top-red", "user": "user-of-the-shop"})
    client.post("/v1/recommend", json={"url": "https://user:pass-word@shop.example/a.png?sig=signed-url"})
    client.post("/v1/events", json={"events": [{"id": "1", "kind": "view", "product": "top-red", "user": "ann-lee"}]})
    client.post("/v1/detect", files={"photo": ("name-of-a-file.png", outfit())})
    client.post("/v1/detect", content=b"not-a-picture", headers={"Content-Type": "image/png"})

    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Shop, "recommend", bug)
    client.post("/v1/recommend?k=3", content=outfit(), headers={"Content-Type": "image/png"})
    # The client of this test logs its own requests.
    text = "\n".join(line for line in logged.text.splitlines() if "HTTP Request" not in line)
    assert "ZeroDivisionError" in text
    assert "/v1/looks" in text
    secrets = (key, token, token.rpartition(".")[2], link.partition("s=")[2], "ofk_", "oft_", "user-of-the-shop")
    for secret in (
        *secrets,
        "pass-word",
        "signed-url",
        "ann-lee",
        "name-of-a-file",
        "not-a-picture",
        "IHDR",
        "\\x89PNG",
    ):
        assert secret not in text, secret

"""Many clients at once: batches, full queues, slow work, slow bodies, and an orderly end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from outfitter.artifact import Manifest
from outfitter.crops import PROTOCOL
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import ModelError
from outfitter.service.batching import CROPS, BatchedEmbedder, BoundedDetector
from outfitter.service.limits import Desk
from outfitter.service.metrics import Metrics
from outfitter.service.problems import Problem
from outfitter.values import Crops, Detections, Embeddings
from tests.conftest import ToyModels
from tests.service.conftest import Serve, outfit
from tests.service.test_api import problem
from tests.toy import SIDE


def crops(count: int, seed: int, side: int = SIDE, protocol: str = PROTOCOL) -> Crops:
    return Crops(np.random.default_rng(seed).integers(0, 255, (count, side, side, 3), np.uint8), protocol)


def one_core() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(1)


class Gated:
    """The toy embedder, each run of which waits to be let through."""

    def __init__(self, inner: Embedder) -> None:
        self.inner, self.runs = inner, list[int]()
        self.entered, self.gate = threading.Semaphore(0), threading.Semaphore(0)

    @property
    def manifest(self) -> Manifest:
        return self.inner.manifest

    def __call__(self, crops: Crops) -> Embeddings:
        self.runs.append(len(crops))
        self.entered.release()
        self.gate.acquire()
        return self.inner(crops)


def test_crops_that_arrive_during_a_run_go_together_and_come_back_apart(toy_models: ToyModels) -> None:
    inner = Embedder(toy_models.embedder, threads=1)
    gated, metrics = Gated(inner), Metrics()
    batched = BatchedEmbedder(gated, 1, one_core(), metrics)
    sizes = [3, 1, 2, 1, 2, 7]  # the first runs alone; then 1 + 2 + 1 are as many as may, and nothing goes with 7
    with ThreadPoolExecutor(len(sizes)) as pool:
        asked = []
        for number, size in enumerate(sizes):
            asked.append(pool.submit(batched, crops(size, number)))
            if number == 0:
                assert gated.entered.acquire(timeout=10)
            else:
                _wait_for(lambda number=number: len(batched._waiting) == number)
        for _ in range(4):
            gated.gate.release()
        for number, (one, size) in enumerate(zip(asked, sizes, strict=True)):
            np.testing.assert_allclose(one.result(10).vectors, inner(crops(size, number)).vectors, atol=1e-6)
    assert gated.runs == [3, CROPS, 2, 7]
    told = metrics.registry.get_sample_value
    assert (told("outfitter_embedder_crops_count"), told("outfitter_embedder_crops_sum")) == (4, 16)
    assert told("outfitter_queue_wait_seconds_count", {"queue": "embedder"}) == len(sizes)
    assert told("outfitter_stage_seconds_count", {"stage": "embed"}) == 4
    assert told("outfitter_queue", {"queue": "embedder"}) == 0
    batched.close()
    with pytest.raises(RuntimeError, match="closed"):
        batched(crops(1, 0))


def _wait_for(true: Any) -> None:
    for _ in range(1000):
        if true():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come true")


def test_an_error_reaches_those_it_concerns_and_the_embedder_goes_on(toy_models: ToyModels) -> None:
    inner = Embedder(toy_models.embedder, threads=1)
    gated = Gated(inner)
    batched = BatchedEmbedder(gated, 1, one_core(), Metrics())
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(batched, crops(1, 0))
        assert gated.entered.acquire(timeout=10)
        wrong = pool.submit(batched, crops(2, 1, protocol="another"))
        _wait_for(lambda: len(batched._waiting) == 1)
        good = pool.submit(batched, crops(2, 2))
        _wait_for(lambda: len(batched._waiting) == 2)
        for _ in range(3):
            gated.gate.release()
        assert len(first.result(10)) == 1
        with pytest.raises(ModelError, match="cut by 'another'"):
            wrong.result(10)
        assert len(good.result(10)) == 2
    batched.close()
    assert gated.runs == [1, 2, 2]


def test_nothing_to_embed(toy_models: ToyModels) -> None:
    batched = BatchedEmbedder(Embedder(toy_models.embedder, threads=1), 1, one_core(), Metrics())
    assert batched(crops(0, 0)).vectors.shape == (0, 48)
    batched.close()


def test_photos_at_once_are_bounded_by_the_cores(toy_models: ToyModels) -> None:
    inner, now, most, lock = Detector(toy_models.detector, threads=1), 0, 0, threading.Lock()

    def counted(photo: Any) -> Detections:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.02)
        found = inner(photo)
        with lock:
            now -= 1
        return found

    metrics, gate = Metrics(), threading.BoundedSemaphore(2)
    bounded = BoundedDetector(counted, gate, metrics)

    def at_cores() -> float | None:
        return metrics.registry.get_sample_value("outfitter_queue", {"queue": "core"})

    with ThreadPoolExecutor(8) as pool:
        with gate, gate:
            asked = [pool.submit(bounded, outfit()) for _ in range(8)]
            _wait_for(lambda: at_cores() == 8)
        found = [one.result() for one in asked]
    assert (most, at_cores()) == (2, 0)
    assert {one.labels for one in found} == {("top", "bottom")}


def test_a_full_desk_refuses_and_a_slow_one_gives_up() -> None:
    async def scene() -> None:
        desk, gate = Desk(1, 1, 0.3, "test"), threading.Event()
        waiting = [asyncio.create_task(desk.run(lambda: gate.wait(10))) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(Problem, match="2 requests wait") as full:
            await desk.run(lambda: None)
        assert full.value.status_code == 503
        assert full.value.headers is not None
        assert int(full.value.headers["Retry-After"]) >= 1
        for one in waiting:
            with pytest.raises(Problem, match=r"took over 0\.3 s") as slow:
                await one
            assert slow.value.status_code == 503
        # Given up, but its worker is still busy: the place is taken until it has ended.
        await asyncio.sleep(0)  # the place of the one that never began is given back by the loop
        assert desk.taken == 1
        gate.set()
        while desk.taken:
            await asyncio.sleep(0.01)
        assert await desk.run(lambda: 7) == 7
        desk.close()

    asyncio.run(scene())


def test_an_error_of_the_work_is_its_own() -> None:
    async def scene() -> None:
        desk = Desk(1, 1, 5, "test")

        def work() -> None:
            raise TimeoutError("of the work")

        with pytest.raises(TimeoutError, match="of the work"):
            await desk.run(work)
        desk.close()

    asyncio.run(scene())


def test_a_full_queue_is_503_with_retry_after_and_searches_go_on(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(workers=1, queue=1)  # two workers for photos, one place beside them
    inside, gate = threading.Semaphore(0), threading.Event()
    see = client.app.state.front.storefront.see  # type: ignore[attr-defined]

    def slow(*arguments: Any) -> Any:
        inside.release()
        gate.wait(20)
        return see(*arguments)

    monkeypatch.setattr(client.app.state.front.storefront, "see", slow)  # type: ignore[attr-defined]

    def ask() -> Any:
        return client.post("/v1/recommend", files={"photo": ("a.png", outfit())})

    with ThreadPoolExecutor(3) as pool:
        try:
            asked = [pool.submit(ask) for _ in range(3)]
            for _ in range(2):
                assert inside.acquire(timeout=10)
            _wait_for(lambda: client.app.state.front.photos.taken == 3)  # type: ignore[attr-defined]
            refused = ask()
            assert "All workers are busy" in problem(refused, 503, "busy")
            assert int(refused.headers["retry-after"]) >= 1
            assert client.get("/v1/products/top-red/similar").status_code == 200
            assert client.get("/v1/status").json()["queue"]["photo"] == {"now": 3, "room": 3}
        finally:
            gate.set()
        assert [one.result(20).status_code for one in asked] == [200, 200, 200]


def test_photos_that_are_slow_to_come_keep_no_thread_from_the_models(serve: Serve) -> None:
    gate = threading.Event()

    def fetch(_: str) -> bytes:
        gate.wait(20)
        return outfit()

    client = serve(fetch, workers=1, seconds=10)  # two threads for photos
    front = client.app.state.front  # type: ignore[attr-defined]
    slow = {"url": "https://slow.example/a.png"}
    with ThreadPoolExecutor(6) as pool:
        try:
            asked = [
                pool.submit(client.post, f"/v1/{what}", json=slow) for what in ("detect", "recommend", "photo") * 2
            ]
            _wait_for(lambda: front.downloads.taken == 6)
            assert front.photos.taken == 0
            assert client.post("/v1/detect", files={"photo": ("a.png", outfit())}).status_code == 200
        finally:
            gate.set()
        assert [one.result(20).status_code for one in asked] == [200] * 6


def test_a_download_is_part_of_the_time_that_a_request_may_take() -> None:
    async def scene() -> None:
        desk = Desk(1, 1, 0.5, "test")
        with pytest.raises(Problem, match=r"took over 0\.5 s"):
            await desk.run(lambda: time.sleep(0.3), since=time.monotonic() - 0.4)
        desk.close()

    asyncio.run(scene())


def test_a_photo_that_there_is_no_room_for_is_not_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve()

    async def read(*_: object) -> bytes:
        raise AssertionError("the body was read")

    monkeypatch.setattr("starlette.requests.Request.body", read)
    monkeypatch.setattr("outfitter.service.questions._form", read)
    front = client.app.state.front  # type: ignore[attr-defined]
    monkeypatch.setattr(front.photos, "_taken", front.photos.room)
    for path in ("/v1/detect", "/v1/recommend"):
        problem(client.post(path, content=outfit(), headers={"Content-Type": "image/png"}), 503, "busy")
        problem(client.post(path, files={"photo": ("a.png", outfit())}), 503, "busy")


def test_a_slow_body_is_408(serve: Serve) -> None:
    client = serve(seconds=0.2)

    async def scene() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/v1/detect",
            "raw_path": b"/v1/detect",
            "query_string": b"",
            "headers": [
                (b"content-type", b"image/png"),
                (b"authorization", client.headers["authorization"].encode()),
                (b"host", b"testserver"),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
            "scheme": "http",
            "root_path": "",
        }

        async def drip() -> AsyncIterator[dict[str, Any]]:
            while True:  # never silent for long, and never done
                yield {"type": "http.request", "body": b"\x89", "more_body": True}
                await asyncio.sleep(0.02)

        dripping = drip()

        async def receive() -> dict[str, Any]:
            return await anext(dripping)

        async def send(message: Any) -> None:
            sent.append(message)

        await client.app(scope, receive, send)
        return sent

    start, body = asyncio.run(asyncio.wait_for(scene(), 10))[:2]
    assert start["status"] == 408
    assert b"took over 0.2 s to arrive" in body["body"]
    assert (b"connection", b"close") in start["headers"]
    assert isinstance(client, TestClient)

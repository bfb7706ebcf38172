"""The Ray engine on a cluster of three nodes, against the local one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from outfitter.catalogue import Catalogue, build
from outfitter.detections import Detector
from outfitter.distributed import ray_engine
from outfitter.embeddings import Embedder
from tests.catalogue.conftest import contents, draw, write_csv
from tests.conftest import ToyModels
from tests.distributed.conftest import Nodes

pytestmark = pytest.mark.slow
PRODUCTS = 120


class Gate(ThreadingHTTPServer):
    """Serves files; from the `hold`-th request on, it waits until it is opened."""

    daemon_threads = True
    asked = 0
    hold = 10**9

    def __init__(self, folder: Path) -> None:
        self.opened, self.held = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        gate = self.server
        assert isinstance(gate, Gate)
        gate.asked += 1
        if gate.asked > gate.hold:
            gate.held.set()
            gate.opened.wait(300)
        with suppress(ConnectionError):  # who asked has been killed
            super().do_GET()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with Gate(tmp_path) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.opened.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def feed(tmp_path: Path, gate: Gate) -> Path:
    """Products with pictures from disk and by HTTP, some shared, some broken, and rows that cannot be used."""
    rows = [
        {
            **row,
            "image": f"{gate.url}/{row['image']}" if number % 2 else row["image"],
            "additional_images": "pictures/3.png|none.png" if number % 20 == 7 else "",
        }
        for number, row in enumerate(draw(tmp_path, PRODUCTS))
    ]
    rows.insert(50, {"id": "gone", "title": "Gone", "image": "gone.png"})
    rows.insert(90, {**rows[3], "title": "A second p3"})
    return write_csv(tmp_path / "feed.csv", rows)


@pytest.fixture
def models(toy_models: ToyModels) -> tuple[Detector, Embedder]:
    return Detector(toy_models.detector, threads=1), Embedder(toy_models.embedder, threads=1)


def test_a_node_dies_and_the_index_is_the_local_one(
    nodes: Nodes, feed: Path, gate: Gate, tmp_path: Path, models: tuple[Detector, Embedder]
) -> None:
    detector, embedder = models
    local = build(feed, tmp_path / "local", detector=detector, embedder=embedder)
    gate.asked, gate.hold = 0, 20

    def kill() -> None:
        gate.held.wait()
        nodes.kill()  # in the middle of its batches: their pictures are on the way
        gate.opened.set()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    seen: list[int] = []
    with ray_engine(nodes.address) as engine:
        report = build(
            feed,
            tmp_path / "ray",
            detector=detector,
            embedder=embedder,
            engine=engine,
            progress=lambda done, _: seen.append(done),
        )
    killer.join()
    nodes.add()
    assert gate.asked > PRODUCTS // 2  # some pictures were asked for again
    assert seen == list(range(1, PRODUCTS + 3))
    assert (report.added, report.rejected) == (local.added, local.rejected) == (PRODUCTS, 2 + 6)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert len(Catalogue.open(tmp_path / "ray")) == PRODUCTS

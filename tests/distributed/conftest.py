"""A cluster of three nodes, shared by all tests here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from tests.catalogue.conftest import Row, draw
from tests.conftest import ToyModels
from tests.distributed.gate import Gate, serving

NODES = 3

PRODUCTS = 120
REJECTED = 2 + PRODUCTS // 20
"""Of `rows`: two rows, and a second picture of each twentieth product."""


class Nodes:
    """The cluster's address, and what may happen to its nodes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address = self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _order(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        assert self._read() == "done"

    def kill(self) -> None:
        """End one node that is not the head, and all that runs on it."""
        self._order("kill")

    def kill_worker(self) -> None:
        """End a process that works on pictures, on another node than `kill` would end."""
        self._order("kill worker")

    def add(self) -> None:
        self._order("add")


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    for _ in range(4):  # Ray gives its own processes 15 seconds to start, which a busy machine may not have
        with started() as nodes:
            if nodes.address:
                yield nodes
                return
    pytest.fail("the cluster does not start")


@contextmanager
def started() -> Iterator[Nodes]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.distributed.nodes", str(NODES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        yield Nodes(process)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with serving(tmp_path) as gate:
        yield gate


@pytest.fixture
def rows(tmp_path: Path, gate: Gate) -> list[Row]:
    """Products with pictures from disk and by HTTP, some shared, some broken, and rows that cannot be used."""
    rows: list[Row] = [
        {
            **row,
            "image": f"{gate.url}/{row['image']}" if number % 2 else row["image"],
            "additional_images": "pictures/3.png|none.png" if number % 20 == 7 else "",
        }
        for number, row in enumerate(draw(tmp_path, PRODUCTS))
    ]
    rows.insert(50, {**rows[0], "id": "gone", "image": "gone.png"})
    rows.insert(90, {**rows[3], "title": "A second p3"})
    return rows


@pytest.fixture
def models(toy_models: ToyModels) -> tuple[Detector, Embedder]:
    return Detector(toy_models.detector, threads=1), Embedder(toy_models.embedder, threads=1)

"""A cluster of three nodes, shared by all tests here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NODES = 3


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

"""A cluster of three nodes, shared by all tests here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ToyModels

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
        self._order("kill 0")

    def add(self) -> None:
        self._order("add")


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    command = [sys.executable, "-m", "tests.distributed.nodes", str(NODES)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        nodes = Nodes(process)
        assert nodes.address, "the cluster did not start"
        yield nodes
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def model_options(toy_models: ToyModels) -> tuple[str, ...]:
    """The toy models on the command line."""
    return ("--detector", str(toy_models.detector), "--embedder", str(toy_models.embedder))

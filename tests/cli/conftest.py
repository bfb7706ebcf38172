"""The command line, called in this process or, where the process itself is the point, in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from outfitter import cli


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Outfitter = Callable[..., Run]


@pytest.fixture
def outfitter(capsys: pytest.CaptureFixture[str]) -> Outfitter:
    def call(*arguments: object) -> Run:
        code = cli.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Run(code, captured.out, captured.err)

    return call


@pytest.fixture
def outfitter_process() -> Outfitter:
    def call(*arguments: object, stdin: bytes = b"") -> Run:
        command = [sys.executable, "-m", "outfitter.cli", *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: red.png (a red top), both.jpg (a top and a bottom), sub/red.png (a green shoe), plain.png (nothing)."""
    from tests.toy import picture

    folder = tmp_path_factory.mktemp("photos")
    (folder / "sub").mkdir()
    picture((321, 480), top=((100, 60, 220, 200), (200, 20, 30))).save(folder / "red.png")
    both = picture((300, 500), top=((90, 50, 200, 180), (210, 40, 40)), bottom=((95, 180, 190, 430), (30, 30, 190)))
    both.save(folder / "both.jpg", quality=95)
    picture((240, 200), footwear=((40, 60, 200, 150), (10, 150, 20))).save(folder / "sub" / "red.png")
    picture((200, 300)).save(folder / "plain.png")
    return folder

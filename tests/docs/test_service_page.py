"""The commands of docs/service.md: what `outfitter serve` takes is there, and looks are exported as it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from outfitter.cli import serve
from tests.cli.conftest import Outfitter, outfitter
from tests.conftest import ToyModels
from tests.docs.commands import commands
from tests.service.conftest import built as built

__all__ = ["outfitter"]


def test_the_commands_run(
    outfitter: Outfitter, built: Path, toy_models: ToyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.service").mkdir()  # as serve makes it
    (tmp_path / "shop").symlink_to(built)
    app = typer.Typer()
    app.command()(serve.command)
    known = {name for option in typer.main.get_command(app).params for name in option.opts}
    for words in commands("docs/service.md"):
        if words[0] == "serve":  # which would not end; tests/cli/test_serve.py runs it
            assert {word for word in words if word.startswith("--")} <= known
            continue
        # The tests' catalogue is made by another embedder than the one that comes with Outfitter.
        run = outfitter(*words, *(("--model", toy_models.embedder) if words[0] == "doctor" else ()))
        assert run.code == 0, run.err
    assert json.loads((tmp_path / "looks" / "looks.json").read_text())["looks"]

"""The commands of docs/shared-storage.md, on a real object store."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import typer

from outfitter.cli import serve
from tests.catalogue.conftest import draw, write_csv
from tests.cli.conftest import Outfitter, outfitter
from tests.conftest import ToyModels
from tests.docs.commands import commands

__all__ = ["outfitter"]


def test_the_commands_run(
    outfitter: Outfitter, bucket: str, toy_models: ToyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{**row, "id": str(4710 + number)} for number, row in enumerate(draw(tmp_path, 6))]
    write_csv(tmp_path / "feed.csv", rows[:4])
    write_csv(tmp_path / "more.csv", rows[4:])
    models = ("--detector", toy_models.detector, "--embedder", toy_models.embedder)
    app = typer.Typer()
    app.command()(serve.command)
    known = {name for option in typer.main.get_command(app).params for name in option.opts}
    for words in commands("docs/shared-storage.md"):
        words = shlex.split(shlex.join(words).replace("s3://shops/", f"{bucket}/"))
        if words[0] == "serve":  # tests/service/test_shared_catalogue.py runs two of them
            assert {word for word in words if word.startswith("--")} <= known
            continue
        if words[0] == "doctor":
            words += ["--model", str(toy_models.embedder)]
        elif words[1] in ("build", "sync", "add"):
            words += [str(word) for word in models]
        elif words[0] == "recommend":
            words += ["--embedder", str(toy_models.embedder)]
        run = outfitter(*words)
        assert run.code == 0, (words, run.err)

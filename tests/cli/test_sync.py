from __future__ import annotations

import json
from pathlib import Path

import pytest

from outfitter.catalogue import build
from outfitter.cli import run
from tests.catalogue.conftest import Models, draw, write_csv
from tests.catalogue.conftest import models as models
from tests.conftest import ToyModels


def test_a_night_on_the_command_line(
    tmp_path: Path, models: Models, toy_models: ToyModels, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = draw(tmp_path, 5)
    build(write_csv(tmp_path / "feed.csv", rows), tmp_path / "shop", **models)
    night = write_csv(tmp_path / "night.csv", [{**rows[0], "price": 9}, *rows[1:3], {**rows[3], "price": "cheap"}])
    line = ["catalogue", "sync", str(night), "--catalogue", str(tmp_path / "shop")]
    line += ["--detector", str(toy_models.detector), "--embedder", str(toy_models.embedder)]
    assert run(line) == 1  # a row was rejected
    out, said = capsys.readouterr()
    told = json.loads(out)
    counts = ("added", "changed", "removed", "unchanged", "kept", "rejected", "embedded")
    assert [told[name] for name in counts] == [0, 1, 1, 2, 1, 1, 0]
    assert "0 added, 1 changed (0 in their pictures), 1 removed, 2 unchanged; 0 pictures embedded." in said
    assert run([*line, "--format", "shopfy"]) == 2
    assert "did you mean 'shopify'" in capsys.readouterr().err

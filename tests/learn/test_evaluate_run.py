"""``outfitter evaluate`` on a training run scores as the run scored itself, and so does its export."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from outfitter.datasets.coco import write
from outfitter.datasets.records import record_of
from tests.cli.conftest import Outfitter, outfitter
from tests.learn.conftest import COLOURS, Learnt

__all__ = ["outfitter"]


def test_a_run(outfitter: Outfitter, learnt: Learnt, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write(data / "val.json", [record_of(replace(one, split="val")) for one in learnt.examples], tuple(COLOURS))
    done = outfitter("evaluate", learnt.run, "--on", data, "--out", tmp_path / "out", "--resamples", 100)
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert found["scores"]["AP"]["value"] == pytest.approx(learnt.row["AP"], abs=0.01)
    assert (found["model"], found["samples"], len(found["model_hash"])) == ("run", 8, 16)
    again = outfitter("evaluate", learnt.run, "--on", data, "--out", tmp_path / "out")
    assert again.code == 2
    assert "is not empty" in again.err

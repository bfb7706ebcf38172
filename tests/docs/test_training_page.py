"""The commands of docs/training.md run, at small scale; those that need a network or long training are tested apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Outfitter, outfitter
from tests.datasets.sources import write_text
from tests.docs.commands import commands
from tests.learn.conftest import draw

__all__ = ["outfitter"]

ELSEWHERE = ("adapt", "adopt")
STEPS = {"1800": "100", "3000": "104", "0.1": "0.5"}
"""Shorter runs, and so less sure models, of which int8 loses more; of one of 40 steps half precision does, too."""
SMALL = """
input: {area: 12288, multiple_of: 32}
batch: 4
workers: 0
ema: 0.0
augment: {flip: 0, zoom: 0, stretch: 0, shift: 0, colour: 0, grey: 0}
optimiser: {warm_up: 5, learning_rate: 0.001, backbone_factor: 1.0}
"""


@pytest.mark.slow
def test_the_commands_run(outfitter: Outfitter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from outfitter.datasets.dataset import write_splits
    from outfitter.datasets.records import record_of

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("outfitter.learn.preflight.STEPS", 3)
    monkeypatch.setattr("outfitter.learn.preflight.ENOUGH", 0.0)
    (tmp_path / "photos").mkdir()
    (tmp_path / "data").mkdir()
    train = [draw(tmp_path / "photos", number) for number in range(4)]
    # So many that a box which by rounding misses one of COCO's ten overlaps is no drop of the export.
    val = [draw(tmp_path / "photos", number) for number in range(4, 20)]
    records = [record_of(one) for one in train] + [record_of(one)._replace(split="val") for one in val]
    write_splits(tmp_path / "data", records, ("top", "bottom"))
    write_text(tmp_path / "small.yaml", SMALL)
    for words in commands("docs/training.md"):
        if words[0] in ELSEWHERE:
            continue
        if words[0] == "train" and "--out" in words:
            words += ["--config", "small.yaml"] if "--model" not in words else ["--steps", "1"]
        done = outfitter(*[STEPS.get(word, word) for word in words])
        assert done.code == 0, f"{' '.join(words)}: {done.err}"
    assert (tmp_path / "run" / "samples.png").is_file()
    assert (tmp_path / "small" / "model.onnx").stat().st_size < (tmp_path / "my-detector" / "model.onnx").stat().st_size

"""Two processes with half of the batch each move the weights as one with the whole batch does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.learn import checkpoint as checkpoints
from outfitter.learn.train import read_run
from tests.datasets.sources import write_text
from tests.learn.conftest import draw

CONFIG = """
model: ssdlite320_mobilenet_v3
weights: none
batch_norm: hold
steps: 2
batch: 4
workers: 0
ema: 0.0
augment: {flip: 0, zoom: 0, stretch: 0, shift: 0, colour: 0, grey: 0}
optimiser: {kind: sgd, learning_rate: 0.01, warm_up: 0, schedule: steps}
"""


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    records = [record_of(draw(tmp_path, number)) for number in range(8)]
    write_splits(
        tmp_path / "data", [*records[:6], *(one._replace(split="val") for one in records[6:])], ("top", "bottom")
    )
    write_text(tmp_path / "config.yaml", CONFIG)
    states = {}
    for devices in (1, 2):
        run = tmp_path / f"run{devices}"
        command = [sys.executable, "-m", "outfitter.cli", "train", str(tmp_path / "data"), "--out", str(run)]
        command += ["--config", str(tmp_path / "config.yaml"), "--devices", str(devices)]
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count('"step": 2') == 1, "one process tells"
        assert f"{devices} processes on cpu" in (run / "train.log").read_text()
        states[devices] = load_file(checkpoints.step_folder(run, 2) / "model.safetensors")
    torch.manual_seed(read_run(tmp_path / "run1").options.seed)
    from outfitter.learn.models import build

    fresh = build("ssdlite320_mobilenet_v3", ("top", "bottom"), "none").state_dict()
    moved = [
        torch.cat([(state[name] - fresh[name]).flatten() for name in sorted(fresh) if fresh[name].is_floating_point()])
        for state in (states[1], states[2])
    ]
    # Each process divides by the anchors matched in its own photos, so the two agree, but not to the last bit.
    assert float(torch.nn.functional.cosine_similarity(moved[0], moved[1], dim=0)) > 0.99
    assert float(moved[1].norm() / moved[0].norm()) == pytest.approx(1, abs=0.05)

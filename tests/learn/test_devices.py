"""Two processes with half of the batch each move the weights as one with the whole batch does, masks or not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from outfitter.cli import run as cli
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.learn import checkpoint as checkpoints
from outfitter.learn.train import RunInfo, read_run, start
from tests.datasets.sources import write_text
from tests.learn.conftest import draw
from tests.learn.test_segments import masked
from tests.learn.test_train import SMALL
from tests.processes import interruptible

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

MASKS = """
model: faster_rcnn_lite
weights: none
batch_norm: hold
steps: 3
batch: 2
workers: 0
segments: 0.5
input: {area: 6144}
"""


def train(folder: Path, devices: int) -> str:
    """A run in ``folder/run{devices}`` on ``folder/data``, by ``folder/config.yaml``. Returns what it printed."""
    run = folder / f"run{devices}"
    command = [sys.executable, "-m", "outfitter.cli", "train", str(folder / "data"), "--out", str(run)]
    command += ["--config", str(folder / "config.yaml"), "--devices", str(devices)]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{devices} processes on cpu" in (run / "train.log").read_text()
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
def test_interrupted_they_save_what_they_have(tmp_path: Path, devices: int) -> None:
    """Ctrl-C in a terminal goes to every process of the command, and torchrun hands it on once more."""
    (tmp_path / "data").mkdir()
    write_splits(tmp_path / "data", [record_of(draw(tmp_path, number)) for number in range(8)], ("top", "bottom"))
    write_text(tmp_path / "config.yaml", CONFIG.replace("steps: 2", "steps: 5000"))
    run = tmp_path / "run"
    command = [sys.executable, "-m", "outfitter.cli", "train", str(tmp_path / "data"), "--out", str(run)]
    command += ["--config", str(tmp_path / "config.yaml"), "--devices", str(devices)]
    process = subprocess.Popen(command, start_new_session=True, preexec_fn=interruptible)
    log = run / "train.log"
    while not log.exists() or "step 20 " not in log.read_text():
        assert process.poll() is None, "the run ended before it could be interrupted"
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(120) == 130
    saved = checkpoints.latest(run)
    assert saved is not None
    assert f"interrupted at step {int(saved.name.removeprefix('step-'))}; go on with" in log.read_text()


@pytest.mark.slow
def test_what_the_processes_cannot_do_is_told_as_by_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write_splits(tmp_path / "data", [record_of(draw(tmp_path, number)) for number in range(4)], ("top", "bottom"))
    write_text(tmp_path / "config.yaml", CONFIG.replace("batch: 4", "batch: 3"))
    command = [sys.executable, "-m", "outfitter.cli", "train", str(tmp_path / "data"), "--out", str(tmp_path / "run")]
    command += ["--config", str(tmp_path / "config.yaml"), "--devices", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2, done.stderr
    assert "outfitter: batch: 3 is shared by 2 processes" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_process_looks_and_copies_before_there_are_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    examples = [draw(tmp_path, number) for number in range(2)]
    write_splits(tmp_path / "data", [record_of(example) for example in examples], ("top", "bottom"))
    start(tmp_path / "run", RunInfo(SMALL, ("top", "bottom"), str(tmp_path / "data")), examples, ()).save()
    done: list[Any] = []

    def overfit(_info: RunInfo, train: list[Any], init: Path) -> float:
        done.append((len(train), init))
        return 1.0

    def launch(devices: int, data: Path | None, given: dict[str, Any]) -> int:
        assert given.get("resume") is None or checkpoints.latest(given["resume"]) is not None
        done.append((devices, data, {name: value for name, value in given.items() if value is not None}))
        return 0

    monkeypatch.setattr("outfitter.learn.preflight.overfit", overfit)
    monkeypatch.setattr("outfitter.cli.train._in_parallel", launch)
    data, run, out = (str(tmp_path / name) for name in ("data", "run", "out"))
    assert cli(["train", data, "--out", out, "--init", run, "--preflight", "--devices", "2", "--steps", "3"]) == 0
    assert done == [
        (2, Path(run)),
        (2, Path(data), {"out": Path(out), "init": Path(run), "steps": 3}),
    ]
    assert cli(["train", "--resume", run, "--out", out, "--devices", "2", "--steps", "9"]) == 0
    assert done[2:] == [(2, None, {"resume": Path(out), "steps": 9})]


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
        assert train(tmp_path, devices).count('"step": 2') == 1, "one process tells"
        states[devices] = load_file(checkpoints.step_folder(tmp_path / f"run{devices}", 2) / "model.safetensors")
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


@pytest.mark.slow
def test_a_process_whose_photos_have_no_mask_keeps_up(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    examples = [*masked(tmp_path / "masked", 1), *(draw(tmp_path, number) for number in range(1, 6))]
    write_splits(tmp_path / "data", [record_of(example) for example in examples], ("top", "bottom"))
    write_text(tmp_path / "config.yaml", MASKS)
    train(tmp_path, 2)
    assert "loss_segments=" in (tmp_path / "run2" / "train.log").read_text()

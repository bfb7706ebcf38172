from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from outfitter.errors import TrainingError
from outfitter.learn import checkpoint as checkpoints


def trained() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(3)
    model = torch.nn.Linear(5, 3)
    optimiser = torch.optim.AdamW([{"params": model.parameters(), "share": 0.5}], lr=0.1)
    model(torch.ones(2, 5)).sum().backward()
    optimiser.step()
    return model, optimiser


def made(step: int = 7) -> checkpoints.Checkpoint:
    model, optimiser = trained()
    return checkpoints.Checkpoint(step, model.state_dict(), None, optimiser.state_dict(), {"best": 0.25, "stale": 1})


def test_all_that_was_saved_comes_back(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "c", made())
    found = checkpoints.load(tmp_path / "c")
    assert (found.step, found.ema, found.notes) == (7, None, {"best": 0.25, "stale": 1})
    model, optimiser = trained()
    fresh = torch.optim.AdamW([{"params": model.parameters(), "share": 0.5}], lr=0.7)
    fresh.load_state_dict(dict(found.optimiser))
    wanted, got = optimiser.state_dict(), fresh.state_dict()
    assert got["param_groups"] == json.loads(json.dumps(wanted["param_groups"]))
    for index, values in wanted["state"].items():
        assert all(torch.equal(values[key], got["state"][index][key]) for key in values)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Writes past so many bytes fail, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 300])
def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, size: int) -> None:
    folder = tmp_path / "best"
    checkpoints.save(folder, made(step=10))
    with no_file_longer_than(size), pytest.raises(TrainingError, match="File too large.*--resume"):
        checkpoints.save(folder, made(step=20))
    assert checkpoints.load(folder).step == 10
    assert [p.name for p in tmp_path.iterdir()] == ["best"], "nothing half-written stays"


def test_what_a_kill_left_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = tmp_path / "best"
    for left in (folder, tmp_path / "best.old", tmp_path / "best.partial"):
        checkpoints.save(left, made(step=10))
    checkpoints.save(folder, made(step=20))
    assert checkpoints.load(folder).step == 20
    assert [p.name for p in tmp_path.iterdir()] == ["best"]


def test_the_newest_whole_checkpoint_is_found(tmp_path: Path) -> None:
    for step in (100, 200, 300):
        checkpoints.save(checkpoints.step_folder(tmp_path, step), made(step))
    (checkpoints.step_folder(tmp_path, 300) / checkpoints.STATE_FILE).unlink()
    assert checkpoints.latest(tmp_path) == checkpoints.step_folder(tmp_path, 200)
    checkpoints.prune(tmp_path, keep=1)
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["step-00000200"]


def test_a_folder_without_a_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no checkpoint"):
        checkpoints.load(tmp_path)

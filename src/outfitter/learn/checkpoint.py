"""Checkpoints: safetensors and JSON, never pickle; complete or absent, never half.

    RUN/checkpoints/step-00000400/   model, ema, optimiser (.safetensors) and state.json, written last
    RUN/best/                        the same, of the best evaluation so far

A checkpoint is made beside and renamed, so a full disk or a kill leaves the one before it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from outfitter.errors import TrainingError

STATE_FILE = "state.json"


@dataclass(frozen=True)
class Checkpoint:
    """Everything a run needs to go on. ema is None where it is turned off; scaler only exists for fp16."""

    step: int
    model: Mapping[str, Tensor]
    ema: Mapping[str, Tensor] | None
    optimiser: Mapping[str, Any]
    notes: Mapping[str, Any]


def _own(tensor: Tensor) -> Tensor:
    """The tensor on memory of its own: a model may use one under two names, which safetensors refuses."""
    return tensor.detach().cpu().contiguous().clone()


def _flatten(optimiser: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {"param_groups": optimiser["param_groups"], "state": {}}
    for index, values in optimiser["state"].items():
        for key, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{key}"] = value
            else:
                plain["state"].setdefault(str(index), {})[key] = value
    return tensors, plain


def _restore(tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {int(index): dict(values) for index, values in plain["state"].items()}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = tensor
    return {"state": state, "param_groups": plain["param_groups"]}


def save(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint at `folder`, replacing one that is there only when the new one is complete.

    Raises:
        TrainingError: the disk is full or cannot be written; what was at `folder` is untouched.
    """
    beside = folder.with_name(folder.name + ".partial")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        tensors, plain = _flatten(checkpoint.optimiser)
        parts = {"model": checkpoint.model, "optimiser": tensors, "ema": checkpoint.ema}
        for name, part in parts.items():
            if part is not None:
                save_file({k: _own(t) for k, t in part.items()}, beside / f"{name}.safetensors")
        state = {"step": checkpoint.step, "optimiser": plain, "notes": checkpoint.notes}
        (beside / STATE_FILE).write_text(json.dumps(state, indent=1), encoding="utf-8")
        old = folder.with_name(folder.name + ".old")
        shutil.rmtree(old, ignore_errors=True)  # a kill may have left it
        if folder.exists():
            folder.rename(old)
        beside.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise TrainingError(
            f"{folder}: the checkpoint of step {checkpoint.step} could not be written: "
            f"{getattr(error, 'strerror', None) or error}. "
            "The checkpoint before it is whole; free some space and run 'outfitter train --resume RUN'."
        ) from error


def load(folder: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        TrainingError: there is none, or it cannot be read.
    """
    if not (folder / STATE_FILE).is_file():
        raise TrainingError(f"{folder}: holds no checkpoint; need a folder that 'outfitter train' wrote.")
    try:
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        parts = {file.stem: load_file(file) for file in sorted(folder.glob("*.safetensors"))}
        optimiser = _restore(parts["optimiser"], state["optimiser"])
        return Checkpoint(state["step"], parts["model"], parts.get("ema"), optimiser, state["notes"])
    except Exception as error:
        raise TrainingError(f"{folder}: cannot be read: {error}. Remove it to go on from the one before.") from error


def step_folder(run: Path, step: int) -> Path:
    """Where the checkpoint of `step` lies."""
    return run / "checkpoints" / f"step-{step:08d}"


def _complete(run: Path) -> list[Path]:
    return [f for f in sorted((run / "checkpoints").glob("step-????????")) if (f / STATE_FILE).is_file()]


def latest(run: Path) -> Path | None:
    """The newest complete checkpoint of a run, or None."""
    return next(reversed(_complete(run)), None)


def run_of(checkpoint: Path) -> Path:
    """The run that a checkpoint in ``RUN/checkpoints`` or ``RUN/best`` belongs to; any other folder is a run itself."""
    if not (checkpoint / STATE_FILE).is_file():
        return checkpoint
    return checkpoint.parents[1] if checkpoint.parent.name == "checkpoints" else checkpoint.parent


def prune(run: Path, keep: int = 2, every: int = 0) -> None:
    """Remove what an interrupted save left, and all complete checkpoints but the newest `keep` and those of steps,
    from 1 on, that `every` divides, if it is not 0."""
    complete = _complete(run)
    steps = {folder: int(folder.name.removeprefix("step-")) for folder in complete}
    kept = [f for f in complete if f in complete[-keep:] or (every and steps[f] and steps[f] % every == 0)]
    for folder in (run / "checkpoints").iterdir():
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def copy_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A detached copy of a state dict, on its own memory."""
    with torch.no_grad():
        return {name: tensor.detach().clone() for name, tensor in state.items()}

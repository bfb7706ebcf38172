"""The training loop, for whatever is trained: a detector, an embedder.

A step is a function of (seed, step, weights): batches, augmentation and the sampling inside the model are seeded by the
step's number, so a run that was killed and resumed equals one that was not, bit for bit on a CPU.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor, nn

from outfitter.errors import ConfigError, TrainingError
from outfitter.learn import checkpoint as checkpoints
from outfitter.learn.interrupts import stop_asked
from outfitter.learn.journal import Journal
from outfitter.learn.memory import memory_kept
from outfitter.learn.models.common import hold_batch_norm, keep_depthwise_single
from outfitter.learn.options import LoopOptions
from outfitter.learn.schedule import freeze, make_optimiser, set_learning_rate

LOCK_FILE = "lock"
TOLD_EVERY = 20
"""Steps between lines of the log."""

Progress = Callable[[int, int, float], None]
"""Called after every step with (steps done, steps in all, loss)."""


class Batch(Protocol):
    """What a step is computed from; `names` are for messages."""

    @property
    def names(self) -> Sequence[str]: ...


class Task(Protocol):
    """What is trained, on what, and how it is judged."""

    @property
    def judged_by(self) -> str:
        """The number of an evaluation's row by which the best checkpoint is chosen; the higher, the better."""

    @property
    def resumed_by(self) -> str:
        """The command that goes on with a run, but for the run's folder."""

    def build(self, weights: str | None) -> nn.Module:
        """The model, with pretrained weights (see `outfitter.learn.models.build`)."""

    def batches(self, first_step: int, rank: int, world: int) -> Iterator[Batch]:
        """The share of process `rank` of `world` in the batches of steps `first_step`, `first_step` + 1, …"""

    def losses(self, model: nn.Module, batch: Any, device: torch.device) -> dict[str, Tensor]:
        """The parts of the loss, scalars."""

    def evaluate(self, model: nn.Module, step: int, journal: Journal) -> dict[str, Any] | None:
        """A row of numbers, `judged_by` among them; None where there is nothing to judge by."""


@dataclass
class Run:
    """A run in progress. Make one with `begin`, then call it."""

    folder: Path
    options: LoopOptions
    task: Task
    accelerator: Accelerator
    model: nn.Module
    optimiser: torch.optim.Optimizer
    ema: dict[str, Tensor] | None
    step: int = 0
    best: float = -1.0
    stale: int = 0
    notes: list[str] = field(default_factory=list)
    """What the log should say before the first step."""

    @property
    def bare(self) -> nn.Module:
        """The model without what processes and compilation wrap around it, so that its tensors have their own names."""
        found: nn.Module = self.accelerator.unwrap_model(self.model, keep_torch_compile=False)
        return found

    def __call__(self, progress: Progress | None = None) -> dict[str, Any]:
        """Train to the last step; returns the last evaluation.

        Ctrl-C ends the step, and the evaluation if one is due, saves, and raises KeyboardInterrupt; a second one raises
        at once and saves nothing.

        Raises:
            TrainingError: another process trains this run, the loss is not finite, or a checkpoint cannot be written.
        """
        quiet = not self.accelerator.is_main_process
        with (
            _locked(self.folder, quiet),
            Journal(self.folder, quiet) as journal,
            memory_kept(),
            stop_asked(quiet, alone=self.accelerator.num_processes == 1) as stopping,
        ):
            return self._loop(journal, progress, stopping)

    def _loop(self, journal: Journal, progress: Progress | None, stopping: Callable[[], bool]) -> dict[str, Any]:
        options, process = self.options, self.accelerator
        journal.say(f"step {self.step} of {options.steps}, {process.num_processes} processes on {process.device}")
        for note in self.notes:
            journal.say(note)
        row: dict[str, Any] = {}
        started, seen = time.monotonic(), 0
        for batch in self.task.batches(self.step, process.process_index, process.num_processes):
            rate, parts = self._one_step(batch)
            self.step += 1
            seen += options.batch
            if progress:
                progress(self.step, options.steps, sum(parts.values()))
            if self.step % TOLD_EVERY == 0 or self.step == options.steps:
                speed = seen / (time.monotonic() - started)
                shown = " ".join(f"{name}={value:.4f}" for name, value in parts.items())
                journal.say(f"step {self.step} {shown} photos/s={speed:.2f}")
                told = {f"train/{name}": value for name, value in parts.items()}
                journal.scalars(self.step, {**told, "train/learning_rate": rate, "train/photos_per_second": speed})
            last = self.step == options.steps
            judged = last or self.step % options.evaluate_every == 0
            if judged:
                row = self._evaluate(journal)
            given_up = judged and 0 < options.patience <= self.stale
            interrupted = self._any(stopping()) and not last
            due = any(every and self.step % every == 0 for every in (options.save_every, options.keep_every))
            if last or due or given_up or interrupted:
                self.save()
            if given_up:
                journal.say(f"stopped: {self.stale} evaluations without a better {self.task.judged_by}")
                break
            if interrupted:
                journal.say(f"interrupted at step {self.step}; go on with '{self.task.resumed_by} {self.folder}'")
                raise KeyboardInterrupt
        return row

    def _any(self, asked: bool) -> bool:
        """Whether one of the processes was asked to stop: a signal comes to each in a step of its own."""
        if self.accelerator.num_processes == 1:
            return asked
        return bool(self.accelerator.reduce(torch.tensor(float(asked), device=self.accelerator.device)))

    def _one_step(self, batch: Batch) -> tuple[float, dict[str, float]]:
        options = self.options
        rate = set_learning_rate(self.optimiser, options.optimiser, self.step, options.steps)
        torch.manual_seed(options.seed * 1_000_003 + self.step * 1009 + self.accelerator.process_index)
        self.model.train()
        if options.holds_batch_norm:
            hold_batch_norm(self.model)
        with self.accelerator.autocast():
            losses = self.task.losses(self.model, batch, self.accelerator.device)
        total = torch.stack(list(losses.values())).sum()
        parts = {name: float(loss.detach()) for name, loss in losses.items()}
        if not bool(torch.isfinite(total)):
            raise TrainingError(
                f"the loss is not finite at step {self.step}: {parts}; photos {', '.join(batch.names)}. Look at their "
                "boxes with 'outfitter datasets check', or lower optimiser.learning_rate and resume."
            )
        self.accelerator.backward(total)
        self.accelerator.clip_grad_norm_(self.model.parameters(), options.optimiser.clip)
        self.optimiser.step()
        self.optimiser.zero_grad()
        if self.ema is not None:
            self._average()
        return rate, parts

    @torch.no_grad()
    def _average(self) -> None:
        assert self.ema is not None
        decay = min(self.options.ema, (1 + self.step) / (10 + self.step))
        for name, value in self.bare.state_dict().items():
            if value.is_floating_point():
                self.ema[name].lerp_(value, 1 - decay)
            else:
                self.ema[name].copy_(value)

    def _evaluate(self, journal: Journal) -> dict[str, Any]:
        """Judge the averaged weights, on the main process, and keep the best; all learn whether it was better."""
        found: dict[str, Any] | None = None
        if self.accelerator.is_main_process:
            model = self.bare
            current = checkpoints.copy_of(model.state_dict())
            if self.ema is not None:
                model.load_state_dict(self.ema)
            try:
                found = self.task.evaluate(model.eval(), self.step, journal)
            finally:
                model.load_state_dict(current)
        score = None if found is None else float(found[self.task.judged_by])
        if self.accelerator.num_processes > 1:
            from accelerate.utils import broadcast_object_list

            score = broadcast_object_list([score])[0]
        if score is None:
            return {}
        self.stale += 1
        if score > self.best:
            self.best, self.stale = score, 0
            if self.accelerator.is_main_process:
                checkpoints.save(self.folder / "best", self._checkpoint())
        if found is not None:
            journal.row(self.step, found)
            journal.say(f"step {self.step} " + " ".join(f"{k}={v:.4f}" for k, v in found.items() if type(v) is float))
        return {"step": self.step, **(found or {})}

    def _checkpoint(self) -> checkpoints.Checkpoint:
        scaler = self.accelerator.scaler
        return checkpoints.Checkpoint(
            step=self.step,
            model=self.bare.state_dict(),
            ema=self.ema,
            optimiser=self.optimiser.state_dict(),
            notes={"best": self.best, "stale": self.stale, "scaler": scaler.state_dict() if scaler else None},
        )

    def save(self) -> None:
        """Write a checkpoint, on the main process, and remove those that are no longer wanted."""
        if self.accelerator.is_main_process:
            checkpoints.save(checkpoints.step_folder(self.folder, self.step), self._checkpoint())
            checkpoints.prune(self.folder, every=self.options.keep_every)

    def restore(self, found: checkpoints.Checkpoint) -> None:
        """Go on from a checkpoint."""
        self.bare.load_state_dict(dict(found.model))
        device = self.accelerator.device  # a checkpoint is read into the CPU's memory
        self.ema = None if found.ema is None else {name: tensor.to(device) for name, tensor in found.ema.items()}
        self.optimiser.load_state_dict(dict(found.optimiser))
        self.step, self.best, self.stale = found.step, found.notes["best"], found.notes["stale"]
        if self.accelerator.scaler and found.notes.get("scaler"):
            self.accelerator.scaler.load_state_dict(found.notes["scaler"])


def begin(
    folder: Path,
    options: LoopOptions,
    task: Task,
    weights: str | None,
    adjust: Callable[[nn.Module], None] | None = None,
    new: bool = False,
) -> Run:
    """Build the model and all that moves it.

    adjust: changes the model's weights before anything copies them. new: whether the run is yet to be made.

    Raises:
        TrainingError: a new run, and `folder` is not empty.
        ConfigError: the processes cannot share a batch evenly.
    """
    AcceleratorState._reset_state()  # a whole process shares it: a run of another precision before this one is over
    accelerator = Accelerator(
        mixed_precision="no" if options.precision == "fp32" else options.precision,
        dynamo_backend="inductor" if options.compile else None,
    )
    if options.batch % accelerator.num_processes:  # the mean over processes would weigh photos differently
        raise ConfigError(
            f"batch: {options.batch} is shared by {accelerator.num_processes} processes, and each needs as many photos "
            f"as the others. Take a multiple of {accelerator.num_processes}, or another number of --devices."
        )
    if new and accelerator.is_main_process:  # the first process makes the folder, maybe before another one looks
        _refuse_full(folder, task.resumed_by)
    torch.manual_seed(options.seed)
    model = task.build(weights)
    if adjust is not None:
        adjust(model)
    freeze(model, options.frozen)
    model = model.to(accelerator.device)
    if options.precision != "fp32" and accelerator.device.type == "cpu":
        keep_depthwise_single(model)
    ema = checkpoints.copy_of(model.state_dict()) if options.ema else None
    optimiser = make_optimiser(model, options.optimiser)
    model, optimiser = accelerator.prepare(model.to(memory_format=torch.channels_last), optimiser)
    return Run(folder, options, task, accelerator, model, optimiser, ema)


def _refuse_full(folder: Path, resumed_by: str) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TrainingError(
            f"{folder}: is not empty, and a run is never overwritten. Name a new folder, or go on with "
            f"'{resumed_by} {folder}'."
        )


def newest_before(folder: Path, goal: int, resumed_by: str) -> checkpoints.Checkpoint | None:
    """The newest checkpoint of a run that shall go on to step `goal`; None where it has none yet.

    Raises:
        TrainingError: the run is at or past `goal` already.
    """
    found_at = checkpoints.latest(folder)
    if found_at is None:
        return None
    found = checkpoints.load(found_at)
    if found.step >= goal:
        raise TrainingError(
            f"{folder}: is at step {found.step} already; the goal is {goal}. "
            f"Name a further one: '{resumed_by} {folder} --steps {2 * found.step}'."
        )
    return found


def extend(run: Run, write: Callable[[Path], None]) -> None:
    """Give a run that goes on another goal, which `write` puts into its folder; who names a goal wants it reached.

    Raises:
        TrainingError: another process trains this run; then its goal stays.
    """
    if run.accelerator.is_main_process:
        with _locked(run.folder, quiet=False):
            write(run.folder)
    run.stale = 0


@contextmanager
def _locked(folder: Path, quiet: bool) -> Iterator[None]:
    """Only one process may train a run; the lock goes with the process, however that ends.

    Raises:
        TrainingError: another process trains it. Never if `quiet`, for the processes beside the main one.
    """
    if quiet:
        yield
        return
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TrainingError(
                f"{folder}: another process is training this run. Wait for it, or stop it and resume."
            ) from None
        yield

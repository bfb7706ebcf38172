"""The training loop, for every architecture.

A run is a folder: ``run.json`` (options, class names, where the data lay), ``train.log``, ``metrics.jsonl``,
``tensorboard/``, ``checkpoints/`` and ``best/``. A step is a function of (seed, step, weights): batches, augmentation
and the sampling inside the model are seeded by the step's number, so a run that was killed and resumed equals one
that was not, bit for bit on a CPU.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from outfitter.artifact import MANIFEST_FILE, read_manifest
from outfitter.config import parse
from outfitter.errors import TrainingError
from outfitter.evaluation.detection import score_detections
from outfitter.learn import checkpoint as checkpoints
from outfitter.learn.models import build
from outfitter.learn.options import TrainOptions
from outfitter.learn.predict import TorchDetector
from outfitter.learn.reopen import reopen
from outfitter.learn.samples import Batch, Samples, stream
from outfitter.learn.schedule import freeze, make_optimiser, set_learning_rate
from outfitter.photo import load_photo
from outfitter.values import Detections, Example

RUN_FILE = "run.json"
Progress = Callable[[int, int, float], None]
"""Called after every step with (steps done, steps in all, loss)."""


@dataclass(frozen=True)
class RunInfo:
    """What ``run.json`` holds."""

    options: TrainOptions
    class_names: tuple[str, ...]
    data: str

    def write(self, run: Path) -> None:
        values = {"options": self.options.model_dump(mode="json"), "class_names": self.class_names, "data": self.data}
        (run / RUN_FILE).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def read_run(run: Path) -> RunInfo:
    """Read ``run.json``.

    Raises:
        TrainingError: not a run folder.
    """
    try:
        values = json.loads((run / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{run}: is not a run folder: {error}. Need one that 'outfitter train' made.") from error
    options = parse(TrainOptions, values["options"], str(run / RUN_FILE))
    return RunInfo(options, tuple(values["class_names"]), values["data"])


def load_trained(run: Path) -> tuple[TorchDetector, RunInfo]:
    """The best model of a run (averaged weights where it kept them), else the newest."""
    info = read_run(run)
    found = _best(run)
    model = build(info.options.model, info.class_names)
    model.load_state_dict(dict(found.ema or found.model))
    return TorchDetector(model, info.class_names, info.options.input), info


def _best(run: Path) -> checkpoints.Checkpoint:
    folder = run / "best" if (run / "best" / checkpoints.STATE_FILE).is_file() else checkpoints.latest(run)
    if folder is None:
        raise TrainingError(f"{run}: holds no checkpoint yet. Run 'outfitter train --resume {run}'.")
    return checkpoints.load(folder)


@dataclass
class Run:
    """A run in progress. Make one with `start` or `resume`, then call it."""

    folder: Path
    info: RunInfo
    train: Sequence[Example]
    val: Sequence[Example]
    accelerator: Accelerator
    model: nn.Module
    optimiser: torch.optim.Optimizer
    ema: dict[str, Tensor] | None
    step: int = 0
    best: float = -1.0
    stale: int = 0
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("outfitter.train"))

    def __call__(self, progress: Progress | None = None) -> dict[str, Any]:
        """Train to the last step; returns the last evaluation. Ctrl-C saves, then raises KeyboardInterrupt."""
        handler = logging.FileHandler(self.folder / "train.log", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self.log.addHandler(handler)
        self.log.setLevel(logging.INFO)
        try:
            return self._loop(progress)
        except KeyboardInterrupt:
            self._save()
            self.log.info("interrupted at step %d; go on with 'outfitter train --resume %s'", self.step, self.folder)
            raise
        finally:
            self.log.removeHandler(handler)
            handler.close()

    def _loop(self, progress: Progress | None) -> dict[str, Any]:
        options = self.info.options
        process = self.accelerator
        samples = Samples(self.train, self.info.class_names, options, process.process_index, process.num_processes)
        self.log.info(
            "step %d of %d, %d photos, %d processes", self.step, options.steps, len(self.train), process.num_processes
        )
        scores: dict[str, Any] = {}
        started, seen = time.monotonic(), 0
        for batch in stream(samples, self.step):
            parts = self._one_step(batch)
            self.step += 1
            seen += options.batch
            if progress:
                progress(self.step, options.steps, sum(parts.values()))
            if self.step % 20 == 0 or self.step == options.steps:
                rate = seen / (time.monotonic() - started)
                shown = " ".join(f"{name}={value:.4f}" for name, value in parts.items())
                self.log.info("step %d %s photos/s=%.2f", self.step, shown, rate)
            last = self.step == options.steps
            if self.val and (last or self.step % options.evaluate_every == 0):
                scores = self._evaluate()
            if last or self.step % options.save_every == 0:
                self._save()
            if options.patience and self.stale >= options.patience:
                self.log.info("stopped: %d evaluations without a better AP", self.stale)
                break
        return scores

    def _one_step(self, batch: Batch) -> dict[str, float]:
        options = self.info.options
        set_learning_rate(self.optimiser, options.optimiser, self.step, options.steps)
        torch.manual_seed(options.seed * 1_000_003 + self.step * 1009 + self.accelerator.process_index)
        self.model.train()
        device = self.accelerator.device
        images = [image.to(device, non_blocking=True) for image in batch.images]
        targets = [
            {"boxes": target["boxes"].to(device), "labels": target["labels"].to(device)} for target in batch.targets
        ]
        with self.accelerator.autocast():
            losses: dict[str, Tensor] = self.model(images, targets)
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
        return parts

    @torch.no_grad()
    def _average(self) -> None:
        assert self.ema is not None
        decay = min(self.info.options.ema, (1 + self.step) / (10 + self.step))
        for name, value in self.accelerator.unwrap_model(self.model).state_dict().items():
            if value.is_floating_point():
                self.ema[name].lerp_(value, 1 - decay)
            else:
                self.ema[name].copy_(value)

    def _evaluate(self) -> dict[str, Any]:
        """Score the averaged weights on val, on the main process, and keep the best."""
        if not self.accelerator.is_main_process:
            return {}
        model = self.accelerator.unwrap_model(self.model)
        current = checkpoints.copy_of(model.state_dict())
        if self.ema is not None:
            model.load_state_dict(self.ema)
        detector = TorchDetector(model, self.info.class_names, self.info.options.input)
        predictions: dict[str, Detections] = {e.name: detector(load_photo(e.image)) for e in self.val}
        model.load_state_dict(current)
        truth = {example.name: example.annotations for example in self.val}
        scores = score_detections(truth, predictions, self.info.class_names)
        row = {"step": self.step, "AP": scores.ap, "AP50": scores.ap50, "per_class_AP50": dict(scores.per_class_ap50)}
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.log.info("step %d AP=%.4f AP50=%.4f", self.step, scores.ap, scores.ap50)
        self.stale += 1
        if scores.ap > self.best:
            self.best, self.stale = scores.ap, 0
            checkpoints.save(self.folder / "best", self._checkpoint())
        return row

    def _checkpoint(self) -> checkpoints.Checkpoint:
        return checkpoints.Checkpoint(
            step=self.step,
            model=self.accelerator.unwrap_model(self.model).state_dict(),
            ema=self.ema,
            optimiser=self.optimiser.state_dict(),
            notes={"best": self.best, "stale": self.stale},
        )

    def _save(self) -> None:
        if self.accelerator.is_main_process:
            checkpoints.save(checkpoints.step_folder(self.folder, self.step), self._checkpoint())
            checkpoints.prune(self.folder)


def _assemble(folder: Path, info: RunInfo, train: Sequence[Example], val: Sequence[Example], init: Path | None) -> Run:
    options = info.options
    precision = "no" if options.precision == "fp32" else options.precision
    accelerator = Accelerator(mixed_precision=precision)
    torch.manual_seed(options.seed)
    model = build(options.model, info.class_names)
    if init is not None and (init / MANIFEST_FILE).is_file():
        manifest = read_manifest(init, "detector")
        if manifest.class_names != info.class_names:
            raise TrainingError(
                f"{init}: finds {', '.join(manifest.class_names)}; the data has {', '.join(info.class_names)}. "
                "Start without --init, or remap the data with 'outfitter datasets remap'."
            )
        model.load_state_dict(reopen(init, model))
    elif init is not None:
        if read_run(init).class_names != info.class_names:
            raise TrainingError(
                f"{init}: finds {', '.join(read_run(init).class_names)}; the data has {', '.join(info.class_names)}. "
                "Start without --init, or remap the data with 'outfitter datasets remap'."
            )
        found = _best(init)
        try:
            model.load_state_dict(dict(found.ema or found.model))
        except RuntimeError as error:
            raise TrainingError(
                f"{init}: holds weights of another architecture than {options.model}. Name a run of that model."
            ) from error
    freeze(model, options.frozen)
    ema = checkpoints.copy_of(model.state_dict()) if options.ema else None
    optimiser = make_optimiser(model, options.optimiser)
    model, optimiser = accelerator.prepare(model.to(memory_format=torch.channels_last), optimiser)
    return Run(folder, info, train, val, accelerator, model, optimiser, ema)


def start(
    folder: Path, info: RunInfo, train: Sequence[Example], val: Sequence[Example], init: Path | None = None
) -> Run:
    """A new run in `folder`.

    Raises:
        TrainingError: the folder is not empty, or there is nothing to train on.
    """
    if folder.exists() and any(folder.iterdir()):
        raise TrainingError(
            f"{folder}: is not empty, and a run is never overwritten. Name a new folder, or go on with "
            f"'outfitter train --resume {folder}'."
        )
    if not train:
        raise TrainingError(f"{info.data}: the train split is empty; need at least one photo.")
    run = _assemble(folder, info, train, val, init)
    folder.mkdir(parents=True, exist_ok=True)
    info.write(folder)
    return run


def resume(folder: Path, train: Sequence[Example], val: Sequence[Example], steps: int | None = None) -> Run:
    """Go on with the run in `folder` from its newest checkpoint, to `steps` if given, else to its own goal.

    Raises:
        TrainingError: no run there, or it is already at or past `steps`.
    """
    info = read_run(folder)
    if steps is not None:
        info = RunInfo(info.options.model_copy(update={"steps": steps}), info.class_names, info.data)
    found_at = checkpoints.latest(folder)
    run = _assemble(folder, info, train, val, None)
    if found_at is None:
        return run
    found = checkpoints.load(found_at)
    if found.step >= info.options.steps:
        raise TrainingError(
            f"{folder}: is at step {found.step} already; the goal is {info.options.steps}. "
            f"Name a further one: 'outfitter train --resume {folder} --steps {2 * found.step}'."
        )
    if steps is not None:
        info.write(folder)
    run.accelerator.unwrap_model(run.model).load_state_dict(dict(found.model))
    run.ema = dict(found.ema) if found.ema is not None else None
    run.optimiser.load_state_dict(dict(found.optimiser))
    run.step, run.best, run.stale = found.step, found.notes["best"], found.notes["stale"]
    return run

"""Training a detector, of whatever architecture.

A run is a folder: ``run.json`` (options, class names, where the data lay), ``samples.png`` (what the first batches look
like), ``train.log``, ``metrics.jsonl``, ``tensorboard/``, ``checkpoints/`` and ``best/``. How a step is made exactly
repeatable says `outfitter.learn.loop`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from outfitter.artifact import MANIFEST_FILE, read_manifest
from outfitter.config import parse
from outfitter.errors import ConfigError, TrainingError
from outfitter.evaluation.detection import score_detections
from outfitter.learn import checkpoint as checkpoints
from outfitter.learn.journal import Journal
from outfitter.learn.loop import Progress, Run, begin, extend, newest_before
from outfitter.learn.models import build, defaults
from outfitter.learn.models.common import NO_WEIGHTS, require_one_size
from outfitter.learn.options import TrainOptions
from outfitter.learn.predict import TorchDetector
from outfitter.learn.preflight import check_classes, check_photos, draw_pairs, draw_samples
from outfitter.learn.reopen import reopen
from outfitter.learn.samples import Batch, Samples, mask_names, stream
from outfitter.photo import load_photo
from outfitter.system import replace_text
from outfitter.values import Detections, Example

__all__ = [
    "RUN_FILE",
    "DetectorTask",
    "Progress",
    "Run",
    "RunInfo",
    "best_checkpoint",
    "best_weights",
    "load_trained",
    "read_run",
    "resume",
    "start",
]

RUN_FILE = "run.json"
DRAWN = 8
"""Photos of val that are drawn at each evaluation, truth beside prediction."""


@dataclass(frozen=True)
class RunInfo:
    """What ``run.json`` holds."""

    options: TrainOptions
    class_names: tuple[str, ...]
    data: str

    def write(self, run: Path) -> None:
        values = {"options": self.options.model_dump(mode="json"), "class_names": self.class_names, "data": self.data}
        replace_text(run / RUN_FILE, f"{json.dumps(values, indent=2)}\n")


def read_run(run: Path) -> RunInfo:
    """Read ``run.json``.

    Raises:
        TrainingError: not a run folder.
    """
    try:
        values = json.loads((run / RUN_FILE).read_text(encoding="utf-8"))
        options, class_names, data = (values[key] for key in ("options", "class_names", "data"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{run}: is not a run folder: {error}. Need one that 'outfitter train' made.") from error
    except (KeyError, TypeError):
        raise TrainingError(
            f"{run}: is no detector's run. Need a folder that 'outfitter train' made; with an embedder's go on by "
            "'outfitter train-embedder --resume'."
        ) from None
    return RunInfo(parse(TrainOptions, options, str(run / RUN_FILE)), tuple(class_names), data)


def load_trained(run: Path, also: Sequence[Path] = ()) -> tuple[TorchDetector, RunInfo]:
    """The best model of a run (averaged weights where it kept them), else the newest; or that of a checkpoint.

    also: further runs, checkpoints or model folders, whose weights are averaged with the first's; one named twice
    counts twice. Of runs that began at the same weights the mean is often better than each (model soups, Wortsman et
    al. 2022), and so is that along a run (Izmailov et al. 2018) and of a run and the model it began at (Wortsman et
    al. 2022, "Robust fine-tuning").

    Raises:
        TrainingError: no run folder, without a checkpoint, or one of `also` has another model or other classes.
    """
    info = read_run(checkpoints.run_of(run))
    folders = [each for each in also if (each / MANIFEST_FILE).is_file()]
    for other in (read_run(checkpoints.run_of(each)) for each in also if each not in folders):
        if (other.options.model, other.class_names) != (info.options.model, info.class_names):
            raise TrainingError(
                f"{run} has {info.options.model} for {', '.join(info.class_names)}, another of the runs has "
                f"{other.options.model} for {', '.join(other.class_names)}; only weights of the same model and classes "
                "have a mean. Leave that run out."
            )
    model = build(info.options.model, info.class_names, NO_WEIGHTS)
    states = [best_weights(run)]
    for each in also:
        states.append(_refolded(each, model, info, states[0]) if each in folders else best_weights(each))
    model.load_state_dict(_own(model, _mean(states)))
    return TorchDetector(model, info.class_names, info.options.input), info


def _own(model: nn.Module, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of `model` with the weights of a run: a branch that only training has is left out, one that the
    architecture got since the run was made is as it is before it learns."""
    own = model.state_dict()
    added = {name: own[name] for name in own if name.startswith(tuple(getattr(model, "added", ())))}
    return {**added, **{name: tensor for name, tensor in state.items() if name in own}}


def _mean(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Each tensor's mean over the states that have it; counters are the first's."""
    named = {name: [state[name] for state in states if name in state] for name in states[0]}
    return {name: torch.stack(each).mean(0) if each[0].is_floating_point() else each[0] for name, each in named.items()}


def _refolded(folder: Path, model: nn.Module, info: RunInfo, beside: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a model folder, to be averaged with those of a run that began at one.

    Raises:
        TrainingError: it has other classes, another architecture, or the run splits normalisations otherwise.
    """
    names = read_manifest(folder, "detector").class_names
    if names != info.class_names:
        raise TrainingError(
            f"{folder} is for {', '.join(names)}, the run for {', '.join(info.class_names)}; only weights for the same "
            "classes have a mean. Leave that folder out."
        )
    state = reopen(folder, model)
    if any(not torch.equal(beside[name], state[name]) for name in state if name.endswith("running_var")):
        raise TrainingError(
            f"{folder}: an export folds each normalisation into its convolution, so its weights have a mean only with "
            "those of a run that began at a model folder ('train --init FOLDER'). Name the run it was exported from."
        )
    return state


def best_checkpoint(run: Path) -> Path:
    """The folder of the best checkpoint, else of the newest. Raises TrainingError if there is none."""
    folder = run / "best" if (run / "best" / checkpoints.STATE_FILE).is_file() else checkpoints.latest(run)
    if folder is None:
        raise TrainingError(f"{run}: holds no checkpoint yet. Let its training go on first, with --resume.")
    return folder


def best_weights(run: Path) -> dict[str, Tensor]:
    """The state dict of a run's best checkpoint, or of a checkpoint itself, averaged where the run averaged."""
    found = checkpoints.load(run if checkpoints.run_of(run) != run else best_checkpoint(run))
    return dict(found.ema or found.model)


@dataclass(frozen=True)
class DetectorTask:
    """A detector, on annotated photos, judged by COCO's AP on val. A `outfitter.learn.loop.Task`."""

    info: RunInfo
    train: Sequence[Example]
    val: Sequence[Example]
    judged_by: str = "AP"
    resumed_by: str = "outfitter train --resume"

    def build(self, weights: str | None) -> nn.Module:
        options = self.info.options
        model = build(options.model, self.info.class_names, weights)
        if options.weights == NO_WEIGHTS:  # SSDLite's momentum of 0.03 is for statistics that are nearly right already
            for layer in model.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.momentum = 0.1
        for key, setting in (
            ("second_stage", "batch_size_per_image"),
            ("second_stage_positives", "positive_fraction"),
        ):
            if (wanted := getattr(options, key)) is not None:
                heads: Any = getattr(model, "roi_heads", None)
                if heads is None:
                    raise ConfigError(f"{key}: {options.model} has one stage only. Leave it out.")
                setattr(heads.fg_bg_sampler, setting, wanted)
        if options.segments:
            learn_segments = getattr(model, "learn_segments", None)
            if learn_segments is None:
                raise ConfigError(f"segments: {options.model} has no branch that learns from masks. Leave it out.")
            learn_segments(mask_names(self.train), options.segments)
        return model

    def batches(self, first_step: int, rank: int, world: int) -> Iterator[Batch]:
        return stream(Samples(self.train, self.info.class_names, self.info.options, rank, world), first_step)

    def losses(self, model: nn.Module, batch: Batch, device: torch.device) -> dict[str, Tensor]:
        images = [image.to(device, non_blocking=True) for image in batch.images]
        targets = [{name: part.to(device) for name, part in target.items()} for target in batch.targets]  # type: ignore[attr-defined]
        losses: dict[str, Tensor] = model(images, targets)
        return losses

    def evaluate(self, model: nn.Module, step: int, journal: Journal) -> dict[str, Any] | None:
        if not any(len(example.annotations.without_crowd()) for example in self.val):
            return None
        detector = TorchDetector(model, self.info.class_names, self.info.options.input)
        predictions: dict[str, Detections] = {e.name: detector(load_photo(e.image)) for e in self.val}
        truth = {example.name: example.annotations for example in self.val}
        scores = score_detections(truth, predictions, self.info.class_names)
        shown = [self.val[i] for i in np.linspace(0, len(self.val) - 1, min(DRAWN, len(self.val))).astype(int)]
        journal.pictures(step, draw_pairs(shown, predictions, self.info.class_names))
        return {"AP": scores.ap, "AP50": scores.ap50, "per_class_AP50": dict(scores.per_class_ap50)}


def start(
    folder: Path, info: RunInfo, train: Sequence[Example], val: Sequence[Example], init: Path | None = None
) -> Run:
    """A new run in `folder`, from pretrained weights, or from the weights of `init`, a run or a model folder.

    Where `init` finds other classes, its classifier is made anew, and the log says so.

    Raises:
        TrainingError: the folder is not empty, there is nothing to train on, a class without boxes, a photo is missing,
            or `init` is of another architecture.
        ConfigError: an option does not suit the architecture.
    """
    if "fixed_wh" in defaults(info.options.model).get("input", {}):
        require_one_size(info.options.model, info.options.input)
    task = DetectorTask(info, train, val)
    notes = check_classes(info, train, val)
    check_photos(info, train, val)
    if init is not None:
        _check_init(init, info)
    run = begin(
        folder,
        info.options,
        task,
        NO_WEIGHTS if init is not None else info.options.weights,
        None if init is None else lambda model: notes.extend(_take(model, init, info)),
        new=True,
    )
    run.notes = notes
    if run.accelerator.is_main_process:
        folder.mkdir(parents=True, exist_ok=True)
        if init is not None:  # from the options alone the weights cannot be had again
            run.save()
        info.write(folder)
        draw_samples(folder, Samples(train, info.class_names, info.options, 0, 1))
    run.accelerator.wait_for_everyone()
    return run


def resume(folder: Path, train: Sequence[Example], val: Sequence[Example], steps: int | None = None) -> Run:
    """Go on with the run in `folder` from its newest checkpoint, to `steps` if given, else to its own goal.

    Raises:
        TrainingError: no run there, it is already at or past `steps`, or a photo is missing.
    """
    info = read_run(folder)
    if steps is not None:
        info = RunInfo(info.options.model_copy(update={"steps": steps}), info.class_names, info.data)
    check_photos(info, train, val)
    found = newest_before(folder, info.options.steps, DetectorTask.resumed_by)
    weights = info.options.weights if found is None else NO_WEIGHTS
    run = begin(folder, info.options, DetectorTask(info, train, val), weights)
    if found is not None:
        own = run.bare.state_dict()
        if differing := sorted(own.keys() ^ found.model.keys()):
            raise TrainingError(
                f"{folder}: was begun by another version, whose {info.options.model} differs in {differing[0]}. "
                f"Begin a new run at its weights: 'outfitter train DATA --out NEW --init {folder}'."
            )
        run.restore(found)
    if steps is not None:
        extend(run, info.write)
    return run


def _check_init(init: Path, info: RunInfo) -> None:
    """Refuse a run of another architecture before anything is built."""
    if not (init / MANIFEST_FILE).is_file() and (other := read_run(init).options.model) != info.options.model:
        raise TrainingError(
            f"{init}: holds weights of another architecture, {other}; this run trains {info.options.model}. "
            f"Name a run of that model, or train with --model {other}."
        )


def _take(model: nn.Module, init: Path, info: RunInfo) -> list[str]:
    """Load the weights of `init` into `model`; returns what is worth saying about it."""
    if (init / MANIFEST_FILE).is_file():
        names = read_manifest(init, "detector").class_names
        given = build(info.options.model, names, NO_WEIGHTS)
        state = reopen(init, given)
    else:
        names, state = read_run(init).class_names, _own(model, best_weights(init))
    own = model.state_dict()
    remade = sorted(name for name in own if name not in state or state[name].shape != own[name].shape)
    if names == info.class_names and not remade:
        model.load_state_dict(state)
        return [f"starts from {init}"]
    if names != info.class_names:  # a classifier for other classes of the same number would fit, and mislead
        remade = sorted({*remade, *_differing(info.options.model, names, info.class_names, own)})
    kept = {name: tensor for name, tensor in state.items() if name in own and name not in remade}
    if len(kept) < 0.5 * len(own):
        raise TrainingError(
            f"{init}: holds weights of another architecture than {info.options.model}. Name a run of that model."
        )
    model.load_state_dict({**own, **kept})
    return [
        f"starts from {init}, which finds {', '.join(names)}; made anew for {', '.join(info.class_names)}: "
        f"{', '.join(remade)}"
    ]


def _differing(architecture: str, names: Sequence[str], wanted: Sequence[str], own: dict[str, Tensor]) -> list[str]:
    """The tensors whose shape depends on the number of classes."""
    spare = [*wanted, "one more"] if len(names) == len(wanted) else list(names)
    other = build(architecture, spare, NO_WEIGHTS).state_dict()
    return [name for name, tensor in own.items() if name not in other or other[name].shape != tensor.shape]

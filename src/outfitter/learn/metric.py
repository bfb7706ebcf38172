"""Training an embedder: garments of a group close together, all others apart.

The vector has two parts that can be told by position. The shape part is learnt: pooled features of an EfficientNet-Lite
through a projection that a supervised contrastive loss (Khosla et al. 2020) moves, with the other colours of a style
among its like. The colour part is not learnt, so that it cannot be lost: the histogram of `Colours` on its principal
axes. Both projections begin at the principal axes (Jolliffe 2002) of the garments in train: of the features centred,
since what all garments share tells none apart; of the colours uncentred, which keeps their cosines.

Garments of groups of their own, real ones beside drawn styles, can be held where they were: `keep` weighs the squared
change of their cosines to each other (relational distillation, Park et al. 2019).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor, nn
from torch.nn import functional

from outfitter.config import parse
from outfitter.errors import ConfigError, TrainingError
from outfitter.evaluation.bootstrap import plain
from outfitter.evaluation.items import Item
from outfitter.evaluation.retrieval import score_retrieval
from outfitter.learn.backbones import efficientnet_lite
from outfitter.learn.embedder import Colours
from outfitter.learn.garments import PLAIN, EmbedderOptions, GarmentBatch, GarmentSamples, Split, stream, view
from outfitter.learn.journal import Journal
from outfitter.learn.loop import Run, begin, extend, newest_before
from outfitter.learn.models.common import NO_WEIGHTS
from outfitter.learn.train import RUN_FILE, best_weights
from outfitter.system import replace_text
from outfitter.values import Embeddings

KIND = "embedder"
AT_ONCE = 16
"""Crops per run of the network outside of training."""


class ShapeAndColour(nn.Module):
    """uint8 pixels (N, S, S, 3) → float32 (N, shape + colour dimensions), length 1; the shape part comes first.

    Of `features` (N, width) in place of pixels, the shape part alone, length 1.
    """

    luma: Tensor
    colour_axes: Tensor
    begun: Tensor
    """Where the shape's projection began, (shape dimensions, width + 1), its shift last."""

    def __init__(self, options: EmbedderOptions, weights: str | None) -> None:
        super().__init__()
        file = None if weights in (None, NO_WEIGHTS) else Path(str(weights))
        self.backbone = efficientnet_lite(options.backbone, file, weights == NO_WEIGHTS, num_classes=0)
        self.colours = Colours()
        self.grey_side = options.grey_side
        width = int(self.backbone.num_features) * (2 if self.grey_side else 1)  # type: ignore[arg-type]
        for key, got, most in (
            ("shape_dimensions", options.shape_dimensions, width),
            ("colour_dimensions", options.colour_dimensions, self.colours.dimensions),
        ):
            if got > most:
                raise ConfigError(
                    f"{key}: {got} is more than the {most} that there are to project. Take at most {most}."
                )
        self.head = nn.Linear(width, options.shape_dimensions)
        self.register_buffer("luma", torch.tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("begun", torch.zeros((options.shape_dimensions, width + 1)))
        self.register_buffer("colour_axes", torch.eye(self.colours.dimensions)[:, : options.colour_dimensions].clone())
        self.share, self.share_in_photo = options.colour_share, options.colour_share_in_photo

    @property
    def parts_in_photo(self) -> dict[str, float]:
        """How much each counts for the garment of a photo; empty where as much as in the vectors."""
        return {} if self.share_in_photo is None else {"shape": 1 - self.share_in_photo, "colour": self.share_in_photo}

    @property
    def parts(self) -> dict[str, int]:
        """The parts of a vector, in order."""
        return {"shape": self.head.out_features, "colour": int(self.colour_axes.shape[1])}

    def features(self, pixels: Tensor) -> Tensor:
        """The backbone's, float32 (N, width), length 1; of the crop in grey, too, where it is asked to see that."""
        images = (pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        seen: Tensor = functional.normalize(self.backbone(images), dim=1)
        if not self.grey_side:
            return seen
        luma = (images * self.luma).sum(1, keepdim=True)
        small = functional.interpolate(luma, (self.grey_side, self.grey_side), mode="bilinear", align_corners=False)
        grey = functional.normalize(self.backbone(small.expand(-1, 3, -1, -1)), dim=1)
        return torch.cat([seen, grey], 1) / 2**0.5

    def forward(self, pixels: Tensor) -> Tensor:
        if pixels.ndim == 2:
            return functional.normalize(self.head(pixels), dim=1)
        shape = functional.normalize(self.head(self.features(pixels)), dim=1)
        colour = functional.normalize(self.colours(pixels) @ self.colour_axes, dim=1)
        return torch.cat([(1 - self.share) ** 0.5 * shape, self.share**0.5 * colour], 1)

    def shape_at_first(self, features: Tensor) -> Tensor:
        """The shape part, length 1, as it was before any step."""
        return functional.normalize(features @ self.begun[:, :-1].T + self.begun[:, -1], dim=1)

    @torch.no_grad()
    def features_of(self, crops: Iterator[Tensor]) -> Tensor:
        """The features of all these crops, (N, width), on the CPU."""
        self.eval()
        return torch.cat([self.features(part.to(self.head.weight.device)).cpu() for part in crops])

    @torch.no_grad()
    def fit(self, crops: Iterator[Tensor]) -> None:
        """Begin both projections at the principal axes of these crops."""
        self.eval()
        found = [(self.features(part), self.colours(part)) for part in crops]
        features, colours = (torch.cat(parts) for parts in zip(*found, strict=True))
        mean = features.mean(0)
        axes = _principal(features - mean, self.head.out_features)
        self.head.weight.copy_(axes.T)
        self.head.bias.copy_(-mean @ axes)
        self.begun.copy_(torch.cat([self.head.weight, self.head.bias[:, None]], 1))
        self.colour_axes.copy_(_principal(colours, self.colour_axes.shape[1]))


def _principal(rows: Tensor, count: int) -> Tensor:
    """The axes along which rows (N, D) are longest, (D, count), orthonormal."""
    _, vectors = torch.linalg.eigh(rows.double().T @ rows.double())
    longest: Tensor = vectors.flip(1)[:, :count].float()
    return longest


@dataclass(frozen=True)
class EmbedderRun:
    """What ``run.json`` of an embedder's run holds. data: where the garments were read."""

    options: EmbedderOptions
    data: tuple[str, ...]

    def write(self, run: Path) -> None:
        values = {"kind": KIND, "options": self.options.model_dump(mode="json"), "data": self.data}
        replace_text(run / RUN_FILE, f"{json.dumps(values, indent=2)}\n")


def is_embedder_run(run: Path) -> bool:
    """Whether `run` is the folder of an embedder's run, and not of a detector's or none."""
    try:
        return bool(json.loads((run / RUN_FILE).read_text(encoding="utf-8")).get("kind") == KIND)
    except (OSError, ValueError, AttributeError):
        return False


def read_embedder_run(run: Path) -> EmbedderRun:
    """Read ``run.json``.

    Raises:
        TrainingError: not the folder of an embedder's run.
    """
    if not is_embedder_run(run):
        raise TrainingError(f"{run}: is not an embedder's run. Need a folder that 'outfitter train-embedder' made.")
    values = json.loads((run / RUN_FILE).read_text(encoding="utf-8"))
    return EmbedderRun(parse(EmbedderOptions, values["options"], str(run / RUN_FILE)), tuple(values["data"]))


def load_embedder(run: Path) -> tuple[ShapeAndColour, EmbedderRun]:
    """The best model of a run (averaged weights where it kept them), else the newest."""
    info = read_embedder_run(run)
    model = ShapeAndColour(info.options, NO_WEIGHTS)
    model.load_state_dict(best_weights(run))
    return model.eval(), info


@dataclass(frozen=True)
class EmbedderTask:
    """An embedder, on garments in groups, judged by Recall@1 on val. A `outfitter.learn.loop.Task`.

    fresh: the projections are yet to be fitted; a run that goes on has them in its checkpoint.
    """

    info: EmbedderRun
    garments: Split
    fresh: bool = True
    judged_by: str = "Recall@1"
    resumed_by: str = "outfitter train-embedder --resume"
    _built: list[ShapeAndColour] = field(default_factory=list)
    """The model itself, whose features are cached once a resumed run has its weights back."""

    def build(self, weights: str | None) -> nn.Module:
        options = self.info.options
        model = ShapeAndColour(options, weights)
        if options.cached and ("backbone" not in options.frozen or options.batch_norm == "learn"):
            raise ConfigError("cached: the backbone's features change where it learns. Add 'backbone' to frozen.")
        if not options.cached and (options.noise or options.keep):
            raise ConfigError("noise and keep work on cached features. Set cached, or leave them out.")
        if self.fresh:
            order = np.random.default_rng([self.info.options.seed, 8]).permutation(len(self.garments.train))
            chosen = [self.garments.train[i] for i in order[: self.info.options.fitted_on]]
            model.fit(self._crops(chosen))
        self._built[:] = [model]
        return model

    def batches(self, first_step: int, rank: int, world: int) -> Iterator[GarmentBatch]:
        features = None
        if self.info.options.cached:
            features = self._built[0].features_of(self._crops(self.garments.train))
        return stream(GarmentSamples(self.garments.train, self.info.options, rank, world, features), first_step)

    def losses(self, model: nn.Module, batch: GarmentBatch, device: torch.device) -> dict[str, Tensor]:
        vectors = model(batch.crops.to(device, non_blocking=True))[:, : self.info.options.shape_dimensions]
        vectors = functional.normalize(vectors.float(), dim=1)
        loss = SupConLoss(temperature=self.info.options.temperature)
        losses = {"contrastive": loss(vectors, batch.groups.to(device))}
        if self.info.options.keep and batch.alone.any():
            held = vectors[batch.alone]
            before = self._built[0].shape_at_first(batch.crops[batch.alone].to(device))
            losses["keep"] = self.info.options.keep * ((held @ held.T) - (before @ before.T)).pow(2).mean()
        return losses

    def evaluate(self, model: nn.Module, step: int, journal: Journal) -> dict[str, Any] | None:  # noqa: ARG002
        """Each garment of val is looked for among the others; one of a group of its own by a varied view of it."""
        items = self.garments.val
        if not items:
            return None
        gallery = self._embed(model, self._crops(items))
        counts: dict[str, int] = {}
        for item in items:
            counts[item.group] = counts.get(item.group, 0) + 1
        alone = [number for number, item in enumerate(items) if counts[item.group] == 1]
        queries, own = gallery.copy(), np.arange(len(items))
        if alone:
            queries[alone] = self._embed(model, self._crops([items[i] for i in alone], varied=True))
            own[alone] = -1
        groups = [item.group for item in items]
        found = score_retrieval(Embeddings(queries, KIND), groups, Embeddings(gallery, KIND), groups, own=own)
        return plain(found.evidence)

    def _crops(self, items: Sequence[Item], varied: bool = False) -> Iterator[Tensor]:
        options = self.info.options
        for start in range(0, len(items), AT_ONCE):
            rngs = [np.random.default_rng([options.seed, 9, start + i]) for i in range(AT_ONCE)]
            part = [
                view(item, options.side, options.views if varied else PLAIN, rng)
                for item, rng in zip(items[start : start + AT_ONCE], rngs, strict=False)
            ]
            yield torch.from_numpy(np.stack(part))

    @staticmethod
    @torch.inference_mode()
    def _embed(model: nn.Module, crops: Iterator[Tensor]) -> np.ndarray[Any, np.dtype[np.float32]]:
        device = next(model.parameters()).device
        return np.concatenate([model(part.to(device)).cpu().numpy() for part in crops])


def start_embedder(folder: Path, info: EmbedderRun, garments: Split) -> Run:
    """A new run in `folder`.

    Raises:
        TrainingError: the folder is not empty, or weights cannot be had.
    """
    run = begin(folder, info.options, EmbedderTask(info, garments), info.options.weights, new=True)
    folder.mkdir(parents=True, exist_ok=True)
    info.write(folder)
    return run


def resume_embedder(folder: Path, garments: Split, steps: int | None = None) -> Run:
    """Go on with the run in `folder` from its newest checkpoint, to `steps` if given, else to its own goal.

    Raises:
        TrainingError: no run there, or it is already at or past `steps`.
    """
    info = read_embedder_run(folder)
    if steps is not None:
        info = EmbedderRun(info.options.model_copy(update={"steps": steps}), info.data)
    found = newest_before(folder, info.options.steps, EmbedderTask.resumed_by)
    task = EmbedderTask(info, garments, fresh=found is None)
    run = begin(folder, info.options, task, info.options.weights if found is None else NO_WEIGHTS)
    if found is not None:
        run.restore(found)
    if steps is not None:
        extend(run, info.write)
    return run

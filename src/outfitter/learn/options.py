"""Every option of a training run, each with its one default. ``outfitter train --print-config`` prints them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from outfitter.artifact import DetectorInput
from outfitter.config import Options, parse
from outfitter.learn import models
from outfitter.learn.augment import Augment
from outfitter.learn.models.common import NO_WEIGHTS


class Optimiser(Options):
    """How weights are changed. Learning rates are for the whole batch, at their highest."""

    kind: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(default=4e-4, gt=0)
    backbone_factor: float = Field(default=0.5, ge=0, description="the backbone's share of the learning rate")
    weight_decay: float = Field(default=0.02, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1, description="sgd only")
    clip: float = Field(default=10.0, gt=0, description="largest norm of the gradient")
    schedule: Literal["cosine", "steps"] = "cosine"
    warm_up: int = Field(default=100, ge=0, description="steps of linear rise")
    milestones: tuple[int, ...] = Field(default=(900_000, 1_200_000), description="steps only: divide by ten here")


class LoopOptions(Options):
    """What the loop itself needs to know, whatever is trained."""

    steps: int = Field(default=1000, gt=0, description="optimiser steps")
    batch: int = Field(default=8, gt=0, description="photos per step, over all processes")
    optimiser: Optimiser = Optimiser()
    weights: str | None = Field(
        default=None, description="a file of pretrained weights; 'none' for random ones; null for the model's own"
    )
    frozen: tuple[str, ...] = Field(
        default=(), description="parameters whose names begin so keep their values, as 'backbone.body.conv_stem'"
    )
    batch_norm: Literal["auto", "hold", "learn"] = Field(
        default="auto", description="hold: statistics stay the pretrained ones'; auto: hold unless weights are 'none'"
    )
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of the averaged weights; 0 turns them off")
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    compile: bool = Field(default=False, description="compile the model with torch.compile: pays on a GPU")
    seed: int = Field(default=0, ge=0)
    workers: int = Field(default=1, ge=0, description="processes that load photos")
    evaluate_every: int = Field(default=500, gt=0, description="steps between evaluations on val")
    save_every: int = Field(default=100, gt=0, description="steps between checkpoints")
    keep_every: int = Field(
        default=0,
        ge=0,
        description="save at steps that this divides, too, and keep these besides the newest two; 0: only those",
    )
    patience: int = Field(default=0, ge=0, description="stop after so many evaluations without a better AP; 0: never")

    @property
    def holds_batch_norm(self) -> bool:
        return self.batch_norm == "hold" or (self.batch_norm == "auto" and self.weights != NO_WEIGHTS)


class TrainOptions(LoopOptions):
    """One training run of a detector."""

    model: str = "faster_rcnn_lite"
    input: DetectorInput = DetectorInput(area=256 * 384, multiple_of=32)
    augment: Augment = Augment()
    balance: float = Field(
        default=0.0, ge=0, le=1, description="repeat photos with rare classes: 1 evens out as LVIS's square root does"
    )
    second_stage: int | None = Field(
        default=None,
        gt=0,
        description="proposals of a photo that the second stage learns from: fewer cost less; null: the model's own",
    )
    second_stage_positives: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="most of these proposals that may show a garment, as a share; null: the model's own",
    )
    segments: float = Field(
        default=0.0,
        ge=0,
        description="weight of naming each pixel, on photos laid out as the format 'masks' has them; 0: boxes alone",
    )
    empty_classes: Literal["refuse", "allow"] = Field(
        default="refuse", description="whether a class may have no box at all in train"
    )


def train_options(given: Mapping[str, Any], source: str) -> TrainOptions:
    """The options of a run: those `given`, over the architecture's own, over the general ones.

    Raises:
        ConfigError: an unknown architecture, key or value; `source` says where it stood.
    """
    name = given.get("model", TrainOptions.model_fields["model"].default)
    own = models.defaults(name) if isinstance(name, str) else {}
    return parse(TrainOptions, _over(own, given), source)


def _over(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` over `base`; options within options are merged, except the input, whose ways exclude each other."""
    merged = dict(base)
    for key, value in given.items():
        nested = key != "input" and isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _over(merged[key], value) if nested else value
    return merged

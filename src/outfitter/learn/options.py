"""Every option of a training run, each with its one default. ``outfitter train --print-config`` prints them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from outfitter.artifact import DetectorInput
from outfitter.config import Options
from outfitter.learn.augment import Augment


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


class TrainOptions(Options):
    """One training run of a detector."""

    model: str = "faster_rcnn_lite"
    steps: int = Field(default=1000, gt=0, description="optimiser steps")
    batch: int = Field(default=8, gt=0, description="photos per step, over all processes")
    input: DetectorInput = DetectorInput(area=256 * 384, multiple_of=32)
    optimiser: Optimiser = Optimiser()
    frozen: tuple[str, ...] = Field(
        default=(), description="parameters whose names begin so keep their values, as 'backbone.body.conv_stem'"
    )
    augment: Augment = Augment()
    balance: float = Field(
        default=0.0, ge=0, le=1, description="repeat photos with rare classes: 1 evens out as LVIS's square root does"
    )
    ema: float = Field(default=0.998, ge=0, lt=1, description="decay of the averaged weights; 0 turns them off")
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    seed: int = Field(default=0, ge=0)
    workers: int = Field(default=1, ge=0, description="processes that load photos")
    evaluate_every: int = Field(default=500, gt=0, description="steps between evaluations on val")
    save_every: int = Field(default=100, gt=0, description="steps between checkpoints")
    patience: int = Field(default=0, ge=0, description="stop after so many evaluations without a better AP; 0: never")

"""Optimiser and learning rate as functions of the options and the step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from outfitter.errors import ConfigError, nearest
from outfitter.learn.options import Optimiser


def factor(options: Optimiser, step: int, steps: int) -> float:
    """What the learning rate is multiplied by at `step` (from 0) of `steps`: a linear rise, then cosine or steps."""
    rise = min(1.0, (step + 1) / options.warm_up) if options.warm_up else 1.0
    if options.schedule == "steps":
        fall = 0.1 ** sum(step >= milestone for milestone in options.milestones)
    else:
        fall = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
    return rise * fall


def _groups(model: nn.Module, options: Optimiser) -> Iterator[dict[str, Any]]:
    backbone = getattr(getattr(model, "backbone", None), "body", None) or getattr(model, "backbone", None)
    inside = {id(p) for p in backbone.parameters()} if isinstance(backbone, nn.Module) else set()
    for in_backbone in (True, False):
        for decays in (True, False):
            chosen = [
                p
                for p in model.parameters()
                if p.requires_grad and (id(p) in inside) is in_backbone and (p.ndim > 1) is decays
            ]
            if chosen:
                yield {
                    "params": chosen,
                    "weight_decay": options.weight_decay if decays else 0.0,
                    "share": options.backbone_factor if in_backbone else 1.0,
                }


def freeze(model: nn.Module, prefixes: Sequence[str]) -> None:
    """Take the parameters whose names begin with one of `prefixes` out of the training.

    Raises:
        ConfigError: a prefix with which no parameter begins.
    """
    names = [name for name, _ in model.named_parameters()]
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            parents = {name.rpartition(".")[0] for name in names}
            raise ConfigError(f"frozen: no parameter begins with {prefix!r}{nearest(prefix, parents)}")
    for name, parameter in model.named_parameters():
        if name.startswith(tuple(prefixes)):
            parameter.requires_grad_(False)


def make_optimiser(model: nn.Module, options: Optimiser) -> torch.optim.Optimizer:
    """AdamW or SGD; biases and norms do not decay; the backbone learns at `backbone_factor` of the rate."""
    groups = list(_groups(model, options))
    if options.kind == "sgd":
        return torch.optim.SGD(groups, lr=options.learning_rate, momentum=options.momentum)
    return torch.optim.AdamW(groups, lr=options.learning_rate)


def set_learning_rate(optimiser: torch.optim.Optimizer, options: Optimiser, step: int, steps: int) -> float:
    """Set every group's rate for `step` and return the full one."""
    rate = options.learning_rate * factor(options, step, steps)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]
    return rate

"""Detector architectures, one file each, all built from class names.

An architecture is a function ``build(class_names, options) -> Detector`` registered under its name. A detector is an
``nn.Module`` with torchvision's calling convention: ``model(images, targets)`` returns a dict of losses in training
mode and a list of ``{"boxes", "labels", "scores"}`` in evaluation mode. Images are float32 (3, H, W) RGB in [0, 255];
normalisation belongs to the model.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from torch import nn

from outfitter.errors import ConfigError, nearest

Build = Callable[[Sequence[str], Path | None], nn.Module]

_FILES: Final = {
    "faster_rcnn_lite": "outfitter.learn.models.faster_rcnn_lite",
}
"""Architecture → the module whose ``build`` makes it. Looked up late: each imports a different framework."""

NAMES: Final = tuple(_FILES)


def build(name: str, class_names: Sequence[str], weights: Path | None = None) -> nn.Module:
    """Make an untrained detector.

    Args:
        name: one of `NAMES`.
        class_names: what it shall find, without background, in the order of its outputs.
        weights: a file of backbone weights; None takes the architecture's own default.

    Raises:
        ConfigError: an unknown name, or no or repeated class names.
    """
    if name not in _FILES:
        raise ConfigError(f"unknown model {name!r}; choose from {', '.join(NAMES)}{nearest(name, NAMES)}")
    if not class_names or len(set(class_names)) != len(class_names):
        raise ConfigError(f"class names are {list(class_names)}; need at least one, each once")
    module = importlib.import_module(_FILES[name])
    model: nn.Module = module.build(class_names, weights)
    return model

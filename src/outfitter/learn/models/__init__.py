"""Detector architectures, one file each, all built from class names.

An architecture is a module with a function ``build(class_names, weights) -> nn.Module`` and `DEFAULTS`, its own
options where the general ones do not suit it. A detector is an ``nn.Module`` with torchvision's calling convention:
``model(images, targets)`` returns a dict of losses in training mode and a list of ``{"boxes", "labels", "scores"}`` in
evaluation mode. Images are float32 (3, H, W) RGB in [0, 255]; normalisation belongs to the model.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, Final

from torch import nn

from outfitter.errors import ConfigError, nearest

NAMES: Final = (
    "faster_rcnn_lite",
    "faster_rcnn_lite2",
    "faster_rcnn_inception_resnet_v2",
    "faster_rcnn_resnet50_fpn_v2",
    "ssd300_vgg16",
    "ssdlite320_mobilenet_v3",
    "rt_detr_v2",
)
"""The modules here; the light default first. Imported when asked for: each brings another framework's parts."""


def build(name: str, class_names: Sequence[str], weights: str | None = None) -> nn.Module:
    """Make a detector.

    Args:
        name: one of `NAMES`.
        class_names: what it shall find, without background, in the order of its outputs.
        weights: a file (or folder) of pretrained weights; None takes the architecture's own, "none" random ones.

    Raises:
        ConfigError: an unknown name, or no or repeated class names.
        TrainingError: the weights cannot be had, or are of another architecture.
    """
    module = _module(name)
    if not class_names or len(set(class_names)) != len(class_names):
        raise ConfigError(f"class names are {list(class_names)}; need at least one, each once")
    model: nn.Module = module.build(class_names, weights)
    return model


def defaults(name: str) -> Mapping[str, Any]:
    """Where the architecture wants other options than the general ones: nested, as in a configuration file.

    Raises:
        ConfigError: an unknown name.
    """
    found: Mapping[str, Any] = _module(name).DEFAULTS
    return found


def _module(name: str) -> ModuleType:
    if name not in NAMES:
        raise ConfigError(f"unknown model {name!r}; choose from {', '.join(NAMES)}{nearest(name, NAMES)}")
    return importlib.import_module(f"{__name__}.{name}")

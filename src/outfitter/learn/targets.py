"""Class names ↔ the integers a network sees. The only file where background exists.

Two-stage and SSD heads keep index 0 for background, so class `i` of the names is label `i + 1`. Files, values and
manifests never contain these integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from outfitter.errors import TrainingError, nearest
from outfitter.geometry import Boxes
from outfitter.values import Detections

BACKGROUND = 0


class Target(TypedDict):
    """Truth of one image as torchvision's detectors take it. boxes: float32 (N, 4) xyxy pixels; labels: int64 (N,).

    mask: uint8 (H / 4, W / 4), where a detector also learns from masks.
    """

    boxes: Tensor
    labels: Tensor
    mask: NotRequired[Tensor]


def outputs_for(class_names: Sequence[str]) -> int:
    """How many outputs a classifier needs: the classes and background."""
    return len(class_names) + 1


def encode(boxes_xyxy: Boxes, labels: Sequence[str], class_names: Sequence[str]) -> Target:
    """Truth in names → truth in integers.

    Raises:
        TrainingError: a label that is not among the class names.
    """
    index = {name: i + 1 for i, name in enumerate(class_names)}
    for label in labels:
        if label not in index:
            raise TrainingError(
                f"label {label!r} is not a class of this model; its classes are {', '.join(class_names)}"
                f"{nearest(label, class_names, '.')} Rename labels with 'outfitter datasets remap'."
            )
    return {
        "boxes": torch.from_numpy(np.array(boxes_xyxy, np.float32).reshape(-1, 4)),
        "labels": torch.tensor([index[label] for label in labels], dtype=torch.int64),
    }


def decode(
    boxes_xyxy: NDArray[np.float32],
    labels: NDArray[np.int64],
    scores: NDArray[np.float32],
    class_names: Sequence[str],
    size_wh: tuple[int, int],
) -> Detections:
    """A network's output, boxes already in pixels of the photo, → Detections; empty boxes are dropped."""
    w, h = size_wh
    boxes = np.clip(boxes_xyxy, 0, np.array([w, h, w, h], np.float32))
    good = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]) & (labels != BACKGROUND)
    names = tuple(class_names[i - 1] for i in labels[good])
    return Detections(boxes[good], names, np.clip(scores[good], 0, 1), size_wh)

"""Faster R-CNN on ResNet-50 with a pyramid, torchvision's second version (Li et al., 2021, arXiv 2111.11429)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from torch import nn
from torchvision.models.detection import FasterRCNN, FasterRCNN_ResNet50_FPN_V2_Weights, fasterrcnn_resnet50_fpn_v2

from outfitter.learn.models.common import IMAGENET_MEAN, IMAGENET_STD, PixelsInPixelsOut, load_pretrained
from outfitter.learn.targets import outputs_for

DEFAULTS: Final[Mapping[str, Any]] = {
    "batch": 4,
    "input": {"short_side": 512, "long_side": 768, "multiple_of": 32},
    "optimiser": {"learning_rate": 1e-4},
}


def build(class_names: Sequence[str], weights: str | None = None) -> nn.Module:
    """weights: torchvision's for COCO, by name or from a file; their classifier is left aside."""
    model: FasterRCNN = fasterrcnn_resnet50_fpn_v2(
        weights=None, weights_backbone=None, num_classes=outputs_for(class_names), box_score_thresh=0.01
    )
    load_pretrained(model, weights, FasterRCNN_ResNet50_FPN_V2_Weights.COCO_V1.get_state_dict)
    model.transform = PixelsInPixelsOut(IMAGENET_MEAN, IMAGENET_STD)
    detector: nn.Module = model
    return detector

"""SSD on VGG-16 at 300 × 300 (Liu et al., 2016): the original's fast alternative, without a proposal step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from torch import nn
from torchvision.models.detection import SSD300_VGG16_Weights, ssd300_vgg16
from torchvision.models.detection.ssd import SSD

from outfitter.learn.models.common import PixelsInPixelsOut, load_pretrained
from outfitter.learn.targets import outputs_for

DEFAULTS: Final[Mapping[str, Any]] = {
    "input": {"fixed_wh": [300, 300]},
    "optimiser": {"kind": "sgd", "learning_rate": 1e-3, "backbone_factor": 1.0, "weight_decay": 5e-4},
}
MEAN: Final = (123.0, 117.0, 104.0)
"""Of pixels in [0, 255]; VGG-16 was trained on differences from it, not divided by anything."""


def build(class_names: Sequence[str], weights: str | None = None) -> nn.Module:
    """weights: torchvision's for COCO, by name or from a file; their classifier is left aside."""
    model: SSD = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=outputs_for(class_names))
    load_pretrained(model, weights, SSD300_VGG16_Weights.COCO_V1.get_state_dict)
    model.transform = PixelsInPixelsOut(MEAN, 1.0, multiple_of=1)
    detector: nn.Module = model
    return detector

"""SSDLite on MobileNetV3-Large at 320 × 320 (Sandler et al., 2018; Howard et al., 2019), for phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from torch import nn
from torchvision.models.detection import SSDLite320_MobileNet_V3_Large_Weights, ssdlite320_mobilenet_v3_large
from torchvision.models.detection.ssd import SSD

from outfitter.learn.models.common import PixelsInPixelsOut, load_pretrained
from outfitter.learn.targets import outputs_for

DEFAULTS: Final[Mapping[str, Any]] = {
    "batch": 16,
    "input": {"fixed_wh": [320, 320]},
    "optimiser": {"learning_rate": 5e-4},
}


def build(class_names: Sequence[str], weights: str | None = None) -> nn.Module:
    """weights: torchvision's for COCO, by name or from a file; their classifier is left aside."""
    model: SSD = ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=outputs_for(class_names), score_thresh=0.01
    )
    load_pretrained(model, weights, SSDLite320_MobileNet_V3_Large_Weights.COCO_V1.get_state_dict)
    model.transform = PixelsInPixelsOut(127.5, 127.5, multiple_of=1)
    detector: nn.Module = model
    return detector

"""The light default: Faster R-CNN on EfficientNet-Lite, for CPUs.

Faster R-CNN (Ren et al., 2015) with a feature pyramid (Lin et al., 2017) of 96 channels on strides 8, 16, 32 and 64.
At 256×384 pixels it costs about 1.2 G multiply-adds, most of them in the backbone: no stride-4 level, one 3×3
convolution in the proposal head, and 256 units in the box head. Scores also tell how well a box fits (`quality`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from outfitter.learn.augment import MASK_STRIDE, UNKNOWN
from outfitter.learn.backbones import efficientnet_lite
from outfitter.learn.models.common import NO_WEIGHTS, PixelsInPixelsOut
from outfitter.learn.models.quality import QualityHeads, QualityPredictor
from outfitter.learn.models.roi_align import SeparableRoIAlign
from outfitter.learn.models.segments import Segments
from outfitter.learn.targets import outputs_for

DEFAULTS: Final[Mapping[str, Any]] = {}
"""The general ones are this model's."""

CHANNELS = 96
HIDDEN = 256
ANCHOR_SIZES = ((16, 28), (40, 64), (96, 144), (208, 288))
"""Anchor sides in pixels of the input, two per level; from eyewear (about 20 px wide) to long coats (about 300 px)."""


class LitePyramid(nn.Module):
    """EfficientNet-Lite's strides 8, 16, 32 → pyramid levels "0", "1", "2" and "pool" of `CHANNELS` channels."""

    out_channels = CHANNELS

    def __init__(self, weights: str | None, variant: int) -> None:
        super().__init__()
        file = None if weights in (None, NO_WEIGHTS) else Path(str(weights))
        body: Any = efficientnet_lite(variant, file, weights == NO_WEIGHTS, features_only=True, out_indices=(2, 3, 4))
        self.body = body
        self.fpn = FeaturePyramidNetwork(body.feature_info.channels(), CHANNELS, extra_blocks=LastLevelMaxPool())

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        features = self.body(images)
        levels: dict[str, Tensor] = self.fpn({str(i): feature for i, feature in enumerate(features)})
        return levels


class LiteFasterRCNN(FasterRCNN):  # type: ignore[misc]
    """torchvision's, which may also learn from masks."""

    added = ("roi_heads.box_predictor.quality.",)
    """Parameters that exports made before 2026-11-27 do not have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.segments: Segments | None = None

    def learn_segments(self, names: Sequence[str], share: float) -> None:
        """Let training add `share` times the loss of naming each pixel; `names` are those of the masks' ids."""
        self.segments = Segments(CHANNELS, names, share)

    def forward(self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Any:
        if not self.training or self.segments is None or targets is None:
            return super().forward(images, targets)
        batch, targets = self.transform(images, targets)
        levels = self.backbone(batch.tensors)
        proposals, first = self.rpn(batch, levels, targets)
        _, second = self.roi_heads(levels, proposals, batch.image_sizes, targets)
        masks = torch.stack([target["mask"] for target in targets])
        spare = [batch.tensors.shape[-n] // MASK_STRIDE - masks.shape[-n] for n in (1, 2)]  # as the images are padded
        masks = functional.pad(masks, (0, spare[0], 0, spare[1]), value=UNKNOWN)
        return {**second, **first, "loss_segments": self.segments(levels, masks)}


def build(class_names: Sequence[str], weights: str | None = None, variant: int = 0) -> LiteFasterRCNN:
    """weights: of EfficientNet-Lite`variant` for ImageNet, from a file, else from an installed package or the hub."""
    model = LiteFasterRCNN(
        LitePyramid(weights, variant),
        rpn_anchor_generator=AnchorGenerator(ANCHOR_SIZES, ((0.5, 1.0, 2.0),) * len(ANCHOR_SIZES)),
        rpn_pre_nms_top_n_train=1000,
        rpn_pre_nms_top_n_test=300,
        rpn_post_nms_top_n_train=512,
        rpn_post_nms_top_n_test=100,
        box_predictor=nn.Identity(),
    )
    model.roi_heads = QualityHeads(
        box_roi_pool=SeparableRoIAlign(["0", "1", "2"], output_size=7, sampling_ratio=2),
        box_head=TwoMLPHead(CHANNELS * 7 * 7, HIDDEN),
        box_predictor=QualityPredictor(HIDDEN, outputs_for(class_names)),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=128,
        positive_fraction=0.25,
        bbox_reg_weights=None,
        score_thresh=0.01,
        nms_thresh=0.5,
        detections_per_img=100,
    )
    model.transform = PixelsInPixelsOut(mean=127.0, std=128.0)
    return model

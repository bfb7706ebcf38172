"""The original's detector: Faster R-CNN on Inception-ResNet-v2, atrous, after TensorFlow's Object Detection API.

`faster_rcnn_inception_resnet_v2_atrous` (Huang et al., 2017, arXiv 1611.10012), of torchvision's Faster R-CNN parts and
timm's network:

- the first stage ends before the last reduction (Mixed_7a) and has stride 8: Mixed_6a does not stride, and the twenty
  Block17 after it look twice as far (rate 2); all of it is padded so that sides are divided evenly;
- one level of anchors, 64, 128, 256 and 512 pixels × aspects 0.5, 1 and 2; a 3 × 3 convolution of rate 2 to 512
  channels before the proposals; suppression at 0.7; 300 proposals;
- each proposal is cut out as 17 × 17 cells, one bilinear sample a cell, and goes through the rest of the network
  (Mixed_7a, ten Block8, Conv2d_7b) before it is averaged, classified and its box refined; suppression at 0.6;
- box losses count twice; batch normalisation keeps its statistics; one photo a step, SGD with momentum.

What differs: torchvision draws the proposals' training samples and pads symmetrically where TensorFlow pads one pixel
more at the end, and the proposals are sorted from the best 6 000 anchors instead of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import timm
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.ops import MultiScaleRoIAlign

from outfitter.learn.models.common import PixelsInPixelsOut, load_pretrained
from outfitter.learn.targets import outputs_for

DEFAULTS: Final[Mapping[str, Any]] = {
    "batch": 1,
    "steps": 200_000,
    "input": {"short_side": 600, "long_side": 1024, "multiple_of": 8},
    "ema": 0.0,
    "optimiser": {
        "kind": "sgd",
        "learning_rate": 3e-4,
        "backbone_factor": 1.0,
        "weight_decay": 0.0,
        "momentum": 0.9,
        "clip": 10.0,
        "schedule": "steps",
        "warm_up": 0,
        "milestones": [900_000, 1_200_000],
    },
    "augment": {"zoom": 0.0, "stretch": 0.0, "shift": 0.0, "colour": 0.0, "grey": 0.0},
}
"""The original's, as its configuration had them."""

CHANNELS: Final = 1088
"""Of the first stage's features."""
ANCHOR_SIZES: Final = ((64, 128, 256, 512),)
ASPECTS: Final = ((0.5, 1.0, 2.0),)
CELLS: Final = 17
PROPOSALS: Final = 300
BOX_LOSS: Final = 2.0


class FirstStage(nn.Module):
    """Images (N, 3, H, W) → features (N, 1088, H / 8, W / 8), rounded up."""

    out_channels = CHANNELS

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        names = ("conv2d_1a", "conv2d_2a", "conv2d_2b", "maxpool_3a", "conv2d_3b", "conv2d_4a", "maxpool_5a")
        parts: dict[str, Any] = {
            name: network.get_submodule(name) for name in (*names, "mixed_5b", "repeat", "mixed_6a", "repeat_1")
        }
        for name in ("conv2d_1a", "conv2d_2a", "conv2d_4a"):
            _pad(parts[name])
        for name in ("maxpool_3a", "maxpool_5a"):
            parts[name].padding = 1
        reduction = parts["mixed_6a"]
        _pad(reduction.get_submodule("branch0"), stride=1)
        _pad(reduction.get_submodule("branch1.2"), stride=1)
        pool = reduction.get_submodule("branch2")
        assert isinstance(pool, nn.MaxPool2d)
        pool.stride, pool.padding = 1, 1
        for layer in parts["repeat_1"].modules():
            if isinstance(layer, nn.Conv2d) and layer.kernel_size != (1, 1):
                layer.dilation = (2, 2)
                layer.padding = tuple(2 * (side // 2) for side in layer.kernel_size)
        self.body = nn.Sequential(*parts.values())

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.body(images)
        return features


class SecondStage(nn.Module):
    """The rest of the network on each proposal: (R, 1088, 17, 17) → (R, 1536)."""

    channels: Final = 1536

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        names = ("mixed_7a", "repeat_2", "block8", "conv2d_7b")
        self.body = nn.Sequential(*(network.get_submodule(name) for name in names))

    def forward(self, crops: Tensor) -> Tensor:
        features: Tensor = self.body(crops)
        return features.mean((2, 3))


class ProposalHead(nn.Module):
    """Objectness and boxes of every anchor, from a 3 × 3 convolution of rate 2 to 512 channels and ReLU6."""

    def __init__(self, anchors: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, 512, 3, padding=2, dilation=2)
        self.cls_logits = nn.Conv2d(512, anchors, 1)
        self.bbox_pred = nn.Conv2d(512, 4 * anchors, 1)
        for layer in (self.conv, self.cls_logits, self.bbox_pred):
            nn.init.normal_(layer.weight, std=0.01)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, levels: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        seen = [nn.functional.relu6(self.conv(level)) for level in levels]
        return [self.cls_logits(one) for one in seen], [self.bbox_pred(one) for one in seen]


class AtrousFasterRCNN(FasterRCNN):  # type: ignore[misc]
    """torchvision's, with the original's weight on box losses."""

    def forward(self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Any:
        result = super().forward(images, targets)
        if self.training:
            for name in ("loss_box_reg", "loss_rpn_box_reg"):
                result[name] = BOX_LOSS * result[name]
        return result


def build(class_names: Sequence[str], weights: str | None = None) -> nn.Module:
    """weights: timm's ``inception_resnet_v2`` for ImageNet, by name or from a file."""
    network = timm.create_model("inception_resnet_v2")
    load_pretrained(network, weights, lambda: timm.create_model("inception_resnet_v2", pretrained=True).state_dict())
    model = AtrousFasterRCNN(
        FirstStage(network),
        rpn_anchor_generator=AnchorGenerator(ANCHOR_SIZES, ASPECTS),
        rpn_head=ProposalHead(len(ANCHOR_SIZES[0]) * len(ASPECTS[0])),
        rpn_pre_nms_top_n_train=6000,
        rpn_pre_nms_top_n_test=6000,
        rpn_post_nms_top_n_train=PROPOSALS,
        rpn_post_nms_top_n_test=PROPOSALS,
        rpn_nms_thresh=0.7,
        box_roi_pool=MultiScaleRoIAlign(["0"], output_size=CELLS, sampling_ratio=1),
        box_head=SecondStage(network),
        box_predictor=FastRCNNPredictor(SecondStage.channels, outputs_for(class_names)),
        box_score_thresh=0.0,
        box_nms_thresh=0.6,
        box_detections_per_img=100,
        box_batch_size_per_image=64,
    )
    model.transform = PixelsInPixelsOut(127.5, 127.5, multiple_of=8)
    return model


def _pad(block: Any, stride: int | None = None) -> None:
    """Pad a 3 × 3 convolution so that its output is as large as its input over the stride."""
    convolution = block.conv
    assert isinstance(convolution, nn.Conv2d)
    convolution.padding = (1, 1)
    if stride is not None:
        convolution.stride = (stride, stride)

"""How good a box is, foretold beside its class: what is found twice is ranked by both.

A class's probability says what a box shows, not how well it fits. A small branch learns the IoU that each predicted box
has with the truth (IoU-Net, Jiang et al. 2018), on features that it cannot change, and a score is the mean of both,
weighed in logarithms (Wu et al. 2020, "IoU-aware single-stage object detector").
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads, fastrcnn_loss

SHARE: Final = 0.2
"""Of the foretold IoU in a score; the class's probability has the rest."""
HIDDEN: Final = 128
UNLEARNT: Final = 4.0
"""The branch's output before it has learnt anything, for each box the same: scores are ranked by class alone."""


class QualityPredictor(FastRCNNPredictor):  # type: ignore[misc]
    """torchvision's predictor with a further branch, `quality`: features (N, F) → logits of the IoU (N, classes)."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__(features, outputs)
        last = nn.Linear(HIDDEN, outputs)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, UNLEARNT)
        self.quality = nn.Sequential(nn.Linear(features, HIDDEN), nn.ReLU(), last)


class QualityHeads(RoIHeads):  # type: ignore[misc]
    """torchvision's second stage for boxes, whose scores also tell how well a box fits."""

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]] | None = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        if self.training:
            proposals, _, labels, wanted = self.select_training_samples(proposals, targets)
        seen = self.box_head(self.box_roi_pool(features, proposals, image_shapes))
        with torch.autocast(seen.device.type, enabled=False):
            seen = seen.float()
            logits, deltas = self.box_predictor(seen)
            quality = self.box_predictor.quality(seen.detach())
        if self.training:
            classes, boxes = fastrcnn_loss(logits, deltas, labels, wanted)
            told = self._quality_loss(quality, deltas, torch.cat(labels), torch.cat(wanted))
            return [], {"loss_classifier": classes, "loss_box_reg": boxes, "loss_quality": told}
        found = self.postprocess_detections(_ranked(logits, quality), deltas, proposals, image_shapes)
        return [{"boxes": b, "scores": s, "labels": n} for b, s, n in zip(*found, strict=True)], {}

    def _quality_loss(self, quality: Tensor, deltas: Tensor, labels: Tensor, wanted: Tensor) -> Tensor:
        """Cross-entropy between the foretold and the true IoU of the boxes of proposals that show a garment."""
        shown = torch.where(labels > 0)[0]
        if not len(shown):
            return quality.sum() * 0
        weights = deltas.new_tensor(self.box_coder.weights).float()
        predicted = deltas.detach().view(len(labels), -1, 4)[shown, labels[shown]].float()
        overlap = iou_of_deltas(predicted / weights, wanted[shown] / weights)
        return functional.binary_cross_entropy_with_logits(quality[shown, labels[shown]].float(), overlap)


def _ranked(logits: Tensor, quality: Tensor) -> Tensor:
    """Logits (N, classes) whose softmax is each class's score; what all scores leave of 1 is the background's."""
    scores = logits.softmax(1)[:, 1:] ** (1 - SHARE) * quality.sigmoid()[:, 1:] ** SHARE
    background = (1 - scores.sum(1, keepdim=True)).clamp(min=1e-6)
    return torch.cat([background, scores], 1).clamp(min=1e-12).log()


def iou_of_deltas(first: Tensor, second: Tensor) -> Tensor:
    """IoU of pairs of boxes, each given as (dx, dy, log w, log h) from the same proposal, (N, 4) × 2 → (N,).

    Overlaps do not change when both axes are measured in the proposal's own width and height.
    """

    def edges(deltas: Tensor) -> tuple[Any, ...]:
        half = deltas[:, 2:].clamp(max=4).exp() / 2
        return deltas[:, :2] - half, deltas[:, :2] + half, (2 * half).prod(1)

    (low, high, area), (other_low, other_high, other_area) = edges(first), edges(second)
    common = (torch.minimum(high, other_high) - torch.maximum(low, other_low)).clamp(min=0).prod(1)
    overlap: Tensor = common / (area + other_area - common).clamp(min=1e-6)
    return overlap

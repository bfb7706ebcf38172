"""A score tells both what a box shows and how well it fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads

from outfitter.artifact import DetectorInput
from outfitter.geometry import iou
from outfitter.learn.graphs import to_onnx
from outfitter.learn.models import build
from outfitter.learn.models.quality import SHARE, UNLEARNT, _ranked, iou_of_deltas
from outfitter.learn.predict import TorchDetector
from outfitter.learn.reopen import reopen

NAMES = ("top", "bottom")


def test_the_iou_of_deltas_is_that_of_the_boxes() -> None:
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(200, 2, 2, generator=generator).sort(1).values * 300
    proposals = corners.reshape(200, 4) + torch.tensor([0, 0, 20, 20])
    deltas = [torch.randn(200, 4, generator=generator) * 0.4 for _ in range(2)]
    first, second = (BoxCoder((1.0, 1.0, 1.0, 1.0)).decode_single(each, proposals).numpy() for each in deltas)
    wanted = np.diag(iou(first, second))
    np.testing.assert_allclose(iou_of_deltas(*deltas).numpy(), wanted, atol=1e-5)


def test_a_score_is_the_weighed_mean_of_both() -> None:
    logits, quality = torch.tensor([[0.0, 1.0, -1.0], [0.0, 1.0, -1.0]]), torch.tensor([[0, 2.0, 2.0], [0, -2.0, 2.0]])
    scores = _ranked(logits, quality).softmax(1)
    probability, fits = logits.softmax(1), quality.sigmoid()
    expected = probability ** (1 - SHARE) * fits**SHARE
    assert expected[:, 1:].sum(1).max() < 1
    torch.testing.assert_close(scores[:, 1:], expected[:, 1:])
    assert scores[0, 1] > scores[1, 1], "of boxes of the same class the one that fits better comes first"


def test_before_it_has_learnt_scores_are_ranked_by_class() -> None:
    model: Any = build("faster_rcnn_lite", NAMES, "none")
    features = torch.rand(50, model.roi_heads.box_predictor.cls_score.in_features)
    logits, _ = model.roi_heads.box_predictor(features)
    quality = model.roi_heads.box_predictor.quality(features)
    assert (quality == UNLEARNT).all()
    order = logits.softmax(1)[:, 1].argsort()
    assert torch.equal(_ranked(logits, quality).softmax(1)[:, 1].argsort(), order)


def test_what_it_learns_changes_nothing_else() -> None:
    torch.manual_seed(0)
    model: Any = build("faster_rcnn_lite", NAMES, "none").train()
    targets = [{"boxes": torch.tensor([[10.0, 10, 90, 120]]), "labels": torch.tensor([1])}]
    losses = model([torch.rand(3, 128, 96) * 255], targets)
    losses["loss_quality"].backward()
    moved = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert moved
    assert all(name.startswith("roi_heads.box_predictor.quality.") for name in moved)


def test_an_export_from_before_opens(tmp_path: Path) -> None:
    """Its boxes and classes are taken, and the new branch is left to be learnt."""
    torch.manual_seed(0)
    model: Any = build("faster_rcnn_lite", NAMES, "none").eval()
    new = model.roi_heads
    plain = FastRCNNPredictor(new.box_predictor.cls_score.in_features, 3)
    plain.load_state_dict({k: v for k, v in new.box_predictor.state_dict().items() if not k.startswith("quality")})
    model.roi_heads = RoIHeads(new.box_roi_pool, new.box_head, plain, 0.5, 0.5, 128, 0.25, None, 0.01, 0.5, 100)
    to_onnx(TorchDetector(model, NAMES, DetectorInput(area=96 * 128, multiple_of=32)), tmp_path / "model.onnx")
    again = build("faster_rcnn_lite", NAMES, "none")
    state = reopen(tmp_path, again)
    lacking = set(again.state_dict()) - set(state)
    assert lacking
    assert all(name.startswith("roi_heads.box_predictor.quality.") for name in lacking)
    torch.testing.assert_close(
        state["roi_heads.box_predictor.cls_score.weight"], plain.cls_score.weight.detach(), rtol=0, atol=0
    )

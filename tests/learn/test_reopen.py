"""An exported detector, opened again to be trained on, finds what it found."""

from __future__ import annotations

import numpy as np
import pytest

from outfitter.artifact import SHIPPED, read_manifest
from outfitter.boutique import draw_scene
from outfitter.detections import Detector
from outfitter.errors import TrainingError
from outfitter.learn.models import build
from outfitter.learn.predict import TorchDetector
from outfitter.learn.reopen import reopen

FOLDER = SHIPPED / "detector"


def test_the_shipped_detector_opens_again() -> None:
    manifest = read_manifest(FOLDER, "detector")
    assert manifest.detector_input is not None
    model = build("faster_rcnn_lite", manifest.class_names)
    model.load_state_dict(reopen(FOLDER, model))
    torch_finds = TorchDetector(model, manifest.class_names, manifest.detector_input)
    served = Detector(FOLDER, min_score=0.3)
    seen = 0
    for seed in (3, 4):
        photo, _ = draw_scene(seed)
        wanted, found = served(photo), torch_finds(photo)
        assert found.labels[: len(wanted)] == wanted.labels
        np.testing.assert_allclose(found.scores[: len(wanted)], wanted.scores, atol=2e-3)
        np.testing.assert_allclose(found.boxes_xyxy[: len(wanted)], wanted.boxes_xyxy, atol=0.5)
        seen += len(wanted)
    assert seen > 2


def test_other_classes_do_not_fit() -> None:
    model = build("faster_rcnn_lite", ("top", "bottom"))
    with pytest.raises(TrainingError, match=r"cls_score.weight is \(8, 256\) there; this model needs \(3, 256\)"):
        reopen(FOLDER, model)


def test_another_architecture_does_not_fit() -> None:
    from torchvision.models import mobilenet_v3_small

    with pytest.raises(TrainingError, match="convolutions with a folded normalisation; this model has"):
        reopen(FOLDER, mobilenet_v3_small())

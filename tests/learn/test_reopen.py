"""An exported detector, opened again to be trained on, finds what it found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from outfitter.artifact import MODEL_FILE, SHIPPED, DetectorInput, read_manifest
from outfitter.boutique import draw_scene
from outfitter.detections import Detector
from outfitter.errors import TrainingError
from outfitter.learn.graphs import to_onnx
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


@pytest.mark.parametrize("name", ["ssdlite320_mobilenet_v3", "faster_rcnn_resnet50_fpn_v2"])
def test_an_export_whose_layers_run_in_another_order_than_they_are_made(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    names = ("top", "bottom")
    chosen = DetectorInput(fixed_wh=(96, 128)) if "ssd" in name else DetectorInput(area=96 * 128, multiple_of=32)
    model = build(name, names, "none").eval()
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.normal_(0, 0.1)
    to_onnx(TorchDetector(model, names, chosen), tmp_path / MODEL_FILE)
    again = build(name, names, "none").eval()
    again.load_state_dict(reopen(tmp_path, again))
    pixels = torch.rand(1, 3, 128, 96)
    with torch.inference_mode():
        for wanted, found in zip(outputs(model, pixels), outputs(again, pixels), strict=True):
            torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)


def outputs(model: torch.nn.Module, pixels: torch.Tensor) -> list[torch.Tensor]:
    """What the layers say that an export folds a normalisation into: the backbone's, and SSD's heads."""
    features = list(model.backbone(pixels).values())  # type: ignore[operator]
    return [*features, *(model.head(features).values() if "head" in dict(model.named_children()) else [])]  # type: ignore[operator]


def test_an_export_in_8_bits_is_refused(tmp_path: Path) -> None:
    node = onnx.helper.make_node("DequantizeLinear", ["weight", "scale"], ["wide"])
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "int8", [], [])), tmp_path / MODEL_FILE)
    with pytest.raises(TrainingError, match=r"an int8 export cannot be trained on. Name the run or its fp16 export"):
        reopen(tmp_path, build("faster_rcnn_lite", ("top", "bottom"), "none"))


def test_other_classes_do_not_fit() -> None:
    model = build("faster_rcnn_lite", ("top", "bottom"))
    with pytest.raises(TrainingError, match=r"cls_score.weight is \(8, 256\) there; this model needs \(3, 256\)"):
        reopen(FOLDER, model)


def test_another_architecture_does_not_fit() -> None:
    from torchvision.models import mobilenet_v3_small

    with pytest.raises(TrainingError, match="convolutions with a folded normalisation; this model has"):
        reopen(FOLDER, mobilenet_v3_small())

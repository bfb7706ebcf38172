"""Each family of architectures as an ONNX graph, beside torch; and a run of each, saved and resumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from outfitter.artifact import MODEL_FILE, DetectorInput
from outfitter.errors import ConfigError, TrainingError
from outfitter.geometry import iou
from outfitter.learn.export import export_detector
from outfitter.learn.graphs import to_onnx
from outfitter.learn.models import NAMES, build
from outfitter.learn.options import Optimiser, TrainOptions, train_options
from outfitter.learn.predict import TorchDetector
from outfitter.learn.train import RunInfo, load_trained, resume, start
from outfitter.values import Example
from tests.learn.conftest import Learnt
from tests.learn.test_export import CARD
from tests.learn.test_train import assert_equal

CLASSES = ("top", "bottom")
INPUTS = {
    "ssd300_vgg16": DetectorInput(fixed_wh=(300, 300)),
    "ssdlite320_mobilenet_v3": DetectorInput(fixed_wh=(320, 320)),
    "rt_detr_v2": DetectorInput(fixed_wh=(96, 160)),
}
OPEN = DetectorInput(area=96 * 128, multiple_of=32)
QUICK = [name for name in NAMES if "inception" not in name]


def enliven(model: nn.Module, size_wh: tuple[int, int]) -> None:
    """Fresh networks say nearly the same of everything, and ties may come in any order: give the batch norms the
    statistics of a noisy picture, and the heads an opinion."""
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in norms:
        layer.momentum = 1.0
    truth = {"boxes": torch.tensor([[10.0, 20, 60, 90]]), "labels": torch.tensor([1])}
    with torch.no_grad():
        model.train()([torch.rand(3, size_wh[1], size_wh[0]) * 255 for _ in range(2)], [truth, truth])
        for key, parameter in model.named_parameters():
            if any(part in key for part in ("head", "class_embed", "enc_score", "cls", "box_predictor")):
                parameter.add_(0.05 * torch.randn_like(parameter))
    model.eval()


def exported(
    name: str, folder: Path, size_wh: tuple[int, int], chosen: DetectorInput | None = None
) -> tuple[list[NDArray[np.float32]], dict[str, torch.Tensor]]:
    """What the graph finds in a noisy picture, and what torch does."""
    torch.manual_seed(0)
    model = build(name, CLASSES, "none").eval()
    if name in ("ssdlite320_mobilenet_v3", "rt_detr_v2"):
        enliven(model, INPUTS[name].size_for((2, 3)))
    detector = TorchDetector(model, CLASSES, chosen or INPUTS.get(name, OPEN))
    to_onnx(detector, folder / "m.onnx")
    pixels = np.random.default_rng(0).integers(0, 256, (1, size_wh[1], size_wh[0], 3), np.uint8)
    found = onnxruntime.InferenceSession(folder / "m.onnx").run(None, {"pixels": pixels})
    with torch.inference_mode():
        wanted = model([torch.from_numpy(pixels[0]).permute(2, 0, 1).float()])[0]
    return found, wanted


@pytest.mark.parametrize("name", [*QUICK, pytest.param("faster_rcnn_inception_resnet_v2", marks=pytest.mark.slow)])
def test_the_graph_finds_what_torch_finds(name: str, tmp_path: Path) -> None:
    size = INPUTS[name].size_for((1, 1)) if name in INPUTS else (160, 96)  # not the size it was traced with
    (boxes, classes, scores), wanted = exported(name, tmp_path, size)
    assert len(boxes) == len(wanted["boxes"]) > 0
    np.testing.assert_allclose(scores, wanted["scores"].numpy(), atol=2e-3)
    near = np.abs(scores[:, None] - wanted["scores"].numpy()[None]) < 0.01
    same = (classes + 1)[:, None] == wanted["labels"].numpy()[None]
    if name != "ssd300_vgg16":  # whose fresh head gives every box the same score, so that any of them may be kept
        twins = (iou(boxes, wanted["boxes"].numpy()) > 0.95) & same & near
        assert np.mean(twins.any(1)) > 0.95


@pytest.mark.parametrize(
    ("name", "chosen", "size_wh"),
    [
        ("faster_rcnn_lite", DetectorInput(area=7000), (70, 102)),
        ("faster_rcnn_lite", DetectorInput(area=7000), (64, 96)),
        ("rt_detr_v2", DetectorInput(fixed_wh=(90, 150)), (90, 150)),
    ],
)
def test_the_graph_pads_as_torch_does(
    name: str, chosen: DetectorInput, size_wh: tuple[int, int], tmp_path: Path
) -> None:
    (boxes, _, scores), wanted = exported(name, tmp_path, size_wh, chosen)
    assert len(boxes) == len(wanted["boxes"]) > 0
    np.testing.assert_allclose(scores, wanted["scores"].numpy(), atol=2e-3)
    assert np.mean((iou(boxes, wanted["boxes"].numpy()) > 0.95).any(1)) > 0.95


def test_what_takes_one_size_is_given_one(tmp_path: Path, rectangles: Callable[[int], list[Example]]) -> None:
    options = train_options({"model": "ssdlite320_mobilenet_v3", "weights": "none", "input": {"area": 9000}}, "x")
    with pytest.raises(ConfigError, match="ssdlite320_mobilenet_v3 takes pictures of one size.*fixed_wh"):
        start(tmp_path / "run", RunInfo(options, CLASSES, "x"), rectangles(1), ())
    begun_before = TorchDetector(build("ssdlite320_mobilenet_v3", CLASSES, "none"), CLASSES, options.input)
    with pytest.raises(ConfigError, match="takes pictures of one size"):
        to_onnx(begun_before, tmp_path / "m.onnx")
    small = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
    with pytest.raises(ConfigError, match="the 300 best places of a picture, and one of 64 × 96 pixels has 126"):
        build("rt_detr_v2", CLASSES, "none")([torch.rand(3, 96, 64)], [small])


@pytest.mark.parametrize("name", ["ssdlite320_mobilenet_v3", "rt_detr_v2"])
def test_a_run_of_another_family_resumed_equals_one_that_was_not(
    name: str, tmp_path: Path, rectangles: Callable[[int], list[Example]]
) -> None:
    examples = rectangles(3)
    options = TrainOptions(
        model=name,
        weights="none",
        steps=2,
        batch=2,
        input=INPUTS[name],
        workers=0,
        ema=0.9,
        optimiser=Optimiser(schedule="steps", warm_up=0),
    )
    shorter = options.model_copy(update={"steps": 1})
    row = start(tmp_path / "whole", RunInfo(options, CLASSES, "x"), examples, examples[:1])()
    start(tmp_path / "parts", RunInfo(shorter, CLASSES, "x"), examples, ())()
    resume(tmp_path / "parts", examples, (), steps=2)()
    assert 0 <= row["AP50"] <= 1
    assert load_trained(tmp_path / "parts")[1].options.steps == 2
    assert_equal(tmp_path / "whole", tmp_path / "parts", 2)


@pytest.mark.slow
def test_int8_is_small_and_bounded(learnt: Learnt, tmp_path: Path) -> None:
    detector = load_trained(learnt.run)[0]
    with pytest.raises(TrainingError, match="int8 needs photos to see the ranges of activations on"):
        export_detector(detector, tmp_path / "none", learnt.examples, CARD, precision="int8")
    manifest, parity = export_detector(
        detector, tmp_path / "int8", learnt.examples, CARD, precision="int8", max_drop=0.3, calibration=learnt.examples
    )
    assert parity.exported.ap50 > 0.8
    assert manifest.metrics["parity"]["precision"] == "int8"
    export_detector(detector, tmp_path / "fp16", learnt.others, CARD)
    sizes = [(tmp_path / kind / MODEL_FILE).stat().st_size for kind in ("int8", "fp16")]
    assert sizes[0] < 0.85 * sizes[1]
    if parity.drop > 0:
        with pytest.raises(TrainingError, match="allow more with --max-drop"):
            export_detector(
                detector, tmp_path / "no", learnt.examples, CARD, precision="int8", max_drop=parity.drop / 2,
                calibration=learnt.examples,
            )  # fmt: skip

"""Detectors as ONNX graphs: pixels in, boxes out, one traceable wrapper for each family of architectures."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD

from outfitter.artifact import DetectorInput
from outfitter.detections import as_input
from outfitter.errors import TrainingError
from outfitter.learn.compress import store_half
from outfitter.learn.models.common import require_one_size
from outfitter.learn.models.rt_detr_v2 import RTDetr, best
from outfitter.learn.predict import TorchDetector
from outfitter.values import Photo

Precision = Literal["fp32", "fp16", "int8"]
OPSET: Final = 17
QUANTISED: Final = "backbone"
"""int8 is for the convolutions whose name holds this; proposals, heads and boxes stay in float."""


class _TwoStage(nn.Module):
    """torchvision's Faster R-CNN, without its list-of-images transform, which cannot be traced with H and W open."""

    def __init__(self, model: Any, unit: int) -> None:
        super().__init__()
        self.model, self.unit = model, unit

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        images = _normalised(self.model, pixels, self.unit)
        sizes = [(pixels.shape[1], pixels.shape[2])]  # boxes end where the photo does
        features = self.model.backbone(images)
        if isinstance(features, Tensor):
            features = {"0": features}
        proposals, _ = self.model.rpn(ImageList(images, sizes), features)
        found = self.model.roi_heads(features, proposals, sizes)[0][0]
        return found["boxes"], found["labels"] - 1, found["scores"]


class _SingleShot(nn.Module):
    """torchvision's SSD, of one input size; its suppression is part of the graph."""

    def __init__(self, model: Any, unit: int) -> None:
        super().__init__()
        self.model, self.unit = model, unit

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        images = _normalised(self.model, pixels, self.unit)
        sizes = [(int(images.shape[2]), int(images.shape[3]))]
        features = list(self.model.backbone(images).values())
        anchors = self.model.anchor_generator(ImageList(images, sizes), features)
        found = self.model.postprocess_detections(self.model.head(features), anchors, sizes)[0]
        return found["boxes"], found["labels"] - 1, found["scores"]


class _Transformer(nn.Module):
    """A detection transformer: its queries are its detections."""

    def __init__(self, model: RTDetr, unit: int) -> None:
        super().__init__()
        self.model, self.unit = model, unit

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        images = _normalised(self.model, pixels, self.unit)
        output = self.model.network(pixel_values=images)
        height, width = images.shape[2:]
        boxes, classes, scores = best(output.logits, output.pred_boxes, images.new_tensor([width, height] * 2))
        return boxes[0], classes[0], scores[0]


def _normalised(model: Any, pixels: Tensor, unit: int) -> Tensor:
    """What `PixelsInPixelsOut` makes of one image: in the model's units, padded to multiples of `unit` pixels."""
    images: Tensor = (pixels.permute(0, 3, 1, 2).float() - model.transform.mean) / model.transform.std
    if unit == 1:
        return images
    height, width = images.shape[2:]
    return functional.pad(images, (0, -width % unit, 0, -height % unit))


def _unit(model: Any, chosen: DetectorInput) -> int:
    """What the model pads its input's sides to multiples of; 1 where they are such anyway."""
    unit: int = model.transform.multiple_of
    return unit if any(side % unit for side in chosen.fixed_wh or (chosen.multiple_of,)) else 1


def _wrapper(model: nn.Module, chosen: DetectorInput) -> tuple[nn.Module, bool]:
    """The traceable form of a detector, and whether height and width may stay open."""
    if isinstance(model, FasterRCNN):
        return _TwoStage(model, _unit(model, chosen)), True
    if isinstance(model, (SSD, RTDetr)):
        require_one_size(type(model).__name__, chosen)
        wrapper = _SingleShot if isinstance(model, SSD) else _Transformer
        return wrapper(model, _unit(model, chosen)), False
    raise TrainingError(f"cannot export a {type(model).__name__}; export a model that 'outfitter train' made.")


def to_onnx(detector: TorchDetector, path: Path, precision: Precision = "fp32", photos: Sequence[Photo] = ()) -> None:
    """Write `detector` as ONNX: input ``pixels`` uint8 (1, H, W, 3); outputs ``boxes`` float32 (N, 4) in pixels of the
    input, ``classes`` int64 (N,) counting class names from 0, ``scores`` float32 (N,), best first.

    H and W are open where the architecture takes any size, else those of its input; the batch is one photo: proposals
    and suppression differ from photo to photo, and on a CPU nothing is gained by batches.

    fp16 halves the file: weights are stored in half precision and widened once, at load; arithmetic stays float32.
    int8 computes the backbone's convolutions in 8 bits, with ranges seen on `photos`.
    """
    wrapped, is_open = _wrapper(detector.model, detector.input)
    width, height = detector.input.size_for((2, 3))
    example = torch.randint(0, 256, (1, height, width, 3), dtype=torch.uint8)
    found = {0: "found"}
    axes: dict[str, dict[int, str]] = {"boxes": found, "classes": found, "scores": found}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every shape it records
        torch.onnx.export(
            wrapped.eval(),
            (example,),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["pixels"],
            output_names=["boxes", "classes", "scores"],
            dynamic_axes=axes | ({"pixels": {1: "height", 2: "width"}} if is_open else {}),
        )
    if precision == "fp16":
        onnx.save(store_half(onnx.load(path)), path)
    elif precision == "int8":
        _quantise(path, photos, detector.input)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the advice to preprocess, which cannot infer a suppression's shapes."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)


def _quantise(path: Path, photos: Sequence[Photo], chosen: DetectorInput) -> None:
    """Static quantisation of the backbone, in place: 8-bit weights for each channel, activations by range.

    7 bits of them are used (`reduce_range`): without VNNI two products of full 8 bits saturate 16.
    """
    from onnxruntime import quantization

    if not photos:
        raise TrainingError("int8 needs photos to see the ranges of activations on; give a data set with photos.")

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._inputs: Iterator[Mapping[str, NDArray[np.uint8]]] = iter(
                {"pixels": as_input(photo, chosen)} for photo in photos
            )

        def get_next(self) -> Mapping[str, NDArray[np.uint8]] | None:
            return next(self._inputs, None)

    others = [node.name for node in onnx.load(path).graph.node if node.op_type == "Conv" and QUANTISED not in node.name]
    with tempfile.TemporaryDirectory(prefix="outfitter-int8-") as scratch, _quietly():
        target = Path(scratch) / "int8.onnx"
        quantization.quantize_static(
            str(path),
            str(target),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=others,
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
        )
        onnx.save(store_half(onnx.load(target)), path)

"""A trained detector → a model folder that onnxruntime serves, proved equal to the torch model it came from."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.image_list import ImageList

from outfitter.artifact import Manifest, write_model_folder
from outfitter.detections import Detector
from outfitter.errors import TrainingError
from outfitter.evaluation.detection import DetectionScores, score_detections
from outfitter.geometry import iou
from outfitter.learn.card import Card
from outfitter.learn.compress import store_half
from outfitter.learn.predict import TorchDetector
from outfitter.photo import load_photo
from outfitter.values import Detections, Example

Precision = Literal["fp32", "fp16"]
OPSET: Final = 17
SCORE_FLOOR: Final = 0.01
"""Detections below this score leave neither model; thresholds above it are the reader's choice."""


class _TwoStage(nn.Module):
    """torchvision's Faster R-CNN from uint8 pixels (1, H, W, 3) to boxes, class indices and scores, traceable.

    It calls the model's own parts and skips only its list-of-images transform, which cannot be traced with H and W
    left open.
    """

    def __init__(self, model: FasterRCNN) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        model = self.model
        images = (pixels.permute(0, 3, 1, 2).float() - model.transform.mean) / model.transform.std
        sizes = [(images.shape[2], images.shape[3])]
        features = model.backbone(images)
        proposals, _ = model.rpn(ImageList(images, sizes), features)
        found = model.roi_heads(features, proposals, sizes)[0][0]
        return found["boxes"], found["labels"] - 1, found["scores"]


def to_onnx(detector: TorchDetector, path: Path, precision: Precision = "fp32") -> None:
    """Write `detector` as ONNX: input ``pixels`` uint8 (1, H, W, 3); outputs ``boxes`` float32 (N, 4) in pixels of the
    input, ``classes`` int64 (N,) counting class names from 0, ``scores`` float32 (N,), best first.

    fp16 halves the file: weights are stored in half precision and widened once, at load; arithmetic stays float32.
    """
    if not isinstance(detector.model, FasterRCNN):
        raise TrainingError(f"cannot export a {type(detector.model).__name__} yet; export a faster_rcnn model.")
    width, height = detector.input.size_for((2, 3))
    example = torch.randint(0, 256, (1, height, width, 3), dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every shape it records
        torch.onnx.export(
            _TwoStage(detector.model).eval(),
            (example,),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["pixels"],
            output_names=["boxes", "classes", "scores"],
            dynamic_axes={
                "pixels": {1: "height", 2: "width"},
                "boxes": {0: "found"},
                "classes": {0: "found"},
                "scores": {0: "found"},
            },
        )
    if precision == "fp16":
        onnx.save(store_half(onnx.load(path)), path)


@dataclass(frozen=True)
class Parity:
    """How far an exported model is from torch's on the same photos. drop: AP lost; apart: detections without a twin."""

    torch: DetectionScores
    exported: DetectionScores
    apart: float

    @property
    def drop(self) -> float:
        return self.torch.ap - self.exported.ap


def _without_twin(a: Detections, b: Detections, min_score: float = 0.3) -> tuple[int, int]:
    """Of a's detections above `min_score`: how many have none of the same label at IoU ≥ 0.75 in b; and how many."""
    chosen = a[a.scores >= min_score]
    overlap = iou(chosen.boxes_xyxy, b.boxes_xyxy) >= 0.75
    same = np.array(chosen.labels)[:, None] == np.array(b.labels)[None, :]
    return int((~(overlap & same).any(1)).sum()) if len(b) else len(chosen), len(chosen)


def best_threshold(truth: Mapping[str, Any], predictions: Mapping[str, Detections]) -> float:
    """The score, rounded to 0.05, at which the F1 of right detections (same label, IoU ≥ 0.5) is highest."""
    scores: list[float] = []
    right: list[bool] = []
    wanted = sum(len(annotations) for annotations in truth.values())
    for name, found in predictions.items():
        taken: set[int] = set()
        overlaps = iou(found.boxes_xyxy, truth[name].boxes_xyxy)
        for i, label in enumerate(found.labels):
            matches = [
                j
                for j in np.argsort(-overlaps[i])
                if overlaps[i, j] >= 0.5 and truth[name].labels[j] == label and j not in taken
            ]
            taken.update(matches[:1])
            scores.append(float(found.scores[i]))
            right.append(bool(matches))
    values, hits = np.array(scores), np.array(right, bool)
    grid = np.arange(0.1, 0.91, 0.05)
    f1: list[float] = [2 * int(hits[values >= t].sum()) / max(1, int((values >= t).sum()) + wanted) for t in grid]
    return round(float(grid[int(np.argmax(f1))]), 2)


def export_detector(
    detector: TorchDetector,
    out: Path,
    examples: Sequence[Example],
    card: Card,
    *,
    precision: Precision = "fp16",
    max_drop: float = 0.005,
) -> tuple[Manifest, Parity]:
    """Export, compare with torch on `examples`, and write the model folder only if it passed.

    Raises:
        TrainingError: AP fell by more than `max_drop`, or over 1 % of the detections moved.
        ModelError: `out` is not empty.
    """
    if not examples:
        raise TrainingError("there are no photos to prove the export on; give a data set with a val split.")
    truth = {example.name: example.annotations for example in examples}
    manifest: dict[str, Any] = {
        "kind": "detector",
        **card.model_dump(),
        "detector_input": detector.input.model_dump(),
        "class_names": detector.class_names,
        "score_threshold": 0.5,
        "metrics": {},
    }
    with tempfile.TemporaryDirectory(prefix="outfitter-export-") as scratch:
        model = Path(scratch) / "model.onnx"
        to_onnx(detector, model, precision)
        write_model_folder(Path(scratch) / "trial", model, manifest, card.notices)
        exported = Detector(Path(scratch) / "trial", min_score=0.0)
        predictions, references = {}, {}
        moved = total = 0
        for example in examples:
            photo = load_photo(example.image)
            predictions[example.name], references[example.name] = exported(photo), detector(photo)
            apart, among = _without_twin(references[example.name], predictions[example.name])
            moved, total = moved + apart, total + among
        parity = Parity(
            score_detections(truth, references, detector.class_names),
            score_detections(truth, predictions, detector.class_names),
            moved / max(1, total),
        )
        if parity.drop > max_drop or parity.apart > 0.01:
            raise TrainingError(
                f"the export differs from torch on {len(examples)} photos: AP {parity.torch.ap:.4f} became "
                f"{parity.exported.ap:.4f} (at most {max_drop} may be lost) and {parity.apart:.1%} of the detections "
                "moved (at most 1 %). Nothing was written; export with --precision fp32."
            )
        manifest["score_threshold"] = best_threshold(truth, predictions)
        manifest["metrics"] = {
            "protocol": "photo",
            "photos": len(examples),
            "AP": round(parity.exported.ap, 4),
            "AP50": round(parity.exported.ap50, 4),
            "AP50_per_class": {k: round(v, 4) for k, v in parity.exported.per_class_ap50.items()},
            "parity": {"AP_torch": round(parity.torch.ap, 4), "detections_apart": round(parity.apart, 4)},
        }
        return write_model_folder(out, model, manifest, card.notices), parity

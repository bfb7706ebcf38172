"""A trained detector → a model folder that onnxruntime serves, proved equal to the torch model it came from."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from outfitter.artifact import Manifest, write_model_folder
from outfitter.detections import Detector
from outfitter.errors import TrainingError
from outfitter.evaluation.detection import DetectionScores, score_detections
from outfitter.geometry import areas, intersections, iou
from outfitter.learn.card import Card
from outfitter.learn.graphs import Precision, to_onnx
from outfitter.learn.predict import TorchDetector
from outfitter.photo import load_photo
from outfitter.values import Detections, Example

MAX_DROP: Final = 0.005
FALSE_ALARMS: Final = 0.02
"""Share of photos without a garment on which something may be shown, unless told; a user bears 0.05, and other photos
are harder."""
CALIBRATED: Final = 64
"""Photos on which int8's ranges are seen, at most."""


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
    """The score, rounded to 0.05, at which the F1 of right detections (same label, IoU ≥ 0.5) is highest.

    As in evaluation, a detection half of which lies in a crowd of its label is neither right nor wrong.
    """
    scores: list[float] = []
    right: list[bool] = []
    wanted = sum(len(annotations.without_crowd()) for annotations in truth.values())
    for name, found in predictions.items():
        taken: set[int] = set()
        boxes, crowd = truth[name].boxes_xyxy, truth[name].crowd
        inside = intersections(found.boxes_xyxy, boxes) / areas(found.boxes_xyxy)[:, None]
        overlaps = np.where(crowd, inside, iou(found.boxes_xyxy, boxes))
        for i, label in enumerate(found.labels):
            matches = [
                j
                for j in np.lexsort((-overlaps[i], crowd))
                if overlaps[i, j] >= 0.5 and truth[name].labels[j] == label and j not in taken
            ]
            if matches and crowd[matches[0]]:
                continue
            taken.update(matches[:1])
            scores.append(float(found.scores[i]))
            right.append(bool(matches))
    values, hits = np.array(scores), np.array(right, bool)
    grid = np.arange(0.1, 0.91, 0.05)
    f1: list[float] = [2 * int(hits[values >= t].sum()) / max(1, int((values >= t).sum()) + wanted) for t in grid]
    return round(float(grid[int(np.argmax(f1))]), 2)


def threshold_for_empty(detector: Detector, empty: Sequence[Path], max_alarms: float = FALSE_ALARMS) -> float:
    """The least score, to a hundredth, reached on at most a share `max_alarms` of these photos without a garment."""
    best = [max(detector(photo).scores.tolist(), default=0.0) for photo in empty]
    most = min(int(max_alarms * len(best)), len(best) - 1)
    too_many = sorted(best, reverse=True)[most]
    return min(1.0, (math.floor(100 * too_many + 1e-3) + 1) / 100)  # scores are float32: 0.9 is a little less


def export_detector(
    detector: TorchDetector,
    out: Path,
    examples: Sequence[Example],
    card: Card,
    *,
    precision: Precision = "fp16",
    max_drop: float = MAX_DROP,
    calibration: Sequence[Example] = (),
    score_threshold: float | None = None,
    photo_threshold: float | None = None,
    empty: Sequence[Path] = (),
    max_alarms: float = FALSE_ALARMS,
) -> tuple[Manifest, Parity]:
    """Export, compare with torch on `examples`, and write the model folder only if it passed.

    max_drop: of AP. calibration: photos for int8, whose boxes may move as long as AP holds. score_threshold: None
    takes the one of the best F1 on `examples`. photo_threshold: None takes the least at which the detector fires on at
    most a share `max_alarms` of `empty`, photos without a garment, and none where there are no such photos.

    Raises:
        TrainingError: AP fell by more than `max_drop`, or, but for int8, over 1 % of the detections moved.
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
        to_onnx(detector, model, precision, [load_photo(example.image) for example in calibration[:CALIBRATED]])
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
        if parity.drop > max_drop or (parity.apart > 0.01 and precision != "int8"):
            raise TrainingError(
                f"the export differs from torch on {len(examples)} photos: AP {parity.torch.ap:.4f} became "
                f"{parity.exported.ap:.4f} (at most {max_drop} may be lost) and {parity.apart:.1%} of the detections "
                f"moved{'' if precision == 'int8' else ' (at most 1 %)'}. Nothing was written; "
                f"{'allow more with --max-drop' if precision == 'int8' else 'export with --precision fp32'}."
            )
        manifest["score_threshold"] = best_threshold(truth, predictions) if score_threshold is None else score_threshold
        if photo_threshold is None and empty:
            photo_threshold = threshold_for_empty(exported, empty, max_alarms)
        if photo_threshold is not None:
            manifest["photo_threshold"] = photo_threshold
        manifest["metrics"] = {
            "protocol": "photo",
            "photos": len(examples),
            "AP": round(parity.exported.ap, 4),
            "AP50": round(parity.exported.ap50, 4),
            "AP50_per_class": {k: round(v, 4) for k, v in parity.exported.per_class_ap50.items()},
            "parity": {
                "precision": precision,
                "AP_torch": round(parity.torch.ap, 4),
                "detections_apart": round(parity.apart, 4),
            },
        }
        return write_model_folder(out, model, manifest, card.notices), parity

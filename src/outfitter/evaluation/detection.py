"""Average precision of detections: COCO's numbers, and Pascal VOC's under the names the original system printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import EvaluationError, nearest
from outfitter.geometry import iou
from outfitter.values import Annotations, Detections

MAX_DETECTIONS: Final = 100
"""Per photo and class, COCO's limit; the best-scored are kept."""

SIZES: Final = ("small", "medium", "large")
"""COCO's: box area under 32², from 32² to 96², over 96² square pixels."""


@dataclass(frozen=True)
class DetectionScores:
    """All in [0, 1]. A class or size without a true box has no number, so it is left out of the mappings.

    ap: mean of AP at IoU 0.50, 0.55, …, 0.95, over classes. ar100: mean recall with 100 detections a photo and class.
    voc_ap50: all-point AP at IoU 0.5. voc_map50: its mean over classes.
    """

    ap: float
    ap50: float
    ap75: float
    ar100: float
    per_class_ap: Mapping[str, float]
    per_class_ap50: Mapping[str, float]
    per_size_ap: Mapping[str, float]
    voc_ap50: Mapping[str, float]
    voc_map50: float
    images: int
    boxes: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON-ready values; VOC under the original's names, ``AP@0.5IOU/top`` and ``mAP@0.5IOU``."""
        return {
            "images": self.images,
            "boxes": self.boxes,
            "AP": self.ap,
            "AP50": self.ap50,
            "AP75": self.ap75,
            "AR@100": self.ar100,
            "AP_per_class": dict(self.per_class_ap),
            "AP50_per_class": dict(self.per_class_ap50),
            "AP_per_size": dict(self.per_size_ap),
            **{f"AP@0.5IOU/{name}": value for name, value in self.voc_ap50.items()},
            "mAP@0.5IOU": self.voc_map50,
        }


def score_detections(
    truth: Mapping[str, Annotations], predictions: Mapping[str, Detections], class_names: Sequence[str]
) -> DetectionScores:
    """Score the detections of many photos against their true boxes; both map photo names to values.

    A photo on which nothing was found maps to ``Detections.none(size_wh)``: a missing photo is an error, not a miss.

    Raises:
        EvaluationError: different photos on the two sides, a photo of another size, a label that is not in
            `class_names`, or no true box at all.
    """
    check(truth, predictions, class_names)
    precision, recall = _coco(truth, predictions, class_names)
    has_truth = {
        label for one in truth.values() for label, crowd in zip(one.labels, _crowd(one), strict=True) if not crowd
    }
    named = [(k, name) for k, name in enumerate(class_names) if name in has_truth]
    voc = {name: voc_average_precision(truth, predictions, name) for _, name in named}
    sizes = {size: _mean(precision[:, :, :, area]) for area, size in enumerate(SIZES, 1)}
    return DetectionScores(
        ap=_mean(precision[:, :, :, 0]),
        ap50=_mean(precision[0, :, :, 0]),
        ap75=_mean(precision[5, :, :, 0]),
        ar100=_mean(recall[:, :, 0]),
        per_class_ap={name: _mean(precision[:, :, k, 0]) for k, name in named},
        per_class_ap50={name: _mean(precision[0, :, k, 0]) for k, name in named},
        per_size_ap={size: value for size, value in sizes.items() if not np.isnan(value)},
        voc_ap50=voc,
        voc_map50=float(np.mean(list(voc.values()))),
        images=len(truth),
        boxes=sum(int((~_crowd(one)).sum()) for one in truth.values()),
    )


def check(truth: Mapping[str, Annotations], predictions: Mapping[str, Detections], class_names: Sequence[str]) -> None:
    """Raise EvaluationError unless the two sides speak of the same photos and classes."""
    if not any((~_crowd(one)).any() for one in truth.values()):
        raise EvaluationError(f"the truth holds {len(truth)} photos and no box; there is nothing to score against.")
    unknown = [name for name in predictions if name not in truth]
    if unknown:
        raise EvaluationError(
            f"{len(unknown)} of {len(predictions)} predicted photos are not in the truth, first {unknown[0]!r}"
            f"{nearest(unknown[0], truth)}. Predict for the photos of the split that is scored."
        )
    missing = [name for name in truth if name not in predictions]
    if missing:
        raise EvaluationError(
            f"{len(missing)} of {len(truth)} photos have no predictions, first {missing[0]!r}. "
            "Give an empty list for a photo on which nothing was found."
        )
    for name, found in predictions.items():
        if found.size_wh != truth[name].size_wh:
            raise EvaluationError(
                f"{name}: predictions are for a photo of {found.size_wh}, the truth is for {truth[name].size_wh} "
                "(width, height). Scale the boxes back to the photo."
            )
    for side, labels in (
        ("truth", {label for one in truth.values() for label in one.labels}),
        ("predictions", {label for one in predictions.values() for label in one.labels}),
    ):
        strange = sorted(labels - set(class_names))
        if strange:
            raise EvaluationError(
                f"the {side} name {', '.join(map(repr, strange))}, the classes are {', '.join(class_names)}"
                f"{nearest(strange[0], class_names)}. Rename them with a mapping."
            )


def _crowd(one: Annotations) -> NDArray[np.bool_]:
    assert one.crowd is not None  # Annotations always sets it
    return one.crowd


def _mean(values: NDArray[np.float64]) -> float:
    """COCO marks cells without truth by -1; NaN if there is no other cell."""
    told = values[values > -1]
    return float(told.mean()) if told.size else float("nan")


def _coco(
    truth: Mapping[str, Annotations], predictions: Mapping[str, Detections], class_names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Precision (IoUs, recalls, classes, areas) and recall (IoUs, classes, areas), -1 where there is no truth."""
    from faster_coco_eval import COCO, COCOeval_faster

    ids = {name: k for k, name in enumerate(class_names, 1)}
    photos = {name: number for number, name in enumerate(truth, 1)}

    def rows(one: Annotations | Detections, number: int) -> list[dict[str, Any]]:
        sides = (one.boxes_xyxy[:, 2:] - one.boxes_xyxy[:, :2]).astype(float)
        boxes = np.concatenate([one.boxes_xyxy[:, :2], sides], 1).astype(float)
        return [
            {"image_id": number, "category_id": ids[label], "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
            for box, label in zip(boxes.tolist(), one.labels, strict=True)
        ]

    boxes: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for name, number in photos.items():
        marks = _crowd(truth[name]).astype(int).tolist()
        boxes += [row | {"iscrowd": mark} for row, mark in zip(rows(truth[name], number), marks, strict=True)]
        scores = predictions[name].scores.astype(float).tolist()
        found += [row | {"score": score} for row, score in zip(rows(predictions[name], number), scores, strict=True)]

    def data(annotations: list[dict[str, Any]]) -> Any:
        return COCO(
            {
                "images": [{"id": number} for number in photos.values()],
                "categories": [{"id": k, "name": name} for name, k in ids.items()],
                "annotations": [row | {"id": number} for number, row in enumerate(annotations, 1)],
            },
            print_function=_silent,
        )

    judge = COCOeval_faster(data(boxes), data(found), "bbox", print_function=_silent)
    judge.params.maxDets = [MAX_DETECTIONS]
    judge.evaluate()
    judge.accumulate()
    precision = np.asarray(judge.eval["precision"], float)[..., -1]
    recall = np.asarray(judge.eval["recall"], float)[..., -1]
    return precision, recall


def _silent(*_: object) -> None:
    """faster-coco-eval prints by default."""


def voc_average_precision(
    truth: Mapping[str, Annotations], predictions: Mapping[str, Detections], class_name: str, min_iou: float = 0.5
) -> float:
    """All-point AP of one class (Everingham et al. 2010, VOC devkit from 2010 on), as TF Object Detection printed it.

    A detection is right if the true box it overlaps most has IoU ≥ `min_iou` and is not taken by a better-scored one.
    """
    scores: list[float] = []
    right: list[bool] = []
    wanted = 0
    for name, one in truth.items():
        mine = np.array([label == class_name for label in one.labels], bool)
        boxes, crowd = one.boxes_xyxy[mine], _crowd(one)[mine]
        wanted += int((~crowd).sum())
        found = predictions[name]
        found = found[np.array([label == class_name for label in found.labels], bool)]
        overlaps = iou(found.boxes_xyxy, boxes)
        taken: set[int] = set()
        for row, score in zip(overlaps, found.scores, strict=True):
            best = int(np.argmax(row)) if len(row) else -1
            hit = best >= 0 and row[best] >= min_iou
            if hit and crowd[best]:
                continue
            scores.append(float(score))
            right.append(bool(hit and best not in taken))
            if hit:
                taken.add(best)
    order = np.argsort(-np.array(scores), kind="stable")
    hits = np.cumsum(np.array(right, float)[order])
    recall = np.concatenate([[0.0], hits / wanted, [1.0]])
    precision = np.concatenate([[0.0], hits / np.arange(1, len(hits) + 1), [0.0]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall) * envelope[1:]))

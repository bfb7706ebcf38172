"""Truth and detections of many photos, checked against each other and laid out in columns.

4 million detections take 110 MB here; as one dictionary each, the form of COCO's tools, they take 6 GB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import EvaluationError, nearest
from outfitter.geometry import Boxes
from outfitter.values import Annotations, Detections


@dataclass(frozen=True, eq=False)
class Rows:
    """Boxes of many photos, photo after photo. boxes_xyxy: (N, 4). photo, label: int32 (N,), indices of names."""

    boxes_xyxy: Boxes
    photo: NDArray[np.int32]
    label: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.photo)

    def __getitem__(self, keep: NDArray[np.bool_]) -> Rows:
        return Rows(self.boxes_xyxy[keep], self.photo[keep], self.label[keep])


@dataclass(frozen=True, eq=False)
class Table:
    """crowd: bool (G,) for the truth. score: float32 (D,), best first within a photo."""

    photos: tuple[str, ...]
    sizes_wh: NDArray[np.int32]
    class_names: tuple[str, ...]
    truth: Rows
    crowd: NDArray[np.bool_]
    found: Rows
    score: NDArray[np.float32]

    def above(self, score: float) -> Table:
        """Without the detections that are less sure than `score`."""
        keep = self.score >= score
        return replace(self, found=self.found[keep], score=self.score[keep])


def tabulate(
    truth: Mapping[str, Annotations], predictions: Mapping[str, Detections], class_names: Sequence[str]
) -> Table:
    """Lay both sides out in columns, photos in the truth's order.

    Raises:
        EvaluationError: different photos on the two sides, a photo of another size, a label that is not in
            `class_names`, or no true box at all.
    """
    check(truth, predictions, class_names)
    crowd = [_crowd(one) for one in truth.values()]
    found = [predictions[name] for name in truth]
    return Table(
        photos=tuple(truth),
        sizes_wh=np.array([one.size_wh for one in truth.values()], np.int32),
        class_names=tuple(class_names),
        truth=_rows(list(truth.values()), class_names),
        crowd=np.concatenate(crowd),
        found=_rows(found, class_names),
        score=np.concatenate([one.scores for one in found]),
    )


def truth_hash(truth: Mapping[str, Annotations]) -> str:
    """16 hex digits that change with any photo's name, size, boxes, labels or crowd marks; not with their order."""
    digest = hashlib.sha256()
    for name, one in sorted(truth.items()):
        digest.update(repr((name, one.size_wh, one.labels, _crowd(one).tolist(), one.boxes_xyxy.tolist())).encode())
    return digest.hexdigest()[:16]


def _rows(values: Sequence[Annotations | Detections], class_names: Sequence[str]) -> Rows:
    ids = {name: number for number, name in enumerate(class_names)}
    counts = [len(one) for one in values]
    return Rows(
        np.concatenate([one.boxes_xyxy for one in values]),
        np.repeat(np.arange(len(values), dtype=np.int32), counts),
        np.fromiter((ids[label] for one in values for label in one.labels), np.int32, sum(counts)),
    )


def _crowd(one: Annotations) -> NDArray[np.bool_]:
    assert one.crowd is not None  # Annotations always sets it
    return one.crowd


def check(truth: Mapping[str, Annotations], predictions: Mapping[str, Detections], class_names: Sequence[str]) -> None:
    """Raise EvaluationError unless both sides are of the same photos, sizes and classes, and there is a true box."""
    _check_photos(truth, predictions)
    _check_labels(truth, predictions, class_names)
    if not any((~_crowd(one)).any() for one in truth.values()):
        raise EvaluationError(f"the truth holds {len(truth)} photos and no box; there is nothing to score against.")


def _check_photos(truth: Mapping[str, Annotations], predictions: Mapping[str, Detections]) -> None:
    unknown = [name for name in predictions if name not in truth]
    if unknown:
        raise EvaluationError(
            f"{len(unknown)} of {len(predictions)} predicted photos are not in the truth, first {unknown[0]!r}"
            f"{nearest(unknown[0], truth, '.')} Predict for the photos of the split that is scored."
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
                f"{name}: the predictions are for a photo of {found.size_wh}, the truth for one of "
                f"{truth[name].size_wh} (width, height). Scale the boxes back to the photo."
            )


def _check_labels(
    truth: Mapping[str, Annotations], predictions: Mapping[str, Detections], class_names: Sequence[str]
) -> None:
    if len(set(class_names)) != len(class_names):
        raise EvaluationError(f"the class names hold a name twice: {', '.join(class_names)}")
    for side, values in (("truth", truth), ("predictions", predictions)):
        strange = sorted({label for one in values.values() for label in one.labels} - set(class_names))
        if strange:
            raise EvaluationError(
                f"the {side} hold labels {', '.join(map(repr, strange))}; the classes are {', '.join(class_names)}"
                f"{nearest(strange[0], class_names, '.')} Rename them with a mapping."
            )

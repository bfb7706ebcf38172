"""Scores that need no model: what a constant guess earns on the same photos.

On crops around one garment, the constant box overlaps nearly every true box, so a detector's AP there is mostly the
accuracy of its classes. Each baseline is predictions like any other, scored by the same lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from outfitter.errors import EvaluationError
from outfitter.geometry import Boxes, clip
from outfitter.values import Annotations, Detections

K = TypeVar("K")


@dataclass(frozen=True)
class Prior:
    """What training truth says of a photo that was not looked at.

    share: of the photos that hold a class, in (0, 1]. box: per class, the mean box in shares of the photo's sides.
    common: the class in most photos.
    """

    share: Mapping[str, float]
    box: Mapping[str, tuple[float, float, float, float]]
    common: str


def learn_prior(truth: Iterable[Annotations]) -> Prior:
    """Raises EvaluationError if there is no box."""
    photos, boxes, count = Counter[str](), dict[str, list[Boxes]](), 0
    for count, one in enumerate(truth, 1):  # noqa: B007
        photos.update(set(one.labels))
        for box, label in zip(one.boxes_xyxy / np.tile(one.size_wh, 2), one.labels, strict=True):
            boxes.setdefault(label, []).append(box)
    if not photos:
        raise EvaluationError(f"the baselines' truth holds {count} photos and no box; give the training split.")
    means = {label: np.mean(rows, axis=0).tolist() for label, rows in sorted(boxes.items())}
    common = max(sorted(photos), key=lambda label: photos[label])
    return Prior({label: photos[label] / count for label in means}, means, common)


def constant_box(prior: Prior, sizes_wh: Mapping[K, tuple[int, int]]) -> dict[K, Detections]:
    """Every class on every photo, at its mean box, as sure as it is common."""
    return _everywhere(prior, prior.share, sizes_wh)


def majority_class(prior: Prior, sizes_wh: Mapping[K, tuple[int, int]]) -> dict[K, Detections]:
    """The commonest class on every photo, at its mean box."""
    return _everywhere(prior, {prior.common: 1.0}, sizes_wh)


def constant_box_right_labels(prior: Prior, predictions: Mapping[str, Detections]) -> dict[str, Detections]:
    """The model's classes and scores at constant boxes: what is left of it if its boxes mean nothing.

    Of detections of one class on a photo only the best stays, since all get the same box.
    """
    swapped = {}
    for name, one in predictions.items():
        first = {label: number for number, label in reversed(list(enumerate(one.labels))) if label in prior.box}
        best = one[sorted(first.values())]
        swapped[name] = Detections(_boxes(prior, best.labels, one.size_wh), best.labels, best.scores, one.size_wh)
    return swapped


def perfect(truth: Annotations) -> Detections:
    """The truth as a detector would tell it that makes no mistake."""
    return Detections(truth.boxes_xyxy, truth.labels, np.ones(len(truth), np.float32), truth.size_wh)


def _everywhere(
    prior: Prior, scores: Mapping[str, float], sizes_wh: Mapping[K, tuple[int, int]]
) -> dict[K, Detections]:
    """The same labels and scores on every photo, but for a random thousandth.

    Without it, equal scores would rank in the order of the photos, which is often by class, and a constant guess would
    look like a perfect one.
    """
    labels, rng = tuple(scores), np.random.default_rng(0)
    told = np.array(list(scores.values()))
    return {
        name: Detections(
            _boxes(prior, labels, size),
            labels,
            (told * (1 - 0.001 * rng.random(len(told)))).astype(np.float32),
            size,
        )
        for name, size in sizes_wh.items()
    }


def _boxes(prior: Prior, labels: tuple[str, ...], size_wh: tuple[int, int]) -> Boxes:
    shares = np.array([prior.box[label] for label in labels], float).reshape(-1, 4)
    return clip((shares * np.tile(size_wh, 2)).astype(np.float32), size_wh)

"""Random and adversarial scenes: many photos' truth and predictions, made to be lopsided and full of ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from outfitter.geometry import as_boxes
from outfitter.values import Annotations, Detections

CLASSES = ("top", "bottom", "bag", "eyewear")


@dataclass(frozen=True)
class Scene:
    truth: dict[str, Annotations]
    predictions: dict[str, Detections]
    class_names: tuple[str, ...] = CLASSES


def annotated(
    boxes: ArrayLike, labels: Sequence[str], size_wh: tuple[int, int], crowd: Sequence[bool] | None = None
) -> Annotations:
    return Annotations(as_boxes(boxes), tuple(labels), size_wh, None if crowd is None else np.array(crowd))


def detected(boxes: ArrayLike, labels: Sequence[str], scores: Sequence[float], size_wh: tuple[int, int]) -> Detections:
    return Detections(as_boxes(boxes), tuple(labels), np.array(scores, np.float32), size_wh)


def random_scene(
    seed: int,
    *,
    photos: int = 12,
    boxes: int = 6,
    extra: int = 8,
    crowd: float = 0.0,
    score_steps: int = 1000,
    grid: float = 0.01,
    class_names: tuple[str, ...] = CLASSES,
) -> Scene:
    """Predictions are jittered copies of the truth, some relabelled, plus `extra` random boxes a photo at most.

    Few `score_steps` make equal scores, a coarse `grid` of pixels makes equal boxes and equal IoUs.
    """
    rng = np.random.default_rng(seed)
    truth, predictions = {}, {}
    for number in range(photos):
        size_wh = (int(rng.integers(90, 500)), int(rng.integers(60, 700)))
        true = _boxes(rng, int(rng.integers(0, boxes + 1)), size_wh, grid)
        labels = rng.choice(class_names, len(true))
        copies = np.repeat(np.arange(len(true)), rng.integers(0, 3, len(true)))
        jitter = rng.normal(0, 0.07, (len(copies), 4)) * np.tile(true[copies, 2:] - true[copies, :2], 2)
        found = np.concatenate([_inside(true[copies] + jitter, size_wh, grid), true[rng.random(len(true)) < 0.3]])
        found = np.concatenate([found, _boxes(rng, int(rng.integers(0, extra + 1)), size_wh, grid)])
        guesses = rng.choice(class_names, len(found))
        kept = rng.random(len(copies)) < 0.85
        guesses[: len(copies)][kept] = labels[copies][kept]
        scores = np.round(rng.random(len(found)) * score_steps).astype(np.float32) / np.float32(score_steps)
        name = f"{number:04d}.jpg"
        truth[name] = Annotations(true, tuple(labels.tolist()), size_wh, rng.random(len(true)) < crowd)
        predictions[name] = Detections(found, tuple(guesses.tolist()), scores, size_wh)
    return Scene(truth, predictions, class_names)


def _boxes(rng: np.random.Generator, count: int, size_wh: tuple[int, int], grid: float) -> NDArray[np.float32]:
    sides = np.exp(rng.uniform(np.log(4), np.log(300), (count, 2)))
    corner = rng.uniform(0, 1, (count, 2)) * np.array(size_wh)
    return _inside(np.concatenate([corner - sides / 2, corner + sides / 2], 1), size_wh, grid)


def _inside(boxes: NDArray[np.float64], size_wh: tuple[int, int], grid: float) -> NDArray[np.float32]:
    """Snapped to the grid and cut at the photo's edges, at least two pixels wide and high."""
    snapped = np.round(boxes / grid) * grid
    low = np.clip(snapped[:, :2], 0, np.array(size_wh) - 2)
    high = np.clip(snapped[:, 2:], low + 2, size_wh)
    return np.concatenate([low, high], 1).astype(np.float32)

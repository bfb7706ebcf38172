"""Boxes as float32 (N, 4) arrays, ``xyxy`` in pixels: left, top, right, bottom; right and bottom exclusive.

Nothing here knows of photos or labels. All functions are pure and accept N = 0.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes: TypeAlias = NDArray[np.float32]


def as_boxes(boxes: ArrayLike) -> Boxes:
    """Copy anything of shape (N, 4) or (0,) into a C-contiguous float32 (N, 4) array.

    Raises:
        ValueError: another shape, or a value that is not finite.
    """
    array = np.array(boxes, dtype=np.float32, order="C")
    if array.size == 0:
        return np.zeros((0, 4), np.float32)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes have shape {array.shape}; need (N, 4) as [x1, y1, x2, y2]")
    if not np.isfinite(array).all():
        raise ValueError(f"box {int(np.argmin(np.isfinite(array).all(1)))} is not finite")
    return array


def areas(boxes_xyxy: Boxes) -> NDArray[np.float32]:
    """Areas in square pixels, float32 (N,). Inverted boxes count as empty."""
    sides = np.clip(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0, None)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def intersections(a_xyxy: Boxes, b_xyxy: Boxes) -> NDArray[np.float32]:
    """Shared area of every pair, float32 (len(a), len(b)), in square pixels."""
    top_left = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    bottom_right = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def iou(a_xyxy: Boxes, b_xyxy: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every pair, float32 (len(a), len(b)) in [0, 1]; 0 for empty boxes."""
    shared = intersections(a_xyxy, b_xyxy)
    union = areas(a_xyxy)[:, None] + areas(b_xyxy)[None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float32)


def clip(boxes_xyxy: Boxes, size_wh: tuple[int, int]) -> Boxes:
    """Boxes cut at the edges of a photo of `size_wh` pixels. May leave boxes without area."""
    w, h = size_wh
    return np.asarray(np.clip(boxes_xyxy, 0, np.array([w, h, w, h], np.float32)), np.float32)


def grow(boxes_xyxy: Boxes, share: float) -> Boxes:
    """Boxes with a margin of `share` of their own width and height added on each side."""
    sides = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    return np.concatenate([boxes_xyxy[:, :2] - share * sides, boxes_xyxy[:, 2:] + share * sides], 1).astype(np.float32)


def scale(boxes_xyxy: Boxes, factor_xy: tuple[float, float]) -> Boxes:
    """Boxes after the photo was resized by `factor_xy` = (new width / width, new height / height)."""
    fx, fy = factor_xy
    return np.asarray(boxes_xyxy * np.array([fx, fy, fx, fy], np.float32), np.float32)


def non_maximum_suppression(boxes_xyxy: Boxes, scores: NDArray[np.float32], max_iou: float) -> NDArray[np.intp]:
    """Greedy NMS: indices of the kept boxes, best score first; ties go to the earlier box."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[iou(boxes_xyxy[best][None], boxes_xyxy[rest])[0] <= max_iou]
    return np.array(kept, np.intp)

"""Overlapping boxes of two columns, found group by group in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.geometry import Boxes

AT_ONCE: Final = 200_000
"""Pairs in a chunk, unless one group has more; matching a chunk in which all overlap takes about 300 MB."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """found, true: int64 (P,), indices of boxes of the same group; iou: float64 (P,)."""

    found: NDArray[np.int64]
    true: NDArray[np.int64]
    iou: NDArray[np.float64]

    def __getitem__(self, keep: NDArray[np.bool_]) -> Pairs:
        return Pairs(self.found[keep], self.true[keep], self.iou[keep])


def overlapping(
    found_xyxy: Boxes,
    found_group: NDArray[np.int64],
    order: NDArray[np.int64],
    true_xyxy: Boxes,
    true_group: NDArray[np.int64],
    crowd: NDArray[np.bool_],
    min_iou: float,
) -> Iterator[Pairs]:
    """Pairs with IoU ≥ `min_iou`; by detection in the given order, then by true box. Groups are never split.

    Args:
        order: indices of the detections, those of a group together.
        crowd: true boxes whose IoU is the share of the detection that lies in them.
    """
    true_order = np.argsort(true_group, kind="stable")
    first = np.searchsorted(true_group[true_order], found_group[order])
    partners = np.searchsorted(true_group[true_order], found_group[order], "right") - first
    order, first, partners = (column[partners > 0] for column in (order, first, partners))
    chunk = np.cumsum(partners) // AT_ONCE
    starts = starts_of(found_group[order])
    cuts = starts[starts_of(chunk[starts])]
    for begin, end in pairwise([*cuts, len(order)]):
        times = partners[begin:end]
        found = np.repeat(order[begin:end], times)
        within = np.arange(len(found)) - np.repeat(np.cumsum(times) - times, times)
        true = true_order[np.repeat(first[begin:end], times) + within]
        pairs = Pairs(found, true, _iou(found_xyxy[found], true_xyxy[true], crowd[true]))
        yield pairs[pairs.iou >= min_iou]


def starts_of(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a new value begins in a column of numbers ≥ 0 whose equal values lie together."""
    return np.flatnonzero(np.diff(column, prepend=-1)) if len(column) else np.zeros(0, np.int64)


def areas64(boxes_xyxy: Boxes) -> NDArray[np.float64]:
    """Areas in float64, as pycocotools has them."""
    sides = boxes_xyxy[:, 2:].astype(float) - boxes_xyxy[:, :2]
    return np.asarray(sides[:, 0] * sides[:, 1])


def _iou(a: Boxes, b: Boxes, crowd: NDArray[np.bool_]) -> NDArray[np.float64]:
    """IoU of a[i] and b[i], (P,)."""
    low = np.maximum(a[:, :2], b[:, :2]).astype(float)
    sides = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - low, 0, None)
    shared, area = sides[:, 0] * sides[:, 1], areas64(a)
    return np.asarray(shared / np.where(crowd, area, area + areas64(b) - shared))

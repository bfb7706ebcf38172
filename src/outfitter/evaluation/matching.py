"""Which detection answers which true box: COCO's greedy rule and Pascal VOC's, for all photos at once.

COCO (pycocotools, ``COCOeval.evaluateImg``): within a photo and class, detections choose in the order of their
scores. One takes the free true box it overlaps most, of IoU at least the threshold. Boxes that do not count (crowds,
or of another size than asked) are taken only if no counting one is to be had, and then the detection does not count
either; a crowd is never used up, and its IoU is the share of the detection that lies in it. An unmatched
detection of another size than asked does not count.

Only pairs of IoU ≥ 0.5 can match, and these are few. They are found in columns; then, round by round, the n-th
detections of all photos and classes choose at the same time, for all sizes and thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.table import Table
from outfitter.geometry import Boxes

MAX_DETECTIONS: Final = 100
"""Per photo and class, COCO's limit; the best-scored are kept."""

IOUS: Final = np.linspace(0.5, 0.95, 10)

SIZES: Final = ("all", "small", "medium", "large")
"""COCO's: box area under 32², from 32² to 96², over 96² square pixels."""

AREAS: Final = np.array([[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]])

PAIRS_AT_ONCE: Final = 200_000
"""Keeps a chunk under about 300 MB even where every pair overlaps."""


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of each detection and each true box.

    hit, ignored: uint16 (4 sizes, D), bit t says so at IoU threshold ``IOUS[t]``; a detection beyond the 100 best is
    ignored at all. voc_hit, voc_ignored: bool (D,), Pascal VOC's rule at IoU 0.5. counts: bool (4 sizes, G), the true
    boxes that are to be found. finder: int64 (G,), the detection that took the true box at IoU 0.5, or -1.
    """

    hit: NDArray[np.uint16]
    ignored: NDArray[np.uint16]
    voc_hit: NDArray[np.bool_]
    voc_ignored: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    finder: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Detections and true boxes of the same photo and class with IoU ≥ 0.5, by detection in order of choice.

    turn: which detection of its photo and class it is, counted among those with a pair.
    """

    found: NDArray[np.int64]
    true: NDArray[np.int64]
    iou: NDArray[np.float64]
    turn: NDArray[np.int64]


def match(table: Table, max_detections: int = MAX_DETECTIONS) -> Matches:
    """Match all detections of a table. Boxes are compared in float64, as pycocotools does."""
    groups = table.found.photo.astype(np.int64) * len(table.class_names) + table.found.label
    order = np.lexsort((-table.score, groups))  # stable: ties stay in the order given
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))

    area = _areas(table.truth.boxes_xyxy)
    counts = (area >= AREAS[:, :1]) & (area <= AREAS[:, 1:]) & ~table.crowd
    area = _areas(table.found.boxes_xyxy)
    outside = (area < AREAS[:, :1]) | (area > AREAS[:, 1:])
    everywhere = np.uint16((1 << len(IOUS)) - 1)
    hit = np.zeros((len(SIZES), len(table.found)), np.uint16)
    ignored = np.where(outside, everywhere, np.uint16(0))
    voc_hit, voc_ignored = np.zeros((2, len(table.found)), bool)
    finder = np.full(len(table.truth), -1)
    for pairs in _pairs(table, groups, order):
        _voc(pairs, table.crowd, voc_hit, voc_ignored)
        _coco(_with_rank_below(pairs, rank, max_detections), table.crowd, counts, hit, ignored, finder)
    ignored[:, rank >= max_detections] = everywhere
    return Matches(hit, ignored, voc_hit, voc_ignored, counts, finder)


def _areas(boxes_xyxy: Boxes) -> NDArray[np.float64]:
    sides = (boxes_xyxy[:, 2:].astype(float)) - boxes_xyxy[:, :2]
    return np.asarray(sides[:, 0] * sides[:, 1], float)


def _pairs(table: Table, groups: NDArray[np.int64], order: NDArray[np.int64]) -> Iterator[_Pairs]:
    """All pairs of IoU ≥ 0.5, in chunks that never split the detections of one photo and class."""
    true_groups = table.truth.photo.astype(np.int64) * len(table.class_names) + table.truth.label
    true_order = np.argsort(true_groups, kind="stable")
    sorted_groups = true_groups[true_order]
    first = np.searchsorted(sorted_groups, groups[order])
    partners = np.searchsorted(sorted_groups, groups[order], "right") - first
    order, first, partners = (column[partners > 0] for column in (order, first, partners))
    chunk = np.cumsum(partners) // PAIRS_AT_ONCE
    group_starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    cuts = group_starts[np.flatnonzero(np.diff(chunk[group_starts], prepend=-1))]
    for begin, end in pairwise([*cuts, len(order)]):
        times = partners[begin:end]
        found = np.repeat(order[begin:end], times)
        within = np.arange(len(found)) - np.repeat(np.cumsum(times) - times, times)
        true = true_order[np.repeat(first[begin:end], times) + within]
        iou = _iou(table.found.boxes_xyxy[found], table.truth.boxes_xyxy[true], table.crowd[true])
        near = iou >= IOUS[0]
        found, true, iou = found[near], true[near], iou[near]
        if len(found):
            yield _Pairs(found, true, iou, _turns(found, groups))


def _turns(found: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    new = np.diff(found, prepend=-1) != 0
    number = np.cumsum(new) - 1
    new_group = np.diff(groups[found], prepend=-1) != 0
    return np.asarray(number - number[np.maximum.accumulate(np.where(new_group, np.arange(len(found)), 0))])


def _iou(a: Boxes, b: Boxes, crowd: NDArray[np.bool_]) -> NDArray[np.float64]:
    """IoU of a[i] and b[i], (P,); of a crowd, the share of a[i] within it."""
    low = np.maximum(a[:, :2], b[:, :2]).astype(float)
    sides = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - low, 0, None)
    shared, area = sides[:, 0] * sides[:, 1], _areas(a)
    return np.asarray(shared / np.where(crowd, area, area + _areas(b) - shared))


def _with_rank_below(pairs: _Pairs, rank: NDArray[np.int64], limit: int) -> _Pairs:
    keep = rank[pairs.found] < limit
    return _Pairs(pairs.found[keep], pairs.true[keep], pairs.iou[keep], pairs.turn[keep])


def _coco(
    pairs: _Pairs,
    crowd: NDArray[np.bool_],
    counts: NDArray[np.bool_],
    hit: NDArray[np.uint16],
    ignored: NDArray[np.uint16],
    finder: NDArray[np.int64],
) -> None:
    """Let the detections choose, turn by turn, and write what they got. Shapes are (sizes, thresholds, pairs)."""
    trues, local = np.unique(pairs.true, return_inverse=True)
    taken = np.zeros((len(SIZES), len(IOUS), len(trues)), bool)
    bits = (1 << np.arange(len(IOUS))).astype(np.uint16)[:, None]
    by_turn = np.argsort(pairs.turn, kind="stable")
    for mine in np.split(by_turn, np.flatnonzero(np.diff(pairs.turn[by_turn])) + 1):
        if not len(mine):
            continue
        starts = np.flatnonzero(np.diff(pairs.found[mine], prepend=-1))
        lengths = np.diff(np.append(starts, len(mine)))
        true, place, iou = pairs.true[mine], local[mine], pairs.iou[mine]
        may = (~taken[:, :, place] | crowd[true]) & (iou >= IOUS[:, None])
        counting = may & counts[:, None, true]
        has_counting = np.logical_or.reduceat(counting, starts, axis=2)
        may = np.where(np.repeat(has_counting, lengths, axis=2), counting, may)
        overlap = np.where(may, iou, -1.0)
        best = np.repeat(np.maximum.reduceat(overlap, starts, axis=2), lengths, axis=2)
        # The last of equally good boxes wins, as in pycocotools.
        choice = np.maximum.reduceat(np.where(may & (overlap == best), np.arange(len(mine)), -1), starts, axis=2)
        got = choice >= 0
        size, threshold, _ = np.nonzero(got)
        taken[size, threshold, place[choice[got]]] = True
        good = np.where(has_counting, bits, 0).sum(1, dtype=np.uint16)
        poor = np.where(got & ~has_counting, bits, 0).sum(1, dtype=np.uint16)
        found = pairs.found[mine[starts]]
        hit[:, found] |= good
        ignored[:, found] = (ignored[:, found] & ~good) | poor
        first = has_counting[0, 0]
        finder[true[choice[0, 0, first]]] = found[first]


def _voc(pairs: _Pairs, crowd: NDArray[np.bool_], voc_hit: NDArray[np.bool_], voc_ignored: NDArray[np.bool_]) -> None:
    """A detection asks only for the true box that it overlaps most; the best-scored one that asks gets it.

    Everingham et al. 2010, section 4.2; the first of equally good boxes is asked for. A detection that got nothing and
    lies in a crowd is ignored, as in TensorFlow's object_detection/utils/per_image_evaluation.py ("group of").
    """
    single = ~crowd[pairs.true]
    found, true, iou = pairs.found[single], pairs.true[single], pairs.iou[single]
    if len(found):
        starts = np.flatnonzero(np.diff(found, prepend=-1))
        best = np.repeat(np.maximum.reduceat(iou, starts), np.diff(np.append(starts, len(found))))
        wish = np.minimum.reduceat(np.where(iou == best, np.arange(len(found)), len(found)), starts)
        _, first = np.unique(true[wish], return_index=True)
        voc_hit[found[wish[first]]] = True
    in_crowd = pairs.found[~single]
    voc_ignored[in_crowd[~voc_hit[in_crowd]]] = True

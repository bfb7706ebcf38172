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

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.pairs import Pairs, areas64, overlapping, starts_of
from outfitter.evaluation.table import Table

MAX_DETECTIONS: Final = 100
"""Per photo and class, COCO's limit; the best-scored are kept."""

IOUS: Final = np.linspace(0.5, 0.95, 10)

SIZES: Final = ("all", "small", "medium", "large")
"""COCO's: box area under 32², from 32² to 96², over 96² square pixels."""

ROUNDING: Final = 2e-5
"""Share by which float32 corners may miss an area: one of 32² is small and medium, wherever the box lies."""

AREAS: Final = np.array([[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]]) * [1 - ROUNDING, 1 + ROUNDING]


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of each detection and each true box.

    hit, ignored: uint16 (4 sizes, D), bit t says so at IoU threshold ``IOUS[t]``; a detection beyond the 100 best is
    ignored at all. voc_hit, voc_ignored: bool (D,), Pascal VOC's rule at IoU 0.5. counts: bool (4 sizes, G), the true
    boxes that are to be found. finder: int64 (G,), the detection that took the true box at IoU 0.5, or -1.
    rank: int32 (D,), from 0, among the detections of the photo and class.
    """

    hit: NDArray[np.uint16]
    ignored: NDArray[np.uint16]
    voc_hit: NDArray[np.bool_]
    voc_ignored: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    finder: NDArray[np.int64]
    rank: NDArray[np.int32]


def match(table: Table, max_detections: int = MAX_DETECTIONS) -> Matches:
    """Match all detections of a table. Boxes are compared in float64, as pycocotools does."""
    classes = len(table.class_names)
    groups = table.found.photo.astype(np.int64) * classes + table.found.label
    true_groups = table.truth.photo.astype(np.int64) * classes + table.truth.label
    order = np.lexsort((-table.score, groups))  # stable: ties stay in the order given
    rank = np.empty(len(order), np.int32)
    rank[order] = _places(groups[order])

    area = areas64(table.truth.boxes_xyxy)
    counts = (area >= AREAS[:, :1]) & (area <= AREAS[:, 1:]) & ~table.crowd
    area = areas64(table.found.boxes_xyxy)
    outside = (area < AREAS[:, :1]) | (area > AREAS[:, 1:])
    everywhere = np.uint16((1 << len(IOUS)) - 1)
    hit = np.zeros(outside.shape, np.uint16)
    ignored = np.where(outside, everywhere, np.uint16(0))
    voc_hit, voc_ignored = np.zeros((2, len(table.found)), bool)
    finder = np.full(len(table.truth), -1)
    found, truth = table.found.boxes_xyxy, table.truth.boxes_xyxy
    for pairs in overlapping(found, groups, order, truth, true_groups, table.crowd, IOUS[0]):
        _voc(pairs, table.crowd, voc_hit, voc_ignored)
        pairs = pairs[rank[pairs.found] < max_detections]
        _coco(pairs, _turns(pairs, groups), table.crowd, counts, hit, ignored, finder)
    ignored[:, rank >= max_detections] = everywhere
    return Matches(hit, ignored, voc_hit, voc_ignored, counts, finder, rank)


def _places(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2, … within each group of a column whose equal values lie together."""
    starts = starts_of(groups)
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))


def _turns(pairs: Pairs, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each pair, which detection of its photo and class it is, counted among those that have a pair."""
    starts = starts_of(pairs.found)
    turns = _places(groups[pairs.found[starts]])
    return np.repeat(turns, np.diff(np.append(starts, len(pairs.found))))


def _coco(
    pairs: Pairs,
    turns: NDArray[np.int64],
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
    by_turn = np.argsort(turns, kind="stable")
    for begin, end in pairwise([*starts_of(turns[by_turn]), len(turns)]):
        mine = by_turn[begin:end]
        starts = starts_of(pairs.found[mine])
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


def _voc(pairs: Pairs, crowd: NDArray[np.bool_], voc_hit: NDArray[np.bool_], voc_ignored: NDArray[np.bool_]) -> None:
    """A detection asks only for the true box that it overlaps most; the best-scored one that asks gets it.

    Everingham et al. 2010, section 4.2; the first of equally good boxes is asked for. A detection that got nothing and
    lies in a crowd is ignored, as in TensorFlow's object_detection/utils/per_image_evaluation.py ("group of").
    """
    single = ~crowd[pairs.true]
    found, true, iou = pairs.found[single], pairs.true[single], pairs.iou[single]
    if len(found):
        starts = starts_of(found)
        best = np.repeat(np.maximum.reduceat(iou, starts), np.diff(np.append(starts, len(found))))
        wish = np.minimum.reduceat(np.where(iou == best, np.arange(len(found)), len(found)), starts)
        _, first = np.unique(true[wish], return_index=True)
        voc_hit[found[wish[first]]] = True
    in_crowd = pairs.found[~single]
    voc_ignored[in_crowd[~voc_hit[in_crowd]]] = True

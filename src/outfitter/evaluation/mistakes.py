"""Which kind of mistake costs how much.

After TIDE (Bolya et al., *A General Toolbox for Identifying Object Detection Errors*, ECCV 2020), with its thresholds,
IoU 0.5 for a hit and 0.1 for background, and its order of kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.curves import Ranking, once
from outfitter.evaluation.evidence import mean
from outfitter.evaluation.matching import Matches
from outfitter.evaluation.pairs import Pairs, overlapping, starts_of
from outfitter.evaluation.table import Table

KINDS: Final = ("class", "box", "class and box", "duplicate", "background")
"""Of a detection that is no hit: a wrong class at IoU ≥ 0.5; the right class at 0.1 to 0.5; a wrong one at 0.1 to 0.5;
a second detection of a box that was found; nothing there."""

MISSED: Final = "missed"
"""A true box that no detection hit, nor would if its class or box were right."""

HIT_IOU: Final = 0.5
BACKGROUND_IOU: Final = 0.1


@dataclass(frozen=True, eq=False)
class Mistakes:
    """kind: int8 (D,), index into `KINDS`, -1 for a hit or a detection that does not count. meant: int64 (D,), the true
    box of a detection of wrong class or box, else -1. missed: bool (G,)."""

    kind: NDArray[np.int8]
    meant: NDArray[np.int64]
    missed: NDArray[np.bool_]

    def counts(self) -> dict[str, int]:
        found = {name: int((self.kind == number).sum()) for number, name in enumerate(KINDS)}
        return {**found, MISSED: int(self.missed.sum())}


def attribute(table: Table, matches: Matches) -> Mistakes:
    """The kind of every mistake. Matches must be of the same table."""
    wrong = (matches.hit[0] & 1 == 0) & (matches.ignored[0] & 1 == 0)
    kind = np.full(len(table.found), -1, np.int8)
    kind[wrong] = KINDS.index("background")
    meant = np.full(len(table.found), -1)
    used = matches.finder >= 0
    order = np.argsort(table.found.photo, kind="stable")
    photos, true_photos = table.found.photo.astype(np.int64), table.truth.photo.astype(np.int64)
    boxes, true_boxes = table.found.boxes_xyxy, table.truth.boxes_xyxy
    for pairs in overlapping(boxes, photos, order, true_boxes, true_photos, table.crowd, BACKGROUND_IOU):
        pairs = pairs[wrong[pairs.found] & ~table.crowd[pairs.true]]
        same = table.found.label[pairs.found] == table.truth.label[pairs.true]
        kind[pairs.found] = KINDS.index("class and box")
        # From the last question that TIDE asks to the first, so that the first to be answered stands.
        kind[pairs.found[same & used[pairs.true] & (pairs.iou >= HIT_IOU)]] = KINDS.index("duplicate")
        other = _best(pairs[~same])
        other = other[other.iou >= HIT_IOU]
        kind[other.found], meant[other.found] = KINDS.index("class"), other.true
        own = _best(pairs[same])
        own = own[own.iou < HIT_IOU]
        kind[own.found], meant[own.found] = KINDS.index("box"), own.true
    missed = ~used & ~table.crowd
    missed[meant[meant >= 0]] = False
    return Mistakes(kind, meant, missed)


def gains(table: Table, matches: Matches, mistakes: Mistakes) -> dict[str, float]:
    """By how much AP50 would rise if all mistakes of one kind were mended, kind by kind.

    A wrong class or box is set right where its true box is still free, for the best-scored that meant it, and removed
    elsewhere; other false detections are removed; missed boxes are not asked for.
    """
    right, counted = matches.hit[0] & 1 == 1, matches.ignored[0] & 1 == 0
    free = matches.finder < 0
    now = _ap50(table, table.found.label, right, counted, matches.counts[0])
    found = {}
    for number, name in enumerate(KINDS):
        wrong = np.flatnonzero(mistakes.kind == number)
        label, mended, kept = table.found.label.copy(), right.copy(), counted.copy()
        kept[wrong] = False
        wrong = wrong[np.argsort(-table.score[wrong], kind="stable")]
        wrong = wrong[mistakes.meant[wrong] >= 0]
        _, first = np.unique(mistakes.meant[wrong], return_index=True)
        best = wrong[first][free[mistakes.meant[wrong[first]]]]
        label[best] = table.truth.label[mistakes.meant[best]]
        mended[best] = kept[best] = True
        found[name] = _ap50(table, label, mended, kept, matches.counts[0]) - now
    found[MISSED] = _ap50(table, table.found.label, right, counted, matches.counts[0] & ~mistakes.missed) - now
    return found


def _best(pairs: Pairs) -> Pairs:
    """Of each detection's pairs the one of highest IoU, the first of equals."""
    order = np.lexsort((-pairs.iou, pairs.found))
    first = order[starts_of(pairs.found[order])]
    return Pairs(pairs.found[first], pairs.true[first], pairs.iou[first])


def _ap50(
    table: Table,
    label: NDArray[np.int32],
    right: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    wanted: NDArray[np.bool_],
) -> float:
    """Mean over the classes that have boxes in the table; a class none of whose boxes is asked for counts as solved."""
    ones = once(len(table.photos))
    nothing = np.zeros(0, np.int64)
    values = []
    for number in np.unique(table.truth.label[~table.crowd]):
        mine = np.flatnonzero((label == number) & counted)
        mine = mine[np.argsort(-table.score[mine], kind="stable")]
        boxes = table.truth.photo[wanted & (table.truth.label == number)]
        no_rank = np.zeros(len(mine), np.int32)  # AP does not ask for it
        ranking = Ranking(table.found.photo[mine], (np.flatnonzero(right[mine]),), (nothing,), boxes, no_rank)
        values.append(ranking.curves(ones)[0].interpolated() if len(boxes) else np.ones(1))
    return float(mean(values)[0])

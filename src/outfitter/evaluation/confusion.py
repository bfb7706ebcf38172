"""What is taken for what, the background included."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.pairs import overlapping
from outfitter.evaluation.table import Table

BACKGROUND: Final = "background"
MIN_IOU: Final = 0.5


def confusion(table: Table) -> NDArray[np.int64]:
    """Counts (K + 1, K + 1): rows are true classes, columns predicted ones, the last of each is the background.

    Boxes pair off whatever their classes, the pairs of highest IoU first, at IoU ≥ 0.5. A detection in a crowd that
    found no partner is left out. Give a table cut at the score from which detections are shown.
    """
    classes = len(table.class_names)
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    taken = np.zeros(len(table.found), bool)
    found_by = np.zeros(len(table.truth), bool)
    in_crowd = np.zeros(len(table.found), bool)
    order = np.argsort(table.found.photo, kind="stable")
    photos, true_photos = table.found.photo.astype(np.int64), table.truth.photo.astype(np.int64)
    boxes, true_boxes = table.found.boxes_xyxy, table.truth.boxes_xyxy
    for pairs in overlapping(boxes, photos, order, true_boxes, true_photos, table.crowd, MIN_IOU):
        crowd = table.crowd[pairs.true]
        in_crowd[pairs.found[crowd]] = True
        pairs = pairs[~crowd]
        for number in np.argsort(-pairs.iou, kind="stable"):
            found, true = pairs.found[number], pairs.true[number]
            if not taken[found] and not found_by[true]:
                taken[found] = found_by[true] = True
                counts[table.truth.label[true], table.found.label[found]] += 1
    missed = table.truth.label[~found_by & ~table.crowd]
    counts[:-1, -1] = np.bincount(missed, minlength=classes)
    counts[-1, :-1] = np.bincount(table.found.label[~taken & ~in_crowd], minlength=classes)
    return counts

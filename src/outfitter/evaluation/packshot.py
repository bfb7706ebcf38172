"""The protocol ``packshot``: product shots on plain ground, one garment each, and pictures without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from outfitter.errors import EvaluationError
from outfitter.evaluation.means import MeanEvidence
from outfitter.evaluation.table import check
from outfitter.geometry import iou
from outfitter.values import Annotations, Detections

MIN_IOU: Final = 0.5


def score_packshots(
    truth: Mapping[str, Annotations],
    predictions: Mapping[str, Detections],
    class_names: Sequence[str],
    shown_from: float,
) -> MeanEvidence:
    """Scores of the best-scored detection of each picture.

    ``rank-1``: its label is right and its IoU with the garment at least 0.5, also per class as ``rank-1/top``;
    ``right slot`` and ``right box`` each alone. Nothing detected is wrong in all. ``false alarm``: of the pictures
    without a garment, those with a detection of at least `shown_from`.

    Raises:
        EvaluationError: a picture with more than one true box, and all that `check` refuses.
    """
    check(truth, predictions, class_names)
    rows = []
    for name, one in truth.items():
        if len(one) > 1:
            raise EvaluationError(
                f"{name}: {len(one)} true boxes; a packshot shows one garment at most. Score it by 'photo'."
            )
        best = predictions[name][:1]
        if not len(one):
            rows.append((np.nan, np.nan, np.nan, float((best.scores >= shown_from).any())))
            continue
        slot = best.labels == one.labels
        box = bool((iou(best.boxes_xyxy, one.boxes_xyxy) >= MIN_IOU).any())
        rows.append((float(slot and box), float(slot), float(box), np.nan))
    columns = dict(zip(("rank-1", "right slot", "right box", "false alarm"), np.array(rows).T, strict=True))
    for label in class_names:
        mine = np.array([one.labels == (label,) for one in truth.values()])
        if mine.any():
            columns[f"rank-1/{label}"] = np.where(mine, columns["rank-1"], np.nan)
    told = {name: column for name, column in columns.items() if not np.isnan(column).all()}
    return MeanEvidence.of_items(tuple(truth), told)

"""The protocol ``packshot``: product shots on plain ground, one garment each, and pictures without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from outfitter.errors import EvaluationError
from outfitter.evaluation import bootstrap
from outfitter.evaluation.baselines import Prior, constant_box, majority_class
from outfitter.evaluation.means import MeanEvidence, sliced
from outfitter.evaluation.slices import item_slices
from outfitter.evaluation.table import check
from outfitter.geometry import iou
from outfitter.values import Annotations, Detections

MIN_IOU: Final = 0.5


def score_packshots(
    truth: Mapping[str, Annotations],
    predictions: Mapping[str, Detections],
    class_names: Sequence[str],
    shown_from: float,
    tags: Mapping[str, str] | None = None,
) -> MeanEvidence:
    """Scores of the best-scored detection of each picture.

    ``rank-1``: its label is right and its IoU with the garment at least 0.5, also per class as ``rank-1/top``;
    ``right slot`` and ``right box`` each alone. Nothing detected is wrong in all. ``false alarm``: of the pictures
    without a garment, those with a detection of at least `shown_from`. ``rank-1`` also by size of the box, and by tag
    (worn, flat, …) where one is known.

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
    told = {name: column for name, column in columns.items() if not np.isnan(column).all()}
    with_one = {name: one for name, one in truth.items() if len(one)}
    slices = item_slices(with_one, [(name, 0) for name in with_one], [(tags or {}).get(name) for name in with_one])
    masks = {label: np.array([one.labels == (label,) for one in truth.values()]) for label in class_names}
    there = np.array([bool(len(one)) for one in truth.values()])
    for name, mask in slices.items():
        masks[name] = np.zeros(len(truth), bool)
        masks[name][there] = mask
    masks = {name: mask for name, mask in masks.items() if mask.any()}
    return MeanEvidence.of_items(tuple(truth), sliced(told, masks, ["rank-1"]))


def wrong(evidence: MeanEvidence) -> list[str]:
    """Pictures whose best detection is not right, and those without a garment on which something is shown."""
    alarm = evidence.columns.get("false alarm", np.zeros(evidence.samples)) == 1
    return [name for name, bad in zip(evidence.names, (evidence.columns["rank-1"] == 0) | alarm, strict=True) if bad]


def baselines(
    truth: Mapping[str, Annotations], prior: Prior, class_names: Sequence[str], shown_from: float
) -> dict[str, dict[str, float]]:
    """What guesses score that look at no picture."""
    sizes = {name: one.size_wh for name, one in truth.items()}
    guesses = {"constant box": constant_box(prior, sizes), "majority class": majority_class(prior, sizes)}
    return {
        name: bootstrap.plain(score_packshots(truth, guess, class_names, shown_from)) for name, guess in guesses.items()
    }

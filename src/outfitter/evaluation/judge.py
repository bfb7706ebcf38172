"""Everything the protocols ``photo`` and ``seed-crop`` say of a detector, from truth and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation import baselines, bootstrap
from outfitter.evaluation.baselines import Prior
from outfitter.evaluation.bootstrap import Interval
from outfitter.evaluation.confusion import confusion
from outfitter.evaluation.detection import score_detections
from outfitter.evaluation.diagnosis import NEAR_ZERO, Finding, Retry, diagnose
from outfitter.evaluation.evidence import DetectionEvidence
from outfitter.evaluation.matching import Matches, match
from outfitter.evaluation.mistakes import Mistakes, attribute, gains
from outfitter.evaluation.slices import box_slices, photo_slices
from outfitter.evaluation.table import Table, tabulate
from outfitter.values import Annotations, Detections

SLICE_SCORES: Final = ("AP50", "AP")
BASELINE_SCORES: Final = ("AP", "AP50", "AP75", "AR@1", "AR@10", "AR@100", "mAP@0.5IOU")


@dataclass(frozen=True, eq=False)
class Judgement:
    """table, matches: of all detections. shown, shown_matches, mistakes: of those a user is shown."""

    scores: Mapping[str, Interval]
    baselines: Mapping[str, Mapping[str, float]]
    slices: Mapping[str, Mapping[str, Interval]]
    evidence: DetectionEvidence
    table: Table
    shown: Table
    shown_matches: Matches
    mistakes: Mistakes
    gains: Mapping[str, float]
    confusion: NDArray[np.int64]
    findings: Sequence[Finding]

    def more(self) -> dict[str, Any]:
        """JSON-ready: mistakes among the shown, what mending them would gain, confusion, diagnosis."""
        return {
            "mistakes": self.mistakes.counts(),
            "AP50_gained_without": {name: round(gain, 6) for name, gain in self.gains.items()},
            "confusion": {"classes": [*self.table.class_names, "background"], "counts": self.confusion.tolist()},
            "diagnosis": [vars(finding) for finding in self.findings],
        }


def judge(
    truth: Mapping[str, Annotations],
    predictions: Mapping[str, Detections],
    class_names: Sequence[str],
    prior: Prior,
    shown_from: float,
    *,
    tags: Mapping[str, str] | None = None,
    retry: Retry | None = None,
    replicates: int = bootstrap.REPLICATES,
    progress: bootstrap.Progress | None = None,
) -> Judgement:
    """Score, bound, slice and explain.

    Args:
        prior: what the training truth says, for the baselines; its classes are among `class_names`.
        shown_from: the score from which detections are shown to a user.
        retry: the model on photos whose pixels are changed, for the diagnosis of an AP50 near 0.
        tags: photo → worn, flat or the like, for slices, where known.
        progress: is told of replicates done, and how many there are.

    Raises:
        EvaluationError: the sides do not fit, see `score_detections`.
    """
    table = tabulate(truth, predictions, class_names)
    matches = match(table)
    evidence = DetectionEvidence.of(table, matches)
    masks = photo_slices(table, tags)
    if progress:
        progress(0, total=replicates * (1 + len(masks)))
    scores = bootstrap.intervals(evidence, replicates, progress=progress)
    shown = table.above(shown_from)
    shown_matches = match(shown)
    slices: dict[str, dict[str, Interval]] = {}
    for name, photos in masks.items():
        found = bootstrap.intervals(evidence.only(photos), replicates, progress=progress)
        slices[name] = {score: found[score] for score in SLICE_SCORES}
    for name, recall in bootstrap.intervals(box_slices(shown, shown_matches), replicates).items():
        slices[name] = {"recall@0.5IOU": recall}
    sizes = {name: one.size_wh for name, one in truth.items()}
    guesses = {
        "constant box": baselines.constant_box(prior, sizes),
        "majority class": baselines.majority_class(prior, sizes),
        "constant box, the model's classes": baselines.constant_box_right_labels(prior, predictions),
    }
    return Judgement(
        scores,
        {name: _flat(truth, guess, class_names) for name, guess in guesses.items()},
        slices,
        evidence,
        table,
        shown,
        shown_matches,
        attribute(shown, shown_matches),
        gains(table, matches, attribute(table, matches)),
        confusion(shown),
        diagnose(table, retry) if scores["AP50"].value < NEAR_ZERO else [],
    )


def _flat(
    truth: Mapping[str, Annotations], guess: Mapping[str, Detections], class_names: Sequence[str]
) -> dict[str, float]:
    scores = score_detections(truth, guess, class_names).as_dict()
    return {name: scores[name] for name in scores if name in BASELINE_SCORES or name.startswith("AP@0.5IOU/")}

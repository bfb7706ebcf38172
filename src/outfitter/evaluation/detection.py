"""Average precision of detections: COCO's numbers, and Pascal VOC's under the names the original system printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from outfitter.evaluation.bootstrap import plain
from outfitter.evaluation.evidence import DetectionEvidence
from outfitter.evaluation.matching import SIZES, match
from outfitter.evaluation.table import tabulate
from outfitter.values import Annotations, Detections


@dataclass(frozen=True)
class DetectionScores:
    """All in [0, 1]. A class or size without a true box has no score, so it is left out of the mappings.

    ap: mean of AP at IoU 0.50, 0.55, …, 0.95, over classes. ar1, ar10, ar100: mean recall with 1, 10 and 100 detections
    a photo and class; per class and size with 100.
    voc_ap50: all-point AP at IoU 0.5. voc_map50: its mean over classes. boxes: true ones, without crowds.
    """

    ap: float
    ap50: float
    ap75: float
    ar1: float
    ar10: float
    ar100: float
    per_class_ap: Mapping[str, float]
    per_class_ap50: Mapping[str, float]
    per_class_ar: Mapping[str, float]
    per_size_ap: Mapping[str, float]
    per_size_ar: Mapping[str, float]
    voc_ap50: Mapping[str, float]
    voc_map50: float
    images: int
    boxes: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON-ready values; VOC under the original's names, ``AP@0.5IOU/top`` and ``mAP@0.5IOU``."""
        return {
            "images": self.images,
            "boxes": self.boxes,
            "AP": self.ap,
            "AP50": self.ap50,
            "AP75": self.ap75,
            "AR@1": self.ar1,
            "AR@10": self.ar10,
            "AR@100": self.ar100,
            "AP_per_class": dict(self.per_class_ap),
            "AP50_per_class": dict(self.per_class_ap50),
            "AR_per_class": dict(self.per_class_ar),
            "AP_per_size": dict(self.per_size_ap),
            "AR_per_size": dict(self.per_size_ar),
            **{f"AP@0.5IOU/{name}": value for name, value in self.voc_ap50.items()},
            "mAP@0.5IOU": self.voc_map50,
        }


def score_detections(
    truth: Mapping[str, Annotations], predictions: Mapping[str, Detections], class_names: Sequence[str]
) -> DetectionScores:
    """Score the detections of many photos against their true boxes; both map photo names to values.

    A photo on which nothing was found maps to ``Detections.none(size_wh)``: a missing photo is an error, not a miss.
    Equal to pycocotools' COCOeval; of equal scores, the one in the earlier photo of `truth` ranks first.

    Raises:
        EvaluationError: different photos on the two sides, a photo of another size, a label that is not in
            `class_names`, or no true box at all.
    """
    table = tabulate(truth, predictions, class_names)
    return scores_of(DetectionEvidence.of(table, match(table)))


def scores_of(evidence: DetectionEvidence) -> DetectionScores:
    """The scores on all photos, each once."""
    scores = plain(evidence)
    names = list(evidence.voc)
    return DetectionScores(
        ap=scores["AP"],
        ap50=scores["AP50"],
        ap75=scores["AP75"],
        ar1=scores["AR@1"],
        ar10=scores["AR@10"],
        ar100=scores["AR@100"],
        per_class_ap={name: scores[f"AP/{name}"] for name in names},
        per_class_ap50={name: scores[f"AP50/{name}"] for name in names},
        per_class_ar={name: scores[f"AR/{name}"] for name in names},
        per_size_ap={size: scores[f"AP_{size}"] for size in SIZES if f"AP_{size}" in scores},
        per_size_ar={size: scores[f"AR_{size}"] for size in SIZES if f"AR_{size}" in scores},
        voc_ap50={name: scores[f"AP@0.5IOU/{name}"] for name in names},
        voc_map50=scores["mAP@0.5IOU"],
        images=evidence.samples,
        boxes=sum(len(ranking.wanted) for ranking in evidence.voc.values()),
    )

"""One evaluation as a value and as files: ``metrics.json`` to read, ``evidence.npz`` to compare runs with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from outfitter.errors import EvaluationError
from outfitter.evaluation import bootstrap
from outfitter.evaluation.bootstrap import Evidence, Interval, json_number
from outfitter.evaluation.evidence import DetectionEvidence
from outfitter.evaluation.means import MeanEvidence

METRICS_FILE: Final = "metrics.json"
EVIDENCE_FILE: Final = "evidence.npz"

PROTOCOLS: Final[Mapping[str, str]] = {
    "photo": "Whole photos, every annotated box. A detection is right if class and box (IoU) are.",
    "seed-crop": "One garment a picture: cut out around its box with a random, seeded margin, as the original did.",
    "packshot": "Product shots, one garment each: is the best detection of the right slot, at IoU 0.5 or more?",
    "retrieval": "Is a product of the query's group among the nearest of the gallery?",
    "end-to-end": "From a photo to the right product, through the detector; each loss has a cause.",
    "ranking": "Recommended lists against what people chose after the split.",
}


@dataclass(frozen=True)
class Terms:
    """What was scored on what. Two results can be compared if their protocol and data_hash agree.

    samples: photos, pictures or queries; items: true boxes or queries. score_floor: detections below it never reached
    the scores. max_detections: per photo and class. shown_from: the score from which detections count as shown, in
    confusion, mistakes, galleries and the recall of slices. None where a protocol has no such thing.
    """

    protocol: str
    data: str
    data_hash: str
    samples: int
    items: int
    model: str
    model_hash: str
    score_floor: float | None = None
    max_detections: int | None = None
    shown_from: float | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """baselines: name → scores. slices: name → scores with intervals. more: JSON-ready, of the protocol's own kind."""

    terms: Terms
    scores: Mapping[str, Interval]
    baselines: Mapping[str, Mapping[str, float]]
    slices: Mapping[str, Mapping[str, Interval]]
    evidence: Evidence
    replicates: int = bootstrap.REPLICATES
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What ``metrics.json`` holds. A score that does not exist is null."""
        return {
            "format": 1,
            **vars(self.terms),
            "interval": {"level": bootstrap.LEVEL, "replicates": self.replicates, "kind": "percentile bootstrap"},
            "scores": bootstrap.rounded(self.scores),
            "baselines": {
                name: {score: json_number(value) for score, value in scores.items()}
                for name, scores in self.baselines.items()
            },
            "slices": {name: bootstrap.rounded(scores) for name, scores in self.slices.items()},
            **self.more,
        }

    def write(self, folder: Path) -> None:
        """Write ``evidence.npz``, then ``metrics.json``: a folder without the latter is unfinished."""
        with (folder / EVIDENCE_FILE).open("wb") as file:
            np.savez_compressed(file, **_arrays(self.evidence))
        text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        (folder / METRICS_FILE).write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Stored:
    """A result that was read back: enough to compare it. scores: values without intervals."""

    terms: Terms
    scores: Mapping[str, float | None]
    evidence: Evidence


def read(folder: Path) -> Stored:
    """Read what `Result.write` wrote.

    Raises:
        EvaluationError: no result there, an unfinished or a damaged one.
    """
    path = folder / METRICS_FILE
    if not path.is_file():
        raise EvaluationError(
            f"{folder}: holds no {METRICS_FILE}; need a folder that 'outfitter evaluate --out' wrote."
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        terms = Terms(**{name: values[name] for name in Terms.__dataclass_fields__})
        scores = {name: one["value"] for name, one in values["scores"].items()}
        with np.load(folder / EVIDENCE_FILE, allow_pickle=False) as arrays:
            evidence = _evidence(dict(arrays))
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise EvaluationError(f"{folder}: cannot be read: {error!r}. Run 'outfitter evaluate' again.") from error
    return Stored(terms, scores, evidence)


def _arrays(evidence: Evidence) -> dict[str, Any]:
    if isinstance(evidence, DetectionEvidence):
        return {"kind": np.array("detection"), **evidence.arrays()}
    if isinstance(evidence, MeanEvidence):
        return {"kind": np.array("means"), **evidence.arrays()}
    raise TypeError(f"{type(evidence).__name__} has no file format")


def _evidence(arrays: Mapping[str, Any]) -> Evidence:
    if str(arrays["kind"]) == "detection":
        return DetectionEvidence.from_arrays(arrays)
    return MeanEvidence.from_arrays(arrays)

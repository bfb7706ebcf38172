"""One evaluation as a value and as files: ``metrics.json`` to read, ``evidence.npz`` to compare runs with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from outfitter.errors import EvaluationError
from outfitter.evaluation import bootstrap
from outfitter.evaluation.bootstrap import Evidence, Interval, json_number
from outfitter.evaluation.evidence import DetectionEvidence
from outfitter.evaluation.means import MeanEvidence
from outfitter.evaluation.ranking import RankingEvidence

METRICS_FILE: Final = "metrics.json"
EVIDENCE_FILE: Final = "evidence.npz"

KINDS: Final[Mapping[str, type[DetectionEvidence] | type[MeanEvidence] | type[RankingEvidence]]] = {
    "detection": DetectionEvidence,
    "means": MeanEvidence,
    "ranking": RankingEvidence,
}
"""What `EVIDENCE_FILE` may hold."""

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

    @classmethod
    def of_means(
        cls,
        terms: Terms,
        evidence: Evidence,
        baselines: Mapping[str, Mapping[str, float]],
        replicates: int = bootstrap.REPLICATES,
        more: Mapping[str, Any] | None = None,
        progress: bootstrap.Progress | None = None,
    ) -> Result:
        """Of evidence whose score names tell slices, as ``Recall@1/box: under 2 %``."""
        scores: dict[str, Interval] = {}
        slices: dict[str, dict[str, Interval]] = {}
        for name, score in bootstrap.intervals(evidence, replicates, progress=progress).items():
            what, _, part = name.partition("/")
            (slices.setdefault(part, {}) if ": " in part else scores)[what if ": " in part else name] = score
        return cls(terms, scores, baselines, slices, evidence, replicates, more or {})

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
    """A result that was read back: enough to compare it."""

    terms: Terms
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
        # Opened here, since numpy leaves a file open that turns out to be damaged.
        with (folder / EVIDENCE_FILE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            evidence = _evidence(dict(arrays))
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise EvaluationError(f"{folder}: cannot be read: {error!r}. Run 'outfitter evaluate' again.") from error
    return Stored(terms, evidence)


def comparable(results: Sequence[Stored], names: Sequence[str]) -> None:
    """Raise EvaluationError unless all were scored by the same protocol on the same data and samples."""
    first = results[0]
    for name, other in zip(names[1:], results[1:], strict=True):
        for what in ("protocol", "data_hash"):
            a, b = getattr(first.terms, what), getattr(other.terms, what)
            if a != b:
                told = {"protocol": "another protocol", "data_hash": "other data, or the data has changed"}[what]
                raise EvaluationError(
                    f"{name} was scored on {told}: {b} ({other.terms.data}); {names[0]} on {a} ({first.terms.data}). "
                    "Evaluate both alike, then compare."
                )
        if sorted(first.evidence.names) != sorted(other.evidence.names):  # a data_hash knows no order
            raise EvaluationError(
                f"{name} and {names[0]} hold other samples in spite of one data_hash. Evaluate again."
            )


def _arrays(evidence: Evidence) -> dict[str, Any]:
    kind = next((name for name, its in KINDS.items() if type(evidence) is its), None)
    if kind is None:
        raise TypeError(f"{type(evidence).__name__} has no file format")
    return {"kind": np.array(kind), **evidence.arrays()}


def _evidence(arrays: Mapping[str, Any]) -> Evidence:
    return KINDS[str(arrays["kind"])].from_arrays(arrays)

"""What ``outfitter evaluate`` is asked to score: a model folder, a training run, or a file of predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from outfitter.artifact import MANIFEST_FILE, SHIPPED, sha256_of
from outfitter.errors import ConfigError
from outfitter.values import Detections, Photo

SHOWN_FROM = 0.5
"""Where neither a manifest nor the command line says from which score detections are shown."""


@dataclass(frozen=True)
class Subject:
    """detect: None for a file of predictions. parallel: `detect` may be called by several threads at once."""

    name: str
    hash: str
    path: Path
    detect: Callable[[Photo], Detections] | None = None
    shown_from: float = SHOWN_FROM
    best_from: float = SHOWN_FROM
    parallel: bool = True


def is_run(path: Path) -> bool:
    """Whether it is a training run and no model folder; told without torch."""
    return (path / "run.json").is_file() and not (path / MANIFEST_FILE).is_file()


def open_subject(model: str, threads: int | None) -> Subject:
    """Raises ConfigError if `model` is none of what can be scored."""
    path = SHIPPED / "detector" if model == "shipped" else Path(model)
    if path.is_file():
        return Subject(path.name, sha256_of(path)[:16], path)
    if (path / MANIFEST_FILE).is_file():
        from outfitter.detections import Detector

        detector = Detector(path, min_score=0.0, threads=threads)
        manifest = detector.manifest
        shown_from = SHOWN_FROM if manifest.score_threshold is None else manifest.score_threshold
        best_from = max(shown_from, manifest.photo_threshold or 0.0)
        return Subject(manifest.model_id, manifest.sha256[:16], path, detector, shown_from, best_from)
    if is_run(path):
        from outfitter.learn.train import best_checkpoint, load_trained

        trained, _ = load_trained(path)
        digest = sha256_of(best_checkpoint(path) / "model.safetensors")[:16]
        return Subject(path.name, digest, path, trained, parallel=False)
    raise ConfigError(
        f"{model}: is neither a model folder (with manifest.json), a training run (with run.json), nor a file of "
        "predictions (.json, .jsonl). For the detector that comes with Outfitter, say 'shipped'."
    )

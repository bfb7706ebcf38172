"""The predictions that ``outfitter evaluate`` scores: read from a file, or made, a line a photo, to go on from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from outfitter import datasets
from outfitter.cli.inputs import Input, in_order
from outfitter.cli.output import progress, rounded, say
from outfitter.cli.subject import Subject
from outfitter.errors import ConfigError, EvaluationError, OutfitterError
from outfitter.evaluation.predictions import matched_by_file_name, read_predictions
from outfitter.evaluation.result import METRICS_FILE
from outfitter.values import Detections, Example

PREDICTIONS_FILE: Final = "predictions.jsonl"
UNFINISHED_FILE: Final = "unfinished.json"
"""Whose predictions these are, until the result is there."""


class Ids(NamedTuple):
    """Names of photos and classes by their COCO ids. images: in the order of the ids, as pycocotools takes them."""

    images: dict[int | str, str]
    classes: dict[int, str]


def coco_ids(file: Path) -> Ids:
    """The ids of a data set's file that was found to be good."""
    content = datasets.coco.read_json(file)
    rows = sorted(content["images"], key=lambda row: (isinstance(row["id"], str), row["id"]))
    images = {row["id"]: datasets.coco.name_of(row) for row in rows}
    return Ids(images, {row["id"]: row["name"] for row in content.get("categories", [])})


def predicted(
    subject: Subject, ids: Ids, examples: Sequence[Example], out: Path, stamp: Mapping[str, str], workers: int
) -> dict[str, Detections]:
    """Detections of all photos, read or made; what an interrupted evaluation made is not made again.

    Args:
        ids: the truth's, which a file of predictions may use.
        out: the result's folder, made if predictions are.
        stamp: what tells this evaluation from others.

    Raises:
        ConfigError: there is something else in `out`.
        EvaluationError: predictions that do not fit the truth, or photos that cannot be read.
    """
    truth = {example.name: example.annotations for example in examples}
    _refuse_full(out, stamp)
    if subject.detect is None:
        images = {example.name: example.image.resolve() for example in examples}
        named: dict[str, str] = {}
        found = read_predictions(subject.path, truth, ids.images, ids.classes, named, images)
        _tell_matched(named, images)
        return found
    path = _begin(out, stamp)
    _cut_half_line(path)
    done = read_predictions(path, truth, {}, {}) if path.exists() else {}
    left = [example for example in examples if example.name not in done]
    if done:
        say(f"{len(done)} of {len(examples)} photos were done already.")
    _detect(subject, left, path, workers)
    return read_predictions(path, truth, {}, {})  # as written, so that an interruption changes nothing


def _tell_matched(named: Mapping[str, str], images: Mapping[str, Path]) -> None:
    """Say if photos of a file of predictions may be others than those that are scored, named alike."""
    if alike := matched_by_file_name(named, images):
        theirs, ours = alike[0]
        say(
            f"{len(alike)} of {len(images)} photos were matched by their file name alone, though their folders "
            f"differ: {theirs} was taken for {ours}, which is {images[ours]}. Make sure that they are the same photos."
        )


def _refuse_full(out: Path, stamp: Mapping[str, str]) -> None:
    """Raise ConfigError if the result's folder is not empty, nor holds an evaluation of the same that goes on."""
    if not out.exists() or not any(out.iterdir()):
        return
    try:
        same = json.loads((out / UNFINISHED_FILE).read_text(encoding="utf-8")) == stamp
    except (OSError, ValueError):
        same = False
    if not same or (out / METRICS_FILE).exists():
        raise ConfigError(
            f"--out {out}: is not empty, and not an interrupted evaluation of this model and data; "
            "nothing is overwritten. Name a new folder."
        )


def _begin(out: Path, stamp: Mapping[str, str]) -> Path:
    """Make the result's folder, unless it is there. Returns where predictions go."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / UNFINISHED_FILE).exists():
        (out / UNFINISHED_FILE).write_text(json.dumps(stamp), encoding="utf-8")
    return out / PREDICTIONS_FILE


def _detect(subject: Subject, examples: Sequence[Example], path: Path, workers: int) -> None:
    """Append a line a photo, as ``outfitter detect`` prints them, but for more digits."""
    detect = subject.detect
    assert detect is not None
    faults: list[str] = []
    inputs = [Input(example.name, example.image) for example in examples]
    with path.open("a", encoding="utf-8") as file, progress("photos", len(inputs)) as advance:
        for one, result in in_order(lambda one: detect(one.load()), inputs, workers if subject.parallel else 1):
            if isinstance(result, OutfitterError):
                faults.append(str(result))
            else:
                rows = [
                    {"box_xyxy": rounded(box, 3), "label": label, "score": round(score, 6)}
                    for box, label, score in _visible(result)
                ]
                row = {"photo": one.name, "size_wh": list(result.size_wh), "detections": rows}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            advance()
    if faults:
        raise EvaluationError(
            f"{len(faults)} of {len(examples)} photos cannot be scored, first {faults[0]} "
            "Run 'outfitter datasets check' to list every bad photo."
        )


def _visible(one: Detections) -> Detections:
    """Without boxes that have no area once they are rounded."""
    sides = one.boxes_xyxy[:, 2:] - one.boxes_xyxy[:, :2]
    return one[sides.min(1, initial=np.inf) > 0.002]


def _cut_half_line(path: Path) -> None:
    """Remove what a kill left of a line."""
    if path.exists():
        with path.open("r+b") as file:
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)

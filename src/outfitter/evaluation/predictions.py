"""Predictions that somebody else's program wrote, as values.

Two forms are read. JSON lines as ``outfitter detect`` prints them, one photo a line:

    {"photo": "a.jpg", "size_wh": [400, 600],
     "detections": [{"box_xyxy": [9, 8, 70, 90], "label": "top", "score": 0.9}]}

and COCO's results, one list: ``[{"image_id": 1, "category_id": 2, "bbox": [x, y, width, height], "score": 0.9}]``, with
the ids of the COCO file that holds the truth.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np

from outfitter.errors import EvaluationError, nearest
from outfitter.geometry import as_boxes, clip
from outfitter.values import Annotations, Detections

SLACK: Final = 1.0
"""Pixels by which a box may stick out of its photo, from rounding; it is cut there."""

Row = tuple[Sequence[float], str, float]


def read_predictions(
    path: Path,
    truth: Mapping[str, Annotations],
    image_ids: Mapping[int | str, str],
    class_ids: Mapping[int, str],
) -> dict[str, Detections]:
    """Read predictions for the photos of `truth`.

    Of COCO's results, a photo without a row is one on which nothing was found, since that form cannot say so.

    Args:
        image_ids, class_ids: photo and class names by the truth's COCO ids.

    Raises:
        EvaluationError: naming the line or entry: no JSON, an unknown photo or class, a box that is not finite, has no
            area or lies outside of its photo, a score outside [0, 1], or a photo twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}.") from None
    if text.lstrip()[:1] == "[":
        return _coco(path, _json(text, str(path)), truth, image_ids, class_ids)
    return _lines(path, text, truth)


def _lines(path: Path, text: str, truth: Mapping[str, Annotations]) -> dict[str, Detections]:
    find = _Names(truth)
    found: dict[str, Detections] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        row = _json(line, where)
        if not isinstance(row, dict) or not isinstance(row.get("photo"), str):
            raise EvaluationError(
                f'{where}: need an object with "photo" and "detections", as \'outfitter detect\' prints.'
            )
        if "error" in row:
            raise EvaluationError(f"{where}: {row['photo']} was not predicted: {row['error']}. Mend it, predict again.")
        name = find(row["photo"], where)
        if name in found:
            raise EvaluationError(f"{where}: {row['photo']} is there twice; need each photo once.")
        size = row.get("size_wh")
        if size is not None and tuple(size) != truth[name].size_wh:
            raise EvaluationError(
                f"{where}: {row['photo']} was predicted at {size}, the truth is for {list(truth[name].size_wh)} "
                "(width, height). Scale the boxes back to the photo."
            )
        rows = [_row(one, where) for one in row.get("detections", [])]
        found[name] = _detections(rows, truth[name].size_wh, f"{where}: {row['photo']}")
    return found


def _row(one: Any, where: str) -> Row:
    try:
        return one["box_xyxy"], one["label"], one["score"]
    except (KeyError, TypeError):
        raise EvaluationError(f"{where}: a detection is {one!r}; need box_xyxy, label and score.") from None


def _coco(
    path: Path,
    rows: Any,
    truth: Mapping[str, Annotations],
    image_ids: Mapping[int | str, str],
    class_ids: Mapping[int, str],
) -> dict[str, Detections]:
    grouped: dict[str, list[Row]] = {name: [] for name in truth}
    for number, row in enumerate(rows):
        where = f"{path}: entry {number}"
        try:
            image, category, (x, y, w, h), score = row["image_id"], row["category_id"], row["bbox"], row["score"]
        except (KeyError, TypeError, ValueError):
            raise EvaluationError(
                f"{where} is {json.dumps(row)[:120]}; need image_id, category_id, bbox of four numbers, and score."
            ) from None
        if image not in image_ids:
            told = ", ".join(map(str, list(image_ids)[:3]))
            raise EvaluationError(
                f"{where}: no photo of the truth has image_id {image!r}; its ids are {told}, … Use those."
            )
        if category not in class_ids:
            named = ", ".join(f"{number} {name}" for number, name in class_ids.items())
            raise EvaluationError(f"{where}: category_id is {category!r}; the classes are {named}.")
        grouped[image_ids[image]].append(((x, y, x + w, y + h), class_ids[category], score))
    return {name: _detections(found, truth[name].size_wh, f"{path}: {name}") for name, found in grouped.items()}


def _detections(rows: Sequence[Row], size_wh: tuple[int, int], where: str) -> Detections:
    for number, (box, label, score) in enumerate(rows):
        fault = _fault(box, label, score, size_wh)
        if fault:
            raise EvaluationError(f"{where}: detection {number}: {fault}")
    boxes = clip(as_boxes([box for box, _, _ in rows]), size_wh)
    scores = np.array([score for _, _, score in rows], np.float32)
    return Detections(boxes, tuple(label for _, label, _ in rows), scores, size_wh)


def _fault(box: Any, label: Any, score: Any, size_wh: tuple[int, int]) -> str | None:
    """What is wrong with a detection, and what it probably is instead."""
    if not isinstance(score, int | float) or not 0 <= score <= 1:  # NaN is in no range
        return f"the score is {score!r}; need a number from 0 to 1."
    if not isinstance(label, str):
        return f"the label is {label!r}; need a class name."
    numbers = isinstance(box, list | tuple) and len(box) == 4 and all(isinstance(value, int | float) for value in box)
    if not numbers or not all(math.isfinite(value) for value in box):
        return f"the box is {box!r}; need four finite numbers, [x1, y1, x2, y2]."
    x1, y1, x2, y2 = box
    w, h = size_wh
    shown = [round(value, 2) for value in box]
    if x1 >= x2 or y1 >= y2:
        hint = " It would be a good [x, y, width, height]." if min(x2, y2) > 0 and x1 + x2 <= w and y1 + y2 <= h else ""
        return f"the box is {shown}, without area; need x1 < x2 and y1 < y2.{hint}"
    if min(x1, y1) < -SLACK or x2 > w + SLACK or y2 > h + SLACK:
        return (
            f"the box is {shown}, outside of its {w} × {h} photo. Scale boxes to the photo, or cut them at its edges."
        )
    if min(x2, w) <= max(x1, 0) or min(y2, h) <= max(y1, 0):
        return f"the box is {shown}, with no area inside of its {w} × {h} photo."
    return None


class _Names:
    """The truth's name of a photo that goes by its path, or without its ending, where there is only one such."""

    def __init__(self, truth: Mapping[str, Annotations]) -> None:
        self.exact = truth
        self.loose: dict[str, set[str]] = {}
        for name in truth:
            for key in _keys(name):
                self.loose.setdefault(key, set()).add(name)

    def __call__(self, name: str, where: str) -> str:
        if name in self.exact:
            return name
        for key in _keys(name):
            if len(found := self.loose.get(key, set())) == 1:
                return next(iter(found))
        raise EvaluationError(
            f"{where}: the photo {name!r} is not in the truth{nearest(name, self.exact)}. "
            "Predict for the photos of the split that is scored."
        )


def _keys(name: str) -> Iterator[str]:
    path = PurePath(name)
    yield path.name
    yield path.stem


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{where}: no JSON: {error.msg} at column {error.colno}.") from None

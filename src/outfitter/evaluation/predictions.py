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
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import EvaluationError, nearest
from outfitter.geometry import as_boxes, clip
from outfitter.taxonomy import map_labels
from outfitter.values import Annotations, Detections

SLACK: Final = 1.0
"""Pixels by which a box may stick out of its photo, from rounding; it is cut there."""

CHUNK: Final = 1 << 20
"""Characters that are read at once."""
LONGEST: Final = 16 << 20
"""Characters of an entry; one that does not end by then has a fault."""
_GAP: Final = re.compile(r"[\s,]*")

LARGEST: Final = 1e300
"""A whole number from there on may not fit into a float."""

Row = tuple[Any, Any, Any]
"""Box, label, score, unchecked."""


def read_predictions(
    path: Path,
    truth: Mapping[str, Annotations],
    image_ids: Mapping[int | str, str],
    class_ids: Mapping[int, str],
    named: dict[str, str] | None = None,
    images: Mapping[str, Path] | None = None,
) -> dict[str, Detections]:
    """Read predictions for the photos of `truth`, in a stream: the file is never in memory as a whole.

    Of COCO's results, a photo without a row is one on which nothing was found, since that form cannot say so.

    Args:
        image_ids, class_ids: photo and class names by the truth's COCO ids.
        named: gets for each photo that has a line, by the truth's name for it, the line's.
        images: the truth's names → where its pictures lie, whose file names lines may use, too.

    Raises:
        EvaluationError: naming the line or entry: no JSON, a key that is missing or holds something else, an unknown
            photo or class, a box that is not finite, has no area or lies outside of its photo, a score outside [0, 1],
            or a photo twice.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            start = file.read(CHUNK).lstrip()
            file.seek(0)
            if start.startswith("["):
                return _coco(path, file, truth, image_ids, class_ids)
            return _lines(path, file, truth, images or {}, {} if named is None else named)
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}.") from None


def matched_by_file_name(named: Mapping[str, str], images: Mapping[str, Path]) -> list[tuple[str, str]]:
    """Photos that nothing but the file name ties to the truth: as their line and as the truth names them.

    Their folder is neither that of the truth's name nor that of its picture, so they may be other photos, numbered
    alike. Names without a folder say nothing of the kind.

    Args:
        named: the truth's names → those of the lines, as `read_predictions` tells them.
        images: the truth's names → where its pictures lie.
    """
    alike = []
    for name, theirs in named.items():
        folder = PurePath(theirs).parent.name
        if theirs != name and folder not in ("", PurePath(name).parent.name, images[name].parent.name):
            alike.append((theirs, name))
    return alike


def _lines(
    path: Path,
    file: Iterable[str],
    truth: Mapping[str, Annotations],
    images: Mapping[str, Path],
    named: dict[str, str],
) -> dict[str, Detections]:
    find = _Names(truth, images)
    found: dict[str, Detections] = {}
    labels: dict[str, str] = {}
    for number, line in enumerate(file, 1):
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
        named[name] = row["photo"]
        size_wh = truth[name].size_wh
        size = row.get("size_wh")
        if size is not None and size != list(size_wh):
            raise EvaluationError(
                f"{where}: {row['photo']} was predicted at {size!r:.120}, the truth is for {list(size_wh)} "
                "(width, height). Scale the boxes back to the photo."
            )
        listed = row.get("detections")
        if not isinstance(listed, list):
            got = f"is {listed!r:.120}" if "detections" in row else f"is missing among {', '.join(row)}"
            raise EvaluationError(
                f'{where}: {row["photo"]}: "detections" {got}; need a list, an empty one where nothing was found.'
            )
        rows = [_row(one, where) for one in listed]
        for place, one in enumerate(rows):
            if fault := _type_fault(*one):
                raise EvaluationError(f"{where}: {row['photo']}: detection {place}: {fault}")
        boxes = np.array([box for box, _, _ in rows], float).reshape(-1, 4)
        scores = np.array([score for _, _, score in rows], float)
        if fault_at := _fault(boxes, scores, size_wh):
            raise EvaluationError(f"{where}: {row['photo']}: detection {fault_at[0]}: {fault_at[1]}")
        # One string for each label, not one for each detection.
        told = tuple(labels.setdefault(label, label) for _, label, _ in rows)
        found[name] = _detections(boxes, told, scores, size_wh)
    return found


def _row(one: Any, where: str) -> Row:
    try:
        return one["box_xyxy"], one["label"], one["score"]
    except (KeyError, TypeError):
        raise EvaluationError(f"{where}: a detection is {one!r}; need box_xyxy, label and score.") from None


def _coco(
    path: Path,
    file: TextIO,
    truth: Mapping[str, Annotations],
    image_ids: Mapping[int | str, str],
    class_ids: Mapping[int, str],
) -> dict[str, Detections]:
    """Entries come in any order, so they are gathered in columns, 44 bytes each, and then sorted by photo."""
    places = {name: place for place, name in enumerate(truth)}
    labels, class_places = list(class_ids.values()), {id_: place for place, id_ in enumerate(class_ids)}
    photos, classes, numbers = array("i"), array("i"), array("d")
    for number, row in enumerate(_entries(file, str(path))):
        where = f"{path}: entry {number}"
        try:
            image, category, (x, y, w, h), score = row["image_id"], row["category_id"], row["bbox"], row["score"]
        except (KeyError, TypeError, ValueError):
            raise EvaluationError(
                f"{where} is {json.dumps(row)[:120]}; need image_id, category_id, bbox of four numbers, and score."
            ) from None
        image_id, class_id = _id(image), _id(category)
        if image_id not in image_ids:
            told = ", ".join(map(str, list(image_ids)[:3]))
            raise EvaluationError(f"{where}: no photo of the truth has image_id {image!r:.120}; its ids are {told}, ….")
        if class_id not in class_ids:
            told = ", ".join(f"{id_} {name}" for id_, name in class_ids.items()) or "none"
            raise EvaluationError(f"{where}: category_id is {category!r:.120}; the classes are {told}.")
        if fault := _type_fault((x, y, w, h), "", score):
            raise EvaluationError(f"{where}: {fault}")
        photos.append(places[image_ids[image_id]])
        classes.append(class_places[class_id])
        numbers.extend((x, y, x + w, y + h, score))
    photo, table = np.frombuffer(photos, np.int32), np.frombuffer(numbers).reshape(-1, 5)
    order = np.argsort(photo, kind="stable")
    ends = np.searchsorted(photo[order], np.arange(len(truth)), "right")
    found = {}
    for (name, one), mine in zip(truth.items(), np.split(order, ends[:-1]), strict=True):
        boxes, scores = table[mine, :4], table[mine, 4]
        if fault_at := _fault(boxes, scores, one.size_wh):
            raise EvaluationError(f"{path}: entry {mine[fault_at[0]]}, of {name}: {fault_at[1]}")
        found[name] = _detections(boxes, tuple(labels[classes[number]] for number in mine), scores, one.size_wh)
    return found


def _id(value: Any) -> Any:
    """An id that may be looked up, 1 for 1.0 as some programs write it; None for what can be no id."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _entries(file: TextIO, where: str) -> Iterator[Any]:
    """The entries of a JSON list, one after the other."""
    decoder = json.JSONDecoder()
    text, at, number = file.read(CHUNK).lstrip()[1:], 0, 0
    while True:
        at = _GAP.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if text[at : at + 1] == "]":
            return
        try:
            entry, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            more = file.read(CHUNK) if len(text) - at < LONGEST else ""
            if not more:
                raise EvaluationError(f"{where}: entry {number}: no JSON: {error.msg}.") from None
            text, at = text[at:] + more, 0
            continue
        except (ValueError, RecursionError) as error:
            raise EvaluationError(f"{where}: entry {number}: cannot be read: {error}.") from None
        yield entry
        number += 1


def _detections(
    boxes: NDArray[np.float64], labels: tuple[str, ...], scores: NDArray[np.float64], size_wh: tuple[int, int]
) -> Detections:
    return Detections(clip(as_boxes(boxes), size_wh), labels, scores.astype(np.float32), size_wh)


def _type_fault(box: Any, label: Any, score: Any) -> str | None:
    """What is wrong with a detection's values, if they are not even numbers and words."""
    if not _is_number(score):
        return f"the score is {score!r:.120}; need a number from 0 to 1."
    if not isinstance(label, str):
        return f"the label is {label!r:.120}; need a class name."
    if not isinstance(box, list | tuple) or len(box) != 4 or not all(map(_is_number, box)):
        return f"the box is {box!r:.120}; need four finite numbers, [x1, y1, x2, y2]."
    return None


def _is_number(value: Any) -> bool:
    """Also one that is not finite."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST)


def _fault(boxes: NDArray[np.float64], scores: NDArray[np.float64], size_wh: tuple[int, int]) -> tuple[int, str] | None:
    """The first detection that cannot be, what is wrong with it, and what it probably is instead."""
    w, h = size_wh
    inside = np.clip(boxes, 0, (w, h, w, h))
    finite = np.isfinite(boxes).all(1)
    good = finite & (scores >= 0) & (scores <= 1) & (boxes[:, :2] < boxes[:, 2:]).all(1)  # NaN is in no range
    good &= (boxes[:, :2] >= -SLACK).all(1) & (boxes[:, 2:] <= (w + SLACK, h + SLACK)).all(1)
    good &= (inside[:, :2] < inside[:, 2:]).all(1)
    if good.all():
        return None
    at = int(np.argmin(good))
    return at, _told(boxes[at].tolist(), float(scores[at]), size_wh)


def _told(box: list[float], score: float, size_wh: tuple[int, int]) -> str:
    if not 0 <= score <= 1:
        return f"the score is {score:g}; need a number from 0 to 1."
    shown = [round(value, 2) for value in box]
    if not all(map(math.isfinite, box)):
        return f"the box is {shown}; need four finite numbers, [x1, y1, x2, y2]."
    x1, y1, x2, y2 = box
    w, h = size_wh
    if x1 >= x2 or y1 >= y2:
        hint = " It would be a good [x, y, width, height]." if min(x2, y2) > 0 and x1 + x2 <= w and y1 + y2 <= h else ""
        return f"the box is {shown}, without area; need x1 < x2 and y1 < y2.{hint}"
    if min(x1, y1) < -SLACK or x2 > w + SLACK or y2 > h + SLACK:
        return (
            f"the box is {shown}, outside of its {w} × {h} photo. Scale boxes to the photo, or cut them at its edges."
        )
    return f"the box is {shown}, with no area inside of its {w} × {h} photo."


def renamed(one: Detections, mapping: Mapping[str, str | None]) -> Detections:
    """With other class names; those that map to None go. Raises ConfigError for a label that is not mapped."""
    labels = map_labels(one.labels, mapping)
    kept = [number for number, label in enumerate(labels) if label is not None]
    return replace(one[kept], labels=tuple(label for label in labels if label is not None))


class _Names:
    """The truth's name of a photo that goes by its path, or without its ending, where there is only one such.

    So does what goes by its picture's file, which for a crop is named otherwise, unless a name says the same.
    """

    def __init__(self, truth: Mapping[str, Annotations], images: Mapping[str, Path]) -> None:
        self.exact = truth
        by_file = _by_key((file.name, name) for name, file in images.items())
        self.loose = _by_key((name, name) for name in truth), by_file

    def __call__(self, name: str, where: str) -> str:
        if name in self.exact:
            return name
        for by_key in self.loose:
            for key in _keys(name):
                if len(found := by_key.get(key, set())) == 1:
                    return next(iter(found))
        raise EvaluationError(
            f"{where}: the photo {name!r} is not in the truth{nearest(name, self.exact, '.')} "
            "Predict for the photos of the split that is scored."
        )


def _by_key(called: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """From pairs of what a photo is called and its name in the truth."""
    found: dict[str, set[str]] = {}
    for call, name in called:
        for key in _keys(call):
            found.setdefault(key, set()).add(name)
    return found


def _keys(name: str) -> Iterator[str]:
    path = PurePath(name)
    yield path.name
    yield path.stem


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{where}: no JSON: {error.msg} at column {error.colno}.") from None
    except (ValueError, RecursionError) as error:  # a number too long, or brackets too deep
        raise EvaluationError(f"{where}: cannot be read: {error}.") from None

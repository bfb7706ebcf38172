"""Why a score is near 0: each usual slip is undone, and those that raise the score most are named first.

A detector that scores next to nothing is rarely that bad. Mostly classes are off by one, boxes are in another order
or scale, or the predictions are of other photos. Undoing the slip tells which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.bootstrap import plain
from outfitter.evaluation.evidence import DetectionEvidence
from outfitter.evaluation.matching import match
from outfitter.evaluation.pairs import overlapping
from outfitter.evaluation.table import Rows, Table
from outfitter.values import Detections

NEAR_ZERO: Final = 0.05
"""AP50 below which a diagnosis is made."""
AT_MOST: Final = 500
"""Photos that it is made on."""
SIDES: Final = (1, 224, 256, 300, 320, 384, 416, 448, 512, 600, 640, 800, 1000, 1024, 1333)
"""Sides of a detector's input, in pixels, to which boxes may not have been scaled back; 1 for shares of the photo."""

RETRIED: Final = 40
"""Photos on which a model is asked again."""
FAINT: Final = 0.05
"""A score below which the surest detection of all photos is a sign that the model sees nothing it knows."""
ALIKE: Final = 0.01
"""Standard deviation, in shares of the photo's sides, below which boxes are the same."""

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Change = Callable[[Pixels], Pixels]
Retry = Callable[[str, Change], Detections | None]
"""The detections on a photo, by name, whose pixels are changed."""

CHANGES: Final[Mapping[str, tuple[Change, str]]] = {
    "the model takes red for blue": (
        lambda pixels: np.ascontiguousarray(pixels[:, :, ::-1]),
        "Give it RGB, or export it with the order of colours that it was trained with.",
    ),
    "the model expects dark for light": (lambda pixels: 255 - pixels, "Check the sign of its normalisation."),
}
"""Cause → how to undo it in the pixels, and the remedy."""


@dataclass(frozen=True)
class Finding:
    """ap50: what the predictions would score if `cause` were undone."""

    cause: str
    remedy: str
    ap50: float | None

    def __str__(self) -> str:
        undone = "" if self.ap50 is None else f": undone, AP50 would be {self.ap50:.3f}"
        return f"{self.cause}{undone}. {self.remedy}"


def diagnose(table: Table, retry: Retry | None = None) -> list[Finding]:
    """Likely causes of a low AP50, the likeliest first; an empty list where undoing no slip helps.

    A cause is named if undoing it gains 0.05 and at least doubles AP50; causes that cannot be undone come last, if the
    detections show their signs.

    Args:
        retry: the model on a photo, by name, whose pixels are changed; None if there is no model to be had.
    """
    table = _first_photos(table)
    if not len(table.found):
        remedy = "Lower the score threshold, and look at a training photo."
        return [Finding("there is not one detection", remedy, None), *_changed_inputs(table, retry, 0.0)]
    now, _ = _scores(table)
    found: list[tuple[float, float, Finding]] = []
    for cause, remedy, undone in _suspects(table):
        ap50, ap = _scores(undone)
        if ap50 > max(now + 0.05, 2 * now):
            found.append((ap, ap50, Finding(cause, remedy, ap50)))
    findings = [finding for _, _, finding in sorted(found, key=lambda one: -one[0])]
    without_classes, _ = _scores(_one_class(table))
    if without_classes > max(now + 0.05, 2 * now, *(2 * ap50 for _, ap50, _ in found)):
        remedy = "Look at the label map; if it is right, train longer."
        findings.insert(0, Finding("boxes are right and classes are not", remedy, without_classes))
    return [*_changed_inputs(table, retry, now), *findings, *_signs(table)]


def _changed_inputs(table: Table, retry: Retry | None, now: float) -> Iterator[Finding]:
    """The model asked again, on a few photos, with other pixels than it got."""
    for cause, (change, remedy) in CHANGES.items() if retry else ():
        assert retry is not None
        again = {}
        for place, name in enumerate(table.photos[:RETRIED]):
            found = retry(name, change)
            if found is None:
                return
            again[place] = found
        few = _first_photos(table, RETRIED)
        ap50, _ = _scores(_with_detections(few, again))
        if ap50 > max(now + 0.05, 2 * now):
            yield Finding(cause, remedy, ap50)


def _with_detections(table: Table, found: Mapping[int, Detections]) -> Table:
    number = {name: place for place, name in enumerate(table.class_names)}
    found = {place: one[[i for i, label in enumerate(one.labels) if label in number]] for place, one in found.items()}
    photo = np.repeat(np.array(list(found), np.int32), [len(one) for one in found.values()])
    label = np.array([number[label] for one in found.values() for label in one.labels], np.int32)
    boxes = np.concatenate([one.boxes_xyxy for one in found.values()])
    score = np.concatenate([one.scores for one in found.values()])
    return replace(table, found=Rows(boxes, photo, label), score=score)


def _signs(table: Table) -> Iterator[Finding]:
    """What cannot be undone without the model, but shows."""
    remedy = "Check that photos are normalised (mean, scale, order of colours) as in training, and that weights loaded."
    if (surest := float(table.score.max())) < FAINT:
        yield Finding(
            f"the surest of all detections has a score of {surest:.3f}: the input looks strange", remedy, None
        )
    _, first = np.unique(table.found.photo, return_index=True)  # the best-scored of each photo
    shares = table.found.boxes_xyxy[first] / np.tile(table.sizes_wh[table.found.photo[first]], 2)
    alike = len(set(table.found.label[first].tolist())) == 1 and bool((shares.std(0) < ALIKE).all())
    if alike and len(first) >= 10:
        yield Finding("the best detection is the same on all photos, whatever they show", remedy, None)


def _scores(table: Table) -> tuple[float, float]:
    """AP50 and AP, which tells scales apart that are equally good at IoU 0.5."""
    evidence = DetectionEvidence.of(table, match(table)).only(np.ones(len(table.photos), bool))
    scores = plain(evidence)
    return scores["AP50"], scores["AP"]


def _first_photos(table: Table, most: int = AT_MOST) -> Table:
    """The first photo with a box that counts and those after it; without a gap, so that neighbours stay neighbours."""
    start = int(table.truth.photo[~table.crowd].min())

    def within(rows: Rows) -> tuple[NDArray[np.bool_], Rows]:
        place = rows.photo - np.int32(start)
        keep = (place >= 0) & (place < most)
        return keep, replace(rows, photo=place)[keep]

    (true, truth), (mine, found) = within(table.truth), within(table.found)
    return replace(
        table,
        photos=table.photos[start : start + most],
        sizes_wh=table.sizes_wh[start : start + most],
        truth=truth,
        crowd=table.crowd[true],
        found=found,
        score=table.score[mine],
    )


def _suspects(table: Table) -> Iterator[tuple[str, str, Table]]:
    yield from _labels(table)
    yield from _boxes(table)
    yield from _photos(table)
    yield (
        "scores are upside down: the best detections have the lowest",
        "Give probabilities, not distances or losses.",
        replace(table, score=1 - table.score),
    )


def _labels(table: Table) -> Iterator[tuple[str, str, Table]]:
    """Classes renamed as their boxes overlap those of the truth."""
    names, found, classes = table.class_names, table.found, len(table.class_names)
    for step in (-1, 1):
        moved = found.label + step
        inside = (moved >= 0) & (moved < classes)
        shifted = replace(found, label=moved.astype(np.int32))[inside]
        by = "one too high" if step < 0 else "one too low"
        remedy = "Count classes from the number that the label map counts from (background 0 or none)."
        yield f"class ids are {by}", remedy, replace(table, found=shifted, score=table.score[inside])
    meant = _meant(table)
    changed = [(old, new) for old, new in enumerate(meant) if old != new]
    if changed:
        told = ", ".join(f"{names[old]} means {names[new]}" for old, new in changed[:8])
        renamed = replace(table, found=replace(found, label=meant[found.label]))
        yield f"class names are mixed up: {told}", "Give class names in the order the model was trained with.", renamed


def _one_class(table: Table) -> Table:
    truth = replace(table.truth, label=np.zeros_like(table.truth.label))
    return replace(table, truth=truth, found=replace(table.found, label=np.zeros_like(table.found.label)))


def _meant(table: Table) -> NDArray[np.int32]:
    """For each predicted class, the true class that its boxes overlap most often; itself where they overlap none."""
    classes = len(table.class_names)
    votes = np.zeros((classes, classes))
    everything = np.arange(len(table.found))
    photos, true_photos = table.found.photo.astype(np.int64), table.truth.photo.astype(np.int64)
    boxes, true_boxes = table.found.boxes_xyxy, table.truth.boxes_xyxy
    for pairs in overlapping(boxes, photos, everything, true_boxes, true_photos, table.crowd, 0.5):
        pair = (table.found.label[pairs.found], table.truth.label[pairs.true])
        np.add.at(votes, pair, table.score[pairs.found] * pairs.iou)
    return np.where(votes.any(1), votes.argmax(1), np.arange(classes)).astype(np.int32)


def _boxes(table: Table) -> Iterator[tuple[str, str, Table]]:
    size = table.sizes_wh[table.found.photo].astype(float)
    long = size.max(1, keepdims=True)

    def columns(order: list[int]) -> Callable[[Floats], Floats]:
        return lambda box: box[:, order]

    corners: dict[tuple[str, str], Callable[[Floats], Floats]] = {
        ("boxes are y first: [y1, x1, y2, x2]", "Give [x1, y1, x2, y2]."): columns([1, 0, 3, 2]),
        ("boxes are [x, y, width, height]", "Give [x1, y1, x2, y2]."): lambda box: np.hstack(
            [box[:, :2], box[:, :2] + box[:, 2:]]
        ),
        ("boxes are [centre x, centre y, width, height]", "Give [x1, y1, x2, y2]."): lambda box: np.hstack(
            [box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2]
        ),
        ("boxes are mirrored left to right", "Flip boxes with their photos, or neither."): lambda box: np.stack(
            [size[:, 0] - box[:, 2], box[:, 1], size[:, 0] - box[:, 0], box[:, 3]], 1
        ),
        ("boxes are upside down", "Turn photos by their EXIF mark before detecting."): lambda box: np.hstack(
            [size - box[:, 2:], size - box[:, :2]]
        ),
    }
    for (cause, remedy), undo in corners.items():
        yield cause, remedy, _with_boxes(table, undo)
    for side in SIDES:
        what = "shares of the photo's sides" if side == 1 else f"pixels of a {side} × {side} input"
        remedy = "Scale boxes back to the photo's pixels."
        yield f"boxes are in {what}", remedy, _with_boxes(table, lambda box, s=side: box / s * np.tile(size, 2))  # type: ignore[misc]
        if side > 1:
            what = f"pixels of a photo scaled to {side} on its long side"
            yield f"boxes are in {what}", remedy, _with_boxes(table, lambda box, s=side: box / s * long)  # type: ignore[misc]


def _with_boxes(table: Table, undo: Callable[[Floats], Floats]) -> Table:
    """The table with other boxes, cut at their photos; those that are left without an area go."""
    limits = np.tile(table.sizes_wh[table.found.photo], 2)
    boxes = np.clip(undo(table.found.boxes_xyxy.astype(float)), 0, limits).astype(np.float32)
    good = np.asarray((boxes[:, :2] < boxes[:, 2:]).all(1))
    return replace(table, found=replace(table.found, boxes_xyxy=boxes)[good], score=table.score[good])


def _photos(table: Table) -> Iterator[tuple[str, str, Table]]:
    """Predictions belong to a neighbour; boxes keep their place in shares of the photo."""
    for step, which in ((-1, "the photo before"), (1, "the photo after")):
        there = np.clip(table.found.photo + step, 0, len(table.photos) - 1).astype(np.int32)
        factor = table.sizes_wh[there] / table.sizes_wh[table.found.photo]
        moved = replace(table, found=replace(table.found, photo=there))
        undone = _with_boxes(moved, lambda box, f=factor: box * np.tile(f, 2))  # type: ignore[misc]
        yield f"predictions belong to {which} theirs", "Pair predictions with photos by name, not by position.", undone

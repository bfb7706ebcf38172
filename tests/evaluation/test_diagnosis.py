"""Each slip is made on purpose and must be the first that is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.evaluation.diagnosis import Change, diagnose
from outfitter.evaluation.table import Table, tabulate
from outfitter.values import Detections
from tests.evaluation.scenes import Scene, annotated, detected

NAMES = ("top", "bottom", "bag", "eyewear")
Floats = NDArray[np.float64]


def good_scene() -> Scene:
    """40 photos of different sizes with 1 to 4 garments each, found nearly exactly, and some false alarms."""
    rng = np.random.default_rng(5)
    truth, predictions = {}, {}
    for number in range(40):
        size = (int(rng.integers(300, 420)), int(rng.integers(500, 700)))
        count = int(rng.integers(1, 5))
        corner = rng.uniform(0.05, 0.45, (count, 2)) * size
        boxes = np.hstack([corner, corner + rng.uniform(0.15, 0.4, (count, 2)) * size])
        labels = rng.choice(NAMES, count).tolist()
        near = np.clip(boxes + rng.normal(0, 2, boxes.shape), 0, np.tile(size, 2))
        false = np.clip(rng.uniform([0, 0, 60, 60], [50, 50, 99, 99], (3, 4)), 0, np.tile(size, 2))
        scores = [*rng.uniform(0.5, 0.99, count), *rng.uniform(0.01, 0.3, 3)]
        name = f"{number}.jpg"
        truth[name] = annotated(boxes, labels, size)
        predictions[name] = detected(np.vstack([near, false]), labels + rng.choice(NAMES, 3).tolist(), scores, size)
    return Scene(truth, predictions, NAMES)


def good() -> Table:
    scene = good_scene()
    return tabulate(scene.truth, scene.predictions, scene.class_names)


def with_boxes(table: Table, slip: Callable[[Floats, Floats], Floats]) -> Table:
    size = table.sizes_wh[table.found.photo].astype(float)
    boxes = slip(table.found.boxes_xyxy.astype(float), size).astype(np.float32)
    return replace(table, found=replace(table.found, boxes_xyxy=boxes))


def with_labels(table: Table, old_to_new: list[int]) -> Table:
    """-1 for detections that such a slip loses."""
    label = np.array(old_to_new, np.int32)[table.found.label]
    return replace(table, found=replace(table.found, label=label)[label >= 0], score=table.score[label >= 0])


SLIPS: dict[str, Callable[[Table], Table]] = {
    "class ids are one too high": lambda t: with_labels(t, [1, 2, 3, -1]),
    "class ids are one too low": lambda t: with_labels(t, [-1, 0, 1, 2]),
    "class names are mixed up: top means bag, bottom means eyewear": lambda t: with_labels(t, [2, 3, 0, 1]),
    "boxes are y first": lambda t: with_boxes(t, lambda box, _: box[:, [1, 0, 3, 2]]),
    "boxes are [x, y, w": lambda t: with_boxes(t, lambda box, _: np.hstack([box[:, :2], box[:, 2:] - box[:, :2]])),
    "boxes are [centre": lambda t: with_boxes(
        t, lambda box, _: np.hstack([(box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]])
    ),
    "boxes are mirrored": lambda t: with_boxes(
        t, lambda box, s: np.stack([s[:, 0] - box[:, 2], box[:, 1], s[:, 0] - box[:, 0], box[:, 3]], 1)
    ),
    "boxes are upside down": lambda t: with_boxes(t, lambda box, s: np.hstack([s - box[:, 2:], s - box[:, :2]])),
    "boxes are in shares": lambda t: with_boxes(t, lambda box, s: box / np.tile(s, 2)),
    "boxes are in pixels of a 320 × 320 input": lambda t: with_boxes(t, lambda box, s: box / np.tile(s, 2) * 320),
    "boxes are in pixels of a photo scaled to 1024": lambda t: with_boxes(
        t, lambda box, s: box / s.max(1, keepdims=True) * 1024
    ),
    "predictions belong to the photo before": lambda t: replace(
        t, found=replace(t.found, photo=np.minimum(t.found.photo + 1, len(t.photos) - 1).astype(np.int32))
    ),
    "scores are upside down": lambda t: replace(t, score=1 - t.score),
}


@pytest.mark.parametrize("cause", SLIPS)
def test_the_slip_that_was_made_is_named_first(cause: str) -> None:
    findings = diagnose(SLIPS[cause](good()))
    assert findings, cause
    assert findings[0].cause.startswith(cause), findings[:3]
    assert (findings[0].ap50 or 0) > 0.6


def test_a_good_detector_has_no_slip() -> None:
    assert diagnose(good()) == []


def test_no_detection_at_all_is_a_cause_of_its_own() -> None:
    table = good()
    none = replace(table, found=table.found[table.score > 2], score=table.score[table.score > 2])
    assert [finding.cause for finding in diagnose(none)] == ["there is not one detection"]


@pytest.mark.parametrize("cause", ["class ids are one too high", "predictions belong to the photo before"])
def test_photos_on_which_nothing_counts_may_come_first(cause: str) -> None:
    """More of them than are looked at, each with a crowd and a false alarm."""
    scene, size = good_scene(), (300, 400)
    truth = {f"crowd{n}": annotated([[5, 5, 90, 90]], ["bag"], size, [True]) for n in range(505)}
    found = {name: detected([[200, 300, 290, 390]], ["top"], [0.95], size) for name in truth}
    table = SLIPS[cause](tabulate({**truth, **scene.truth}, {**found, **scene.predictions}, NAMES))
    findings = diagnose(table, lambda name, _: Detections.none(scene.truth[name].size_wh))
    assert findings[0].cause.startswith(cause), findings[:3]
    assert (findings[0].ap50 or 0) > 0.6


def test_noise_is_not_explained_away() -> None:
    table, rng = good(), np.random.default_rng(0)
    corners = np.hstack([rng.uniform(0, 0.4, (len(table.found), 2)), rng.uniform(0.5, 1, (len(table.found), 2))])
    assert diagnose(with_boxes(table, lambda _, size: corners * np.tile(size, 2))) == []


def test_right_boxes_with_hopeless_classes() -> None:
    table, rng = good(), np.random.default_rng(2)
    guesses = rng.integers(0, 4, len(table.found)).astype(np.int32)
    findings = diagnose(
        replace(table, found=replace(table.found, label=guesses), score=rng.random(len(table.found), np.float32))
    )
    assert findings[0].cause == "boxes are right and classes are not"


def test_a_model_that_takes_red_for_blue() -> None:
    """Asked again with the colours turned round, it finds what it should."""
    table = good()
    nothing = replace(table, found=table.found[table.score > 2], score=table.score[table.score > 2])
    right = {
        name: detected(
            table.found.boxes_xyxy[table.found.photo == place],
            [NAMES[label] for label in table.found.label[table.found.photo == place]],
            table.score[table.found.photo == place].tolist(),
            (int(table.sizes_wh[place, 0]), int(table.sizes_wh[place, 1])),
        )
        for place, name in enumerate(table.photos)
    }
    red = np.array([[[250, 10, 20], [240, 0, 0]]], np.uint8)

    def retry(name: str, change: Change) -> Detections:
        return right[name] if change(red)[0, 0, 2] == 250 else right[name][:0]

    found = [finding.cause for finding in diagnose(nothing, retry)]
    assert found == ["there is not one detection", "the model takes red for blue"]
    assert [str(finding) for finding in diagnose(nothing)] == [
        "there is not one detection. Lower the score threshold, and look at a training photo."
    ]


def test_signs_of_a_strange_input() -> None:
    table = good()
    same = with_boxes(table, lambda _, size: np.tile(size, 2) * [0.1, 0.1, 0.12, 0.13])
    same = replace(with_labels(same, [2, 2, 2, 2]), score=same.score / np.float32(100))
    causes = [finding.cause for finding in diagnose(same)]
    assert "the surest of all detections has a score of 0.010: the input looks strange" in causes
    assert "the best detection is the same on all photos, whatever they show" in causes
    assert not any("strange" in finding.cause or "same" in finding.cause for finding in diagnose(table))

"""COCO's numbers equal pycocotools, VOC's a plain second implementation, and inputs that do not fit are refused."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.errors import EvaluationError
from outfitter.evaluation.detection import DetectionScores, score_detections
from outfitter.values import Detections
from tests.evaluation.scenes import CLASSES, Scene, annotated, detected, random_scene

TOLERANCE = 1e-6


def scenes() -> Iterator[Any]:
    for seed in range(5):
        yield pytest.param(random_scene(seed), id=f"plain-{seed}")
        yield pytest.param(random_scene(seed, score_steps=3), id=f"equal-scores-{seed}")
        yield pytest.param(random_scene(seed, grid=30.0, score_steps=5, boxes=15), id=f"equal-ious-{seed}")
        yield pytest.param(random_scene(seed, crowd=0.3, boxes=12), id=f"crowds-{seed}")
        yield pytest.param(
            random_scene(seed, grid=20.0, crowd=0.4, boxes=20, class_names=("top",)), id=f"one-class-{seed}"
        )
    for seed in range(2):
        many = random_scene(seed, photos=3, boxes=60, extra=400, class_names=("top",))
        yield pytest.param(many, id=f"more-than-100-{seed}")
    scene = random_scene(99)
    found = {name: one[:0] for name, one in scene.predictions.items()}
    yield pytest.param(replace(scene, predictions=found), id="nothing-found")
    strangers = {name: replace_labels(one, "eyewear") for name, one in scene.predictions.items()}
    yield pytest.param(replace(scene, predictions=strangers), id="all-of-one-class")
    exact = {n: detected(a.boxes_xyxy, a.labels, [0.5] * len(a), a.size_wh) for n, a in scene.truth.items()}
    yield pytest.param(replace(scene, predictions=exact), id="perfect")
    twice = {
        n: Detections(np.tile(d.boxes_xyxy, (2, 1)), d.labels * 2, np.tile(d.scores, 2), d.size_wh)
        for n, d in exact.items()
    }
    yield pytest.param(replace(scene, predictions=twice), id="duplicates")


def replace_labels(one: Detections, label: str) -> Detections:
    return Detections(one.boxes_xyxy, (label,) * len(one), one.scores, one.size_wh)


@pytest.mark.parametrize("scene", list(scenes()))
def test_coco_equals_pycocotools(scene: Scene) -> None:
    scores = score_detections(scene.truth, scene.predictions, scene.class_names)
    for first_id in (0, 1):
        assert flat(scores) == pytest.approx(pycocotools(scene, first_id), abs=TOLERANCE)


@pytest.mark.parametrize("scene", list(scenes()))
def test_voc_equals_a_plain_implementation(scene: Scene) -> None:
    scores = score_detections(scene.truth, scene.predictions, scene.class_names)
    expected = {
        name: plain_voc(scene, name)
        for name in scene.class_names
        if any(name == label and not crowd for label, crowd in true_labels(scene))
    }
    assert dict(scores.voc_ap50) == pytest.approx(expected, abs=TOLERANCE)
    assert scores.voc_map50 == pytest.approx(sum(expected.values()) / len(expected), abs=TOLERANCE)


def test_equals_faster_coco_eval_without_ties() -> None:
    scene = random_scene(5, photos=60, score_steps=10**7)
    scores = score_detections(scene.truth, scene.predictions, scene.class_names)
    expected = faster_coco_eval(scene)
    assert [scores.ap, scores.ap50, scores.ap75, scores.ar100] == pytest.approx(expected, abs=TOLERANCE)
    assert 0.05 < scores.ap < 0.95


def flat(scores: DetectionScores) -> dict[str, float]:
    return {
        "AP": scores.ap,
        "AP50": scores.ap50,
        "AP75": scores.ap75,
        "AR@1": scores.ar1,
        "AR@10": scores.ar10,
        "AR@100": scores.ar100,
        **{f"AP/{name}": value for name, value in scores.per_class_ap.items()},
        **{f"AP50/{name}": value for name, value in scores.per_class_ap50.items()},
        **{f"AR/{name}": value for name, value in scores.per_class_ar.items()},
        **{f"AP_{name}": value for name, value in scores.per_size_ap.items()},
        **{f"AR_{name}": value for name, value in scores.per_size_ar.items()},
    }


def coco_rows(scene: Scene, first_id: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """COCO's JSON, with image and category ids from `first_id`. Annotation ids start at 1: 0 means "unmatched"
    inside pycocotools, which would lose the first true box."""
    images = {name: number for number, name in enumerate(scene.truth, first_id)}
    classes = {name: number for number, name in enumerate(scene.class_names, first_id)}
    boxes: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for name, one in scene.truth.items():
        assert one.crowd is not None
        for box, label, crowd in zip(one.boxes_xyxy.tolist(), one.labels, one.crowd.tolist(), strict=True):
            x, y, w, h = box[0], box[1], box[2] - box[0], box[3] - box[1]
            row = {"bbox": [x, y, w, h], "area": w * h, "iscrowd": int(crowd), "id": len(boxes) + 1}
            boxes.append({"image_id": images[name], "category_id": classes[label], **row})
        for box, label, score in scene.predictions[name]:
            x, y, w, h = box[0], box[1], box[2] - box[0], box[3] - box[1]
            found.append(
                {"image_id": images[name], "category_id": classes[label], "bbox": [x, y, w, h], "score": score}
            )
    listed = {
        "images": [{"id": number} for number in images.values()],
        "categories": [{"id": number, "name": name} for name, number in classes.items()],
        "annotations": boxes,
    }
    return listed, found


def pycocotools(scene: Scene, first_id: int) -> dict[str, float]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    listed, found = coco_rows(scene, first_id)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = listed
        truth.createIndex()
        results = COCO()
        results.dataset = {
            **listed,
            "annotations": [
                {**row, "id": number, "area": row["bbox"][2] * row["bbox"][3], "iscrowd": 0}
                for number, row in enumerate(found, 1)
            ],
        }
        results.createIndex()
        judge = COCOeval(truth, results, "bbox")
        judge.evaluate()
        judge.accumulate()
    precision, recalls = judge.eval["precision"][..., -1], judge.eval["recall"]
    recall = recalls[..., -1]
    named = dict(enumerate(scene.class_names))
    expected = {
        "AP": told(precision[..., 0]),
        "AP50": told(precision[0, ..., 0]),
        "AP75": told(precision[5, ..., 0]),
        **{f"AR@{most}": told(recalls[..., 0, place]) for place, most in enumerate((1, 10, 100))},
        **{f"AP/{name}": told(precision[:, :, k, 0]) for k, name in named.items()},
        **{f"AP50/{name}": told(precision[0, :, k, 0]) for k, name in named.items()},
        **{f"AR/{name}": told(recall[:, k, 0]) for k, name in named.items()},
        **{f"AP_{size}": told(precision[..., area]) for area, size in enumerate(("small", "medium", "large"), 1)},
        **{f"AR_{size}": told(recall[..., area]) for area, size in enumerate(("small", "medium", "large"), 1)},
    }
    return {name: value for name, value in expected.items() if value is not None}


def told(cells: NDArray[np.float64]) -> float | None:
    cells = cells[cells > -1]
    return float(cells.mean()) if cells.size else None


def faster_coco_eval(scene: Scene) -> list[float]:
    from faster_coco_eval import COCO, COCOeval_faster

    def silent(*_: object) -> None: ...

    listed, found = coco_rows(scene, 1)
    truth = COCO(listed, print_function=silent)
    judge = COCOeval_faster(truth, truth.loadRes(found), "bbox", print_function=silent)
    judge.run()
    stats = judge.stats_as_dict
    return [stats["AP_all"], stats["AP_50"], stats["AP_75"], stats["AR_third"]]


def true_labels(scene: Scene) -> Iterator[tuple[str, bool]]:
    for one in scene.truth.values():
        assert one.crowd is not None
        yield from zip(one.labels, one.crowd.tolist(), strict=True)


def plain_voc(scene: Scene, name: str) -> float:
    """The development kit's VOCevaldet.m, line by line, with crowds as in TensorFlow's evaluation."""
    rows = [
        (score, photo, box) for photo, one in scene.predictions.items() for box, label, score in one if label == name
    ]
    rows.sort(key=lambda row: -row[0])
    positives = sum(1 for label, crowd in true_labels(scene) if label == name and not crowd)
    used = set()
    flags = []
    for _, photo, box in rows:
        truth = scene.truth[photo]
        assert truth.crowd is not None
        most, which, in_crowd = -1.0, -1, False
        for index, (other, label) in enumerate(zip(truth.boxes_xyxy.tolist(), truth.labels, strict=True)):
            if label != name:
                continue
            if truth.crowd[index]:
                in_crowd = in_crowd or shared(box, other) / area(box) >= 0.5
            elif (overlap := shared(box, other) / (area(box) + area(other) - shared(box, other))) > most:
                most, which = overlap, index
        if most >= 0.5 and (photo, which) not in used:
            used.add((photo, which))
            flags.append(True)
        elif not in_crowd:
            flags.append(False)
    total, hits, points = 0.0, 0, []
    for rank, flag in enumerate(flags, 1):
        hits += flag
        points.append((hits / positives, hits / rank))
    reached = 0.0
    for recall, _ in points:
        if recall > reached:
            total += (recall - reached) * max(p for r, p in points if r >= recall)
            reached = recall
    return total


def area(box: list[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def shared(a: list[float], b: list[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)


TRUTH = {
    "a.jpg": annotated([[10, 10, 50, 90], [60, 5, 90, 40]], ["top", "bag"], (120, 100)),
    "b.jpg": annotated([], [], (30, 40)),
}
FOUND = {
    "a.jpg": detected([[12, 10, 50, 90], [60, 5, 90, 30]], ["top", "bag"], [0.9, 0.8], (120, 100)),
    "b.jpg": Detections.none((30, 40)),
}


def test_the_exported_names_are_the_originals() -> None:
    scores = score_detections(TRUTH, FOUND, CLASSES).as_dict()
    assert scores["AP@0.5IOU/top"] == scores["AP@0.5IOU/bag"] == scores["mAP@0.5IOU"] == 1.0
    # The bag has IoU 25/35 = 0.714, right at 5 of 10 thresholds; the top 38/40 = 0.95, right at all.
    assert scores["AP_per_class"] == {"top": pytest.approx(1.0), "bag": pytest.approx(0.5)}
    assert (scores["images"], scores["boxes"]) == (2, 2)
    assert "AP@0.5IOU/bottom" not in scores


@pytest.mark.parametrize("corner", [0.0, 0.1, 1000.3])
def test_an_area_on_the_edge_is_of_both_sizes(corner: float) -> None:
    """As in pycocotools, wherever the box lies; corners are float32, which would make 32 × 32 a little less or more."""
    for side, sizes in ((32, {"small", "medium"}), (96, {"medium", "large"}), (32.01, {"medium"})):
        box = [[corner, corner, corner + side, corner + side]]
        truth = {"a": annotated(box, ["top"], (1200, 1200))}
        found = {"a": detected(box, ["top"], [0.9], (1200, 1200))}
        assert score_detections(truth, found, ["top"]).per_size_ap == dict.fromkeys(sizes, pytest.approx(1.0))


def test_nothing_found_is_zero_and_no_truth_an_error() -> None:
    nothing = {name: one[:0] for name, one in FOUND.items()}
    assert score_detections(TRUTH, nothing, CLASSES).ap50 == 0.0
    blank = {name: annotated([], [], one.size_wh) for name, one in TRUTH.items()}
    with pytest.raises(EvaluationError, match="2 photos and no box"):
        score_detections(blank, FOUND, CLASSES)
    with pytest.raises(EvaluationError, match="0 photos and no box"):
        score_detections({}, {}, CLASSES)
    group = annotated([[10, 10, 50, 90]], ["top"], (120, 100), [True])
    with pytest.raises(EvaluationError, match="1 photos and no box"):
        score_detections({"a.jpg": group}, {"a.jpg": FOUND["a.jpg"]}, CLASSES)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({**FOUND, "a.jpeg": FOUND["a.jpg"]}, r"1 of 3 predicted .* first 'a.jpeg'; did you mean 'a.jpg'"),
        ({"a.jpg": FOUND["a.jpg"]}, r"1 of 2 photos have no predictions, first 'b.jpg'"),
        ({**FOUND, "b.jpg": Detections.none((40, 30))}, r"b.jpg: the predictions are for a photo of \(40, 30\)"),
        (
            {**FOUND, "a.jpg": replace_labels(FOUND["a.jpg"], "bags")},
            r"the predictions hold labels 'bags'; the classes are top, bottom, bag, eyewear; did you mean 'bag'",
        ),
    ],
)
def test_sides_that_do_not_fit(found: dict[str, Detections], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        score_detections(TRUTH, found, CLASSES)


def test_truth_and_class_names_that_do_not_fit() -> None:
    with pytest.raises(EvaluationError, match=r"the truth hold labels 'bag'; the classes are top, bottom"):
        score_detections(TRUTH, FOUND, ("top", "bottom"))
    with pytest.raises(EvaluationError, match=r"a name twice: top, bag, top"):
        score_detections(TRUTH, FOUND, ("top", "bag", "top"))

"""Other programs' predictions: both forms are read, and every fault is named with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.predictions import read_predictions
from outfitter.values import Detections
from tests.evaluation.scenes import annotated

SIZE = (120, 200)
TRUTH = {
    "street/a.jpg": annotated([[10, 10, 50, 90]], ["top"], SIZE),
    "street/b.jpg": annotated([], [], (90, 60)),
    "shop/c": annotated([[1, 2, 30, 40]], ["bag"], SIZE),
}
IMAGES: dict[int | str, str] = {0: "street/a.jpg", 7: "street/b.jpg", 8: "shop/c"}
CLASSES = {0: "top", 3: "bag"}
GOOD = {"box_xyxy": [10, 20, 60, 90], "label": "top", "score": 0.5}


def lines(path: Path, *rows: Any) -> dict[str, Detections]:
    file = path / "p.jsonl"
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return read_predictions(file, TRUTH, IMAGES, CLASSES)


def coco(path: Path, rows: Any) -> dict[str, Detections]:
    file = path / "p.json"
    file.write_text(json.dumps(rows))
    return read_predictions(file, TRUTH, IMAGES, CLASSES)


def test_json_lines_by_name_path_or_stem(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        {"photo": "/elsewhere/a.jpg", "size_wh": [120, 200], "detections": [GOOD]},
        "",
        {"photo": "street/b.jpg", "detections": []},
        {"photo": "out/c.png", "detections": [{**GOOD, "score": 0.1}, GOOD]},
    )
    assert list(found) == ["street/a.jpg", "street/b.jpg", "shop/c"]
    assert found["street/a.jpg"].boxes_xyxy.tolist() == [[10, 20, 60, 90]]
    assert found["shop/c"].scores.tolist() == pytest.approx([0.5, 0.1])
    assert found["street/b.jpg"].size_wh == (90, 60)


def test_coco_ids_from_zero_with_gaps(tmp_path: Path) -> None:
    rows = [
        {"image_id": 8, "category_id": 3, "bbox": [10, 20, 30.5, 40], "score": 0.25},
        {"image_id": 0, "category_id": 0, "bbox": [0, 0, 120, 200], "score": 1},
    ]
    found = coco(tmp_path, rows)
    assert found["shop/c"].boxes_xyxy.tolist() == [[10, 20, 40.5, 60]]
    assert found["shop/c"].labels == ("bag",)
    assert len(found["street/b.jpg"]) == 0


def test_a_box_that_sticks_out_by_rounding_is_cut(tmp_path: Path) -> None:
    found = lines(tmp_path, {"photo": "a", "detections": [{**GOOD, "box_xyxy": [-0.4, 20, 120.3, 90]}]})
    assert found["street/a.jpg"].boxes_xyxy.tolist() == [[0, 20, 120, 90]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": float("nan")}, "p.jsonl:1: a.jpg: detection 1: the score is nan; need a number from 0 to 1"),
        ({"score": 87}, "the score is 87; need a number from 0 to 1"),
        ({"score": "high"}, "the score is 'high'"),
        ({"label": 3}, "the label is 3; need a class name"),
        ({"box_xyxy": [1, 2, float("inf"), 4]}, "need four finite numbers"),
        ({"box_xyxy": [1, 2, 3]}, r"the box is \[1, 2, 3\]; need four"),
        ({"box_xyxy": [60, 70, 40, 90]}, "without area; need x1 < x2 and y1 < y2. It would be a good"),
        ({"box_xyxy": [60, 190, 40, 160]}, r"without area; need x1 < x2 and y1 < y2\.$"),
        ({"box_xyxy": [10, 20, 160, 90]}, "outside of its 120 × 200 photo. Scale boxes"),
        ({"box_xyxy": [120.5, 20, 121, 90]}, "no area inside"),
    ],
)
def test_a_bad_detection_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        lines(tmp_path, {"photo": "a.jpg", "detections": [GOOD, {**GOOD, **change}]})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{broken", "p.jsonl:2: no JSON"),
        ([1, 2], 'p.jsonl:2: need an object with "photo"'),
        ({"photo": "z.jpg", "detections": []}, "p.jsonl:2: the photo 'z.jpg' is not in the truth"),
        ({"photo": "street/b.jpg", "detections": []}, "street/b.jpg is there twice"),
        ({"photo": "c", "error": {"message": "truncated"}}, "c was not predicted: .*truncated"),
        ({"photo": "c", "size_wh": [60, 100], "detections": []}, r"at \[60, 100\], the truth is for \[120, 200\]"),
        ({"photo": "c", "detections": [{"bbox": [1, 2, 3, 4]}]}, "need box_xyxy, label and score"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        lines(tmp_path, {"photo": "b", "detections": []}, row)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": 1}, "entry 1: no photo of the truth has image_id 1; its ids are 0, 7, 8"),
        ({"category_id": 1}, "entry 1: category_id is 1; the classes are 0 top, 3 bag"),
        ({"bbox": [1, 2, 3]}, "entry 1 is .*; need image_id, category_id, bbox of four numbers"),
        ({"bbox": [1, 2, -3, 9]}, "p.json: entry 1, of shop/c: the box is .*without area"),
        ({"score": float("nan")}, "p.json: entry 1, of shop/c: the score is nan"),
        ({"score": None}, "p.json: entry 1: the score is None"),
    ],
)
def test_a_bad_coco_entry_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    good = {"image_id": 8, "category_id": 3, "bbox": [10, 20, 30, 40], "score": 0.25}
    with pytest.raises(EvaluationError, match=message):
        coco(tmp_path, [good, {**good, **change}])


def test_a_long_list_is_read_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a chunk ends, the same is read; photos alternate, so that they must be sorted."""
    rows = [
        {"image_id": 8 * (n % 2), "category_id": 3 * (n % 3 == 0), "bbox": [n, 2 * n, 30, 40], "score": n / 97}
        for n in range(80)
    ]
    whole = coco(tmp_path, rows)
    assert [len(one) for one in whole.values()] == [40, 0, 40]
    assert whole["shop/c"].labels[:3] == ("top", "top", "bag")  # of numbers 79, 77, 75
    for chunk in (1, 7, 64):
        monkeypatch.setattr("outfitter.evaluation.predictions.CHUNK", chunk)
        again = coco(tmp_path, rows)
        for name, one in whole.items():
            assert again[name].boxes_xyxy.tolist() == one.boxes_xyxy.tolist()
            assert again[name].labels == one.labels


@pytest.mark.parametrize("text", ['[{"image_id": 8, "categ', "[1, 2", "["])
def test_a_list_that_is_cut_off(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(EvaluationError, match=r"p.json: entry \d( is 1|: no JSON)"):
        read_predictions(tmp_path / "p.json", TRUTH, IMAGES, CLASSES)

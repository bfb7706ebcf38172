"""Other programs' predictions: both forms are read, and every fault is named with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outfitter.cli.evaluate_detection import Asked, evaluate
from outfitter.datasets.coco import write
from outfitter.datasets.records import record_of
from outfitter.errors import EvaluationError
from outfitter.evaluation.predictions import matched_by_file_name, read_predictions
from outfitter.values import Detections, Example
from tests.evaluation.scenes import annotated
from tests.toy import picture

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


def test_photos_that_only_a_file_name_ties_to_the_truth(tmp_path: Path) -> None:
    images = {name: Path("/data/images") / Path(name).name for name in TRUTH}
    named: dict[str, str] = {}
    found = []
    for photos in (("/elsewhere/train/a.jpg", "/home/bob/images/b.jpg", "out/c.png"), ("a.jpg", "street/b.jpg", "c")):
        rows = [json.dumps({"photo": photo, "detections": []}) + "\n" for photo in photos]
        (tmp_path / "p.jsonl").write_text("".join(rows))
        named.clear()
        read_predictions(tmp_path / "p.jsonl", TRUTH, IMAGES, CLASSES, named)
        assert named == dict(zip(TRUTH, photos, strict=True))
        found.append(matched_by_file_name(named, images))
    assert found == [[("/elsewhere/train/a.jpg", "street/a.jpg"), ("out/c.png", "shop/c")], []]


@pytest.mark.parametrize(("folder", "told"), [("/elsewhere/train", True), ("/elsewhere/images", False), (".", False)])
def test_predictions_of_another_split_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str, told: bool
) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    (data / "images").mkdir(parents=True)
    examples = []
    for number in range(4):
        file = data / "images" / f"val{number}.png"
        picture(SIZE, top=((10, 10, 50, 90), (210, 20, 30))).save(file)
        examples.append(Example(file, file.stem, annotated([[10, 10, 50, 90]], ["top"], SIZE), "val"))
    write(data / "val.json", [record_of(one) for one in examples], ["top"])
    rows = [{"photo": f"{folder}/{one.image.name}", "detections": [GOOD]} for one in examples]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    evaluate(str(tmp_path / "p.jsonl"), data, out, Asked("val", None, None, None, None, 100), workers=1)
    note = "4 of 4 photos were matched by their file name alone, though their folders differ: "
    note += f"{folder}/val0.png was taken for val0, which is {data / 'images' / 'val0.png'}."
    assert (note in capsys.readouterr().err) is told


def test_coco_ids_from_zero_with_gaps(tmp_path: Path) -> None:
    rows = [
        {"image_id": 8, "category_id": 3, "bbox": [10, 20, 30.5, 40], "score": 0.25},
        {"image_id": 0.0, "category_id": 0.0, "bbox": [0, 0, 120, 200], "score": 1},
    ]
    found = coco(tmp_path, rows)
    assert found["shop/c"].boxes_xyxy.tolist() == [[10, 20, 40.5, 60]]
    assert found["shop/c"].labels == ("bag",)
    assert found["street/a.jpg"].labels == ("top",)
    assert len(found["street/b.jpg"]) == 0


def test_ids_may_be_large(tmp_path: Path) -> None:
    large = {2**31: "top", 2**70: "bag"}
    row = {"image_id": 2**65, "category_id": 2**70, "bbox": [10, 20, 30, 40], "score": 0.25}
    file = tmp_path / "p.json"
    file.write_text(json.dumps([row, {**row, "category_id": 2**31}]))
    found = read_predictions(file, TRUTH, {2**65: "shop/c"}, large)
    assert found["shop/c"].labels == ("bag", "top")
    with pytest.raises(EvaluationError, match="category_id is 1180591620717411303424; the classes are none"):
        read_predictions(file, TRUTH, {2**65: "shop/c"}, {})


def test_crops_go_by_their_files_too(tmp_path: Path) -> None:
    """The crops of a photo bear its name and a number, their files cannot."""
    names = ("p.jpg@0", "p.jpg@1", "x/q.jpg")
    truth = {name: annotated([[10, 10, 50, 90]], ["top"], SIZE) for name in names}
    files = ("p@0.jpg", "p@1.jpg", "p.jpg")
    images = dict(zip(names, (Path("/crops/images/val") / file for file in files), strict=True))
    named: dict[str, str] = {}
    rows = [{"photo": f"crops/images/val/{file}", "detections": []} for file in files[:2]]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, {**rows[0], "photo": "q"}]))
    assert list(read_predictions(tmp_path / "p.jsonl", truth, {}, {}, named, images)) == list(names)
    assert matched_by_file_name(named, images) == []


def test_a_box_that_sticks_out_by_rounding_is_cut(tmp_path: Path) -> None:
    found = lines(tmp_path, {"photo": "a", "detections": [{**GOOD, "box_xyxy": [-0.4, 20, 120.3, 90]}]})
    assert found["street/a.jpg"].boxes_xyxy.tolist() == [[0, 20, 120, 90]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": float("nan")}, "p.jsonl:1: a.jpg: detection 1: the score is nan; need a number from 0 to 1"),
        ({"score": 87}, "the score is 87; need a number from 0 to 1"),
        ({"score": "high"}, "the score is 'high'"),
        ({"score": 10**400}, "p.jsonl:1: a.jpg: detection 1: the score is 1000"),
        ({"label": 3}, "the label is 3; need a class name"),
        ({"box_xyxy": [1, 2, float("inf"), 4]}, "need four finite numbers"),
        ({"box_xyxy": [1, 2, 10**400, 4]}, "detection 1: the box is .*need four finite numbers"),
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
        ({"photo": "c", "size_wh": 5, "detections": []}, r"p.jsonl:2: c was predicted at 5, the truth is for \[120"),
        ({"photo": "c", "predictions": [GOOD]}, 'p.jsonl:2: c: "detections" is missing among photo, predictions; need'),
        ({"photo": "c", "detections": None}, 'p.jsonl:2: c: "detections" is None; need a list'),
        ('{"photo": ' + 5000 * "9" + "}", "p.jsonl:2: cannot be read: Exceeds the limit"),
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
        ({"image_id": [8]}, r"p.json: entry 1: no photo of the truth has image_id \[8\]"),
        ({"category_id": {}}, r"entry 1: category_id is \{\}; the classes are"),
        ({"category_id": 0.5}, "entry 1: category_id is 0.5; the classes are"),
        ({"category_id": False}, "entry 1: category_id is False; the classes are"),
        ({"category_id": 1}, "entry 1: category_id is 1; the classes are 0 top, 3 bag"),
        ({"bbox": [1, 2, 3]}, "entry 1 is .*; need image_id, category_id, bbox of four numbers"),
        ({"bbox": [1, 2, 10**400, 4]}, "p.json: entry 1: the box is .*need four finite numbers"),
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


@pytest.mark.parametrize("number", ["9" * 5000, "[" * 100_000])
def test_a_list_that_json_cannot_hold(tmp_path: Path, number: str) -> None:
    (tmp_path / "p.json").write_text(f'[{{"image_id": {number}')
    with pytest.raises(EvaluationError, match="p.json: entry 0: cannot be read: "):
        read_predictions(tmp_path / "p.json", TRUTH, IMAGES, CLASSES)


@pytest.mark.parametrize("text", ['[{"image_id": 8, "categ', "[1, 2", "["])
def test_a_list_that_is_cut_off(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(EvaluationError, match=r"p.json: entry \d( is 1|: no JSON)"):
        read_predictions(tmp_path / "p.json", TRUTH, IMAGES, CLASSES)

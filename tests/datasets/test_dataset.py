from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outfitter.datasets import PrepareOptions, load, prepare
from outfitter.errors import DatasetError
from tests.datasets.sources import TRUTH, write_text
from tests.datasets.sources import coco as coco_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare(coco_folder(tmp_path / "src"), tmp_path / "set", PrepareOptions(format="coco"), workers=1)
    return tmp_path / "set"


def edit(folder: Path, change: Any) -> None:
    content = json.loads((folder / "train.json").read_text())
    change(content)
    (folder / "train.json").write_text(json.dumps(content))


def test_splits_come_in_order_and_an_absent_one_is_empty(folder: Path) -> None:
    data = load(folder)
    assert [example.image.stem for example in data.split("train")] == [TRUTH[0].stem, TRUTH[1].stem]
    (folder / "val.json").unlink()
    assert load(folder).split("val") == []
    with pytest.raises(DatasetError, match=r"unknown split 'validation'; choose from train, val, test"):
        data.split("validation")


def test_no_picture_is_opened(folder: Path) -> None:
    before = load(folder)
    for photo in (folder.parent / "src").rglob("*.jpg"):
        photo.unlink()
    assert [e.annotations.size_wh for e in load(folder).examples] == [e.annotations.size_wh for e in before.examples]


def test_a_folder_made_by_hand_needs_only_coco(folder: Path) -> None:
    for name in ("classes.txt", "dataset.json", "dropped.jsonl", "val.json", "test.json"):
        (folder / name).unlink()
    data = load(folder)
    assert data.class_names == ("top", "bottom", "long")
    assert data.licence == ""


def test_a_class_without_a_name_is_refused(folder: Path) -> None:
    (folder / "classes.txt").unlink()
    edit(folder, lambda content: content["categories"][0].update(name=""))
    with pytest.raises(DatasetError, match="set: has a class named ''; need text of one line"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["annotations"][0].update(bbox=[40, 10, 0, 80]),
            r"a_01\.jpg: box 0: zero-area box: \[40, 10, 40, 90\] in 61 × 97; .*train\.json, image id 1\. Run "
            r"'outfitter datasets check .*set' to list every fault",
        ),
        (
            lambda c: c["annotations"][0].update(category_id=9),
            "unknown class: .*category_id 9; the file's categories are 1",
        ),
        (
            lambda c: c["categories"][0].update(name="topp"),
            "has the class 'topp'; classes.txt names top, bottom, long; did",
        ),
        (lambda c: c["images"][0].pop("width"), "a_01.jpg has no width and height; need both"),
        (lambda c: c["images"][1].update(name=c["images"][0]["name"]), "a_01.jpg is there twice; names must differ"),
        (
            lambda c: c["annotations"].append({"image_id": 77}),
            "annotation without image: .*no image has its image_id 77",
        ),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(change: Any, message: str, folder: Path) -> None:
    edit(folder, change)
    with pytest.raises(DatasetError, match=message):
        load(folder)


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"holds none of train\.json, val\.json, test\.json; need a data set as"):
        load(tmp_path)
    write_text(tmp_path / "train.json", "[]")
    with pytest.raises(DatasetError, match="is no COCO JSON"):
        load(tmp_path)

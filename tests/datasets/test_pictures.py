"""What a picture's file, place and size decide when a data set is prepared."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from outfitter.datasets import READERS, PrepareOptions, load, prepare
from outfitter.datasets.check import check
from outfitter.errors import PhotoError
from outfitter.photo import load_photo
from tests.datasets.sources import csv as csv_folder
from tests.datasets.sources import write_photo, write_text


def test_different_photos_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for seed, split in enumerate(("train", "val")):
        write_photo(tmp_path / "src" / split / "1.jpg", (61, 97), seed)
        write_photo(tmp_path / "src" / split / f"only_{split}.jpg", (61, 97), 2 + seed)
        images = [{"id": i, "file_name": name} for i, name in enumerate(("1.jpg", f"only_{split}.jpg"))]
        boxes = [{"image_id": i, "category_id": 1, "bbox": [3 + seed, 5, 37, 55]} for i in range(2)]
        content = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "top"}]}
        write_text(tmp_path / "src" / "annotations" / f"{split}.json", json.dumps(content))
    done = prepare(tmp_path / "src", tmp_path / "out", PrepareOptions(format="coco"), workers=1)
    assert done.dropped == {}
    found = load(tmp_path / "out").examples
    assert [(e.name, e.split, e.annotations.boxes_xyxy[0, 0]) for e in found] == [
        ("train/1.jpg", "train", 3),
        ("only_train.jpg", "train", 3),
        ("val/1.jpg", "val", 4),
        ("only_val.jpg", "val", 4),
    ]
    assert "photo listed twice" not in check(READERS["coco"](tmp_path / "src"), workers=1).counts()


@pytest.mark.parametrize("suffix", [".avif", ".png", ".jpg"])
def test_copied_pictures_have_the_extension_of_what_they_are(suffix: str, tmp_path: Path) -> None:
    Image.new("RGB", (61, 97)).save(tmp_path / f"p{suffix}")
    photo = tmp_path / "src" / "p.gif"
    photo.parent.mkdir()
    (tmp_path / f"p{suffix}").rename(photo)
    write_text(tmp_path / "src" / "boxes.csv", "image,x1,y1,x2,y2,label,split\np.gif,3,5,40,60,top,train\n")
    prepare(tmp_path / "src", tmp_path / "out", PrepareOptions(format="csv", images="copy"), workers=1)
    assert [path.name for path in (tmp_path / "out" / "images" / "train").iterdir()] == [f"p{suffix}"]


@pytest.mark.parametrize("kind", ["pixels", "bytes"])
def test_a_photo_that_no_training_would_load_is_dropped(kind: str, tmp_path: Path) -> None:
    root = csv_folder(tmp_path / "src")
    photo = root / "images" / "b_02.jpg"
    if kind == "pixels":
        Image.new("L", (9504, 6336)).save(photo, "PNG")
    else:
        os.truncate(photo, 20_000_001)
    with pytest.raises(PhotoError, match="the limit is"):
        load_photo(photo)
    done = prepare(root, tmp_path / "out", PrepareOptions(format="csv"), workers=1)
    assert done.dropped == {"unreadable image": 1}
    assert check(READERS["csv"](root), quick=True, workers=1).counts()["unreadable image"] == 1

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO

from outfitter.datasets import coco
from outfitter.datasets.records import Record, Source, record_of
from outfitter.datasets.segmentation import box_of_segmentation
from outfitter.errors import DatasetError
from outfitter.values import Annotations, Example
from tests.datasets.sources import TRUTH, write_photo, write_text
from tests.datasets.sources import coco as coco_folder


def one_file(root: Path, **changes: Any) -> Path:
    """A file of one photo, 61 × 97, and one box of class 7, 'top'; `changes` replace its lists."""
    write_photo(root / "p.jpg", (61, 97))
    content: dict[str, Any] = {
        "images": [{"id": 3, "file_name": "p.jpg", "width": 61, "height": 97}],
        "annotations": [{"id": 9, "image_id": 3, "category_id": 7, "bbox": [3, 5, 37, 55]}],
        "categories": [{"id": 7, "name": "top"}],
    }
    return write_text(root / "some.json", json.dumps(content | changes))


def opened(path: Path) -> tuple[Source, list[Record]]:
    source = coco.read(path)
    return source, list(source.records)


@pytest.mark.parametrize(("first_id", "step"), [(0, 1), (1, 1), (5, 3)])
def test_ids_may_start_anywhere_and_have_gaps(first_id: int, step: int, tmp_path: Path) -> None:
    source, records = opened(coco_folder(tmp_path, first_id, step))
    found = {record.image.stem: record.labels for record in records if isinstance(record.image, Path)}
    assert found == {truth.stem: truth.labels for truth in TRUTH}
    assert source.class_names == ("top", "bottom", "long")
    assert bool(source.remarks) == (step > 1)
    if step > 1:
        assert "category ids run from 5 to 11, and there are 3; 6 is not there" in source.remarks[0].detail


def test_a_single_file_says_nothing_of_splits(tmp_path: Path) -> None:
    _, records = opened(one_file(tmp_path))
    assert records[0].split is None
    assert records[0].image == tmp_path / "p.jpg"


def test_captions_and_keypoints_beside_the_instances_are_not_read(tmp_path: Path) -> None:
    root = coco_folder(tmp_path)
    write_text(root / "annotations" / "captions_train.json", '{"images": [], "annotations": [{"caption": "a hat"}]}')
    source, records = opened(root)
    assert len(records) == len(TRUTH)
    assert not source.drops


@pytest.mark.parametrize("place", ["", "images", "train2020", "pictures"])
def test_photos_are_looked_for_near_the_file(place: str, tmp_path: Path) -> None:
    file = one_file(tmp_path / "annotations")
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / "annotations" / "p.jpg").rename(tmp_path / place / "p.jpg")
    _, records = opened(file)
    assert records[0].image == tmp_path / place / "p.jpg"


@pytest.mark.parametrize(
    ("annotation", "reason", "detail"),
    [
        ({"image_id": 4, "category_id": 7, "bbox": [1, 1, 5, 5]}, "annotation without image", "image_id 4"),
        ({"image_id": 3, "category_id": 8, "bbox": [1, 1, 5, 5]}, "unknown class", "category_id 8.* are 7"),
        ({"image_id": 3, "category_id": 7, "bbox": [1, 1, 5]}, "malformed box", "four finite numbers"),
        ({"image_id": 3, "category_id": 7, "bbox": [1, 1, None, 5]}, "malformed box", "four finite numbers"),
        ({"image_id": 3, "category_id": 7}, "malformed box", "neither a bbox nor a segmentation"),
        ({"image_id": 3, "category_id": 7, "segmentation": {"counts": "!"}}, "malformed box", "broken"),
        ([], "annotation without image", "number 0"),
        ({"image_id": [3], "category_id": 7, "bbox": [1, 1, 5, 5]}, "annotation without image", r"image_id \[3\]"),
        ({"image_id": None, "category_id": 7, "bbox": [1, 1, 5, 5]}, "annotation without image", "image_id None"),
        ({"image_id": 3, "category_id": [7], "bbox": [1, 1, 5, 5]}, "unknown class", r"category_id \[7\].* are 7"),
        ({"image_id": 3, "category_id": 7.5, "bbox": [1, 1, 5, 5]}, "unknown class", r"category_id 7\.5"),
    ],
)
def test_a_broken_annotation_is_dropped_and_named(annotation: Any, reason: str, detail: str, tmp_path: Path) -> None:
    import re

    good = {"id": 1, "image_id": 3, "category_id": 7, "bbox": [2, 2, 9, 20]}
    source, records = opened(one_file(tmp_path, annotations=[annotation, good]))
    assert [record.boxes for record in records] == [((2, 2, 11, 22),)]
    assert [drop.reason for drop in source.drops] == [reason]
    assert re.search(detail, source.drops[0].detail)


def test_a_whole_number_may_have_a_point_as_pandas_writes_it(tmp_path: Path) -> None:
    images = [{"id": number, "file_name": f"{number}.jpg"} for number in (1.0, 2.0, 3)]
    categories = [{"id": 7.0, "name": "top"}, {"id": 8.0, "name": "hat"}]
    pairs = ((1.0, 7.0), (2, 8), (3.0, 7))
    annotations = [{"image_id": i, "category_id": c, "bbox": [3, 5, 37, 55]} for i, c in pairs]
    source, records = opened(one_file(tmp_path, images=images, categories=categories, annotations=annotations))
    assert [(record.name, record.labels) for record in records] == [
        ("1.0.jpg", ("top",)),
        ("2.0.jpg", ("hat",)),
        ("3.jpg", ("top",)),
    ]
    assert not source.drops
    assert not source.remarks


@pytest.mark.parametrize("number", [None, 1.5, [3], {}])
def test_an_image_whose_id_is_neither_number_nor_text_is_dropped_and_named(number: Any, tmp_path: Path) -> None:
    images = [{"id": number, "file_name": "q.jpg"}, {"id": 3, "file_name": "p.jpg"}, {"id": number, "file_name": "r"}]
    annotation = {"image_id": number, "category_id": 7, "bbox": [3, 5, 37, 55]}
    source, records = opened(one_file(tmp_path, images=images, annotations=[annotation]))
    assert [(record.name, record.boxes) for record in records] == [("p.jpg", ())]
    assert source.drops.counts() == {"malformed annotation": 2, "annotation without image": 1}
    assert source.drops[0].where == "q.jpg"
    assert f"image 0 has the id {json.dumps(number)}; need a whole number or text" in source.drops[0].detail


def test_a_second_image_of_an_id_is_dropped_with_its_boxes_left_to_the_first(tmp_path: Path) -> None:
    images = [{"id": i, "file_name": name, "width": 61, "height": 97} for i, name in ((3, "p.jpg"), (3.0, "q.jpg"))]
    source, records = opened(one_file(tmp_path, images=images))
    assert [(record.name, len(record.boxes)) for record in records] == [("p.jpg", 1)]
    assert source.drops.counts() == {"duplicate image id": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 1, column 2: no JSON"),
        ('{"images": 3}', "is no COCO JSON; need an object with the lists"),
        (
            '{"shapes": [], "imagePath": "a.jpg"}',
            r"no 'images' among its keys \(shapes, imagePath\). Is --format right",
        ),
        ('{"images": [{"id": 1}]}', "image 0 is .*; need at least id and file_name"),
        ('{"images": [], "categories": [{"id": "1", "name": "top"}]}', "need a whole-number id and a name"),
        ('{"images": [], "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}', "'a' is there twice"),
        ('{"images": [], "categories": [{"id": 1, "name": "\xe9'.encode("latin1"), "byte 49 is not UTF-8"),
    ],
)
def test_a_file_that_is_no_coco_is_an_error(text: str | bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DatasetError, match=message):
        opened(tmp_path / "x.json")


def drawn() -> np.ndarray:
    """A mask, 61 × 97 pixels (W × H), of two pieces of which one reaches the photo's foot."""
    mask = np.zeros((97, 61), np.uint8)
    mask[20:40, 7:19] = 1
    mask[30:97, 25:26] = 1
    return mask


@pytest.mark.parametrize("kind", ["compressed", "plain", "thin", "tall"])
def test_run_lengths_become_the_box_that_cocoapi_finds(kind: str, tmp_path: Path) -> None:
    mask = drawn()
    if kind == "thin":
        mask[:] = 0
        mask[50:53, 11:40:7] = 1
    if kind == "tall":
        mask[:, 30:33] = 1
    encoded = mask_utils.encode(np.asfortranarray(mask))
    x, y, w, h = mask_utils.toBbox(encoded).tolist()
    segmentation: Any = {"size": [97, 61], "counts": encoded["counts"].decode()}
    if kind == "plain":
        column = mask.T.reshape(-1)
        edges = np.flatnonzero(np.diff(column, prepend=0))
        segmentation["counts"] = np.diff(edges, prepend=0, append=column.size).tolist()
    annotation = {"image_id": 3, "category_id": 7, "segmentation": segmentation, "iscrowd": 1}
    _, (record,) = opened(one_file(tmp_path, annotations=[annotation]))
    assert record.boxes == ((x, y, x + w, y + h),)
    assert record.crowd == (True,)


def test_polygons_become_the_box_around_all_of_them(tmp_path: Path) -> None:
    polygons = [[5, 9.5, 20, 11, 8, 30], [40, 3, 50, 4, 44, 8]]
    _, (record,) = opened(one_file(tmp_path, annotations=[{"image_id": 3, "category_id": 7, "segmentation": polygons}]))
    assert record.boxes == ((5, 3, 50, 30),)


def test_a_segmentation_of_nothing_has_no_box() -> None:
    assert box_of_segmentation({"size": [4, 5], "counts": [20]}) is None
    assert box_of_segmentation([]) is None
    with pytest.raises(ValueError, match="do not fit"):
        box_of_segmentation({"size": [4, 5], "counts": [3, 18]})


def test_what_is_written_is_what_cocoapi_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boxes = np.array([[3, 5, 40.25, 60], [0.125, 0, 61, 97]], np.float32)
    truth = Annotations(boxes, ("bag", "top"), (61, 97), np.array([False, True]))
    example = Example(tmp_path / "pictures" / "a b.jpg", "a b", truth)
    (tmp_path / "set").mkdir()
    coco.write(tmp_path / "set" / "train.json", [record_of(example)], ("top", "bag"))
    api = COCO(str(tmp_path / "set" / "train.json"))
    capsys.readouterr()
    assert api.imgs[1] == {"id": 1, "file_name": "../pictures/a b.jpg", "width": 61, "height": 97, "name": "a b"}
    assert [(a["bbox"], api.cats[a["category_id"]]["name"], a["iscrowd"]) for a in api.anns.values()] == [
        ([3, 5, 37.25, 55], "bag", 0),
        ([0.125, 0, 60.875, 97], "top", 1),
    ]
    with pytest.raises(ValueError, match="label 'bag' is not among top"):
        coco.write(tmp_path / "set" / "val.json", [record_of(example)], ("top",))

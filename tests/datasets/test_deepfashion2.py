from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outfitter.datasets import deepfashion2
from outfitter.errors import DatasetError
from tests.datasets.sources import write_photo, write_text


def item(name: str, *box: float) -> dict[str, Any]:
    """As published, landmarks and segmentation and all."""
    return {
        "segmentation": [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]],
        "scale": 1,
        "viewpoint": 2,
        "zoom_in": 1,
        "landmarks": [0, 0, 0],
        "style": 1,
        "bounding_box": list(box),
        "category_id": 1,
        "occlusion": 2,
        "category_name": name,
    }


def tree(root: Path, **items: Any) -> Path:
    annotation = {"source": "user", "pair_id": 1, **items}
    for folder, number in (("train", "000001"), ("validation", "000002")):
        write_photo(root / folder / "image" / f"{number}.jpg", (61, 97))
        write_text(root / folder / "annos" / f"{number}.json", json.dumps(annotation))
    write_photo(root / "test" / "image" / "000001.jpg", (61, 97))
    return root


def test_items_become_boxes_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    items = {f"item{i}": item("trousers", i, 2, 30, 40 + i) for i in (10, 9)}
    source = deepfashion2.read(tree(tmp_path, item1=item("vest dress", 3, 5, 40, 60), **items))
    records = list(source.records)
    assert [(record.name, record.split) for record in records] == [
        ("train/000001.jpg", "train"),
        ("validation/000002.jpg", "val"),
    ]
    assert records[0].labels == ("vest dress", "trousers", "trousers")
    assert records[0].boxes == ((3, 5, 40, 60), (9, 2, 30, 49), (10, 2, 30, 50))
    assert source.levels["slots"]["vest dress"] == "long"
    assert len(source.class_names) == 13


def test_without_the_files_it_says_where_to_apply(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"no train/annos/.*non-commercial.*github\.com/switchablenorms/DeepFashion2"
    ):
        deepfashion2.read(tmp_path)


def test_a_category_of_another_set_is_an_error_that_lists_the_13(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"000001\.json: item1: unknown class 'trouser'.*did you mean 'trousers'"):
        list(deepfashion2.read(tree(tmp_path, item1=item("trouser", 1, 2, 3, 4))).records)


def test_what_is_broken_is_counted(tmp_path: Path) -> None:
    root = tree(tmp_path, item1=item("vest", 1, 2, 3), item2=item("vest", 1, 2, 30, 40))
    write_text(root / "train" / "annos" / "000003.json", "{")
    source = deepfashion2.read(root)
    assert [(record.labels, record.rejected) for record in source.records] == [(("vest",), 1)] * 2
    assert source.drops.counts() == {"malformed box": 2, "malformed annotation": 1}

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outfitter.datasets import labelme
from outfitter.datasets.records import Record, Source
from outfitter.errors import DatasetError
from tests.datasets.sources import write_text


def one_photo(root: Path, *shapes: Any) -> tuple[Source, list[Record]]:
    content = {"imagePath": "p.jpg", "imageWidth": 61, "imageHeight": 97, "shapes": list(shapes)}
    write_text(root / "some" / "p.json", json.dumps(content))
    source = labelme.read(root)
    return source, list(source.records)


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ({"label": "a", "shape_type": "rectangle", "points": [[40, 5], [3, 60]]}, (3, 5, 40, 60)),
        ({"label": "a", "shape_type": "polygon", "points": [[4, 50], [30.5, 9], [20, 80]]}, (4, 9, 30.5, 80)),
        ({"label": "a", "shape_type": "circle", "points": [[20, 40], [23, 44]]}, (15, 35, 25, 45)),
        ({"label": "a", "points": [[4, 50], [30, 9]]}, (4, 9, 30, 50)),
    ],
)
def test_the_box_of_a_shape(shape: Any, box: tuple[float, ...], tmp_path: Path) -> None:
    _, (record,) = one_photo(tmp_path, shape)
    assert record.boxes == (box,)
    assert record.image == tmp_path / "some" / "p.jpg"
    assert record.split is None


@pytest.mark.parametrize(
    "shape",
    [
        {"label": "a", "shape_type": "point", "points": [[4, 5]]},
        {"label": "a", "points": [[4, 5, 6], [1, 2, 3]]},
        {"points": [[4, 5], [6, 7]]},
        "text",
    ],
)
def test_a_broken_shape_is_dropped_and_the_others_keep_their_labels(shape: Any, tmp_path: Path) -> None:
    good = {"label": "b", "points": [[1, 2], [30, 40]]}
    source, (record,) = one_photo(tmp_path, shape, good)
    assert (record.boxes, record.labels) == (((1, 2, 30, 40),), ("b",))
    assert [(drop.reason, drop.box) for drop in source.drops] == [("malformed box", 0)]


@pytest.mark.parametrize("shapes", [None, 3])
def test_shapes_that_are_no_list_are_dropped_and_named(shapes: Any, tmp_path: Path) -> None:
    write_text(tmp_path / "some" / "q.json", json.dumps({"imagePath": "q.jpg", "shapes": shapes}))
    source, records = one_photo(tmp_path)
    assert [record.name for record in records] == ["some/p"]
    assert source.drops.counts() == {"malformed annotation": 1}


def test_other_json_beside_is_counted_and_nothing_but_other_json_is_an_error(tmp_path: Path) -> None:
    write_text(tmp_path / "package.json", '{"name": "x"}')
    with pytest.raises(DatasetError, match=r"none of its 1 \.json files is LabelMe's"):
        list(labelme.read(tmp_path).records)
    source, records = one_photo(tmp_path)
    assert len(records) == 1
    assert source.drops.counts() == {"malformed annotation": 1}

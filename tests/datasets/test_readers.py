"""What every reader keeps to; the odd cases of each format are in its own file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from outfitter.datasets import READERS, PrepareOptions, prepare
from outfitter.datasets.check import check
from outfitter.datasets.records import Drops, Source
from outfitter.datasets.settle import settle
from outfitter.errors import DatasetError
from tests.datasets.sources import SOURCES, TRUTH, deepfashion

WRONG_FOLDERS = [*READERS]


def settled(source: Source) -> list[tuple[str, tuple[int, int], str | None, tuple[object, ...], tuple[str, ...]]]:
    rows = []
    for record in source.records:
        drops = Drops()
        found = settle(record, drops)
        assert found is not None, drops
        assert not drops
        boxes = tuple(tuple(box) for box in found.annotations.boxes_xyxy.tolist())
        assert isinstance(record.image, Path)
        rows.append((record.image.stem, found.annotations.size_wh, record.split, boxes, found.annotations.labels))
    return sorted(rows, key=lambda row: row[0])


@pytest.mark.parametrize("format", SOURCES)
def test_a_reader_finds_every_photo_split_box_and_label(format: str, tmp_path: Path) -> None:
    source = READERS[format](SOURCES[format](tmp_path))
    assert settled(source) == [tuple(truth) for truth in TRUTH]
    assert not source.drops
    assert source.class_names in ((), ("top", "bottom", "long"))


@pytest.mark.parametrize("format", ["csv", "labelme", "voc", "yolo"])
def test_windows_line_ends_change_nothing(format: str, tmp_path: Path) -> None:
    source = READERS[format](SOURCES[format](tmp_path, newline="\r\n"))
    assert settled(source) == [tuple(truth) for truth in TRUTH]
    assert not source.drops


@pytest.mark.parametrize("format", SOURCES)
def test_listing_opens_no_photo(format: str, tmp_path: Path) -> None:
    root = SOURCES[format](tmp_path)
    for photo in root.rglob("*.jpg"):
        photo.write_bytes(b"")
    records = list(READERS[format](root).records)
    assert sorted(len(record.labels) for record in records) == [0, 1, 2, 2]


@pytest.mark.parametrize("format", SOURCES)
def test_names_are_unique_and_do_not_depend_on_where_the_source_lies(format: str, tmp_path: Path) -> None:
    root = SOURCES[format](tmp_path / "here")
    names = [record.name for record in READERS[format](root).records]
    assert len(set(names)) == len(TRUTH)
    shutil.move(root, tmp_path / "there")
    assert [record.name for record in READERS[format](tmp_path / "there").records] == names


GOOD_AND_BROKEN: dict[str, tuple[str, str, str]] = {
    "coco": ("annotations/instances_train.json", '"bbox": [0, 0, 140, 53]', '"bbox": [0, 0, 140]'),
    "csv": ("boxes.csv", "b_02.jpg,0,140,0,53", "b_02.jpg,O,140,0,53"),
    "labelme": ("train/b_02.json", '"points": [', '"pints": ['),
    "voc": ("Annotations/b_02.xml", "<xmax>140</xmax>", "<xmax>wide</xmax>"),
    "yolo": ("labels/train/b_02.txt", "2 0.500000", "2 70"),
}
"""Format → where the one box of b_02 is, and how it is broken."""


@pytest.mark.parametrize("format", SOURCES)
def test_a_photo_whose_only_box_cannot_be_read_is_no_photo_without_garments(format: str, tmp_path: Path) -> None:
    file, good, broken = GOOD_AND_BROKEN[format]
    root = SOURCES[format](tmp_path / "src")
    text = (root / file).read_text()
    assert text.count(good) == 1
    (root / file).write_text(text.replace(good, broken))
    done = prepare(root, tmp_path / "out", PrepareOptions(format=format), workers=1)
    assert done.counts["train"]["photos"] == 1
    assert done.dropped["no good box left"] == 1
    report = check(READERS[format](root), quick=True, workers=1)
    assert report.counts()["photo without boxes"] == 1  # that of test, which has none


SIZES: dict[str, tuple[str, str, str]] = {
    "coco": ("annotations/instances_train.json", '"width": 140, "height": 53', '"width": 640.0, "height": 480.0'),
    "csv": ("boxes.csv", "b_02.jpg,0,140,0,53,long", "b_02.jpg,0,140,0,53,long,640.0,480.0"),
    "labelme": ("train/b_02.json", '"imageWidth": 140', '"imageWidth": 640.0'),
    "voc": ("Annotations/b_02.xml", "<width>140</width>", "<width>640.0</width>"),
}
"""Format → where the size of b_02 is, and another one as pandas writes it."""


@pytest.mark.parametrize("format", SIZES)
def test_a_size_with_a_point_is_a_size_and_nought_is_none(format: str, tmp_path: Path) -> None:
    file, right, wrong = SIZES[format]
    root = SOURCES[format](tmp_path)
    text = (root / file).read_text()
    if format == "csv":
        text = text.replace(",class", ",class,width,height")
    assert text.count(right) == 1
    stated = []
    for size in (wrong, wrong.replace("640.0", "0").replace("480.0", "0")):
        (root / file).write_text(text.replace(right, size))
        stated += [
            r.stated_wh for r in READERS[format](root).records if isinstance(r.image, Path) and r.image.stem == "b_02"
        ]
    assert stated[0] is not None
    assert stated[0][0] == 640
    assert stated[1] is None


@pytest.mark.parametrize("format", [format for format in READERS if format != "class-folders"])
@pytest.mark.parametrize("other", ["nowhere", "empty", "deepfashion"])
def test_a_wrong_folder_is_refused_by_name(format: str, other: str, tmp_path: Path) -> None:
    folder = tmp_path / other
    if other == "empty":
        folder.mkdir()
    elif other == "deepfashion":
        deepfashion(folder)
    if format == other:
        return
    with pytest.raises(DatasetError, match=other):
        list(READERS[format](folder).records)

"""What every reader keeps to; the odd cases of each format are in its own file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from outfitter.datasets import READERS
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

from __future__ import annotations

from pathlib import Path

import pytest

from outfitter.datasets import yolo
from outfitter.datasets.records import Record, Source
from outfitter.errors import DatasetError
from tests.datasets.sources import write_photo, write_text
from tests.datasets.sources import yolo as yolo_folder

YAML = "train: images\nnames:\n  0: top\n  1: bottom\n"


def one_photo(root: Path, lines: str, yaml: str = YAML) -> tuple[Source, list[Record]]:
    write_photo(root / "images" / "p.jpg", (61, 97))
    write_text(root / "labels" / "p.txt", lines)
    write_text(root / "data.yaml", yaml)
    source = yolo.read(root)
    return source, list(source.records)


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        ("0 30 48 20 40", "box in pixels", "line 2: '0 30 48 20 40' is in pixels; need shares"),
        ("0 0.5 0.5 0.2", "malformed line", "line 2: '0 0.5 0.5 0.2' has 4 columns"),
        ("0 0.5 0.5 0.2 0.3 0.9", "malformed line", "has 6 columns"),
        ("top 0.5 0.5 0.2 0.3", "malformed line", "is not numbers"),
        ("0.5 0.5 0.5 0.2 0.3", "malformed line", "columns"),
        ("0 0.5 nan 0.2 0.3", "malformed line", "not finite"),
        ("nan 0.5 0.5 0.3 0.3", "malformed line", "not finite"),
        ("inf 0.5 0.5 0.3 0.3", "malformed line", "not finite"),
        ("2 0.5 0.5 0.2 0.3", "unknown class", "class 2; data.yaml names 0 to 1"),
    ],
)
def test_a_wrong_line_is_dropped_and_named(line: str, reason: str, detail: str, tmp_path: Path) -> None:
    source, (record,) = one_photo(tmp_path, f"1 0.5 0.5 0.2 0.3\n{line}\n\n0 0.25 0.5 0.5 1\n")
    assert record.labels == ("bottom", "top")
    assert [drop.reason for drop in source.drops] == [reason]
    assert detail in source.drops[0].detail
    assert "p.txt: line 2" in source.drops[0].detail


def test_no_names_are_none(tmp_path: Path) -> None:
    source, _ = one_photo(tmp_path, "0 0.5 0.5 0.2 0.3\n", "train: images\nnames: []\n")
    assert [drop.detail.partition("class ")[2] for drop in source.drops] == ["0; data.yaml names none"]


def test_a_polygon_is_the_box_around_it(tmp_path: Path) -> None:
    _, (record,) = one_photo(tmp_path, "1 0.1 0.3 0.5 0.2 0.4 0.9\n")
    assert record.boxes == ((0.1, 0.2, 0.5, 0.9),)
    assert record.normalised


def test_names_may_be_a_mapping_with_gaps(tmp_path: Path) -> None:
    source, (record,) = one_photo(tmp_path, "7 0.5 0.5 0.2 0.3\n", "train: images\nnames: {7: hat, 2: bag}\n")
    assert record.labels == ("hat",)
    assert source.class_names == ("bag", "hat")
    assert source.remarks.counts() == {"id gaps": 1}


@pytest.mark.parametrize("path", ["", "path: /datasets/of/another/machine\n"])
@pytest.mark.parametrize("train", ["train: images/p.jpg.txt", "train: [images]", "train: ../images"])
def test_photos_may_be_named_in_many_ways(path: str, train: str, tmp_path: Path) -> None:
    write_text(tmp_path / "images" / "p.jpg.txt", "p.jpg\r\n")
    _, records = one_photo(tmp_path, "0 0.5 0.5 0.2 0.3\n", f"{path}{train}\nnames: [top]\n")
    assert [(record.image, record.labels) for record in records] == [(tmp_path / "images" / "p.jpg", ("top",))]


def test_a_list_may_mix_absolute_and_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("p", "q")):
        write_photo(tmp_path / "set" / "images" / name / f"{name}.jpg", (61, 97), seed)
    write_text(tmp_path / "set" / "train.txt", f"{tmp_path}/set/images/p/p.jpg\nimages/q/q.jpg\n")
    write_text(tmp_path / "set" / "data.yaml", "train: train.txt\nnames: [top]\n")
    names = [record.name for record in yolo.read(Path("set")).records]
    assert names == ["p/p.jpg", "q/q.jpg"]


def test_lists_of_nothing_are_no_photos(tmp_path: Path) -> None:
    for name in ("train.txt", "val.txt"):
        write_text(tmp_path / name, "\n")
    write_text(tmp_path / "data.yaml", "train: train.txt\nval: val.txt\nnames: [top]\n")
    assert list(yolo.read(tmp_path).records) == []


def test_labels_may_lie_beside_the_photos(tmp_path: Path) -> None:
    write_photo(tmp_path / "all" / "p.jpg", (61, 97))
    write_text(tmp_path / "all" / "p.txt", "0 0.5 0.5 0.2 0.3\n")
    write_text(tmp_path / "data.yaml", "train: all\nnames: [top]\n")
    (record,) = yolo.read(tmp_path).records
    assert record.labels == ("top",)


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("train: [", "is no YAML"),
        ("train: images\n", "has no 'names'"),
        ("names: [top]\n", "names no photos; need train:"),
        ("names: [top]\ntrain: there\n", "train is 'there', and .*there is not there. Correct data.yaml"),
        ("names: [top]\ntrain: empty\n", "train: .*empty: holds no pictures"),
        ("names: [top, top]\ntrain: images\n", "has a name twice"),
        ("names: {a: top}\ntrain: images\n", "need a list, or a mapping from whole numbers"),
    ],
)
def test_a_wrong_data_yaml_is_an_error(yaml: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=message):
        one_photo(tmp_path, "", yaml)


def test_labels_that_are_not_utf8_name_the_line(tmp_path: Path) -> None:
    root = yolo_folder(tmp_path)
    (root / "labels" / "train" / "a_01.txt").write_bytes(b"0 0.5 0.5 0.2 0.3\n0 0.5 0.5 0.2 0.3 \xff\n")
    with pytest.raises(DatasetError, match=r"a_01\.txt: line \d or a little below is not UTF-8: byte 0xff"):
        list(yolo.read(root).records)

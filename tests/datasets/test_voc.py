from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from outfitter.datasets import voc
from outfitter.datasets.records import Record, Source
from outfitter.datasets.safe_xml import parse
from outfitter.errors import DatasetError
from outfitter.values import Annotations, Example
from tests.datasets.sources import voc as voc_folder
from tests.datasets.sources import write_photo, write_text

BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
<annotation><filename>&lol2;</filename></annotation>"""


def one_photo(root: Path, xml: str) -> tuple[Source, list[Record]]:
    """A plain folder: a photo, 61 × 97, and its XML."""
    write_photo(root / "p.jpg", (61, 97))
    write_text(root / "p.xml", xml)
    source = voc.read(root)
    return source, list(source.records)


def item(name: str = "top", box: str = "<xmin>4</xmin><ymin>6</ymin><xmax>40</xmax><ymax>60</ymax>") -> str:
    return f"<object><name>{name}</name><difficult>1</difficult><bndbox>{box}</bndbox></object>"


def test_pixels_count_from_one_and_difficult_is_crowd(tmp_path: Path) -> None:
    _, (record,) = one_photo(tmp_path, f"<annotation>{item()}</annotation>")
    assert record.boxes == ((3, 5, 40, 60),)
    assert record.crowd == (True,)
    assert (record.image, record.split, record.stated_wh) == (tmp_path / "p.jpg", None, None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_they_grow(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "p.xml").write_bytes(BOMB.encode(encoding))
    source = voc.read(tmp_path)
    assert list(source.records) == []
    assert "has a DTD" in source.drops[0].detail


def test_a_file_of_the_system_is_not_read_through_an_entity(tmp_path: Path) -> None:
    secret = write_text(tmp_path / "secret.txt", "secret")
    xml = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><annotation><filename>&x;</filename></annotation>'
    source, records = one_photo(tmp_path, xml)
    assert not records
    assert source.drops.counts() == {"malformed annotation": 1}


@pytest.mark.parametrize(
    ("xml", "reason", "detail"),
    [
        ("<annotation><object></annotation>", "malformed annotation", "line 1: no XML: mismatched tag"),
        (f"<annotation>{item(box='<xmin>4</xmin>')}</annotation>", "malformed box", "has no bndbox of four numbers"),
        (f"<annotation>{item(name=' ')}</annotation>", "unknown class", "has no name"),
    ],
)
def test_what_is_broken_is_dropped_and_named(xml: str, reason: str, detail: str, tmp_path: Path) -> None:
    source, _ = one_photo(tmp_path, xml)
    assert [drop.reason for drop in source.drops] == [reason]
    assert detail in source.drops[0].detail
    assert source.drops[0].where.endswith("p.xml")


def test_the_photo_is_found_though_its_filename_is_wrong(tmp_path: Path) -> None:
    _, (record,) = one_photo(tmp_path, "<annotation><filename>C:\\me\\frame 1</filename></annotation>")
    assert record.image == tmp_path / "p.jpg"


def test_a_split_that_names_what_is_not_there_and_a_photo_in_no_split_are_counted(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    write_text(root / "ImageSets" / "Main" / "train.txt", "a_01\nlost  -1\n")
    source = voc.read(root)
    assert [record.name for record in source.records] == ["a_01", "c_10", "d é"]
    assert [(drop.reason, drop.where) for drop in source.drops] == [
        ("missing annotation", "lost"),
        ("in no split", "b_02"),
    ]
    assert "train.txt: line 2" in source.drops[0].detail


def test_a_photo_in_two_splits_is_an_error(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    write_text(root / "ImageSets" / "Main" / "val.txt", "c_10\na_01\n")
    with pytest.raises(DatasetError, match=r"val\.txt: line 2: a_01 is in train already"):
        voc.read(root)


def test_what_is_written_is_escaped_and_exact() -> None:
    boxes = np.array([[3, 5, 40.25, 60]], np.float32)
    example = Example(Path("x.jpg"), "x", Annotations(boxes, ("shirt & <tie>",), (61, 97), np.array([True])))
    root = parse(voc.annotation(example, "a&b.jpg").encode())
    assert root.findtext("filename") == "a&b.jpg"
    assert root.findtext("object/name") == "shirt & <tie>"
    assert [root.findtext(f"object/bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax")] == [
        "4",
        "6",
        "40.25",
        "60",
    ]
    assert root.findtext("object/difficult") == "1"

"""Our records against the independent packages `tfrecord` (framing, protocol buffers) and `crc32c`."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import crc32c as independent
import numpy as np
import pytest
import tfrecord as package
from hypothesis import given
from hypothesis import strategies as st

from outfitter.datasets import PrepareOptions, load, prepare, tfexample, tfrecord
from outfitter.datasets.records import Record, Slice, Source
from outfitter.datasets.tfrecord import BYTES, FLOATS, INTS, Span
from outfitter.errors import DatasetError
from outfitter.values import Annotations, Example
from tests.datasets.sources import write_photo


@given(st.binary(max_size=3000))
def test_the_checksum_is_crc32c(data: bytes) -> None:
    assert tfrecord.crc32c(data) == independent.crc32c(data)


def test_the_checksums_of_rfc_3720() -> None:
    assert tfrecord.crc32c(bytes(32)) == 0x8A9136AA
    assert tfrecord.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert tfrecord.crc32c(bytes(range(32))) == 0x46DD794E
    assert tfrecord.crc32c(b"") == 0


FEATURES = {
    "name": (BYTES, ["żółw".encode(), b""]),
    "shares": (FLOATS, [0.25, -1.5, 3e30]),
    "ids": (INTS, [0, 1, 300, 2**62, -5]),
    "none": (FLOATS, []),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_package_reads_what_we_write(tmp_path: Path) -> None:
    file = tmp_path / "x.record"
    file.write_bytes(tfrecord.frame(tfrecord.encode_example(FEATURES)) * 2)  # type: ignore[arg-type]
    first, second = package.tfrecord_loader(str(file), None, {"name": "byte", "shares": "float", "ids": "int"})
    np.testing.assert_array_equal(first["shares"], np.array([0.25, -1.5, 3e30], np.float32))
    assert first["ids"].tolist() == [0, 1, 300, 2**62, -5]
    assert second["ids"].tolist() == first["ids"].tolist()


def test_we_read_what_the_package_writes(tmp_path: Path) -> None:
    writer = package.TFRecordWriter(str(tmp_path / "x.record"))
    writer.write({"name": ("żółw".encode(), "byte"), "shares": ([0.25, 0.5], "float"), "ids": ([7, -1, 2**40], "int")})
    writer.write({"name": (b"b" * 70_000, "byte")})
    writer.close()
    content = (tmp_path / "x.record").read_bytes()
    found = []
    for offset, data in tfrecord.records(tmp_path / "x.record"):
        features = tfrecord.decode_example(data)
        (span,) = features.pop("name")
        assert isinstance(span, Span)
        found.append((content[offset + span.start : offset + span.end], features))
    assert found == [("żółw".encode(), {"shares": [0.25, 0.5], "ids": [7, -1, 2**40]}), (b"b" * 70_000, {})]


def test_decoding_is_the_inverse_of_encoding() -> None:
    data = tfrecord.encode_example(FEATURES)  # type: ignore[arg-type]
    found = tfrecord.decode_example(memoryview(data))
    assert found["ids"] == [0, 1, 300, 2**62, -5]
    assert found["none"] == []
    assert [data[slice(*span)] for span in found["name"] if isinstance(span, Span)] == ["żółw".encode(), b""]


def test_numbers_that_are_not_packed_are_read_too() -> None:
    floats = b"\x0d" + struct.pack("<f", 0.5) + b"\x0d" + struct.pack("<f", 2)  # field 1, fixed 32 bits, twice
    ints = b"\x08\x05\x08\x96\x01"  # field 1, varint, 5 and 150
    entries = b"".join(
        bytes([0x0A, 3 + 2 + len(kind) + 2]) + b"\x0a\x01" + name + bytes([0x12, len(kind) + 2, tag, len(kind)]) + kind
        for name, tag, kind in ((b"f", 0x12, floats), (b"i", 0x1A, ints))
    )
    assert tfrecord.decode_example(memoryview(bytes([0x0A, len(entries)]) + entries)) == {"f": [0.5, 2], "i": [5, 150]}


@given(st.binary(max_size=60))
def test_any_bytes_are_an_example_or_a_value_error(data: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(tfrecord.decode_example(memoryview(data)), dict)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: b"\xff\xd8\xff\xe0 a picture", "is no TFRecord file: wrong checksum at byte 0"),
        (lambda good: good + good[:40], "is cut short in the record at byte"),
        (lambda good: good + good[:7], "is cut short in the record at byte"),
        (lambda good: good + b"\x05" + good[1:], "is damaged: wrong checksum at byte"),
    ],
)
def test_a_damaged_file_is_an_error_that_says_where(damage: object, message: str, tmp_path: Path) -> None:
    good = tfrecord.frame(tfrecord.encode_example(FEATURES))  # type: ignore[arg-type]
    (tmp_path / "x.record").write_bytes(damage(good))  # type: ignore[operator]
    with pytest.raises(DatasetError, match=message):
        list(tfrecord.records(tmp_path / "x.record"))


# --- the original's records


def opened(path: Path) -> tuple[Source, list[Record]]:
    source = tfexample.read(path)
    return source, list(source.records)


def original(root: Path, **changes: object) -> Path:
    """A record with the original's keys, by the independent package; `changes` replace or, if None, remove some."""
    picture = write_photo(root / "p.jpg", (61, 97)).read_bytes()
    features: dict[str, object] = {
        "image/height": (97, "int"),
        "image/width": (61, "int"),
        "image/filename": (b"img/Red_Blouse/img_1.jpg", "byte"),
        "image/source_id": (b"img/Red_Blouse/img_1.jpg", "byte"),
        "image/encoded": (picture, "byte"),
        "image/format": (b"jpeg", "byte"),
        "image/object/bbox/xmin": ([3 / 61], "float"),
        "image/object/bbox/xmax": ([40 / 61], "float"),
        "image/object/bbox/ymin": ([5 / 97], "float"),
        "image/object/bbox/ymax": ([60 / 97], "float"),
        "image/object/class/text": (b"top", "byte"),
        "image/object/class/label": ([1], "int"),
    }
    features = {key: value for key, value in (features | changes).items() if value is not None}
    writer = package.TFRecordWriter(str(root / "train.record"))
    writer.write(features)
    writer.close()
    (root / "label_map.pbtxt").write_text("item {\n  id: 1\n  name: 'top'\n}\nitem { id: 3 name: \"long\" } # no 2\n")
    return root


def test_the_originals_records_are_read(tmp_path: Path) -> None:
    source, (record,) = opened(original(tmp_path))
    assert (record.name, record.split, record.labels) == ("img/Red_Blouse/img_1.jpg", "train", ("top",))
    assert record.stated_wh == (61, 97)
    assert isinstance(record.image, Slice)
    assert record.image.read() == (tmp_path / "p.jpg").read_bytes()
    assert source.class_names == ("top", "long")
    assert source.remarks.counts() == {"id gaps": 1}
    assert not source.drops


def test_names_that_count_per_file_are_told_apart_and_an_empty_one_gives_way(tmp_path: Path) -> None:
    data = (original(tmp_path / "src", **{"image/source_id": (b"1", "byte")}) / "train.record").read_bytes()
    (tmp_path / "src" / "val.record").write_bytes(data)
    prepare(tmp_path / "src", tmp_path / "out", PrepareOptions(format="tfexample"), workers=1)
    assert [example.name for example in load(tmp_path / "out").examples] == ["train.record/1", "val.record/1"]
    _, (record,) = opened(original(tmp_path / "empty", **{"image/source_id": (b"", "byte")}))
    assert record.name == "img/Red_Blouse/img_1.jpg"


def test_labels_come_from_the_map_where_there_is_no_text(tmp_path: Path) -> None:
    changes = {"image/object/class/text": None, "image/object/class/label": ([3], "int")}
    _, (record,) = opened(original(tmp_path, **changes))
    assert record.labels == ("long",)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"image/encoded": None}, "KeyError: 'image/encoded'"),
        ({"image/object/bbox/ymax": None}, "ValueError: zip"),
        ({"image/object/class/text": None, "image/object/class/label": None}, "1 boxes, 0 labels"),
    ],
)
def test_a_record_that_lacks_something_is_dropped(changes: dict[str, object], detail: str, tmp_path: Path) -> None:
    source, records = opened(original(tmp_path, **changes))
    assert not records
    assert source.drops.counts() == {"malformed record": 1}
    assert detail in source.drops[0].detail
    assert source.drops[0].where.endswith("train.record: record 1")


def test_shards_are_read_in_order_and_an_empty_file_is_an_error(tmp_path: Path) -> None:
    data = (original(tmp_path) / "train.record").read_bytes()
    (tmp_path / "train.record").unlink()
    (tmp_path / "eval.record-00000-of-00002").write_bytes(data)
    (tmp_path / "eval.record-00001-of-00002").write_bytes(b"")
    _, records = opened(tmp_path)
    assert [record.split for record in records] == ["val"]
    (tmp_path / "eval.record-00000-of-00002").write_bytes(b"")
    with pytest.raises(DatasetError, match="holds no records"):
        opened(tmp_path)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_package_reads_the_records_we_write(tmp_path: Path) -> None:
    boxes = np.array([[3, 5, 40, 60], [0, 0, 61, 97]], np.float32)
    truth = Annotations(boxes, ("long", "top"), (61, 97), np.array([False, True]))
    empty = Annotations(np.zeros((0, 4), np.float32), (), (61, 97))
    picture = write_photo(tmp_path / "p.jpg", (61, 97)).read_bytes()
    (tmp_path / "val.record").write_bytes(
        b"".join(
            tfexample.encode(Example(tmp_path / "p.jpg", name, annotations), picture, ("top", "bottom", "long"))
            for name, annotations in (("two", truth), ("none", empty))
        )
    )
    two, none = package.tfrecord_loader(str(tmp_path / "val.record"), None)
    assert two["image/encoded"] == picture
    assert two["image/format"] == b"jpeg"
    assert (two["image/width"].item(), two["image/height"].item()) == (61, 97)
    np.testing.assert_allclose(two["image/object/bbox/xmin"], [3 / 61, 0], rtol=1e-6)
    np.testing.assert_allclose(two["image/object/bbox/ymax"], [60 / 97, 1], rtol=1e-6)
    assert two["image/object/class/label"].tolist() == [3, 1]
    assert two["image/object/is_crowd"].tolist() == [0, 1]
    assert none["image/object/bbox/xmin"].size == 0


def test_a_label_map_escapes_quotes(tmp_path: Path) -> None:
    (tmp_path / "m.pbtxt").write_text(tfexample.label_map(["men's", "a\\b", 'the "it" bag # 1 }']))
    assert tfexample.read_label_map(tmp_path / "m.pbtxt") == {1: "men's", 2: "a\\b", 3: 'the "it" bag # 1 }'}
    (tmp_path / "m.pbtxt").write_text("item { id: 1 }")
    with pytest.raises(DatasetError, match="item 1 has {'id': '1'}; need an id and a name"):
        tfexample.read_label_map(tmp_path / "m.pbtxt")

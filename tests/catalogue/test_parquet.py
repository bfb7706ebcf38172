"""Feeds in Parquet: what their types become, and files that are damaged or too large."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outfitter.catalogue.feed import Reject, Row, open_feed
from outfitter.catalogue.readers.source import LONGEST
from outfitter.errors import FeedError
from outfitter.values import Product
from tests.catalogue.test_feed import PRODUCT


def packed(columns: Mapping[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), out, **options)
    return out.getvalue()


def read(tmp_path: Path, content: bytes, name: str = "feed.parquet") -> tuple[list[Product], list[Reject]]:
    (tmp_path / name).write_bytes(content)
    found = list(open_feed(tmp_path / name))
    return [one.product for one in found if isinstance(one, Row)], [one for one in found if isinstance(one, Reject)]


WHOLE = {
    "id": pa.array([7], pa.int32()),
    "Title": [PRODUCT.title],
    "image": ["a/7.png"],
    "category": pa.array([" Dress "], pa.large_string()),
    "color": pa.array(["navy"]).dictionary_encode(),
    "price": pa.array([49.9], pa.float32()),
    "currency": ["EUR"],
    "Availability": ["In Stock"],
    "url": pa.array([None], pa.string()),
    "brand": pa.array(["Ève".encode()], pa.binary()),
    "Additional Images": [["b.png", "c.png", "b.png"]],
    "Fabric": ["linen"],
}


@pytest.mark.parametrize("name", ["feed.parquet", "feed", "feed.csv.gz"])
def test_it_tells_what_every_format_tells(tmp_path: Path, name: str) -> None:
    content = packed(WHOLE, compression="zstd")
    assert read(tmp_path, gzip.compress(content) if name.endswith("gz") else content, name) == ([PRODUCT], [])


def test_what_other_types_become(tmp_path: Path) -> None:
    (product,), rejected = read(
        tmp_path,
        packed(
            {
                "id": ["1"],
                "title": ["T"],
                "image": ["1.png"],
                "price": [Decimal("12.90")],
                "colour": pa.array([float("nan")]),
                "since": [datetime(2026, 11, 3, 8, 30, tzinfo=UTC)],
                "day": [date(2026, 11, 3)],
                "nested": [{"a": [1, None], "b": Decimal("0.5")}],
                "stock": pa.array([3], pa.uint64()),
                "new": [True],
                "nothing": pa.nulls(1),
            }
        ),
    )
    assert rejected == []
    assert (product.price, product.colour) == (12.9, None)
    assert dict(product.attributes) == {
        "since": "2026-11-03T08:30:00Z",
        "day": "2026-11-03",
        "nested": '{"a": [1, null], "b": "0.5"}',
        "stock": "3",
        "new": "true",
    }


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (pa.timestamp("ns", "Europe/Paris"), "2026-01-01T04:00:00.05+01:00"),
        (pa.timestamp("us", "UTC"), "2026-01-01T03:00:00.05Z"),
        (pa.timestamp("s"), "2026-01-01T03:00:00"),
        (pa.timestamp("ms", "-02:30"), "2026-01-01T00:30:00.05-02:30"),
    ],
)
def test_times_become_iso_8601(tmp_path: Path, kind: pa.DataType, written: str) -> None:
    moment = pa.array([1_767_236_400_050], pa.timestamp("ms")).cast(pa.timestamp("ns")).cast(kind, safe=False)
    (product,), _ = read(
        tmp_path, packed({"id": ["1"], "title": ["T"], "image": [["1.png", "2.png"]], "since": moment})
    )
    assert dict(product.attributes) == {"since": written}
    assert (product.image, product.additional_images) == ("1.png", ("2.png",))


def test_bad_rows_are_rejected_by_their_number_and_the_rest_goes_on(tmp_path: Path) -> None:
    good, bad = read(
        tmp_path,
        packed(
            {
                "id": ["1", "2", None, "4", "5", "1", "7"],
                "title": pa.array([b"A", b"B\xff", b"C", b"D", b"E", b"F", b"G"]).cast(pa.string(), safe=False),
                "image": ["1.png", "2.png", "3.png", "", "5.png", "6.png", "7.png"],
                "price": [1.5, 2.5, 3.5, 4.5, -5.0, 6.5, float("inf")],
                "note": ["", "", "", "", "", "", "x" * (LONGEST + 1)],
            },
            row_group_size=2,
        ),
    )
    assert [one.id for one in good] == ["1"]
    assert [(one.line, one.reason) for one in bad] == [
        (2, "title holds bytes that are not UTF-8; save the feed as UTF-8"),
        (3, "id is empty"),
        (4, "image is empty"),
        (5, "price is -5.0; need 0 or more"),
        (6, "duplicate id, first on line 1"),
        (7, "note is longer than 1,000,000 characters"),
    ]


MANY = {"id": [str(n) for n in range(400)], "title": ["T"] * 400, "image": [f"{n}.png" for n in range(400)]}


def doubled() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["1"])] * 4, ["id", "title", "image", "title"]), out)
    return out.getvalue()


def cut_in_the_middle() -> bytes:
    """Whole at both ends, zeros in a page of its second row group."""
    content = bytearray(packed(MANY, row_group_size=200, compression="none", use_dictionary=False))
    at = content.index(b"300.png")
    content[at - 40 : at] = bytes(40)
    content[at - 4000 : at - 40] = b"\xff" * 3960
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "told"),
    {
        "cut short": (packed(MANY)[:-9], "cannot be read as Parquet: .*Make or download it again"),
        "only the beginning": (b"PAR1", "cannot be read as Parquet"),
        "no title": (
            packed({"id": ["1"], "titel": ["T"], "image": ["1.png"]}),
            "no column 'title'.*did you mean 'titel'",
        ),
        "no rows": (packed({"id": [], "title": [], "image": []}), "holds no products"),
        "a page is damaged": (cut_in_the_middle(), "cannot be read"),
        "a column twice": (doubled(), "has the column 'title' twice"),
        "rows of megabytes": (
            packed({"id": ["1"], "title": ["x" * 3 * LONGEST], "image": ["1.png"]}),
            r"holds 3,0.* bytes in 1 rows; the limit is 1,000,000 for each",
        ),
    }.values(),
)
def test_a_file_that_cannot_be_read_as_a_whole(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(FeedError, match=told):
        read(tmp_path, content)


def test_damage_anywhere_is_our_error_or_none(tmp_path: Path) -> None:
    whole, random, told = packed(WHOLE), np.random.default_rng(11), []
    for _ in range(150):
        flipped = bytearray(whole)
        for place in random.integers(len(whole), size=3):
            flipped[place] ^= 1 << int(random.integers(8))
        try:
            read(tmp_path, bytes(flipped))
        except FeedError as error:
            told.append(str(error))
    assert 50 < len(told) <= 150
    assert all("feed.parquet" in one for one in told)

from __future__ import annotations

from pathlib import Path

import pytest

from outfitter.errors import EventError
from outfitter.events import EventStore
from outfitter.events.files import Refused, read_file, write_file
from tests.events.conftest import NOW, event


def read(path: Path) -> tuple[list[str], list[Refused]]:
    refused: list[Refused] = []
    return [f"{one.user or one.session} {one.kind} {one.product}" for one in read_file(path, refused.append)], refused


def test_there_and_back(tmp_path: Path) -> None:
    events = [event(1), event(2, user=None, session="s", product='a "b", c'), event(3, recommendation="r")]
    for name in ("events.csv", "events.jsonl"):
        assert write_file(tmp_path / name, events) == 3
        refused: list[Refused] = []
        assert list(read_file(tmp_path / name, refused.append)) == events
        assert refused == []
        with pytest.raises(EventError, match="is there already"):
            write_file(tmp_path / name, events)


def test_other_names_of_columns_and_no_ids(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "Person,item_id,timestamp,colour\nann,p1,2026-05-01T12:30:00Z,red\nann,p1,2026-05-01T12:30:00Z,red\n"
        f"bob,p2,{NOW},\n"
    )
    assert read(path) == (["ann view p1", "ann view p1", "bob view p2"], [])
    refused: list[Refused] = []
    with EventStore(tmp_path / "events.db") as store:
        for new in (2, 0):  # the same row twice, and the same file twice, are the same events
            assert store.add(read_file(path, refused.append), NOW).new == new
        assert refused == []


def test_bad_rows_are_told_and_the_others_stored(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "user,session,product,time,kind\nann,,p1,2026-05-01,buy\n,,p1,2026-05-01,\nann,,,2026-05-01,\n"
        "ann,,p1,yesterday,\nann,,p1,1780000000000,\nann,s,p9,1780000000,cart\n"
    )
    good, refused = read(path)
    assert good == ["ann cart p9"]
    assert [one.where.rpartition(":")[2] for one in refused] == ["2", "3", "4", "5", "6"]
    assert "kind is 'buy'; need view" in refused[0].reason
    assert "neither user nor session" in refused[1].reason
    assert "lacks product" in refused[2].reason
    assert "time is 'yesterday'; need ISO 8601" in refused[3].reason
    assert "Milliseconds must be divided by 1000" in refused[4].reason


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log.csv", "user,product,time\nann,p1,1780000000\n"),
        ("log.jsonl", '{"user": "ann", "product": "p1", "time": 1780000000}\n'),
    ],
)
def test_a_byte_order_mark_is_no_text(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8-sig")
    assert read(tmp_path / name) == (["ann view p1"], [])


def test_bad_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(
        '{"user": "ann", "product": "p1", "time": 1780000000}\n\n[1]\n{"user": \n' + "[" * 100_000 + "\n"
        '{"user": ["ann"], "product": "p1", "time": 1780000000}\n{"user": "ann", "product": true, "time": 1780000000}\n'
    )
    good, refused = read(path)
    assert good == ["ann view p1"]
    assert [one.reason.partition(":")[0] for one in refused[:3]] == ["no JSON object", "no JSON", "no JSON"]
    assert ["need text" in one.reason for one in refused[3:]] == [True, True]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xml", b"", "is .xml; need .csv or .jsonl"),
        ("a.csv", b"user,product\nann,p1\n", "has no column time; its columns are user, product"),
        ("a.csv", b"", "has no column product and time and user; its columns are none"),
        ("a.csv", b"product,time\np1,1\n", "has no column user"),
        ("a.csv", b"user,product,time\n\xff\xfe,p1,1\n", "cannot be read"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EventError, match=message):
        read(tmp_path / name)
    with pytest.raises(EventError, match="cannot be read"):
        read(tmp_path / "gone.csv")

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.event_log import EventLog, moment, read_events, read_time, split_in_time

ROWS = [
    ("ann", "i1", "view", 10.0),
    ("bob", "i2", "purchase", 30.0),
    ("ann", "i2", "view", 20.0),
    ("ann", "i1", "cart", 50.0),
    ("ann", "i3", "purchase", 60.0),
    ("bob", "i3", "dismiss", 70.0),
    ("cat", "i9", "view", 80.0),
    ("cat", "i1", "view", 90.0),
]


def test_a_log_is_in_the_order_of_time() -> None:
    log = EventLog.of(ROWS)
    assert list(log.rows()) == sorted(ROWS, key=lambda row: row[3])
    assert log.counts() == {"i1": 3, "i2": 2, "i3": 1, "i9": 1}  # bob's no to i3 is none


def test_split() -> None:
    split = split_in_time(EventLog.of(ROWS), 50.0)
    assert split.chosen == {"ann": {"i3"}, "cat": {"i9", "i1"}}  # i1 is not new to ann, and bob dismissed
    assert split.past_events == {"ann": 2, "bob": 1}
    assert split.seen["ann"] == {"i1", "i2"}
    assert list(split.past.rows()) == [ROWS[0], ROWS[2], ROWS[1]]
    again = split_in_time(EventLog.of(ROWS), 50.0, items=["i1", "i3", "i4"], repeats=True)
    assert again.chosen == {"ann": {"i1", "i3"}, "cat": {"i1"}}
    assert again.dropped == 1
    assert again.data_hash != split.data_hash
    assert split.data_hash == split_in_time(EventLog.of(reversed(ROWS)), 50.0).data_hash


def test_without_a_moment_a_fifth_is_held_out() -> None:
    rng = np.random.default_rng(0)
    log = EventLog.of((f"u{n % 17}", f"i{n % 23}", "view", when) for n, when in enumerate(rng.random(500)))
    split = split_in_time(log, repeats=True)
    assert len(split.past) == 400


@pytest.mark.parametrize(
    ("at", "items", "message"),
    [
        (5.0, None, r"0 of 8 events are before the split at 1970-01-01T00:00:05Z"),
        (100.0, None, "8 of 8 events are before the split"),
        (50.0, ["x"], "3 choices are not among the 1 items"),
        (85.0, ["i2"], "nobody chose a product"),
    ],
)
def test_splits_without_a_side(at: float, items: list[str] | None, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        split_in_time(EventLog.of(ROWS), at, items=items)
    with pytest.raises(EvaluationError, match="there are no events"):
        split_in_time(EventLog.of([]), at)


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(
        "event_id,Timestamp,user_id,extra,item_id,event\n"
        "a,1970-01-01T01:00:00+01:00,ann,,i1,view\n"
        "b,1970-01-01T00:00:09,bob,x,i2,purchase\n"
        "\n"
        "a,99,ann,,i1,view\n"
        "c,4.5,ann,,i3,\n"
    )
    assert list(read_events(path).rows()) == [
        ("ann", "i1", "view", 0.0),
        ("ann", "i3", "view", 4.5),
        ("bob", "i2", "purchase", 9.0),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user,product\nann,i1\n", "has no column time; its columns are user, product"),
        ("", "has no column user and product and time; its columns are none"),
        ("user,product,time\n", "has no rows below its head"),
        ("user,product,time\nann,,3\n", "e.csv:2: user is 'ann', product ''; need both"),
        ("user,product,time\nann,i1,3\nann,i1,yesterday\n", "e.csv:3: the time is 'yesterday'; need ISO 8601"),
        ("user,product,time\nann,i1,nan\n", "e.csv:2: the time is 'nan'"),
        ("user,product,time\nann,i1,1714567890123\n", "e.csv:2: .*seconds since 1970, .* must be divided by 1000"),
        ("user,product,time\nann,i1,-99999999999999\n", "e.csv:2: the time is '-99999999999999'; need ISO 8601"),
        ("user,product,time\nann,i1\n", "e.csv:2: the time is ''"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "e.csv"
    path.write_text(text)
    with pytest.raises(EvaluationError, match=message):
        read_events(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="none.csv: cannot be read"):
        read_events(tmp_path / "none.csv")


def test_times() -> None:
    for text in ("1969-07-20T20:17:40", "9998-12-31T23:59:59"):
        assert moment(read_time(text, "here")).startswith(text)
    assert read_time("20260501", "here") == read_time("2026-05-01", "here") == 1777593600  # and no second of 1970
    assert [read_time(text, "here") for text in ("20260501.0", "19000", "31000000")] == [20260501, 19000, 31000000]
    with pytest.raises(EvaluationError, match="the time is '20261301'; need ISO 8601"):
        read_time("20261301", "here")
    assert read_time("2026-05-01T12:30:00Z", "here") == read_time("2026-05-01T14:30:00+02:00", "here") == 1777638600

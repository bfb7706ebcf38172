"""What both databases promise."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outfitter.errors import EventError
from outfitter.events import Added, EventStore, Shown
from tests.databases import Postgres
from tests.events.conftest import NOW, event
from tests.events.killing import LATER, kill_postgres, kill_writers


def test_the_same_event_twice_is_one(store: EventStore) -> None:
    assert store.add([event(1), event(2), event(1, product="other")], LATER) == Added(2, 1, 0)
    assert store.add([event(2), event(3)], LATER) == Added(1, 1, 0)
    assert [one.id for one in store] == ["e1", "e2", "e3"]
    assert [one.product for one in store] == ["p1", "p2", "p0"]


def test_events_come_back_as_they_were_in_the_order_of_their_time(store: EventStore) -> None:
    whole = event(5, kind="purchase", session="s", recommendation="r", product="Größe 38 '; DROP TABLE events --")
    store.add([event(9), whole, event(7, user=None, session="s")], LATER)
    assert list(store) == [whole, event(7, user=None, session="s"), event(9)]
    log = store.log()
    assert list(log.rows())[1] == ("session:s", "p1", "view", NOW + 420)
    assert (len(log), set(log.people)) == (3, {"ann", "session:s"})


@pytest.mark.parametrize("product", ["shirt/Navy\u00a0Blue", "tee\u00adshirt", "x\u2028y", "帽\u3000子", "👩\u200d🎤"])
def test_any_text_may_be_a_products_id(store: EventStore, product: str) -> None:
    store.add([event(0, product=product)], NOW)
    assert [one.product for one in store] == [product]


def test_a_clock_that_is_ahead_counts_as_now(store: EventStore) -> None:
    early, ahead = event(0), event(1, time=NOW + 1e5)
    assert store.add([early, ahead, event(2, time=NOW + 200)], NOW) == Added(3, 0, 1)
    assert {one.id: one.time for one in store} == {"e0": NOW, "e1": NOW, "e2": NOW + 200}


def test_many_batches(store: EventStore) -> None:
    assert store.add((event(number) for number in range(2345)), LATER).new == 2345
    assert len(store) == 2345
    assert [one.id for one in store] == [f"e{number}" for number in range(2345)]


def test_recent_events_of_a_user_and_a_visit(store: EventStore) -> None:
    store.add([event(1), event(2), event(3, user="bob", session="s"), event(4, user=None, session="s")], LATER)
    assert [one.id for one in store.recent(user="ann")] == ["e2", "e1"]
    assert [one.id for one in store.recent(session="s", limit=1)] == ["e4"]
    assert [one.id for one in store.recent(user="ann", session="s")] == ["e4", "e3", "e2", "e1"]
    assert store.recent() == []


def test_what_was_ever_done_with_each_product(store: EventStore) -> None:
    store.add([event(0, kind="purchase"), *(event(3 * number) for number in range(1, 80))], LATER)
    store.add([event(500, kind="dismiss", user="bob"), event(501, kind="dismiss", user=None, session="s")], LATER)
    assert store.last_words(user="ann") == [("p0", "purchase", NOW), ("p0", "view", NOW + 60 * 237)]
    assert [one.product for one in store.last_words(user="bob", session="s")] == ["p2", "p0"]
    assert store.last_words() == []


def test_forgetting_somebody_leaves_nothing_of_them(store: EventStore) -> None:
    store.add([event(1), event(2, user="bob"), event(3)], LATER)
    store.show(Shown("r1", NOW, "hybrid", ("p1",), user="ann"))
    store.show(Shown("r2", NOW, "hybrid", ("p1",), user="bob"))
    assert store.forget("ann") == 3
    assert store.forget("nobody") == 0
    assert [one.user for one in store] == ["bob"]
    assert [one.id for one in store.shown()] == ["r2"]


def test_what_is_too_old_goes(store: EventStore) -> None:
    store.add([event(0), event(1, time=NOW + 86400 * 3)], NOW + 86400 * 3)
    store.show(Shown("old", NOW, "hybrid", ("p1",)))
    assert store.keep_days(2, NOW + 86400 * 4) == 2
    assert [one.id for one in store] == ["e1"]
    for days in (-1, float("inf"), float("nan")):
        with pytest.raises(EventError, match=f"days is {days}; need 0 or more"):
            store.keep_days(days)
    assert len(store) == 1


def test_lists_that_were_shown(store: EventStore) -> None:
    shown = Shown("r1", NOW, "hybrid", ("p2", "p1"), "home", "colours", "b", "ann", "s")
    store.show(shown)
    store.show(Shown("r1", NOW + 1, "other", ()))
    assert list(store.shown()) == [shown]


def test_stats(store: EventStore) -> None:
    assert store.stats()["events"] == 0
    assert store.stats()["first"] is None
    store.add([event(1), event(2, kind="purchase"), event(3, user=None, session="s")], LATER)
    store.show(Shown("r", NOW, "popular", ()))
    assert store.stats() == {
        "events": 3,
        "kinds": {"purchase": 1, "view": 2},
        "users": 1,
        "sessions": 1,
        "products": 3,
        "lists_shown": 1,
        "first": NOW + 60,
        "last": NOW + 180,
    }


def test_several_writers_at_once(where: str) -> None:
    def write(part: int) -> int:
        with EventStore(where) as store:
            return sum(store.add([event(10 * number + part % 3)], LATER).new for number in range(30))

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(write, range(6))) == 90
    with EventStore(where) as store:
        assert len(store) == 90


def test_no_acknowledged_event_is_lost_to_kill_9(where: str, tmp_path: Path) -> None:
    """Two writers under load are killed four times; whatever they said was stored is there."""
    told, there = kill_writers(where, tmp_path, 4)
    assert len(told) >= 2 * 4 * 2 * 19
    assert told <= there
    assert len(there) % 2 == 0  # both of a batch, or none


def test_nor_when_the_server_itself_is_killed(postgres: Postgres) -> None:
    """PostgreSQL and all of its processes die while events are written, three times."""
    told, there = kill_postgres(postgres, 3)
    assert len(told) >= 3 * 40
    assert told <= there


# --- bad input


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "veiw"}, "kind is 'veiw'; need view, cart, purchase, like, dismiss; did you mean 'view'"),
        ({"id": ""}, "id is ''; need text"),
        ({"product": " p"}, "product is ' p'; need text without spaces around it"),
        ({"product": "a\x00b"}, "control characters"),
        ({"product": "a\u0085b"}, "control characters"),
        ({"product": "a\ud800b"}, "control characters"),
        ({"user": "x" * 201}, "user is 201 characters long; need at most 200"),
        ({"user": None}, "has neither user nor session"),
        ({"time": float("nan")}, "time is nan; need seconds since 1970"),
        ({"time": NOW * 1000}, "Milliseconds must be divided by 1000"),
        ({"time": 0.0}, "from the year 2000 on"),
    ],
)
def test_what_is_no_event(values: dict[str, object], message: str) -> None:
    with pytest.raises(EventError, match=message):
        event(1, **values)


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EventError, match=r"gone.db: there is no such file. 'outfitter events import"):
        EventStore(tmp_path / "gone.db", make=False)
    with pytest.raises(EventError, match="does not exist. Make it first"):
        EventStore(tmp_path / "no" / "events.db")
    (tmp_path / "text.db").write_text("this is no database" * 100)
    with pytest.raises(EventError, match="cannot be opened: file is not a database"):
        EventStore(tmp_path / "text.db")


def test_a_server_that_does_not_answer_and_a_secret_that_is_not_told() -> None:
    with pytest.raises(EventError) as caught:
        EventStore("postgresql+psycopg://shop:secret@localhost:1/shop")
    assert "cannot be opened" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(EventError, match=r"cannot be opened: psycopg is not installed\..*'outfitter\[postgres\]'"):
        EventStore("postgresql+psycopg://shop:secret@localhost:1/shop")


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    import sqlalchemy as sa

    path = tmp_path / "events.db"
    with EventStore(path) as store, store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE outfitter SET format = 2"))
    with pytest.raises(EventError, match="its format is 2; this version of Outfitter reads 1"):
        EventStore(path)


def test_a_full_or_read_only_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EventStore(path) as store:
        store.add([event(1)], LATER)
    with EventStore(path) as store:
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 12")
        with pytest.raises(EventError, match="cannot be written: database or disk is full"):
            store.add([event(number, product="p" * 190) for number in range(2, 900)], LATER)
        assert [one.id for one in store] == ["e1"]

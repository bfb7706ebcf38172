"""Events in SQL: SQLite in a file by default, PostgreSQL where one process no longer does.

An event is acknowledged when `EventStore.add` returns, and from then on survives the death of the process and of the
machine: SQLite runs with a write-ahead log and full synchronisation. The same id twice is one event, so whoever is not
sure whether an event arrived sends it again. No text of a caller becomes part of a statement.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from outfitter.errors import EventError, reason
from outfitter.evaluation.event_log import EventLog
from outfitter.events.event import Event, Shown

if TYPE_CHECKING:
    import sqlalchemy as sa

FORMAT: Final = 1
BATCH: Final = 1000
"""Rows that are written or read at a time."""
SKEW: Final = 300.0
"""Seconds that a clock may be ahead of ours. A later time cannot be true, and becomes the time of arrival."""
BUSY: Final = 30.0
"""Seconds to wait for another writer."""


@dataclass(frozen=True)
class Added:
    """What became of events: stored; had been there; among the stored, those whose time lay ahead of ours."""

    new: int
    known: int
    ahead: int


class LastWord(NamedTuple):
    """When a kind of event last happened to a product: seconds since 1970."""

    product: str
    kind: str
    time: float


class EventStore:
    """``EventStore("events.db")`` or ``EventStore("postgresql+psycopg://user@host/shop")``. Thread-safe.

    Args:
        where: a file of SQLite, made if it is not there, or a database's URL as SQLAlchemy writes it.
        make: False refuses a database that is not there.

    Raises:
        EventError: it cannot be opened or made, or is not of this format.
    """

    def __init__(self, where: str | Path, make: bool = True) -> None:
        from outfitter.events import tables

        url = str(where)
        if "://" not in url:
            path = Path(where)
            if not make and not path.is_file():
                raise EventError(
                    f"{path}: there is no such file. 'outfitter events import FILE --events {path}' makes it."
                )
            if not path.parent.is_dir():
                raise EventError(f"{path}: the folder {path.parent} does not exist. Make it first.")
            url = f"sqlite:///{path}"
        self._tables = tables
        with self._explained(f"{without_password(url)}: cannot be opened"):
            self.engine = tables.connect(url, BUSY)
        self.name = without_password(url)
        with self._explained(f"{self.name}: cannot be opened"):
            found = tables.prepare(self.engine, FORMAT)
        if found != FORMAT:
            raise EventError(
                f"{self.name}: its format is {found}; this version of Outfitter reads {FORMAT}. Update Outfitter."
            )

    def close(self) -> None:
        """Let go of the database's connections."""
        self.engine.dispose()

    def __enter__(self) -> EventStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- writing

    def add(self, events: Iterable[Event], now: float | None = None) -> Added:
        """Store events, all of a batch of 1000 or none of it. When this returns, they are on the disk.

        now: our clock, seconds since 1970.

        Raises:
            EventError: the database refuses; events of earlier batches are stored, and sending all again is safe.
        """
        arrived = time.time() if now is None else now
        new = known = ahead = 0
        waiting = iter(events)
        while batch := list(islice(waiting, BATCH)):
            rows = [_row(event, arrived) for event in batch]
            with self._explained(f"{self.name}: cannot be written"), self.engine.begin() as connection:
                fresh = self._tables.insert_new(connection, self._tables.events, rows)
            new += len(fresh)
            known += len(rows) - len(fresh)
            ahead += sum(event.time > arrived + SKEW for event in batch if event.id in fresh)
        return Added(new, known, ahead)

    def show(self, *shown: Shown) -> None:
        """Remember lists that were recommended, so that events can be told of them. The same id twice is one list.

        Raises:
            EventError: the database refuses.
        """
        rows = [{**one.__dict__, "products": json.dumps(one.products)} for one in shown]
        with self._explained(f"{self.name}: cannot be written"), self.engine.begin() as connection:
            self._tables.insert_new(connection, self._tables.shown, rows)

    def forget(self, user: str) -> int:
        """Delete everything of one user, as the law may ask; returns how many rows went."""
        return self._delete("user", user)

    def _delete(self, column: str, value: str) -> int:
        gone = 0
        with self._explained(f"{self.name}: cannot be written"), self.engine.begin() as connection:
            for table in (self._tables.events, self._tables.shown):
                gone += connection.execute(table.delete().where(table.c[column] == value)).rowcount
        return gone

    def keep_days(self, days: float, now: float | None = None) -> int:
        """Delete what is older than so many days; returns how many rows went.

        Raises:
            EventError: days below 0 or without end, or the database refuses.
        """
        if not (days >= 0 and math.isfinite(days)):
            raise EventError(f"days is {days:g}; need 0 or more, and finite.")
        until = (time.time() if now is None else now) - 86400 * days
        gone = 0
        with self._explained(f"{self.name}: cannot be written"), self.engine.begin() as connection:
            for table in (self._tables.events, self._tables.shown):
                gone += connection.execute(table.delete().where(table.c.time < until)).rowcount
        return gone

    # --- reading

    def __len__(self) -> int:
        """The number of events."""
        import sqlalchemy as sa

        with self._reading() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(self._tables.events)) or 0)

    def __iter__(self) -> Iterator[Event]:
        """All events, by time and id."""
        table = self._tables.events
        columns = [table.c[name] for name in Event.__dataclass_fields__]
        for row in self._rows(*columns, order=(table.c.time, table.c.id)):
            yield Event(**row._mapping)

    def log(self) -> EventLog:
        """All events as columns, for learning and evaluation. Whoever is no known user is ``session:…``."""
        import sqlalchemy as sa

        table = self._tables.events
        person = sa.func.coalesce(table.c.user, sa.literal("session:").concat(table.c.session))
        rows = self._rows(person, table.c.product, table.c.kind, table.c.time, order=(table.c.time, table.c.id))
        return EventLog.of(tuple(row) for row in rows)

    def recent(self, user: str | None = None, session: str | None = None, limit: int = 50) -> list[Event]:
        """The latest events of a user or of a session, the newest first."""
        import sqlalchemy as sa

        table = self._tables.events
        if not (mine := self._of(user, session)):
            return []
        columns = [table.c[name] for name in Event.__dataclass_fields__]
        query = sa.select(*columns).where(sa.or_(*mine)).order_by(table.c.time.desc(), table.c.id.desc()).limit(limit)
        with self._reading() as connection:
            return [Event(**row._mapping) for row in connection.execute(query)]

    def last_words(self, user: str | None = None, session: str | None = None) -> list[LastWord]:
        """What a user or a session ever did with each product, once for each kind of event, the oldest first."""
        import sqlalchemy as sa

        table, latest = self._tables.events, sa.func.max
        if not (mine := self._of(user, session)):
            return []
        query = sa.select(table.c.product, table.c.kind, latest(table.c.time)).where(sa.or_(*mine))
        query = query.group_by(table.c.product, table.c.kind).order_by(latest(table.c.time), latest(table.c.id))
        with self._reading() as connection:
            return [LastWord(*row) for row in connection.execute(query)]

    def shown(self) -> Iterator[Shown]:
        """All recommended lists, by time."""
        table = self._tables.shown
        columns = [table.c[name] for name in Shown.__dataclass_fields__]
        for row in self._rows(*columns, order=(table.c.time, table.c.id)):
            values = dict(row._mapping)
            yield Shown(**values | {"products": tuple(json.loads(values["products"]))})

    def stats(self) -> dict[str, Any]:
        """Counts, of events by kind, of people, products and lists, and the first and last time."""
        import sqlalchemy as sa

        table, count = self._tables.events, sa.func.count
        with self._reading() as connection:
            of_kind = sa.select(table.c.kind, count()).group_by(table.c.kind)
            kinds: dict[str, int] = {row[0]: row[1] for row in connection.execute(of_kind)}
            total, users, sessions, products, first, last = connection.execute(
                sa.select(
                    count(),
                    count(sa.distinct(table.c.user)),
                    count(sa.distinct(table.c.session)),
                    count(sa.distinct(table.c.product)),
                    sa.func.min(table.c.time),
                    sa.func.max(table.c.time),
                )
            ).one()
            lists = connection.scalar(sa.select(count()).select_from(self._tables.shown))
        return {
            "events": total,
            "kinds": dict(sorted(kinds.items())),
            "users": users,
            "sessions": sessions,
            "products": products,
            "lists_shown": lists,
            "first": first,
            "last": last,
        }

    def _of(self, user: str | None, session: str | None) -> list[sa.ColumnElement[bool]]:
        given = {"user": user, "session": session}
        return [self._tables.events.c[name] == value for name, value in given.items() if value is not None]

    def _rows(self, *columns: Any, order: Sequence[Any]) -> Iterator[sa.Row[Any]]:
        import sqlalchemy as sa

        query = sa.select(*columns).order_by(*order).execution_options(yield_per=BATCH)
        with self._reading() as connection:
            yield from connection.execute(query)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._explained(f"{self.name}: cannot be read"), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """SQLAlchemy's and drivers' errors as an EventError, without statements and values."""
        import sqlalchemy as sa

        try:
            yield
        except ModuleNotFoundError as error:
            raise EventError(
                f"{what}: {error.name} is not installed. For PostgreSQL run: pip install 'outfitter[postgres]', and "
                "write postgresql+psycopg://user@host/name."
            ) from None
        except sa.exc.SQLAlchemyError as error:
            said = reason(getattr(error, "orig", None) or error)
            raise EventError(
                f"{what}: {said}. See that the database is there, has room, and may be written."
            ) from error


def without_password(url: str) -> str:
    """A database's URL as it may be printed."""
    if url.startswith("sqlite:///"):
        return url.removeprefix("sqlite:///")
    import sqlalchemy as sa

    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "the database's URL"


def _row(event: Event, arrived: float) -> dict[str, Any]:
    true = event.time if event.time <= arrived + SKEW else arrived
    return {**event.__dict__, "time": true, "arrived": arrived}

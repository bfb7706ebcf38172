"""The two tables, and what differs between SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from outfitter.events.event import LONGEST

_METADATA: Final = sa.MetaData()
TRIES: Final = 5


def _ids(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(LONGEST)) for name in names]


about: Final = sa.Table("outfitter", _METADATA, sa.Column("format", sa.Integer, primary_key=True))
events: Final = sa.Table(
    "events",
    _METADATA,
    sa.Column("id", sa.String(LONGEST), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("product", sa.String(LONGEST), nullable=False),
    sa.Column("time", sa.Double, nullable=False, index=True),
    sa.Column("arrived", sa.Double, nullable=False),
    sa.Column("user", sa.String(LONGEST), index=True),
    sa.Column("session", sa.String(LONGEST), index=True),
    sa.Column("recommendation", sa.String(LONGEST), index=True),
)
"""arrived: by our clock."""
shown: Final = sa.Table(
    "shown",
    _METADATA,
    sa.Column("id", sa.String(LONGEST), primary_key=True),
    sa.Column("time", sa.Double, nullable=False, index=True),
    sa.Column("strategy", sa.String(LONGEST), nullable=False),
    sa.Column("products", sa.Text, nullable=False),
    *_ids("scenario", "experiment", "arm"),
    sa.Column("user", sa.String(LONGEST), index=True),
    sa.Column("session", sa.String(LONGEST)),
)


def connect(url: str, busy: float) -> sa.Engine:
    """An engine whose commits are durable. busy: seconds to wait for another writer."""
    made = sa.make_url(url)
    if made.get_backend_name() == "sqlite":
        engine = sa.create_engine(made, connect_args={"timeout": busy})

        @sa.event.listens_for(engine, "connect")
        def durable(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.close()

        return engine
    return sa.create_engine(made, pool_pre_ping=True)


def prepare(engine: sa.Engine, format: int) -> int:
    """Make what is missing; returns the format that the database has."""
    for _ in range(TRIES - 1):
        try:
            return _make(engine, format)
        except (sa.exc.OperationalError, sa.exc.ProgrammingError, sa.exc.IntegrityError):
            pass  # somebody else may be making the same at the same time, table by table
    return _make(engine, format)


def _make(engine: sa.Engine, format: int) -> int:
    with engine.begin() as connection:
        _METADATA.create_all(connection)
        if connection.scalar(sa.select(sa.func.max(about.c.format))) is None:
            connection.execute(_insert(connection, about).values(format=format).on_conflict_do_nothing())
        return int(connection.scalar(sa.select(sa.func.max(about.c.format))) or 0)


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    return (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Insert the rows whose ids are not there; of equal ids among `rows` the first. Returns the ids inserted."""
    first = {row["id"]: row for row in reversed(rows)}
    statement = _insert(connection, table).on_conflict_do_nothing(index_elements=["id"]).returning(table.c.id)
    return set(connection.execute(statement, list(first.values())).scalars())

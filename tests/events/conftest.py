"""Both databases: SQLite in a file, and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from outfitter.events import Event, EventStore
from tests.databases import new_database

NOW = 1_780_000_000.0


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of its own for each test."""
    if request.param == "sqlite":
        return str(tmp_path / "events.db")
    return new_database(request.getfixturevalue("postgres").url)


@pytest.fixture
def store(where: str) -> Iterator[EventStore]:
    with EventStore(where) as opened:
        yield opened


def event(number: int, **values: object) -> Event:
    """An event a minute before the one after it."""
    fields = {"id": f"e{number}", "kind": "view", "product": f"p{number % 3}", "time": NOW + 60 * number, "user": "ann"}
    return Event(**{**fields, **values})  # type: ignore[arg-type]

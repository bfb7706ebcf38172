"""Both databases: SQLite in a file, and a real PostgreSQL that is started here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from outfitter.events import Event, EventStore

NOW = 1_780_000_000.0


def postgres_bin() -> Path | None:
    """Where Debian's package postgresql puts its programs, or wherever they are on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    on_path = shutil.which("pg_ctl")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def as_postgres(*command: object) -> None:
    """It refuses to run as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, *map(str, command)], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of our own, on a socket alone."""
    programs = postgres_bin()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing; .ci/run installs it")
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    folder = Path("/tmp") / f"outfitter-postgres-{os.getpid()}"  # a socket's path must be short, and open to its user
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    data = folder / "data"
    try:
        as_postgres(programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        as_postgres(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        if (data / "postmaster.pid").exists():
            as_postgres(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


_NUMBER = count()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of its own for each test."""
    if request.param == "sqlite":
        return str(tmp_path / "events.db")
    import sqlalchemy as sa

    url = request.getfixturevalue("postgres")
    name = f"shop{next(_NUMBER)}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return str(url).replace("/postgres?", f"/{name}?")


@pytest.fixture
def store(where: str) -> Iterator[EventStore]:
    with EventStore(where) as opened:
        yield opened


Did = Callable[..., Event]


def event(number: int, **values: object) -> Event:
    """An event a minute before the one after it."""
    fields = {"id": f"e{number}", "kind": "view", "product": f"p{number % 3}", "time": NOW + 60 * number, "user": "ann"}
    return Event(**{**fields, **values})  # type: ignore[arg-type]

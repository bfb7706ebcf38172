"""A real PostgreSQL that is started here."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

_NUMBER = count()


def postgres_bin() -> Path | None:
    """Where Debian's package postgresql puts its programs, or wherever they are on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    on_path = shutil.which("pg_ctl")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def as_postgres(*command: object) -> None:
    """It refuses to run as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, *map(str, command)], check=True, capture_output=True, timeout=60)


@dataclass(frozen=True)
class Postgres:
    """A server of our own, on a socket alone, whose folder is `folder`."""

    programs: Path
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def control(self, *arguments: object) -> None:
        as_postgres(self.programs / "pg_ctl", "-D", self.data, *arguments)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        self.control("-l", self.folder / "log", "-w", "-o", options, "start")

    def kill(self) -> None:
        """SIGKILL to the server and all of its children."""
        main = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for pid in (main, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while any(Path(f"/proc/{pid}/exe").exists() for pid in (main, *children)):
            time.sleep(0.02)
        # Where nobody reaps the dead, its locks would be taken for those of a server that lives.
        for lock in (self.data / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            lock.unlink()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server of our own."""
    programs = postgres_bin()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing; .ci/run installs it")
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    folder = Path("/tmp") / f"outfitter-postgres-{os.getpid()}"  # a socket's path must be short, and open to its user
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    server = Postgres(programs, folder)
    try:
        as_postgres(programs / "initdb", "-D", server.data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8")
        server.start()
        yield server
    finally:
        if (server.data / "postmaster.pid").exists():
            server.control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def new_database(url: str) -> str:
    """Makes a database on a server and returns its URL."""
    import sqlalchemy as sa

    name = f"shop{next(_NUMBER)}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.replace("/postgres?", f"/{name}?")

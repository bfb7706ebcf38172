"""kill -9 of those who write events, and of the server that stores them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from outfitter.errors import EventError
from outfitter.events import EventStore
from tests.databases import Postgres, new_database
from tests.events.conftest import NOW, event

LATER = NOW + 1e6

WRITER = """
import sys
from outfitter.events import EventStore
from tests.events.conftest import event

with EventStore(sys.argv[1]) as store:
    print("ready", flush=True)
    for number in range(int(sys.argv[2]), 10**9):
        store.add([event(number), event(-number)], 1e10)
        print(number, flush=True)
"""


def kill_writers(where: str, folder: Path, trials: int) -> tuple[set[str], set[str]]:
    """Two writers under load are killed, again and again: ids that they said were stored, and ids that are."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    told = set[str]()
    for trial in range(trials):
        files = [folder / f"told-{trial}-{part}" for part in range(2)]
        writers = []
        for part, path in enumerate(files):
            with path.open("w") as out:
                command = [sys.executable, "-c", WRITER, where, str(1 + 10**5 * (2 * trial + part))]
                writers.append(subprocess.Popen(command, stdout=out, env=environment))
        deadline = time.monotonic() + 60
        while any(path.read_text().count("\n") < 20 + 7 * (trial % 9) for path in files):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        numbers = [int(line) for path in files for line in path.read_text().splitlines()[1:] if line.isdecimal()]
        told |= {f"e{sign * number}" for number in numbers for sign in (1, -1)}
    with EventStore(where) as store:
        return told, {one.id for one in store}


def kill_postgres(postgres: Postgres, trials: int) -> tuple[set[str], set[str]]:
    """PostgreSQL and all of its processes die while events are written: ids that were acknowledged, and ids there."""
    where = new_database(postgres.url)
    told: list[str] = []
    for trial in range(trials):
        done = threading.Event()

        def write(trial: int = trial, done: threading.Event = done) -> None:
            with EventStore(where) as store, suppress(EventError):
                for number in range(100_000):
                    store.add([event(100_000 * trial + number)], LATER)
                    told.append(f"e{100_000 * trial + number}")
            done.set()

        before = len(told)
        threading.Thread(target=write, daemon=True).start()
        while len(told) < before + 40 + 25 * (trial % 5):
            assert not done.wait(0.005)
        postgres.kill()
        assert done.wait(30)
        postgres.start()
    with EventStore(where) as store:
        return set(told), {one.id for one in store}

"""All faults, and how often each is tried: in the tests, and for the table."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.faults import disks, killing, shared
from tests.faults.outcome import Fault


class Row(NamedTuple):
    """few: trials in the tests. many: trials for the table."""

    name: str
    fault: Fault
    few: int
    many: int


FAULTS: Final = (
    Row("kill -9 of `catalogue build`", killing.killed_build, 3, 30),
    Row("kill -9 of `catalogue sync`", killing.killed_sync, 3, 30),
    Row("kill -9 of `catalogue sync` to an object store", killing.killed_sync_in_an_object_store, 2, 10),
    Row("kill -9 of `serve`", killing.killed_serve, 2, 10),
    Row("kill -9 of two event writers, SQLite", killing.killed_event_writers, 1, 10),
    Row("kill -9 of two event writers, PostgreSQL", killing.killed_event_writers_to_postgresql, 1, 10),
    Row("PostgreSQL killed and started again under load", killing.killed_postgresql, 1, 10),
    Row("full disk, `catalogue sync`", disks.full_disk, 2, 8),
    Row("full disk, events", disks.full_disk_of_events, 2, 10),
    Row("read-only disk", disks.read_only_disk, 1, 4),
    Row("a file of the catalogue cut short", disks.truncated_catalogue, 12, 24),
    Row("a model cut short", disks.truncated_model, 4, 40),
    Row("a model fails in the middle of a build", disks.failing_worker, 2, 8),
    Row("object store failing 10 % of the requests", shared.failing_store, 1, 3),
    Row("two writers at once, a folder", shared.two_writers, 2, 5),
    Row("two writers at once, an object store", shared.two_writers_in_an_object_store, 2, 5),
    Row("a writer stopped for longer than its lease", shared.paused_writer, 1, 4),
)

"""Events of a shop's pages into its store, and the lists that they were shown."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from threading import Condition, Thread
from typing import Any, Final, NamedTuple

from sqlalchemy.exc import DataError, IntegrityError

from outfitter.errors import EventError
from outfitter.events import Added, EventStore, Shown
from outfitter.events.event import Event, read_event
from outfitter.service.auth import Caller
from outfitter.service.log import REQUEST
from outfitter.service.metrics import Metrics
from outfitter.service.problems import Problem

WAITING: Final = 10_000
"""Lists that may wait to be written; a database that is slower than that loses the oldest."""
BATCH: Final = 500
LINGER: Final = 0.25
"""Seconds that a list waits for others to be written with."""

TRUSTED: Final = frozenset({"purchase"})
"""Kinds that a browser token may not report: anyone can read it off the page, and claim sales with it."""

MOST: Final = 20
"""Events that a browser token may report at once; the page and the widget send one."""

PAGE: Final = "page:"
"""How the stored ids of events begin that a browser token reported."""

_log = logging.getLogger("outfitter.service")


class _Waiting(NamedTuple):
    shown: Shown
    request: str
    since: float


class Happenings:
    """The event store as the routes use it. Thread-safe.

    Lists that were shown are written a moment later, many at once: whoever asks for recommendations never waits for the
    disk. Events are acknowledged when they lie on it.
    """

    def __init__(self, store: EventStore, metrics: Metrics) -> None:
        self.store, self._metrics = store, metrics
        self._waiting: deque[_Waiting] = deque()
        metrics.watch("lists", lambda: len(self._waiting))
        self._waited = metrics.waits("lists")
        self._changed, self._closed = Condition(), False
        self._thread = Thread(target=self._write, name="shown", daemon=True)
        self._thread.start()

    def add(self, rows: Sequence[dict[str, Any]], caller: Caller) -> Added:
        """Store events; all of them, or none if one is wrong.

        Raises:
            Problem: 403 for what a browser token may not say.
            EventError: a row that is no event.
        """
        now = time.time()
        if not caller.admin and len(rows) > MOST:
            raise Problem(
                403,
                "key",
                f"{len(rows)} events; a browser token may send {MOST} in one request. Send several.",
            )
        events = [read_event(row, f"event {number}", now) for number, row in enumerate(rows, 1)]
        if not caller.admin:
            for event in events:
                if event.kind in TRUSTED:
                    raise Problem(403, "key", f"A browser token may not report a {event.kind}. Use the admin key.")
                require_no_user(event.user, caller)
            events = [_of_page(event) for event in events]
        with self._metrics.stage("events"):
            added = self.store.add(events, now)
        self._metrics.events.inc(added.new)
        return added

    def show(self, shown: Shown) -> None:
        """Remember a list, soon."""
        with self._changed:
            self._waiting.append(_Waiting(shown, REQUEST.get(), time.monotonic()))
            if len(self._waiting) > WAITING:
                self._waiting.popleft()
                self._metrics.lost.inc()
            if len(self._waiting) in (1, BATCH):
                self._changed.notify()

    def close(self) -> None:
        """Write what waits, and let go of the database."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self.store.close()

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    if self._closed:
                        return
                    self._changed.wait()
                # A commit costs the same for one list as for many.
                self._changed.wait_for(lambda: self._closed or len(self._waiting) >= BATCH, LINGER)
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
            for one in batch:
                self._waited(time.monotonic() - one.since)
            self._write_all(batch)

    def _write_all(self, batch: Sequence[_Waiting]) -> None:
        try:
            with self._metrics.stage("lists"):
                self.store.show(*(one.shown for one in batch))
            self._metrics.lists.observe(len(batch))
        except EventError as error:
            # A row that the database refuses takes down its own list only; a database that is away takes all.
            if len(batch) > 1 and isinstance(error.__cause__, DataError | IntegrityError):
                for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                    self._write_all(half)
                return
            self._metrics.lost.inc(len(batch))
            fields = {"requests": [one.request for one in batch]}
            _log.error("%d lists that were shown are lost: %s", len(batch), error, extra={"fields": fields})


def _of_page(event: Event) -> Event:
    """The event under an id of its session's own: a page that could guess another's would keep that event out."""
    own = hashlib.sha256(f"{event.session}\n{event.id}".encode()).hexdigest()  # neither holds a line break
    return replace(event, id=PAGE + own[:32])


def require_no_user(user: str | None, caller: Caller) -> None:
    """Raises Problem 403 if a browser token speaks of a user: whoever reads it off the page could be anybody."""
    if user is not None and not caller.admin:
        raise Problem(
            403, "key", "A browser token may name a session, not a user. Ask with the admin key, from a server."
        )

"""One writer at a time, where no system watches over the processes: a lease, an object that its holder renews.

A writer that dies leaves its lease behind, and the next one takes it once it has not been renewed for `SECONDS`. One
that was only paused for so long finds on waking that its lease is another's, and stops. What it may have sent off
before it looked can still arrive, so a lease is for peace, not for safety: whoever writes a table sees each commit that
is not its own and undoes it, the stamp is replaced only by who read it last, and readers go by the stamp alone.

Clocks are compared only where a lease is so old that no two clocks could differ by as much.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from outfitter.errors import CatalogueError

if TYPE_CHECKING:
    from outfitter.catalogue.object_store import Found, ObjectStore

SECONDS: Final = 20.0
RENEWED_EVERY: Final = 5.0
SKEW: Final = 15 * 60
"""Seconds by which clocks may differ: S3 itself refuses requests of who is farther off."""


class Lease:
    """``with Lease(store, ".lock") as lease:`` is the only such block anywhere.

    Raises:
        CatalogueError: another process holds it and is alive; told within `SECONDS`.
    """

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store, self._name = store, name
        self._me = {"owner": uuid.uuid4().hex, "who": f"process {os.getpid()} on {socket.gethostname()}"}
        self._etag: str | None = None
        self._renewed_at = 0.0
        self._renewals = 0
        self._lost = False
        self._lock, self._ended = Lock(), Event()
        self._renewing = Thread(target=self._renew_on, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        found = self._store.get(self._name)
        if found is not None:
            found = self._outwait(found)
        if not self._put(found.etag if found else None):
            raise self._busy(self._store.get(self._name))
        self._renewing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._renewing.join()
        if not self._lost:
            try:
                self._put(self._etag, released=True)
            except CatalogueError:  # it runs out by itself
                return

    def require(self) -> None:
        """Raises CatalogueError if it has run out, or is known to be another's."""
        if self._lost or time.monotonic() - self._renewed_at > SECONDS:
            raise CatalogueError(
                f"{self._store}: this process was held up for longer than {SECONDS:g} s, so another may be writing "
                "instead; nothing more was written. Run the same command again: it goes on where it stopped."
            )

    def _renew_on(self) -> None:
        while not self._ended.wait(RENEWED_EVERY) and not self._lost:
            try:
                self.renew()
            except CatalogueError:  # `require` counts the seconds
                continue

    def renew(self) -> None:
        """Find out now. Raises CatalogueError if the store does not answer."""
        with self._lock:
            if not self._lost and not self._put(self._etag):
                self._lost = True

    def _put(self, etag: str | None, released: bool = False) -> bool:
        began = time.monotonic()
        self._renewals += 1
        state = {**self._me, "renewals": self._renewals, "time": time.time(), "released": released}
        new = self._store.put_if(self._name, json.dumps(state).encode(), etag)
        if new is None:
            return False
        self._etag, self._renewed_at = new, began
        return True

    def _outwait(self, found: Found) -> Found | None:
        """The lease once it may be taken. Raises CatalogueError as soon as its holder shows that it is alive."""
        state = _state(found)
        if state["released"] or time.time() - state["time"] > SKEW:
            return found
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(0.5)
            now = self._store.get(self._name)
            if now is None or _state(now)["released"]:
                return now
            if now.etag != found.etag:
                raise self._busy(now)
        return found

    def _busy(self, found: Found | None) -> CatalogueError:
        who = f" ({_state(found)['who']})" if found else ""
        return CatalogueError(f"{self._store}: another process is writing to it{who}. Wait until it ends.")


def _state(found: Found) -> dict[str, Any]:
    """What is no lease is one that has run out."""
    nobody: dict[str, Any] = {"who": "nobody", "time": 0.0, "released": True}
    with suppress(ValueError, TypeError):
        nobody |= json.loads(found.data)
    return nobody

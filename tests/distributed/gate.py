"""A web server that can be told to keep everybody waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Gate(ThreadingHTTPServer):
    """Serves a folder's files. After `hold` requests it is shut until it is opened: `held` is set when one waits."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.asked, self.hold = 0, 10**9
        self.opened, self.held = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server_port}"

    def shut_after(self, requests: int) -> None:
        self.held.clear()
        self.opened.clear()
        self.asked, self.hold = 0, requests

    def wait_for(self, processes: int, seconds: float = 120) -> None:
        """Return when it is shut and so many processes wait before it, or `seconds` later."""
        self.held.wait()
        end = time.monotonic() + seconds
        while len(_connected_to(self.server_port)) < processes and time.monotonic() < end:
            time.sleep(0.1)

    def open(self) -> None:
        self.hold = 10**9
        self.opened.set()


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        gate = self.server
        assert isinstance(gate, Gate)
        gate.asked += 1
        if gate.asked > gate.hold:
            gate.held.set()
            gate.opened.wait()
        with suppress(ConnectionError):  # who asked has been killed
            super().do_GET()

    def log_message(self, *_: object) -> None: ...


def _connected_to(port: int) -> set[str]:
    """Processes that have a connection to a port of this machine, as Linux lists them under /proc."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    there = {f"socket:[{row[9]}]" for row in rows if row[2] == f"0100007F:{port:04X}"}
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # it has ended meanwhile
            if str(link.readlink()) in there:
                found.add(link.parts[2])
    return found


@contextmanager
def serving(folder: Path) -> Iterator[Gate]:
    with Gate(folder) as gate:
        thread = threading.Thread(target=gate.serve_forever, daemon=True)
        thread.start()
        yield gate
        gate.open()
        gate.shutdown()
        thread.join()

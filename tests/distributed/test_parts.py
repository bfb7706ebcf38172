"""What of the Ray engine needs no cluster."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from outfitter.catalogue.feed import Row
from outfitter.distributed import ray_engine
from outfitter.distributed.cluster import Room, find_room
from outfitter.distributed.spool import ROWS, Spool, read_piece, unpack
from outfitter.distributed.worker import Known, Orders, Shipped, Worker
from outfitter.errors import ConfigError
from outfitter.values import Product
from tests.cli.conftest import Outfitter, outfitter
from tests.distributed.gate import serving

__all__ = ["outfitter"]


def test_a_worker_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Shipped({}, None)
    monkeypatch.setattr("outfitter.distributed.quiet.ray.get", lambda orders: orders)
    orders = Orders("0.0.7", nothing, nothing, "/", b"", {}, 1, "cpu")
    with pytest.raises(ConfigError, match=r"has outfitter \d.*, the driver 0.0.7. Install the same on all"):
        Worker([orders])


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


@pytest.mark.parametrize("count", [0, 1, 2, 301])
def test_known_pictures_are_found_in_one_buffer(count: int) -> None:
    packed = Known.pack(digest(number) for number in range(count))
    known = Known(memoryview(packed))
    assert len(packed) == 32 * count
    assert all(digest(number) in known for number in range(count))
    assert not any(digest(number) in known for number in range(count, count + 50))
    assert "00" * 32 not in known
    assert "ff" * 32 not in known


def test_the_spool_gives_back_every_row() -> None:
    rows = [
        (3 * number, Row(number, Product(str(number), "T", "a.png", attributes={"é": "x"})), None)
        for number in range(2 * ROWS + 3)
    ]
    with tempfile.NamedTemporaryFile() as file:
        spool = Spool(file)
        for row in rows:
            spool.add(row)
        spool.flush()
        assert [piece.rows for piece in spool.pieces] == [ROWS, ROWS, 3]
        read = [read_piece(Path(file.name), piece.start, piece.length) for piece in reversed(spool.pieces)]
    assert [row for piece in reversed(read) for row in unpack(piece)] == rows


@pytest.mark.parametrize(
    ("nodes", "workers", "gpus", "room"),
    [
        ([{"CPU": 4.0}, {"CPU": 2.0}, {}], None, 0, Room(6, 1, 0)),
        ([{"CPU": 4.0}, {"CPU": 2.0}], 5, 0, Room(5, 1, 0)),
        ([{"CPU": 9.0, "GPU": 2.0}, {"CPU": 30.0}], None, 1, Room(2, 4, 1)),
        ([{"CPU": 8.0, "GPU": 1.0}], None, 0.25, Room(4, 2, 0.25)),
        ([{"CPU": 3.0, "GPU": 4.0}], None, 1, Room(3, 1, 1)),
    ],
)
def test_room_for_workers(nodes: list[dict[str, float]], workers: int | None, gpus: float, room: Room) -> None:
    assert find_room(nodes, workers, gpus) == room


def test_no_room() -> None:
    with pytest.raises(ConfigError, match="room for 0 workers of 1 CPU; need 1. Add nodes"):
        find_room([{}], None, 0)
    with pytest.raises(
        ConfigError, match="has 8 CPUs and 1 GPUs on 1 nodes, room for 1 workers of 8 CPU and 1 GPU; need 2"
    ):
        find_room([{"CPU": 8.0, "GPU": 1.0}], 2, 1)


def a_closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_no_cluster_there(outfitter: Outfitter, tmp_path: Path) -> None:
    address = f"127.0.0.1:{a_closed_port()}"
    run = outfitter("catalogue", "build", tmp_path, "--out", tmp_path / "shop", "--engine", "ray", "--address", address)
    assert (run.code, run.out) == (2, "")
    assert run.err == (
        f"outfitter: no Ray cluster answers at {address}: Connection refused. Check the address, and that 'ray status' "
        "there knows it; or leave it out (--address) to use this machine alone.\n"
    )
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("address", ["ray://10.0.0.1:10001", "10.0.0.1", "10.0.0.1:x", "10.0.0.1:99999", ":1"])
def test_no_address(address: str) -> None:
    with pytest.raises(ConfigError, match="the address is .*; need host:port as 'ray start --head' prints it"):
        ray_engine(address).__enter__()


def test_something_else_answers(tmp_path: Path) -> None:
    with serving(tmp_path) as web, pytest.raises(ConfigError, match="what answers at .* is no Ray cluster"):
        ray_engine(web.url.removeprefix("http://")).__enter__()  # Ray itself would try for minutes


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--engine", "rai"], "there is no engine 'rai'; need 'local' or 'ray'; did you mean 'ray'?"),
        (["--gpus-per-worker", "1"], "--gpus-per-worker is 1, and the engine 'local' uses no GPU. Add --engine ray."),
    ],
)
def test_options(outfitter: Outfitter, tmp_path: Path, options: list[str], told: str) -> None:
    run = outfitter("catalogue", "build", tmp_path, "--out", tmp_path / "shop", *options)
    assert (run.code, run.err) == (2, f"outfitter: {told}\n")


@pytest.mark.parametrize(("workers", "gpus"), [(0, 0.0), (1, -1.0), (1, float("nan"))])
def test_impossible_options(workers: int, gpus: float) -> None:
    with pytest.raises(ConfigError, match="need [01] or more"):
        ray_engine(None, workers, gpus)


WITHOUT = """
import sys
sys.modules["ray"] = None
from outfitter import cli
sys.exit(cli.run(sys.argv[1:]))
"""


def test_without_ray(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT, "catalogue", "build", "feed", "--out", str(tmp_path / "shop")]
    done = subprocess.run([*command, "--engine", "ray"], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "outfitter: the engine 'ray' needs ray, which is not installed. Run: pip install 'outfitter[scale]'\n"
    )


def test_the_local_engine_loads_no_ray() -> None:
    code = "import sys, outfitter.cli.catalogue, outfitter.catalogue; assert not {'ray', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

"""Connecting to a Ray cluster, and how many workers fit on it."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import floor
from typing import Any, Final

from outfitter.distributed.quiet import quiet, ray
from outfitter.errors import ConfigError, reason

PATIENCE: Final = 5.0
"""Seconds that an address has to answer."""

LOCAL_STORE: Final = 256 * 2**20
"""Bytes of shared memory for a Ray of our own on this machine, by default a third of the machine's."""

LOCAL: Final = "this machine"


@dataclass(frozen=True)
class Room:
    """What each worker takes, and how many there are to be."""

    workers: int
    cpus: int
    gpus: float


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """A connection for as long as the block runs; one that the caller's process has already is used and left.

    address: ``host:port`` of a cluster that this machine is a node of, or "auto"; None starts a Ray on it alone.

    Raises:
        ConfigError: no cluster answers there, or it will not have this process.
    """
    if ray.is_initialized():
        with quiet():
            yield
        return
    if address not in (None, "auto"):
        _require_answer(address)
    settings: dict[str, Any] = {"address": address} if address else {"address": "local", "include_dashboard": False}
    if address is None:
        settings["object_store_memory"] = LOCAL_STORE
    with quiet():
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **settings)
        except Exception as error:  # bare classes of Ray, ConnectionError, ValueError
            where = address or LOCAL
            raise ConfigError(
                f"the Ray cluster at {where} cannot be joined: {reason(error)}. Run this on one of its nodes "
                f"(ray start --address={where}), with the Ray and Python that it has."
            ) from error
        try:
            yield
        finally:
            ray.shutdown()


def _require_answer(address: str) -> None:
    """Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536 or "/" in host:
        raise ConfigError(
            f"the address is {address!r}; need host:port as 'ray start --head' prints it, such as 10.0.0.1:6379. "
            "Run this on one of the cluster's nodes."
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), PATIENCE) as connection:
            speaks = os.environ.get("RAY_USE_TLS") == "1" or _speaks_http2(connection)
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise ConfigError(f"no Ray cluster answers at {address}: {reason}. {_CHECK}") from None
    if not speaks:
        raise ConfigError(f"what answers at {address} is no Ray cluster. {_CHECK}")


_CHECK: Final = (
    "Check the address, and that 'ray status' there knows it; or leave it out (--address) to use this machine alone."
)


def _speaks_http2(connection: socket.socket) -> bool:
    """Whether a server greets as gRPC's do: preface and empty SETTINGS are answered by SETTINGS (RFC 9113, 3.4)."""
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    return connection.recv(9, socket.MSG_WAITALL)[3:4] == b"\x04"


def resources() -> list[Mapping[str, float]]:
    """Of every node that lives, as Ray names them."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


def find_room(nodes: Sequence[Mapping[str, float]], workers: int | None, gpus: float) -> Room:
    """How many workers fit on the nodes there are, or the number asked for.

    nodes: the resources of each, as Ray names them.
    gpus: that each worker takes; 0 is a worker a CPU. With GPUs, the CPUs of their nodes are shared out among them.

    Raises:
        ConfigError: that many do not fit.
    """
    cpus = 1
    if gpus:
        with_gpus = [node for node in nodes if node.get("GPU", 0) >= gpus]
        cpus = max(1, min((floor(node.get("CPU", 0) / floor(node["GPU"] / gpus)) for node in with_gpus), default=1))
    fit = sum(
        floor(min(node.get("CPU", 0) / cpus, node.get("GPU", 0) / gpus if gpus else float("inf"))) for node in nodes
    )
    each = f"{cpus} CPU" + (f" and {gpus:g} GPU" if gpus else "")
    if fit < max(workers or 1, 1):
        has = (
            f"{sum(node.get('CPU', 0) for node in nodes):g} CPUs and {sum(node.get('GPU', 0) for node in nodes):g} GPUs"
        )
        raise ConfigError(
            f"the Ray cluster has {has} on {len(nodes)} nodes, room for {fit} workers of {each}; need {workers or 1}. "
            "Add nodes (ray start --address=…), or ask for fewer (--workers)."
        )
    return Room(workers or fit, cpus, gpus)

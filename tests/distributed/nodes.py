"""Run as a process: a Ray cluster of several nodes on this machine, one CPU each, that takes orders on standard input.

Prints the address. ``kill`` ends a node, its workers first, as a power cut would; ``kill worker`` ends one of another's
workers; ``add`` starts a node.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  # by default 15, which never ends on a small busy machine
os.environ["RAY_raylet_start_wait_time_s"] = "40"  # noqa: SIM112
warnings.simplefilter("ignore")

from ray.cluster_utils import Cluster  # noqa: E402

STORE = 80 * 2**20
"""The smallest object store that Ray starts with."""

SOON = {  # notice a dead node within seconds
    "health_check_initial_delay_ms": 5000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 10000,
    "health_check_failure_threshold": 5,
}


def children(parent: int) -> list[int]:
    """Processes that `parent` started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            if int(fields[1]) == parent:
                found.append(int(folder.name))
    return found


def title(pid: int) -> bytes:
    """What a process calls itself."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def size() -> dict[str, Any]:
    """Of a node. Ports that are told need not be waited for: on a busy machine Ray does so for too short a time."""
    agents = ("metrics_agent_port", "metrics_export_port", "runtime_env_agent_port", "dashboard_agent_listen_port")
    with ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.create_server(("", 0))) for _ in agents]
        ports = dict(zip(agents, (one.getsockname()[1] for one in sockets), strict=True))
    return {"num_cpus": 1, "object_store_memory": STORE, **ports}


def main(count: int) -> None:
    head = {**size(), "include_dashboard": False, "_system_config": SOON}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(wait=False, **size()) for _ in range(count - 1)]
    cluster.wait_for_nodes()
    print(cluster.address, flush=True)
    for order in map(str.strip, sys.stdin):
        if order == "add":
            nodes.append(cluster.add_node(wait=True, **size()))
        elif order == "kill worker":
            (raylet,) = nodes[-1].all_processes["raylet"]
            workers = [pid for pid in children(raylet.process.pid) if b"MapWorker" in title(pid)]
            os.kill(workers[0], signal.SIGKILL)
        else:
            node = nodes.pop(0)
            (raylet,) = node.all_processes["raylet"]
            for pid in [*children(raylet.process.pid), raylet.process.pid]:
                os.kill(pid, signal.SIGKILL)
            cluster.remove_node(node, allow_graceful=False)
        print("done", flush=True)
    cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(int(sys.argv[1]))

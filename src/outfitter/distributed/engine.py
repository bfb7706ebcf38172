"""The engine that works on the pictures of a feed on a Ray cluster, by Ray Data.

    spool on this node → read (a task here) → take (actors, each with the models) → back to the writer, here

Rows come back in any order and each once; the catalogue has one writer, this process, which holds its lock. A worker or
node that dies takes at most the pieces with it that it was working on; Ray gives them to another worker, and the same
pictures give the same garments there.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Collection, Generator, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from outfitter.catalogue.feed import Reject
from outfitter.catalogue.taking import Job, Numbered
from outfitter.distributed.cluster import LOCAL, Room, connected, find_room, resources
from outfitter.distributed.quiet import ray
from outfitter.distributed.spool import Piece, Spool, read_piece
from outfitter.distributed.worker import Answer, Known, Orders, Worker, is_there, ship
from outfitter.errors import CatalogueError, ConfigError, OutfitterError

STANDSTILL: Final = 600
"""Seconds without any progress after which a build gives up: the nodes are gone, or a picture kills every worker."""

AT_ONCE: Final = 2
"""Pieces that a worker takes at once, so that it is not idle while the last download of one is slow."""


class RayEngine:
    """Takes rows on a Ray cluster, to which it is connected inside ``with``, or else while it runs.

    Each worker loads the models once, whose folders are sent to it. Pictures are read where they are worked on: files
    must have the same path on all nodes.

    Args:
        address: ``host:port`` of the cluster, one of whose nodes this machine is; None uses this machine alone.
        workers: how many; None takes as many as the cluster has room for.
        gpus: that each worker takes and runs the models on, may be a fraction; 0 is a CPU for each.
    """

    def __init__(self, address: str | None = None, workers: int | None = None, gpus: float = 0) -> None:
        if workers is not None and workers < 1:
            raise ConfigError(f"workers is {workers}; need 1 or more")
        if not 0 <= gpus < float("inf"):
            raise ConfigError(f"GPUs for each worker are {gpus}; need 0 or more")
        self._address, self._workers, self._gpus = address, workers, gpus
        self._connections = ExitStack()
        self._entered = 0

    def __enter__(self) -> Self:
        """Connect. Raises ConfigError if there is no such cluster, or too small a one."""
        if not self._entered:
            with ExitStack() as connecting:
                connecting.enter_context(connected(self._address))
                self._room = find_room(resources(), self._workers, self._gpus)
                self._connections = connecting.pop_all()
        self._entered += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._entered -= 1
        if not self._entered:
            self._connections.close()

    def run(self, job: Job, /) -> Generator[Numbered, None, None]:
        """Raises ConfigError if there is no such cluster or too small a one, CatalogueError if it cannot go on."""
        detector, embedder = ship(job.models.detector), ship(job.models.embedder)
        with self, tempfile.NamedTemporaryFile(prefix="outfitter-rows-") as file:
            room = self._room
            spool = Spool(file)
            waiting: set[int] = set()
            for number, row in enumerate(job.feed):
                if isinstance(row, Reject):
                    yield number, row
                else:
                    waiting.add(number)
                    spool.add((number, row, job.before.get(row.product.id)))
            spool.flush()
            if not waiting:
                return
            known = np.frombuffer(Known.pack(job.known), np.uint8)
            orders = ray.put(
                Orders(
                    version("outfitter"),
                    detector,
                    embedder,
                    str(job.feed.base),
                    known,
                    # A worker has the environment of its node, not of this process.
                    {name: value for name, value in os.environ.items() if name.startswith("AWS_")},
                    room.cpus,
                    "cuda" if room.gpus else "cpu",
                )
            )
            for answer in _answers(Path(file.name), spool.pieces, orders, room, self._address or LOCAL):
                _require_seen(answer)
                for number, taken in answer.taken:
                    if number in waiting:
                        waiting.remove(number)
                        yield number, taken
            if waiting:
                raise CatalogueError(f"{len(waiting)} rows did not come back from the cluster. {_GO_ON}")

    def wrote(self, pictures: Collection[str], /) -> None:
        """Workers keep no garments that they have handed over."""


_GO_ON: Final = "What is finished was written; run the same command again: it goes on where it stopped."


_SETTINGS: Final = {
    "enable_progress_bars": False,
    "print_on_execution_start": False,
    "execution_no_progress_timeout_s": STANDSTILL,
}


def _answers(file: Path, pieces: list[Piece], orders: Any, room: Room, where: str) -> Iterator[Answer]:
    """Every piece's answer, in any order. Raises CatalogueError if the cluster cannot go on."""
    context = ray.data.DataContext.get_current()
    before = {name: getattr(context, name) for name in _SETTINGS}
    for name, value in _SETTINGS.items():
        setattr(context, name, value)
    try:
        read = ray.data.from_items([piece._asdict() for piece in pieces], override_num_blocks=len(pieces)).map(
            lambda piece: {"piece": read_piece(file, piece["start"], piece["length"])},
            num_cpus=0,
            compute=ray.data.TaskPoolStrategy(size=1),
            label_selector={"ray.io/node-id": ray.get_runtime_context().get_node_id()},  # where the file is
        )
        taken = read.map_batches(
            Worker,
            fn_constructor_args=([orders],),  # in a list, which Ray leaves alone
            batch_format="pyarrow",
            batch_size=None,
            num_cpus=room.cpus,
            num_gpus=room.gpus,
            compute=ray.data.ActorPoolStrategy(
                size=min(room.workers, len(pieces)),
                max_concurrent_calls_per_actor=AT_ONCE,
                max_tasks_in_flight_per_actor=2 * AT_ONCE,
                enable_true_multi_threading=True,
            ),
        )
        for batch in taken.iter_batches(batch_size=None, prefetch_batches=1):
            for answer in batch["answer"]:
                yield pickle.loads(answer)  # noqa: S301  # of our own workers
    except OutfitterError:
        raise
    except Exception as error:
        raise CatalogueError(f"the Ray cluster at {where} cannot go on: {_reason(error)}. {_GO_ON}") from error
    finally:
        for name, value in before.items():
            setattr(context, name, value)


def _reason(error: BaseException) -> str:
    """The last line of what a worker said, of Ray's stacks of causes."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).strip().splitlines() if line.strip()]
    return (lines[-1] if lines else type(cause).__name__).rstrip(".")


def _require_seen(answer: Answer) -> None:
    """Raise CatalogueError if the node lacks a file that is there for this process."""
    missing = next((name for name in answer.unseen if is_there(name)), None)
    if missing is not None:
        raise CatalogueError(
            f"{missing}: is here, and the node {answer.node} has no such file. Put the pictures where all nodes have "
            f"them under one path, or name them by http://… or s3://… in the feed. {_GO_ON}"
        )

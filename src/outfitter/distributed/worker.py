"""What runs on the nodes: a worker loads the models once and takes pieces of the feed."""

from __future__ import annotations

import os
import pickle
import socket
import tempfile
from bisect import bisect_left
from collections.abc import Container, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from outfitter.catalogue.feed import locate
from outfitter.catalogue.models import Models
from outfitter.catalogue.taking import Taken, Taker
from outfitter.detections import Detector
from outfitter.distributed.spool import unpack
from outfitter.embeddings import Embedder
from outfitter.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

DIGEST = 32
"""Bytes of a SHA-256."""


def is_there(place: str | Path) -> bool:
    """Whether there is such a file. None has a name that is too long, and what may not be looked at is not there."""
    return os.path.exists(place)  # noqa: PTH110  (`Path.exists` raises)


class Shipped(NamedTuple):
    """A model folder on its way to the workers, which may not have it. min_score: that a detector was asked for."""

    files: dict[str, bytes]
    min_score: float | None

    def unpack(self, folder: Path) -> Path:
        """Write it into a new folder."""
        folder.mkdir(parents=True)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        return folder


def ship(model: object) -> Shipped:
    """Raises ConfigError for a model that has no folder."""
    if not isinstance(model, (Detector, Embedder)):
        raise ConfigError(
            f"the engine 'ray' sends model folders to its workers, and {type(model).__name__} has none. "
            "Use a Detector and an Embedder, or the local engine."
        )
    files = {path.name: path.read_bytes() for path in sorted(model.folder.iterdir()) if path.is_file()}
    return Shipped(files, model.asked_min_score if isinstance(model, Detector) else None)


class Known(Container[str]):
    """Pictures by SHA-256, sorted in one buffer, which the workers of a node share."""

    def __init__(self, digests: memoryview) -> None:
        self._digests = digests

    @staticmethod
    def pack(pictures: Iterable[str]) -> bytes:
        return b"".join(sorted(bytes.fromhex(sha256) for sha256 in pictures))

    def _at(self, place: int) -> bytes:
        return bytes(self._digests[place * DIGEST : (place + 1) * DIGEST])

    def __contains__(self, sha256: object) -> bool:
        wanted, count = bytes.fromhex(str(sha256)), len(self._digests) // DIGEST
        place = bisect_left(range(count), wanted, key=self._at)
        return place < count and self._at(place) == wanted


class Orders(NamedTuple):
    """What all workers need. known: `Known.pack`, as a NumPy array of bytes. environment: to reach object stores."""

    outfitter: str
    detector: Shipped
    embedder: Shipped
    base: str
    known: Any
    environment: dict[str, str]
    threads: int
    device: Literal["cpu", "cuda"]


class Answer(NamedTuple):
    """What came of a piece. unseen: files that this node does not have."""

    node: str
    taken: list[tuple[int, Taken]]
    unseen: list[str]


class Worker:
    """An actor of Ray Data: pieces in, answers out, both pickled. orders: a reference to `Orders`."""

    def __init__(self, orders: Any) -> None:
        from outfitter.distributed.quiet import ray

        given: Orders = ray.get(orders[0])
        here = version("outfitter")
        if here != given.outfitter:
            raise ConfigError(
                f"{socket.gethostname()} has outfitter {here}, the driver {given.outfitter}. Install the same on all."
            )
        os.environ.update(given.environment)
        self._base = given.base
        with tempfile.TemporaryDirectory(prefix="outfitter-models-") as work:
            detector = Detector(
                given.detector.unpack(Path(work, "detector")), given.detector.min_score, 1, given.device
            )
            embedder = Embedder(given.embedder.unpack(Path(work, "embedder")), 1, given.device)
        # One picture per core is seen at once, as on one machine; a GPU sees one at a time while others are decoded.
        self._taker = Taker(Models(detector, embedder), given.base, Known(memoryview(given.known)), given.threads)

    def __call__(self, pieces: pa.Table) -> pa.Table:
        import pyarrow as pa

        return pa.table({"answer": [self._answer(piece.as_py()) for piece in pieces.column("piece")]})

    def _answer(self, piece: bytes) -> bytes:
        started = [(number, self._taker.take(row, before)) for number, row, before in unpack(piece)]
        taken = [(number, future.result()) for number, future in started]
        self._taker.forget({sha256 for _, one in taken for sha256 in one.seen})
        return pickle.dumps(Answer(socket.gethostname(), taken, self._unseen(taken)), pickle.HIGHEST_PROTOCOL)

    def _unseen(self, taken: Iterable[tuple[int, Taken]]) -> list[str]:
        failed = [picture.image for _, one in taken for picture in one.pictures if picture.error is not None]
        places = (locate(image, self._base) for image in failed)
        return [str(place) for place in places if isinstance(place, Path) and not is_there(place)]

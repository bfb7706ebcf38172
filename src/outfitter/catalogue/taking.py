"""From a row of a feed to its pictures' garments, on this machine: `Taker`; and what an `Engine` is.

What becomes of a row is told here and in `outfitter.catalogue.intake`; an engine only chooses where that happens.
As many pictures as there are workers are decoded, detected and embedded at once, each by both models on one core, which
keeps every core busy without batching across pictures; meanwhile others are read or downloaded.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Collection, Container, Generator, Iterable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Final, NamedTuple, Protocol, Self, TypeAlias

from outfitter.catalogue.feed import Feed, Reject, Row, locate, row_digest
from outfitter.catalogue.models import Models, Seen
from outfitter.errors import PhotoError
from outfitter.photo import is_url, load_photo, read_bytes
from outfitter.system import cores

READERS: Final = 8
"""Threads beside the workers, so that there is always a picture read or downloaded when a worker is free."""

AHEAD: Final = 8
"""Products per worker that may be finished before it is their turn to be written; bounds memory."""


class Picture(NamedTuple):
    """One picture of a product: its bytes' SHA-256, or why it cannot be used."""

    image: str
    sha256: str | None
    error: str | None


class Stored(NamedTuple):
    """What the tables hold of a product. row: digest of its row. base: of the feed that it was in."""

    row: str
    pictures: tuple[Picture, ...]
    base: str


@dataclass(frozen=True)
class Taken:
    """A row of the feed after the models. seen: the garments of its pictures that are not in the tables yet."""

    row: Row
    digest: str
    pictures: tuple[Picture, ...]
    seen: Mapping[str, Seen]


@dataclass(frozen=True)
class Job:
    """What an engine works on.

    before: what an interrupted build left of the products; empty where nothing was interrupted.
    known: SHA-256 of the pictures whose garments are in the tables; grows while the engine works.
    """

    feed: Feed
    models: Models
    before: Mapping[str, Stored]
    known: set[str]


Numbered: TypeAlias = tuple[int, Taken | Reject]
"""A row's place in its feed, from 0, and what came of it."""


class Engine(Protocol):
    """Where the pictures of a feed are worked on: here (`LocalEngine`), or by many machines.

    A job's rows come back each once, in any order, a bounded number of them ahead of what is taken. The generator may
    be closed before its end. What an engine needs for that, such as a connection, lives from ``with`` to its end.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def run(self, job: Job, /) -> Generator[Numbered, None, None]: ...

    def wrote(self, pictures: Collection[str], /) -> None:
        """The garments of these pictures, named by SHA-256, are in the tables now and in the job's `known`."""


class Taker:
    """Takes rows, several at once, in threads of this process.

    known: SHA-256 of pictures that need not be seen. fetch: URL → a picture's bytes; None downloads from anywhere.
    """

    def __init__(
        self,
        models: Models,
        base: str | Path,
        known: Container[str],
        workers: int,
        fetch: Callable[[str], bytes] | None = None,
    ) -> None:
        self._models, self._base, self._known, self._fetch = models, base, known, fetch
        self._claims: dict[str, Future[Seen]] = {}
        self._lock = Lock()
        self._ended = Event()
        self._readers = ThreadPoolExecutor(workers + READERS, "reader")
        self._workers = ThreadPoolExecutor(workers, "worker")

    def take(self, row: Row, before: Stored | None) -> Future[Taken]:
        """Begin with a row. before: what an interrupted build left of its product."""
        return self._readers.submit(self._take, row, before)

    def forget(self, pictures: Iterable[str]) -> None:
        """Let go of the garments of these pictures: they are known now, or nobody will ask for them again."""
        with self._lock:
            for sha256 in pictures:
                self._claims.pop(sha256, None)

    def close(self) -> None:
        """Finish the pictures that are being seen, and leave the rest."""
        self._ended.set()
        self._readers.shutdown(cancel_futures=True)
        self._workers.shutdown()

    def _take(self, row: Row, before: Stored | None) -> Taken:
        """In a reader: read, hash and, where they are new, see all pictures of a product."""
        product = row.product
        digest = row_digest(product, self._base)
        fetched = {}
        if before and before.row == digest:
            # Files are compared again, which is quick; downloads are not.
            fetched = {picture.image: picture for picture in before.pictures if is_url(picture.image)}
        pictures: list[Picture] = []
        seen: dict[str, Seen] = {}
        for image in dict.fromkeys((product.image, *product.additional_images)):
            if image in fetched:
                pictures.append(fetched[image])
                continue
            if self._ended.is_set():  # nobody waits for this product any more
                raise CancelledError
            try:
                place = locate(image, self._base)
                data = read_bytes(place, name=str(place), fetch=self._fetch)
                sha256 = hashlib.sha256(data).hexdigest()
                new = self._see_once(sha256, data)
                if new is not None:
                    seen[sha256] = new
                pictures.append(Picture(image, sha256, None))
            except PhotoError as error:
                pictures.append(Picture(image, None, str(error)))
                if len(pictures) == 1:  # a product without its main picture is rejected as a whole
                    break
        return Taken(row, digest, tuple(pictures), seen)

    def _see_once(self, sha256: str, data: bytes) -> Seen | None:
        """The garments of a picture, None if it is known. Readers that meet one picture share one run."""
        with self._lock:
            if sha256 in self._known:
                return None
            claim, mine = self._claims.get(sha256), False
            if claim is None:
                claim, mine = self._claims.setdefault(sha256, Future()), True
        if mine:
            try:
                # Products may share the bytes under several names: the message must not depend on who came first.
                claim.set_result(self._workers.submit(self._see, data).result())
            except BaseException as error:
                claim.set_exception(error)
        return claim.result()

    def _see(self, data: bytes) -> Seen:
        """In a worker."""
        return self._models.see(load_photo(data, name="the picture"))


class LocalEngine:
    """All cores of this machine; rows come back in the feed's order. workers: pictures worked on at once."""

    def __init__(self, workers: int | None = None, fetch: Callable[[str], bytes] | None = None) -> None:
        self._count, self._fetch = workers or cores(), fetch
        self._taker: Taker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def run(self, job: Job, /) -> Generator[Numbered, None, None]:
        taker = self._taker = Taker(job.models, job.feed.base, job.known, self._count, self._fetch)
        ahead: deque[tuple[int, Future[Taken] | Reject]] = deque()
        try:
            for number, row in enumerate(job.feed):
                ahead.append(
                    (number, row if isinstance(row, Reject) else taker.take(row, job.before.get(row.product.id)))
                )
                if len(ahead) > AHEAD * self._count:
                    yield _result(*ahead.popleft())
            while ahead:
                yield _result(*ahead.popleft())
        finally:
            taker.close()

    def wrote(self, pictures: Collection[str], /) -> None:
        assert self._taker is not None
        self._taker.forget(pictures)


def _result(number: int, ahead: Future[Taken] | Reject) -> Numbered:
    return number, ahead if isinstance(ahead, Reject) else ahead.result()

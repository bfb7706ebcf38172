"""One feed into the tables of a catalogue: pictures through the models in parallel, written in the feed's order.

As many pictures as there are cores are decoded, detected and embedded at once, each by both models on one core, which
keeps every core busy without batching across pictures; meanwhile others are read or downloaded, and the calling
thread writes, a batch of products at a time. Whatever ends the process, what was written stays, and a product whose
row and pictures' bytes have not changed is never embedded again.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from outfitter.artifact import Manifest
from outfitter.catalogue.feed import Feed, Reject, Row, locate, row_digest
from outfitter.catalogue.store import (
    REBUILD,
    REJECTS,
    TEXTS,
    Stamp,
    Tables,
    column,
    garment_schema,
    product_schema,
    write_rejects,
)
from outfitter.crops import crop, crop_whole
from outfitter.errors import CatalogueError, FeedError, ModelError, PhotoError
from outfitter.photo import is_url, load_photo, read_bytes
from outfitter.values import Crops, Detections, Embeddings, Photo

if TYPE_CHECKING:
    import pyarrow as pa

BATCH: Final = 64
"""Products written at once: what an interruption costs is at most these, and a write takes some 30 ms."""

READERS: Final = 8
"""Threads beside the workers, so that there is always a picture read or downloaded when a worker is free."""

AHEAD: Final = 8
"""Products per worker that may be finished before it is their turn to be written; bounds memory."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (rows done, rows in all) after each row of the feed."""


@dataclass(frozen=True)
class Report:
    """What a build or an addition did. added, updated, unchanged: products. rejected: rows and pictures."""

    folder: Path
    added: int
    updated: int
    unchanged: int
    rejected: int

    @property
    def rejects(self) -> Path:
        """The list of what was rejected."""
        return self.folder / REJECTS


class Finds(Protocol):
    """Photo → Detections, as a `Detector` made with ``threads=1``; called from several threads."""

    @property
    def manifest(self) -> Manifest: ...

    def __call__(self, photo: Photo, /) -> Detections: ...


class Embeds(Protocol):
    """Crops → Embeddings, as an `Embedder` made with ``threads=1``; called from several threads."""

    @property
    def manifest(self) -> Manifest: ...

    def __call__(self, crops: Crops, /) -> Embeddings: ...


class Seen(NamedTuple):
    """The garments of one picture, best first. labels: None for the picture as a whole."""

    labels: tuple[str | None, ...]
    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    vectors: NDArray[np.float32]


class Models:
    """The detector and the embedder of a catalogue. None takes the ones that come with Outfitter."""

    def __init__(self, detector: Finds | None, embedder: Embeds | None) -> None:
        if detector is None:
            from outfitter.detections import Detector

            detector = Detector(threads=1)
        if embedder is None:
            from outfitter.embeddings import Embedder

            embedder = Embedder(threads=1)
        self._detector, self._embedder = detector, embedder
        manifest = embedder.manifest
        if manifest.embedder_input is None or manifest.dimensions is None:
            raise ModelError(f"{manifest.model_id}: its manifest lacks embedder_input or dimensions. Export it again.")
        self._input, self._dimensions = manifest.embedder_input, manifest.dimensions

    def see(self, photo: Photo) -> Seen:
        """Every garment of a picture, or the whole picture if none is found."""
        found = self._detector(photo)
        if len(found):
            crops = crop(photo, found.boxes_xyxy, self._input.side)
            return Seen(found.labels, found.boxes_xyxy, found.scores, self._embedder(crops).vectors)
        whole = np.array([[0, 0, *photo.size_wh]], np.float32)
        vectors = self._embedder(crop_whole(photo, self._input.side)).vectors
        return Seen((None,), whole, np.zeros(1, np.float32), vectors)

    def stamp(self) -> Stamp:
        """Of a catalogue that is about to be made."""
        return Stamp(
            complete=False,
            embedder=self._embedder.manifest.model_id,
            detector=self._detector.manifest.model_id,
            crop_protocol=self._input.crop_protocol,
            dimensions=self._dimensions,
            feed=None,
        )

    def require(self, folder: Path, stamp: Stamp) -> Stamp:
        """Return the stamp if these are the models that it names. Raises CatalogueError otherwise."""
        mine = self.stamp()
        for what in ("embedder", "detector", "crop_protocol"):
            got, need = getattr(mine, what), getattr(stamp, what)
            if got != need:
                raise CatalogueError(
                    f"{folder}: was made with the {what.replace('_', ' ')} {need}, and {got} is in use; a catalogue "
                    f"takes one of each. Use the same, or: {REBUILD}"
                )
        return stamp


class _Picture(NamedTuple):
    """One picture of a product: its bytes' SHA-256, or why it cannot be used."""

    image: str
    sha256: str | None
    error: str | None


class _Stored(NamedTuple):
    row: str
    pictures: tuple[_Picture, ...]


@dataclass(frozen=True)
class _Taken:
    """A row of the feed after the models. seen: the garments of its pictures that are not in the tables yet."""

    row: Row
    digest: str
    pictures: tuple[_Picture, ...]
    seen: Mapping[str, Seen]


class Intake:
    """Takes one feed into the tables.

    fetch: URL → a picture's bytes; None downloads from anywhere.
    seen: ids of the products that were usable. changes: (id, added | changed | changed pictures), in the feed's order.
    embedded: how many pictures the models saw.
    """

    def __init__(
        self,
        folder: Path,
        stamp: Stamp,
        tables: Tables,
        models: Models,
        feed: Feed,
        workers: int | None,
        fetch: Callable[[str], bytes] | None = None,
    ) -> None:
        self.seen: set[str] = set()
        self.changes: list[tuple[str, str]] = []
        self.embedded = 0
        self._fetch = fetch
        self._folder, self._stamp, self._tables, self._models, self._feed = folder, stamp, tables, models, feed
        stored = (column(tables.products, name) for name in ("id", "row", "pictures"))
        self._stored = {
            product_id: _Stored(row, tuple(_Picture(**picture) for picture in pictures))
            for product_id, row, pictures in zip(*stored, strict=True)
        }
        self._written = tables.pictures()
        self._claims: dict[str, Future[Seen]] = {}
        self._lock = Lock()
        self._ended = Event()
        self._ahead = AHEAD * (workers or cores())
        self._readers = ThreadPoolExecutor((workers or cores()) + READERS, "reader")
        self._workers = ThreadPoolExecutor(workers or cores(), "worker")

    @property
    def gone(self) -> set[str]:
        """Ids that were in the tables before, and are not among the feed's usable products."""
        return self._stored.keys() - self.seen

    def run(self, progress: Progress | None) -> Report:
        """Take all rows. If anything ends it, Ctrl-C included, what is finished is written first.

        Raises:
            FeedError: not one row could be used.
            CatalogueError: the tables cannot be written.
        """
        rejects: list[Reject] = []
        batch: list[_Taken] = []
        counts: Counter[str] = Counter()
        with closing(self._in_order()) as rows:
            try:
                for done, taken in enumerate(rows, 1):
                    kind = self._sort(taken, rejects)
                    counts[kind] += 1
                    if isinstance(taken, _Taken) and kind in ("added", "updated"):
                        batch.append(taken)
                    if len(batch) == BATCH:
                        full, batch = batch, []
                        self._write(full)
                    if progress:
                        progress(done, self._feed.rows)
            finally:
                if batch:
                    self._write(batch)
        write_rejects(self._folder, rejects)
        if not self.seen:
            first = rejects[0]
            raise FeedError(
                f"{self._feed.name}: none of its rows can be used. Line {first.line}: {first.reason}. "
                f"All are listed in {self._folder / REJECTS}; correct them and run the same command again."
            )
        return Report(self._folder, counts["added"], counts["updated"], counts["unchanged"], len(rejects))

    def _sort(self, taken: _Taken | Reject, rejects: list[Reject]) -> str:
        """What becomes of a row: rejected, unchanged, added or updated. Adds to `rejects`."""
        if isinstance(taken, Reject):
            rejects.append(taken)
            return "rejected"
        product = taken.row.product
        rejects += [
            Reject(taken.row.line, product.id, picture.image, picture.error)
            for picture in taken.pictures
            if picture.error is not None
        ]
        if taken.pictures[0].error is not None:
            return "rejected"
        self.seen.add(product.id)
        before = self._stored.get(product.id)
        if before == _Stored(taken.digest, taken.pictures):
            return "unchanged"
        same_pictures = before is not None and before.pictures == taken.pictures
        self.changes.append((product.id, "added" if not before else "changed" if same_pictures else "changed pictures"))
        return "updated" if before else "added"

    def _in_order(self) -> Generator[_Taken | Reject, None, None]:
        """Every row after the models, in the feed's order, a bounded number of rows ahead."""
        ahead: deque[Future[_Taken] | Reject] = deque()
        try:
            for row in self._feed:
                ahead.append(row if isinstance(row, Reject) else self._readers.submit(self._take, row))
                if len(ahead) > self._ahead:
                    yield _result(ahead.popleft())
            while ahead:
                yield _result(ahead.popleft())
        finally:
            self._ended.set()
            self._readers.shutdown(cancel_futures=True)
            self._workers.shutdown()

    def _take(self, row: Row) -> _Taken:
        """In a reader: read, hash and, where they are new, see all pictures of a product."""
        product, base = row.product, self._feed.base
        digest = row_digest(product, base)
        before = self._stored.get(product.id)
        fetched = {}
        if before and before.row == digest and not self._stamp.complete:
            # An interrupted build took these already. Files are compared again, which is quick; downloads are not.
            fetched = {picture.image: picture for picture in before.pictures if is_url(picture.image)}
        pictures: list[_Picture] = []
        seen: dict[str, Seen] = {}
        for image in dict.fromkeys((product.image, *product.additional_images)):
            if image in fetched:
                pictures.append(fetched[image])
                continue
            if self._ended.is_set():  # nobody waits for this product any more
                raise CancelledError
            try:
                place = locate(image, base)
                data = read_bytes(place, name=str(place), fetch=self._fetch)
                sha256 = hashlib.sha256(data).hexdigest()
                new = self._see_once(sha256, data)
                if new is not None:
                    seen[sha256] = new
                pictures.append(_Picture(image, sha256, None))
            except PhotoError as error:
                pictures.append(_Picture(image, None, str(error)))
                if len(pictures) == 1:  # a product without its main picture is rejected as a whole
                    break
        return _Taken(row, digest, tuple(pictures), seen)

    def _see_once(self, sha256: str, data: bytes) -> Seen | None:
        """The garments of a picture, None if they are in the table. Readers that meet one picture share one run."""
        with self._lock:
            if sha256 in self._written:
                return None
            claim, mine = self._claims.get(sha256), False
            if claim is None:
                claim, mine = self._claims.setdefault(sha256, Future()), True
                self.embedded += 1
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

    def _write(self, batch: list[_Taken]) -> None:
        """Garments first, then products: a product that is there has all its garments."""
        new = {sha256: seen for taken in batch for sha256, seen in taken.seen.items() if sha256 not in self._written}
        if new:
            self._tables.add_garments(_garment_rows(new, self._stamp.dimensions))
        replace = any(taken.row.product.id in self._stored for taken in batch)
        self._tables.put_products(_product_rows(batch, self._stamp, self._feed.base), replace)
        with self._lock:
            self._written |= new.keys()
            for sha256 in new:
                self._claims.pop(sha256, None)


def _result(ahead: Future[_Taken] | Reject) -> _Taken | Reject:
    return ahead if isinstance(ahead, Reject) else ahead.result()


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _product_rows(batch: list[_Taken], stamp: Stamp, base: Path) -> pa.Table:
    import pyarrow as pa

    rows = []
    for taken in batch:
        product = taken.row.product
        rows.append(
            {
                **{name: getattr(product, name) for name in (*TEXTS, "price")},
                "additional_images": list(product.additional_images),
                "base": str(base),
                "row": taken.digest,
                "pictures": [picture._asdict() for picture in taken.pictures],
                **{stored: product.attributes.get(name) for name, stored in stamp.attributes.items()},
            }
        )
    return pa.Table.from_pylist(rows, product_schema(stamp))


def _garment_rows(seen: Mapping[str, Seen], dimensions: int) -> pa.Table:
    import pyarrow as pa

    def lists(parts: list[NDArray[np.float32]], width: int) -> pa.Array:
        return pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(parts).reshape(-1)), width)

    columns = [
        pa.array([sha256 for sha256, one in seen.items() for _ in one.labels]),
        pa.array([number for one in seen.values() for number in range(len(one.labels))], pa.int16()),
        pa.array([label for one in seen.values() for label in one.labels], pa.string()),
        lists([one.boxes_xyxy for one in seen.values()], 4),
        pa.array(np.concatenate([one.scores for one in seen.values()])),
        lists([one.vectors for one in seen.values()], dimensions),
    ]
    return pa.Table.from_arrays(columns, schema=garment_schema(dimensions))

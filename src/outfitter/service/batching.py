"""Models shared by all clients: crops that arrive while the embedder is busy go through it together.

Nothing waits for a batch to fill: a run takes what is there. An idle service answers one photo as fast as it can, a
busy one makes fuller batches. The detector takes one photo a run (two-stage graphs gain nothing from batches on a
CPU), so there it is the number of runs at once that is bounded, by the cores.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from concurrent.futures import Future
from threading import BoundedSemaphore, Condition, Lock, Thread
from typing import Final, NamedTuple

import numpy as np

from outfitter.artifact import Manifest
from outfitter.service.log import REQUEST
from outfitter.service.metrics import Metrics
from outfitter.values import Crops, Detections, Embeddings
from outfitter.walk import Embeds, Finds, PhotoSource

_log = logging.getLogger("outfitter.service")

CROPS: Final = 4
"""Crops a run, where several callers' go together; see `outfitter.embeddings.embedder.BATCH`."""


class BoundedDetector:
    """A detector of one thread a photo, as many photos at once as `cores` lets through."""

    def __init__(self, detector: Finds, cores: BoundedSemaphore, metrics: Metrics) -> None:
        self._detector, self._cores, self._metrics = detector, cores, metrics
        self._waited = metrics.waits("core")
        self._here, self._changing = 0, Lock()
        metrics.watch("core", lambda: self._here)

    def __call__(self, photo: PhotoSource, /) -> Detections:
        started = time.monotonic()
        self._count(1)
        try:
            with self._cores:
                self._waited(time.monotonic() - started)
                with self._metrics.stage("detect"):
                    return self._detector(photo)
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._changing:
            self._here += more


class _Waiting(NamedTuple):
    crops: Crops
    vectors: Future[Embeddings]
    since: float
    request: str


class BatchedEmbedder:
    """An embedder of one thread a run, `runs` runs at once, joining the crops of all callers. Thread-safe.

    cores: shared with the detector, so that models never take more cores than there are.
    """

    def __init__(
        self,
        embedder: Embeds,
        runs: int,
        cores: BoundedSemaphore,
        metrics: Metrics,
    ) -> None:
        self._embedder, self._cores, self._metrics = embedder, cores, metrics
        self._waited = metrics.waits("embedder")
        metrics.watch("embedder", lambda: sum(len(one.crops) for one in list(self._waiting)))
        self._waiting: deque[_Waiting] = deque()
        self._changed = Condition()
        self._closed = False
        self._threads = [Thread(target=self._serve, name=f"embedder-{run}", daemon=True) for run in range(runs)]
        for thread in self._threads:
            thread.start()

    @property
    def manifest(self) -> Manifest:
        return self._embedder.manifest

    def __call__(self, crops: Crops, /) -> Embeddings:
        """As the embedder's own; its errors, too."""
        waiting = _Waiting(crops, Future(), time.monotonic(), REQUEST.get())
        with self._changed:
            if self._closed:
                raise RuntimeError("the embedder is closed")
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.vectors.result()

    def close(self) -> None:
        """Answer what waits, then end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while self._wait():
            self._cores.acquire()  # only then the batch: what arrives while waiting for a core goes along
            batch = self._next()
            if not batch:
                self._cores.release()
                continue
            try:
                pixels = (
                    np.concatenate([one.crops.pixels for one in batch]) if len(batch) > 1 else batch[0].crops.pixels
                )
                self._metrics.crops.observe(len(pixels))
                for one in batch:
                    self._waited(time.monotonic() - one.since)
                with self._metrics.stage("embed"):
                    made = self._embedder(Crops(pixels, batch[0].crops.protocol))
            except BaseException as error:
                _log.exception(
                    "a run of the embedder failed", extra={"fields": {"requests": [one.request for one in batch]}}
                )
                for one in batch:
                    one.vectors.set_exception(error)
                continue
            finally:
                self._cores.release()
            end = 0
            for one in batch:
                start, end = end, end + len(one.crops)
                one.vectors.set_result(Embeddings(made.vectors[start:end], made.embedder))

    def _wait(self) -> bool:
        """Until somebody waits; False when closed and nobody does."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return False
                self._changed.wait()
            return True

    def _next(self) -> list[_Waiting]:
        """The oldest, and those after it that fit into its run; empty if another thread was faster."""
        with self._changed:
            if not self._waiting:
                return []
            batch = [self._waiting.popleft()]
            first, count = batch[0].crops, len(batch[0].crops)
            while self._waiting:
                crops = self._waiting[0].crops
                same = crops.protocol == first.protocol and crops.pixels.shape[1:] == first.pixels.shape[1:]
                if not same or count + len(crops) > CROPS:
                    break
                batch.append(self._waiting.popleft())
                count += len(crops)
            return batch

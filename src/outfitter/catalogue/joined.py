"""One matrix product for the questions of many threads, and none for what was asked a moment ago."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST: Final = 64
"""Vectors at once: beyond them the product is no longer bound by reading the catalogue's matrix."""


class _Waiting(NamedTuple):
    vectors: NDArray[np.float32]
    rows: Future[NDArray[np.float32]]


class Joined:
    """A function of (Q, D) vectors → (Q, N) rows, whose calls from several threads are answered together.

    One runs at a time, and takes along whatever arrived while the one before it ran; nobody waits for a batch to fill.
    Measured for 10 582 × 1505, one core: 1 vector 2.7 ms, 4 vectors 6.6, 16 vectors 9.5.
    """

    def __init__(self, compare: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> None:
        self._compare = compare
        self._waiting: list[_Waiting] = []
        self._changing, self._running = Lock(), Lock()

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        mine = _Waiting(vectors, Future())
        with self._changing:
            self._waiting.append(mine)
        while not mine.rows.done():
            with self._running:
                if not mine.rows.done():
                    self._run()
        return mine.rows.result()

    def _run(self) -> None:
        with self._changing:
            batch: list[_Waiting] = []
            count = 0
            while self._waiting and (not batch or count + len(self._waiting[0].vectors) <= MOST):
                batch.append(self._waiting.pop(0))
                count += len(batch[-1].vectors)
        try:
            rows = self._compare(np.concatenate([one.vectors for one in batch]))
        except BaseException as error:
            for one in batch:
                one.rows.set_exception(error)
            return
        end = 0
        for one in batch:
            start, end = end, end + len(one.vectors)
            one.rows.set_result(rows[start:end])


class Remembered:
    """The same function, which keeps the rows of the `most` vectors it was asked for last. Thread-safe."""

    def __init__(self, compare: Callable[[NDArray[np.float32]], NDArray[np.float32]], most: int) -> None:
        self._compare, self._most = compare, most
        self._rows: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._changing = Lock()

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        keys = [vector.tobytes() for vector in np.asarray(vectors, np.float32)]
        with self._changing:
            rows = {key: self._rows[key] for key in keys if key in self._rows}
        new = [number for number, key in enumerate(keys) if key not in rows]
        if new:
            found = self._compare(np.ascontiguousarray(vectors[new], np.float32))
            # Copied, since a row that is a view would keep all those that were computed with it.
            rows |= {keys[number]: row.copy() for number, row in zip(new, found, strict=True)}
        with self._changing:
            for key in keys:
                self._rows[key] = rows[key]
                self._rows.move_to_end(key)
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)
        return np.stack([rows[key] for key in keys])

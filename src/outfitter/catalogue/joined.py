"""One matrix product for the questions of many threads."""

from __future__ import annotations

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

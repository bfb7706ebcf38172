"""Work spread over processes, answered in order, so that results do not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Final, Protocol, TypeVar

from outfitter.errors import DatasetError

T = TypeVar("T")
R = TypeVar("R")
CHUNK: Final = 32
LIMIT: Final = ContextVar[int | None]("LIMIT", default=None)
"""How many processes a reader may start, where it needs some to list its records."""


class Advance(Protocol):
    def __call__(self, done: int = 1, /) -> None: ...


class Progress(Protocol):
    """``with progress("photos", 10) as advance: … advance()``"""

    def __call__(self, label: str, total: int | None, /) -> AbstractContextManager[Advance]: ...


@contextmanager
def silent(label: str, total: int | None, /) -> Iterator[Advance]:  # noqa: ARG001
    """The progress of those who do not look."""
    yield lambda _done=1, /: None


@contextmanager
def at_most(workers: int | None) -> Iterator[None]:
    """Set `LIMIT` for a while."""
    token = LIMIT.set(workers)
    try:
        yield
    finally:
        LIMIT.reset(token)


def in_order(
    work: Callable[[Sequence[T]], R], items: Sequence[T], workers: int, chunk: int = CHUNK
) -> Iterator[tuple[int, R]]:
    """`work` on chunks of `items`; (length of the chunk, its result) in order. One worker needs no process.

    Raises:
        DatasetError: a process was ended from outside.
    """
    chunks = [items[i : i + chunk] for i in range(0, len(items), chunk)]
    workers = min(workers, len(chunks))
    if workers <= 1:
        for part in chunks:
            yield len(part), work(part)
        return
    # Spawned, not forked: a fork of a process with threads, such as a progress bar's, may deadlock.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_leave_ctrl_c_to_the_parent)
    try:
        for part, result in zip(chunks, pool.map(work, chunks), strict=True):
            yield len(part), result
    except BrokenProcessPool:
        raise DatasetError(
            "a worker process was ended from outside, perhaps for want of memory. Run the same command again with "
            f"fewer --workers than {workers}."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

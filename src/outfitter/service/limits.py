"""What protects the models from too many requests: a rate per key, and a bounded queue before the workers."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

from outfitter.service.problems import Problem, too_busy

T = TypeVar("T")

REMEMBERED: Final = 10_000
"""Callers whose rate is known; the one not heard of for longest is forgotten first."""


class Rates:
    """A token bucket for each caller. rate: a second; 0 is unlimited. burst: the most at once."""

    def __init__(self, rate: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._now = rate, burst, now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count a request. Raises Problem 429."""
        if not self._rate:
            return
        now = self._now()
        left, at = self._buckets.pop(caller, (float(self._burst), now))
        left = min(self._burst, left + (now - at) * self._rate)
        self._buckets[caller] = (max(left - 1, 0.0) if left >= 1 else left, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        if left < 1:
            wait = max(1, round((1 - left) / self._rate + 0.5))
            raise Problem(
                429,
                "rate",
                f"Too many requests; allowed are {self._rate:g} a second. Wait {wait} s and try again.",
                headers={"Retry-After": str(wait)},
            )


class Desk:
    """Work in threads, with a queue that is bounded in length and in time.

    workers: how many threads. queue: how many more may wait. seconds: the longest a caller waits for its answer.
    name: of its threads, and as operators know it.
    waited: told how many seconds each request waited for a thread.
    """

    def __init__(
        self,
        workers: int,
        queue: int,
        seconds: float,
        name: str,
        waited: Callable[[float], object] = lambda _: None,
    ) -> None:
        self._pool = ThreadPoolExecutor(workers, name)
        self._waited = waited
        self.name, self.room, self.seconds = name, workers + queue, seconds
        self._taken = 0
        self._mean = 0.1

    @property
    def taken(self) -> int:
        """Requests being worked on or waiting."""
        return self._taken

    def require_room(self) -> None:
        """Raises Problem 503 if the queue is full. To be asked before something large is read for nothing."""
        if self._taken >= self.room:
            raise too_busy(
                f"All workers are busy and {self.room} requests wait. Try again soon.", self.room * self._mean
            )

    async def run(self, work: Callable[[], T], since: float | None = None) -> T:
        """What `work` returns. Only to be called in the event loop's thread.

        since: when the caller began to wait, at another desk, by `time.monotonic`; None: now.

        Raises:
            Problem: 503, the queue is full, or the answer took too long.
        """
        self.require_room()
        self._taken += 1
        loop, started = asyncio.get_running_loop(), time.monotonic()

        def begin() -> T:
            self._waited(time.monotonic() - started)
            return work()

        future = self._pool.submit(copy_context().run, begin)  # the request's id goes along

        def leave() -> None:
            self._taken -= 1
            self._mean += 0.05 * (time.monotonic() - started - self._mean)

        def ended(_: Future[T]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(leave)

        # A caller that gives up does not free its worker: the place is free once the work has really ended.
        future.add_done_callback(ended)
        try:
            left = self.seconds - (0 if since is None else started - since)
            async with asyncio.timeout(left):  # wait_for would start another task
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if not future.done() or future.cancelled():
                gave_up = f"This took over {self.seconds:g} s and was given up. Try again."
                raise too_busy(gave_up, 5, kind="timeout") from None
            raise

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

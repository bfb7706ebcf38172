"""What is worked out once for all who ask at the same time, and kept for those who ask later."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from outfitter.errors import PhotoError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Answer(Generic[Value]):
    def __init__(self) -> None:
        self.made: Future[Value] = Future()
        self.failed_at: float | None = None

    def holds(self, again: float) -> bool:
        return self.failed_at is None or time.monotonic() - self.failed_at < again


class Remembered(Generic[Key, Value]):
    """Answers by their keys, at most `kept`; the one not asked for longest gives way. Thread-safe.

    A PhotoError is an answer, too, for a while: a host that is down is not asked at each view.
    """

    def __init__(self, kept: int) -> None:
        self._kept, self._lock = kept, Lock()
        self._answers: OrderedDict[Key, _Answer[Value]] = OrderedDict()

    def at_hand(self, key: Key, again: float) -> bool:
        """Whether `get` would neither make it nor wait."""
        answer = self._answers.get(key)
        return answer is not None and answer.made.done() and answer.holds(again)

    def get(self, key: Key, make: Callable[[], Value], again: float) -> Value:
        """What `make` returns or raises. again: seconds after which what was a PhotoError is tried again."""
        with self._lock:
            answer, mine = self._answers.get(key), False
            if answer is None or not answer.holds(again):
                answer, mine = _Answer(), True
                self._answers[key] = answer
            self._answers.move_to_end(key)
            if len(self._answers) > self._kept:
                self._answers.popitem(last=False)
        if mine:
            self._work_out(key, answer, make)
        try:
            return answer.made.result()
        except PhotoError as error:
            raise PhotoError(str(error)) from None  # one error raised again and again would grow by its traceback

    def _work_out(self, key: Key, answer: _Answer[Value], make: Callable[[], Value]) -> None:
        try:
            answer.made.set_result(make())
        except BaseException as error:
            if isinstance(error, PhotoError):
                answer.failed_at = time.monotonic()
            else:
                with self._lock:
                    if self._answers.get(key) is answer:
                        del self._answers[key]
            answer.made.set_exception(error)

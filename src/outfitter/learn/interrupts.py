"""Ctrl-C while a run goes: heard at once, obeyed between two steps.

An exception that comes in the middle of a step or of an evaluation finds weights that belong to no step, and what was
saved then would not go on as the run would have.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

TOLD: Final = b"\nstopping after this step; Ctrl-C again stops at once, and the run goes on from its last checkpoint\n"


@contextmanager
def stop_asked(quiet: bool, alone: bool = True) -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether Ctrl-C was pressed; pressed again, it does what it did before.

    The answer is always no outside the main thread, which alone hears signals, and where Ctrl-C is ignored, as shells
    have it for what runs in the background.

    quiet: say nothing on stderr. alone: this is the only process. To several, torchrun hands on what the terminal has
    sent them already, so that the second one is not the user's.
    """
    deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if deaf or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked: list[bool] = []
    process = os.getpid()

    def hear(_number: int, _frame: FrameType | None) -> None:
        first = not asked
        asked.append(True)
        if alone:
            signal.signal(signal.SIGINT, before)
        if first and not quiet and os.getpid() == process:  # the processes that load photos inherit this function
            os.write(2, TOLD)

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)

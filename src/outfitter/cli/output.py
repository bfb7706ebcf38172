"""What every verb prints: JSON lines on stdout, prose and progress on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from outfitter.errors import OutfitterError

if TYPE_CHECKING:
    from rich.console import Console


def emit(record: Mapping[str, Any]) -> None:
    """Print one JSON line and flush it, so that a reader at the other end of a pipe can work at once."""
    line = json.dumps(record, ensure_ascii=False, allow_nan=False, default=_plain)
    try:
        sys.stdout.write(f"{line}\n")  # in one piece: Ctrl-C would part what print writes from its end of line
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head -1`). Leave as quietly as a process that SIGPIPE ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None


def say(text: str = "") -> None:
    """Print prose for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def wide_console() -> Console:
    """For tables on stderr: as wide as the terminal, or, in a file, as the table may need."""
    from rich.console import Console

    return Console(stderr=True, width=None if sys.stderr.isatty() else 140)


def failure(photo: str, error: OutfitterError) -> dict[str, object]:
    """The line of a photo that failed."""
    return {"photo": photo, "error": {"type": type(error).__name__, "message": str(error)}}


def rounded(values: Iterable[float], digits: int = 2) -> list[float]:
    """Floats short enough to read; 2 digits are a hundredth of a pixel."""
    return [round(float(value), digits) for value in values]


class Advance(Protocol):
    """Told that `done` more things are done; `total` corrects how many there are in all, `label` the bar's label."""

    def __call__(self, done: int = 1, /, *, total: int | None = None, label: str | None = None) -> None: ...


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Advance]:
    """``with progress("photos", 10) as advance: ... advance()``: a bar where stderr is a terminal, else silence."""
    if not sys.stderr.isatty():
        yield lambda _done=1, /, *, total=None, label=None: None  # noqa: ARG005
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done=1, /, *, total=None, label=None: bar.update(
            task, advance=done, total=total, description=label
        )


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")

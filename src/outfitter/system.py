"""What is asked of the operating system in many places."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def replace_file(path: Path, write: Callable[[BinaryIO], object], mode: int = 0o666) -> None:
    """Write a file beside `path` and put it there in one step, once it lies on the disk. mode: of a new file.

    Raises:
        OSError: it cannot be written; what was at `path` is as it was.
    """
    beside = path.with_name(f".{path.name}.tmp")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def replace_text(path: Path, text: str, mode: int = 0o666) -> None:
    """`replace_file` with a text, in UTF-8."""
    replace_file(path, lambda file: file.write(text.encode()), mode)

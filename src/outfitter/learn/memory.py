"""Keep the memory that a step of training frees: the next step wants as much again.

A layer's maps are tens of megabytes. glibc gives blocks of that size back to the kernel when they are freed and gets
them anew, page by page and zeroed, for the next layer; on two cores a fifth of a step's time goes there. Told not to
(mallopt(3)), it hands out what it has. Other C libraries know no such switch, and are left as they are.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_TOP_PAD: Final = -2
M_MMAP_THRESHOLD: Final = -3
M_MMAP_MAX: Final = -4

KEPT: Final = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: -1, M_TOP_PAD: 256 << 20}
"""No block of its own from the kernel, nothing given back, and more asked for at once."""
GIVEN_BACK: Final = {M_MMAP_MAX: 65_536, M_MMAP_THRESHOLD: 32 << 20, M_TRIM_THRESHOLD: 64 << 20, M_TOP_PAD: 128 << 10}
"""glibc's own: the defaults, and both thresholds where it moves them itself as soon as a large block was freed."""


@contextmanager
def memory_kept() -> Iterator[None]:
    """For a whole process. Afterwards what is free goes back to the kernel."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is None or not hasattr(libc, "mallopt"):
        yield
        return
    _set(libc, KEPT)
    try:
        yield
    finally:
        _set(libc, GIVEN_BACK)
        libc.malloc_trim(0)


def _set(libc: ctypes.CDLL, options: dict[int, int]) -> None:
    for option, value in options.items():
        libc.mallopt(option, value)

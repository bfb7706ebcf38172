"""What a step frees is not asked for again, and after training it is the kernel's."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from outfitter.learn.memory import memory_kept

MAP_BYTES = 64 << 20
TURNS = 8

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"),
    reason="only glibc's allocator can be told to keep what is freed",
)


def make_map() -> None:
    np.ones(MAP_BYTES, np.uint8)


def page_faults() -> int:
    """Of making and dropping a large map, time and again."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(TURNS):
        make_map()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident() -> int:
    """Bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def train_in_vain() -> None:
    with memory_kept():
        make_map()
        raise ZeroDivisionError


def test_freed_memory_is_used_again_and_given_back_in_the_end() -> None:
    each_time = page_faults()
    assert each_time >= TURNS, "each map was taken from the kernel anew"
    before = resident()
    with memory_kept():
        make_map()
        assert resident() - before > MAP_BYTES / 2
        assert page_faults() < each_time / 10
    assert resident() - before < MAP_BYTES / 4
    assert page_faults() > each_time / 2, "the allocator is as it was"


def test_it_is_given_back_after_an_error_too() -> None:
    before = resident()
    with pytest.raises(ZeroDivisionError):
        train_in_vain()
    assert resident() - before < MAP_BYTES / 4

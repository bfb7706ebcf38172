"""What a step frees is not asked for again, and after training it is the kernel's.

In a process of its own: in this one, free memory of other tests lies about.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, resource
import numpy as np
from outfitter.learn.memory import memory_kept

MAP_BYTES = 64 << 20

def make_map():
    np.ones(MAP_BYTES, np.uint8)

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        make_map()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def maps_held():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * resource.getpagesize() / MAP_BYTES

begin = maps_held()
found = {"faults before": faults()}
try:
    with memory_kept():
        make_map()
        found["held while training"] = maps_held() - begin
        found["faults while training"] = faults()
        raise KeyboardInterrupt
except KeyboardInterrupt:
    found["held after"] = maps_held() - begin
found["faults after"] = faults()
print(json.dumps(found))
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"),
    reason="only glibc's allocator can be told to keep what is freed",
)
def test_freed_memory_is_used_again_and_given_back_however_it_ends() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    assert found["held while training"] > 0.9
    assert found["held after"] < 0.1
    assert found["faults before"] > 0
    assert found["faults while training"] < found["faults before"] / 10
    assert found["faults after"] > found["faults before"] / 2, "the allocator is as it was"

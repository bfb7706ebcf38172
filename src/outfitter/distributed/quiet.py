"""Ray without its talk: nothing on stdout, which is for JSON lines, and none of its own deprecation warnings."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

# Read when Ray is imported, or by the processes that it starts. What the user has set stays.
for _name, _value in {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}.items():
    os.environ.setdefault(_name, _value)

log: Final = logging.getLogger("outfitter.distributed")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Ray warns of its own settings
    import ray
    import ray.data

    ray.data.DataContext.get_current()

__all__ = ["log", "quiet", "ray"]

_LISTENER: Final = "ray_listen_error_messages"
"""Ray's thread that prints the cluster's remarks on stdout, whatever ``log_to_driver`` says."""


class _WithoutListener:
    """Standard output for everybody but that thread, whose remarks are logged, their first lines."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout

    def write(self, text: str) -> int:
        if threading.current_thread().name != _LISTENER:
            return self._stdout.write(text)
        if text.strip():
            log.info("%s", text.strip().splitlines()[0])
        return len(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stdout, name)


@contextmanager
def quiet() -> Iterator[None]:
    """While a cluster is connected."""
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    before = sys.stdout
    sys.stdout = _WithoutListener(before)
    try:
        yield
    finally:
        sys.stdout = before

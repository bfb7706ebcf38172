"""Put every hostile picture and feed through its reader, in a process that may die: ``feed_through.py WORK``.

Prints a JSON line: how many came out as what, the slowest by seconds of processor, and the process's peak of memory.
What is being read is noted in WORK/now before, so that a crash or a hang has a name.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from time import process_time
from typing import Any

from outfitter.catalogue.feed import open_feed
from outfitter.errors import OutfitterError
from outfitter.photo import load_photo
from tests.hostile.feeds import feeds
from tests.hostile.photos import photos


def read_photo(_work: Path, name: str, data: bytes) -> str:
    photo = load_photo(data, name=name)
    assert photo.pixels.shape[2] == 3
    return "photo"


def read_feed(work: Path, name: str, data: bytes) -> str:
    path = work / name.replace("/", "_")
    path.write_bytes(data)
    try:
        feed = open_feed(path)
        return "feed" if sum(1 for _ in feed) else "feed without rows"
    finally:
        path.unlink()


def peak_bytes() -> int:
    """Of this program alone: what getrusage tells begins with the memory of whoever started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def main(work: Path) -> None:
    found: Counter[str] = Counter()
    slowest: list[tuple[float, str]] = []
    cases: Iterator[tuple[Callable[[Path, str, bytes], str], tuple[str, bytes]]] = chain(
        ((read_photo, case) for case in photos()), ((read_feed, case) for case in feeds())
    )
    wrong: list[str] = []
    for read, (name, data) in cases:
        (work / "now").write_text(name, encoding="utf-8")
        began = process_time()
        try:
            came = read(work, name, data)
        except OutfitterError as error:
            came = type(error).__name__
            if not str(error).strip():
                wrong.append(f"{name}: an error without words")
        except BaseException as error:
            came = "crash"
            wrong.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
        found[came] += 1
        slowest = sorted([*slowest, (process_time() - began, name)], reverse=True)[:5]
    peak = peak_bytes()
    told: dict[str, Any] = {"found": found, "wrong": wrong, "slowest": slowest, "peak_bytes": peak}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

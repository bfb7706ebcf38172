"""Photos named on the command line: files, folders, URLs, ``-``; worked on in parallel, answered in order."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from outfitter.errors import ConfigError, OutfitterError
from outfitter.photo import is_url, list_photos, load_photo
from outfitter.values import Photo

T = TypeVar("T")


@dataclass(frozen=True)
class Input:
    """One photo to come. name: what the user called it. source: where it is, or why there is none."""

    name: str
    source: str | Path | bytes | OutfitterError

    def load(self) -> Photo:
        """Raises PhotoError if it cannot be read."""
        if isinstance(self.source, OutfitterError):
            raise self.source
        return load_photo(self.source, name=self.name)


def expand(names: Iterable[str]) -> list[Input]:
    """Folders become their photos, ``-`` the bytes on standard input; a bad folder is one failing input."""
    inputs: list[Input] = []
    for name in names:
        if name == "-":
            inputs.append(Input(name, sys.stdin.buffer.read()))
        elif is_url(name) or not Path(name).is_dir():
            inputs.append(Input(name, name))
        else:
            try:
                inputs += [Input(str(path), path) for path in list_photos(Path(name))]
            except OutfitterError as error:
                inputs.append(Input(name, error))
    return inputs


def in_order(
    work: Callable[[Input], T], inputs: Iterable[Input], workers: int
) -> Iterator[tuple[Input, T | OutfitterError]]:
    """``work`` on every input, `workers` at a time; (input, result or its error) in the order of the inputs."""

    def attempt(one: Input) -> T | OutfitterError:
        try:
            return work(one)
        except OutfitterError as error:
            return error

    pool = ThreadPoolExecutor(workers)
    waiting: deque[tuple[Input, Future[T | OutfitterError]]] = deque()
    try:
        for one in inputs:
            waiting.append((one, pool.submit(attempt, one)))
            if len(waiting) > 2 * workers:  # bounds how many results lie in memory
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def refuse_full(folder: Path, option: str) -> None:
    """Raises ConfigError if there is something in an output folder: nothing is ever overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{option} {folder}: is not empty, and nothing is overwritten. Name a new folder.")


def new_folder(folder: Path, option: str) -> Path:
    """Make an output folder. Raises ConfigError if there is something in it."""
    refuse_full(folder, option)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Names:
    """File names that do not collide: ``photo``, ``photo-2``, ``photo-3`` for a/photo.jpg, b/photo.png, …"""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def stem(self, name: str) -> str:
        plain = Path(name.split("?")[0].rstrip("/")).stem if name != "-" else "stdin"
        stem, number = plain or "photo", 1
        while stem in self._taken:
            number += 1
            stem = f"{plain or 'photo'}-{number}"
        self._taken.add(stem)
        return stem

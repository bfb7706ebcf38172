"""Rows on their way to the workers: a file beside the driver, cut into pieces that can be read again.

A feed may be standard input, or compressed, or a million rows: a piece that was lost with a worker is read again from
here, not from the feed, and no row waits in memory.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple, TypeAlias

from outfitter.catalogue.feed import Row
from outfitter.catalogue.taking import Stored

ROWS: Final = 16
"""Rows of a piece: what a worker takes at once, and loses when it dies."""

Waiting: TypeAlias = tuple[int, Row, Stored | None]
"""A row's place in its feed, the row, and what an interrupted build left of its product."""


class Piece(NamedTuple):
    """Where a piece lies. rows: how many it holds."""

    start: int
    length: int
    rows: int


class Spool:
    """Takes rows one by one; `pieces` lists where they lie."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._rows: list[Waiting] = []
        self.pieces: list[Piece] = []

    def add(self, row: Waiting) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what is there, a shorter piece at the end."""
        if self._rows:
            data = pickle.dumps(self._rows, pickle.HIGHEST_PROTOCOL)
            start = self._file.tell()
            self._file.write(data)
            self.pieces.append(Piece(start, len(data), len(self._rows)))
            self._rows = []
        self._file.flush()


def read_piece(path: Path, start: int, length: int) -> bytes:
    """A piece as it is sent."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)


def unpack(piece: bytes) -> Iterator[Waiting]:
    """The rows of a piece. Only what this process's own driver wrote comes here."""
    yield from pickle.loads(piece)  # noqa: S301

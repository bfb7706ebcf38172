"""Lines of text, and tables whose first line names their columns: the bed of every reader but XML's."""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Final

from outfitter.catalogue.readers.source import LONGEST, Source
from outfitter.errors import FeedError

# csv refuses cells of more than 128 Ki, and knows no limit but the whole process's.
csv.field_size_limit(max(LONGEST, csv.field_size_limit()))

SEPARATORS: Final = ",;\t"
PATIENCE: Final = 200_000
"""Lines of a feed that may be read a second time, to go on after records that cannot be read."""


def printable(text: str) -> str:
    """Bytes that were no UTF-8 arrive as lone surrogates, which nothing can write."""
    return text.encode("utf-8", "replace").decode()


class Lines:
    """The lines of a feed. A byte-order mark is skipped; what is no UTF-8 is kept for the checks to find.

    next: the number of the line that comes next, from 1. `next(lines)` raises csv.Error for a line of endless length.
    """

    def __init__(self, source: Source) -> None:
        file = source.open()
        try:
            utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
            file.seek(0)
        except (OSError, EOFError, zlib.error) as error:
            file.close()
            raise FeedError(f"{source.name}: cannot be read: {error}. Make or download it again.") from None
        encoding, errors = ("utf-16", "replace") if utf16 else ("utf-8-sig", "surrogateescape")
        self._name = source.name
        self._text = io.TextIOWrapper(file, encoding, errors, newline="")
        self._again: deque[str | None] = deque()
        self._since: list[str | None] = []
        self._length = 0
        self._patience = PATIENCE
        self.next = 1

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        if line == "":
            raise StopIteration
        self._since.append(line)
        self.next += 1
        self._length += len(line or "")
        if line is None or self._length > LONGEST:
            raise csv.Error(f"it is longer than {LONGEST:,} characters")
        return line

    def _read(self) -> str | None:
        """A line, "" at the end, None for one that is too long."""
        try:
            line = piece = self._text.readline(LONGEST)
            while len(piece) == LONGEST and piece[-1] not in "\r\n":
                piece = self._text.readline(LONGEST)
        except (OSError, EOFError, zlib.error) as error:  # a disk that fails, a gzip file cut short
            raise FeedError(f"{self._name}: line {self.next}: cannot be read on: {error}. Download it again.") from None
        return line if piece is line else None

    def begin(self) -> int:
        """Start a record; returns its line."""
        self._since.clear()
        self._length = 0
        return self.next

    def begin_after_first(self) -> None:
        """Go back to the second line of the record: its first was bad, and what seemed to belong to it may be good.

        Once that was done for `PATIENCE` lines, all of the record counts as bad: where each line leaves a quote open,
        each would be read as often as there are lines before it.
        """
        self._patience -= len(self._since) - 1
        if self._patience < 0:
            return
        self._again.extendleft(reversed(self._since[1:]))
        self.next -= len(self._since) - 1


def split_header(line: str) -> list[str]:
    """The cells of a table's first line, separated by what it holds most of. Raises csv.Error."""
    return next(csv.reader([line], delimiter=_separator(line), strict=True))


def _separator(line: str) -> str:
    return max(SEPARATORS, key=line.count)


def read_table(source: Source, check: Callable[[list[str]], list[str]]) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Every row under the names of the first line; a row that cannot be read as its line and the reason.

    A cell that is missing is empty; one that is empty, under no name, is left out.

    check: gets the names as they stand and returns those to use; may raise FeedError.
    """
    with Lines(source) as lines:
        header: list[str] | None = None
        unnamed: set[str] = set()
        separator = ","
        while True:
            line = lines.begin()
            try:
                if header is None:
                    first = next(lines)
                    separator, cells = _separator(first), split_header(first)
                else:
                    cells = next(csv.reader(lines, delimiter=separator, strict=True))
            except StopIteration:
                return
            except csv.Error as error:
                if header is None:
                    raise FeedError(f"{source.name}: its first line cannot be read: {error}. Save it as CSV.") from None
                lines.begin_after_first()
                yield line, f"cannot be read: {error}; is a quote left open, or not doubled?"
                continue
            if not any(cells):
                continue
            if header is None:
                header = check(_header(source, cells))
                unnamed = {name for name, cell in zip(header, cells, strict=True) if not cell.strip()}
            elif len(cells) > len(header):
                yield line, f"has {len(cells)} fields and the header {len(header)}; put a field with commas in quotes"
            else:
                found = zip_longest(header, cells, fillvalue="")
                yield line, {name: cell for name, cell in found if name not in unnamed or cell.strip()}


def _header(source: Source, cells: list[str]) -> list[str]:
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(cells, 1)]
    if printable("".join(names)) != "".join(names):
        raise FeedError(f"{source.name}: its first line holds bytes that are not UTF-8. Save the feed as UTF-8.")
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise FeedError(f"{source.name}: has the column {twice[0]!r} twice. Rename one of them.")
    return names

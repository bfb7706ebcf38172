"""Events from files and to files: CSV, or JSON lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from outfitter.errors import EventError
from outfitter.evaluation.event_log import COLUMNS
from outfitter.events.event import FIELDS, Event, read_event

SPELLINGS: Final[Mapping[str, str]] = {spelling: name for name, known in COLUMNS.items() for spelling in known}
"""What a column may be called → what we call it: a log that can be evaluated can be imported."""


class Refused(NamedTuple):
    """A row that is no event. where: file and line."""

    where: str
    reason: str


def read_file(path: Path, refuse: Callable[[Refused], None]) -> Iterator[Event]:
    """The events of a ``.csv`` or ``.jsonl`` file; `refuse` is told of each row that is none, and the rest goes on.

    Columns are those of `outfitter.events.event.FIELDS`, others are left aside. A row without an id gets one made of
    what it says, so the same file twice is the same events; without a kind it is a view.

    Raises:
        EventError: the file cannot be read, is of another kind, or lacks a column.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows}
    if path.suffix not in readers:
        raise EventError(f"{path}: is {path.suffix or 'without an ending'}; need .csv or .jsonl.")
    try:
        for number, row in readers[path.suffix](path, refuse):
            where = f"{path}:{number}"
            try:
                yield read_event(_named(row), where)
            except EventError as error:
                refuse(Refused(where, str(error).removeprefix(f"{where}: ")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EventError(f"{path}: cannot be read: {error}. Need events as CSV or JSON lines, in UTF-8.") from None


def write_file(path: Path, events: Iterable[Event]) -> int:
    """Write events as CSV or JSON lines, as `read_file` reads them; returns how many.

    Raises:
        EventError: the file is there already, is of another kind, or cannot be written.
    """
    if path.suffix not in (".csv", ".jsonl"):
        raise EventError(f"{path}: is {path.suffix or 'without an ending'}; need .csv or .jsonl.")
    written = 0
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, FIELDS, lineterminator="\n")
            if path.suffix == ".csv":
                table.writeheader()
            for event in events:
                values = {name: getattr(event, name) for name in FIELDS}
                if path.suffix == ".csv":
                    table.writerow(values)
                else:
                    told = {name: value for name, value in values.items() if value is not None}
                    file.write(json.dumps(told, ensure_ascii=False) + "\n")
                written += 1
    except FileExistsError:
        raise EventError(f"{path}: is there already. Name a new file.") from None
    except OSError as error:
        raise EventError(f"{path}: cannot be written: {error.strerror}.") from error
    return written


Rows = Iterator[tuple[int, Mapping[str, Any]]]


def _csv_rows(path: Path, _: Callable[[Refused], None]) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = {SPELLINGS.get(name.strip().casefold(), name.strip().casefold()) for name in reader.fieldnames or ()}
        needed = {"product", "time"} | (set() if names & {"user", "session"} else {"user"})
        if missing := needed - names:
            raise EventError(
                f"{path}: has no column {' and '.join(sorted(missing))}; its columns are "
                f"{', '.join(reader.fieldnames or ()) or 'none'}. Need product, time, and user or session."
            )
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if isinstance(name, str)}


def _json_rows(path: Path, refuse: Callable[[Refused], None]) -> Rows:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                refuse(Refused(f"{path}:{number}", f"no JSON: {error}"))
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                refuse(Refused(f"{path}:{number}", "no JSON object"))


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with our names for what it has; what is not of an event is left aside."""
    named: dict[str, Any] = {}
    for spelling, value in row.items():
        name = spelling.strip().casefold()
        name = SPELLINGS.get(name, name)
        if name in FIELDS and value not in (None, ""):
            named.setdefault(name, value.strip() if isinstance(value, str) else value)
    named.setdefault("kind", "view")
    if "id" not in named:
        told = [str(named.get(name, "")) for name in FIELDS[1:]]
        named["id"] = sha256(json.dumps(told).encode()).hexdigest()[:32]
    return named

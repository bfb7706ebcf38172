"""What people did in a shop, as columns, and its split in time for the protocol ``ranking``.

A CSV with the columns user, product, time and, if known, kind (view, cart, purchase, like, dismiss, …) and id. Times
are ISO 8601 (UTC if no zone is named) or seconds since 1970. Rows may be in any order; of rows with one id the first
counts.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import EvaluationError

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "user": ("user", "user_id", "person"),
    "product": ("product", "product_id", "item", "item_id"),
    "time": ("time", "timestamp", "at", "ts"),
    "kind": ("kind", "event", "event_type", "type"),
    "id": ("id", "event_id"),
}
"""What a column may be called."""
REQUIRED: Final = ("user", "product", "time")

AGAINST: Final = frozenset({"dismiss", "dislike"})
"""Kinds of events that say no: they are neither popularity nor a choice."""
DATE: Final = re.compile(r"(19|20)\d{6}")
"""ISO 8601's basic form of a date, such as 20260501, is no number of seconds: those would all be of August 1970."""
EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""Times from the one up to the other can be told as a date."""
HELD_OUT: Final = 0.2
"""Share of the events, the latest, that a split holds out where no time is named."""


@dataclass(frozen=True, eq=False)
class EventLog:
    """Events in the order of their time.

    person, item, kind: int32 (N,), indices into `people`, `items`, `kinds`. seconds: float64 (N,), since 1970.
    """

    people: tuple[str, ...]
    items: tuple[str, ...]
    kinds: tuple[str, ...]
    person: NDArray[np.int32]
    item: NDArray[np.int32]
    kind: NDArray[np.int32]
    seconds: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str, float]]) -> EventLog:
        """From (person, item, kind, seconds since 1970), in any order."""
        names: tuple[dict[str, int], ...] = ({}, {}, {})
        columns: tuple[list[int], ...] = ([], [], [])
        seconds = []
        for *words, when in rows:
            for word, known, column in zip(words, names, columns, strict=True):
                column.append(known.setdefault(str(word), len(known)))
            seconds.append(when)
        order = np.argsort(np.array(seconds, float), kind="stable")
        person, item, kind = (np.array(column, np.int32)[order] for column in columns)
        people, items, kinds = map(tuple, names)
        return cls(people, items, kinds, person, item, kind, np.array(seconds, float)[order])

    def __len__(self) -> int:
        return len(self.seconds)

    def __getitem__(self, keep: NDArray[Any] | slice) -> EventLog:
        """Some of the events; names keep their indices."""
        columns = (self.person[keep], self.item[keep], self.kind[keep], self.seconds[keep])
        return EventLog(self.people, self.items, self.kinds, *columns)

    def rows(self) -> Iterator[tuple[str, str, str, float]]:
        """(person, item, kind, seconds since 1970), the oldest first."""
        for person, item, kind, when in zip(self.person, self.item, self.kind, self.seconds, strict=True):
            yield self.people[person], self.items[item], self.kinds[kind], float(when)

    def wanted(self) -> NDArray[np.bool_]:
        """(N,): events that do not say no."""
        return ~np.isin(self.kind, [number for number, name in enumerate(self.kinds) if name in AGAINST])

    def counts(self) -> dict[str, int]:
        """Item → events that do not say no."""
        counts = np.bincount(self.item[self.wanted()], minlength=len(self.items))
        return {item: int(count) for item, count in zip(self.items, counts, strict=True) if count}


@dataclass(frozen=True, eq=False)
class TemporalSplit:
    """What was known at a moment, and what people chose from then on.

    at: seconds since 1970. past: the events before. chosen: person → products that they chose then; only people
    who chose some. seen: person → products they had met before. items: all that can be recommended. dropped: choices
    that are not among the items.
    """

    at: float
    past: EventLog
    chosen: Mapping[str, frozenset[str]]
    seen: Mapping[str, frozenset[str]]
    past_events: Mapping[str, int]
    items: tuple[str, ...]
    repeats: bool
    dropped: int

    @property
    def data_hash(self) -> str:
        """16 hex digits that change with whatever the scores depend on but for the lists."""
        digest = sha256(repr((self.at, self.repeats, sorted(self.items))).encode())
        for person, wanted in sorted(self.chosen.items()):
            row = (person, sorted(wanted), sorted(self.seen.get(person, ())), self.past_events.get(person, 0))
            digest.update(repr(row).encode())
        return digest.hexdigest()[:16]


def split_in_time(
    log: EventLog, at: float | None = None, *, items: Sequence[str] | None = None, repeats: bool = False
) -> TemporalSplit:
    """Split at a moment; without one, where the latest fifth of the events begins.

    Args:
        items: all that can be recommended, such as a catalogue's ids; without, what the log names.
        repeats: what somebody had met before counts as a choice too, if chosen again.

    Raises:
        EvaluationError: no events before or after, or nobody chose any of the items.
    """
    if not len(log):
        raise EvaluationError("there are no events; need some before the split and some after.")
    at = float(np.quantile(log.seconds, 1 - HELD_OUT, method="higher")) if at is None else at
    cut = int(np.searchsorted(log.seconds, at))
    if not 0 < cut < len(log):
        raise EvaluationError(
            f"{cut} of {len(log)} events are before the split at {moment(at)}; need some before and some after. "
            f"The log goes from {moment(log.seconds[0])} to {moment(log.seconds[-1])}."
        )
    past, later = log[:cut], log[cut:]
    seen = _by_person(past)
    known = set(log.items if items is None else items)
    chosen, dropped = {}, 0
    for person, wanted in _by_person(later[later.wanted()]).items():
        new = wanted if repeats else wanted - seen.get(person, frozenset())
        dropped += len(new - known)
        if new & known:
            chosen[person] = new & known
    if not chosen:
        raise EvaluationError(
            f"nobody chose a product after {moment(at)} that can be recommended"
            f"{'' if repeats else ' and that they had not met before'}; {dropped} choices are not among the "
            f"{len(known)} items. Split earlier, or give the catalogue that the events are of."
        )
    counts = np.bincount(past.person, minlength=len(log.people))
    events = {person: int(count) for person, count in zip(log.people, counts, strict=True) if count}
    return TemporalSplit(at, past, chosen, seen, events, tuple(items or log.items), repeats, dropped)


def moment(seconds: float) -> str:
    """As ISO 8601, to the second."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _by_person(log: EventLog) -> dict[str, frozenset[str]]:
    sets: dict[int, set[int]] = {}
    for person, item in zip(log.person.tolist(), log.item.tolist(), strict=True):
        sets.setdefault(person, set()).add(item)
    return {log.people[person]: frozenset(log.items[item] for item in items) for person, items in sets.items()}


def read_events(path: Path) -> EventLog:
    """Read a CSV of events.

    Raises:
        EvaluationError: it cannot be read, lacks a column, or holds no row; naming the line: no user or product, or a
            time that is none.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            places = _places(next(reader, []), path)
            return EventLog.of(_rows(reader, places, path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}. Need a CSV of events.") from None


def _places(head: Sequence[str], path: Path) -> dict[str, int]:
    names = [name.strip().casefold() for name in head]
    places = {}
    for column, spellings in COLUMNS.items():
        if found := [names.index(name) for name in spellings if name in names]:
            places[column] = found[0]
    if missing := [name for name in REQUIRED if name not in places]:
        raise EvaluationError(
            f"{path}: has no column {' and '.join(missing)}; its columns are {', '.join(head) or 'none'}. "
            "Need user,product,time and, if known, kind and id."
        )
    return places


def _rows(reader: Iterable[list[str]], places: Mapping[str, int], path: Path) -> Iterator[tuple[str, str, str, float]]:
    ids, empty = set[str](), True
    for number, row in enumerate(reader, 2):
        if not row:
            continue
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        if not cells["user"] or not cells["product"]:
            raise EvaluationError(
                f"{path}:{number}: user is {cells['user']!r}, product {cells['product']!r}; need both."
            )
        empty = False
        if identity := cells.get("id"):
            if identity in ids:
                continue
            ids.add(identity)
        yield cells["user"], cells["product"], cells.get("kind") or "view", read_time(cells["time"], f"{path}:{number}")
    if empty:
        raise EvaluationError(f"{path}: has no rows below its head.")


def read_time(text: str, where: str) -> float:
    """Seconds since 1970. Raises EvaluationError."""
    seconds = seconds_of(text)
    if not EARLIEST <= seconds < LATEST:  # NaN is in no range
        hint = "" if math.isnan(seconds) else ", up to the year 9998. Milliseconds must be divided by 1000"
        raise EvaluationError(
            f"{where}: the time is {text!r}; need ISO 8601, such as 2026-05-01T12:30:00Z, or seconds since 1970{hint}."
        )
    return seconds


def seconds_of(text: str) -> float:
    """Seconds since 1970 of a number or of ISO 8601, UTC if no zone is named; nan where it is neither."""
    if not DATE.fullmatch(text):
        with suppress(ValueError):
            return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

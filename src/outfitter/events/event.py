"""One thing that somebody did, and one list that somebody was shown."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from outfitter.errors import EventError, nearest
from outfitter.evaluation.event_log import seconds_of

KINDS: Final = ("view", "cart", "purchase", "like", "dismiss")

LONGEST: Final = 200
"""Characters of an id. Longer ones are mistakes or attacks."""
NO_TEXT: Final = frozenset({"Cc", "Cs"})
"""Unicode's categories of control characters and lone surrogates."""
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()

FIELDS: Final = ("id", "kind", "product", "time", "user", "session", "recommendation")
"""Of an event, as files and the API name them. The first four are needed, and a user or a session."""


@dataclass(frozen=True)
class Event:
    """id: the caller's, so that the same event sent twice counts once. time: seconds since 1970.

    user: who, as the shop knows them; session: which visit. One of them may be missing, not both. recommendation: the
    id that came with the list in which the product stood, where it was in one.

    Raises:
        EventError: an empty or over-long id, an unknown kind, a time that is none, nobody who did it.
    """

    id: str
    kind: str
    product: str
    time: float
    user: str | None = None
    session: str | None = None
    recommendation: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise EventError(
                f"event {self.id!r}: kind is {self.kind!r}; need {', '.join(KINDS)}{nearest(self.kind, KINDS)}"
            )
        for name in ("id", "product", "user", "session", "recommendation"):
            value = getattr(self, name)
            if value is not None:
                _check_id(value, f"event {str(self.id)[:LONGEST]!r}: {name}")
        if self.user is None and self.session is None:
            raise EventError(f"event {self.id!r}: has neither user nor session; need at least one.")
        if not math.isfinite(self.time) or not EARLIEST <= self.time < LATEST:
            raise EventError(
                f"event {self.id!r}: time is {self.time:g}; need seconds since 1970, from the year 2000 on. "
                "Milliseconds must be divided by 1000."
            )


@dataclass(frozen=True)
class Shown:
    """A list of products that was recommended. products: ids, best first. arm: of an A/B experiment."""

    id: str
    time: float
    strategy: str
    products: tuple[str, ...]
    scenario: str | None = None
    experiment: str | None = None
    arm: str | None = None
    user: str | None = None
    session: str | None = None


def read_event(row: Mapping[str, Any], where: str, now: float | None = None) -> Event:
    """An event from a row of a file or a request: text, numbers, or nothing (then None or "").

    where: what to call the row in an error. now: the time where the row names none; None needs one.

    Raises:
        EventError: an unknown or missing field, or whatever `Event` refuses.
    """
    given = {name: value for name, value in row.items() if value not in (None, "")}
    if unknown := [name for name in given if name not in FIELDS]:
        raise EventError(
            f"{where}: unknown field {unknown[0]!r}; need {', '.join(FIELDS)}{nearest(unknown[0], FIELDS)}"
        )
    if missing := [name for name in FIELDS[:4] if name not in given and not (name == "time" and now is not None)]:
        raise EventError(f"{where}: lacks {' and '.join(missing)}; need {', '.join(FIELDS[:4])}, and user or session.")
    texts = {}
    for name in FIELDS:
        if name == "time" or name not in given:
            continue
        if not isinstance(given[name], str | int) or isinstance(given[name], bool):
            raise EventError(f"{where}: {name} is {str(given[name])[:50]!r}; need text.")
        texts[name] = str(given[name])
    time = read_time(given["time"], where) if "time" in given else now
    assert time is not None
    try:
        return Event(time=time, **texts)
    except EventError as error:
        raise EventError(f"{where}: {error}") from None


def read_time(value: object, where: str) -> float:
    """Seconds since 1970 from a number, or a text that is one or is ISO 8601 (UTC if no zone is named).

    Raises:
        EventError: neither.
    """
    text = str(value)[:50]
    seconds = seconds_of(text)
    if math.isnan(seconds):
        raise EventError(
            f"{where}: time is {text!r}; need ISO 8601, such as 2026-05-01T12:30:00Z, or seconds since 1970."
        )
    return seconds


def _check_id(value: str, what: str) -> None:
    # No more is refused than that: what a catalogue has, such as a no-break space, its events may name.
    if not value or value != value.strip() or any(unicodedata.category(letter) in NO_TEXT for letter in value):
        raise EventError(f"{what} is {value[:50]!r}; need text without spaces around it or control characters.")
    if len(value) > LONGEST:
        raise EventError(f"{what} is {len(value)} characters long; need at most {LONGEST}.")

"""What a fault did: the row of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from tests.databases import Postgres
from tests.stores import Store


@dataclass(frozen=True)
class Outcome:
    """trials: how often it struck. kept: what had been acknowledged before and had to be there after.

    lost: what of that was not, or was there and should not be, or was wrong.
    """

    trials: int
    kept: str
    lost: int
    note: str = ""


@dataclass(frozen=True)
class World:
    """Where faults happen. folder: empty, for each fault its own. trials: how many are wanted."""

    folder: Path
    trials: int
    detector: Path
    embedder: Path
    store: Callable[[], Store]
    postgres: Callable[[], Postgres]


Fault: TypeAlias = Callable[[World], Outcome]


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """How many parts of a catalogue's contents are in one and not in the other, in either direction."""
    return sum(
        len(_texts(one[name]) ^ _texts(other[name])) if isinstance(one[name], list) else int(one[name] != other[name])
        for name in one
    )


def _texts(rows: Iterable[object]) -> set[str]:
    return {repr(row) for row in rows}

"""Which browser tokens were made, and which no longer hold: a file in the state folder, without the tokens.

Several services may share the folder: each looks whether the file has changed before it trusts what it knows.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Final

from outfitter.errors import ConfigError
from outfitter.system import replace_text

TOKENS: Final = "tokens.json"


class TokensError(ConfigError):
    """The file of tokens is damaged."""


@dataclass(frozen=True)
class Made:
    """A token. made, expires: seconds since 1970."""

    id: str
    origins: tuple[str, ...]
    made: float
    expires: float
    revoked: bool = False


class Tokens:
    """Thread-safe. path: None keeps them in memory.

    Raises:
        TokensError: the file is damaged; by any method.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._changing = path, Lock()
        self._known: dict[str, Made] = {}
        self._read_at: tuple[int, int] | None = None
        self._refresh()

    def add(self, token: str, origins: Sequence[str], expires: float) -> None:
        """token: its id."""
        with self._changed() as known:
            known[token] = Made(token, tuple(origins), time.time(), expires)

    def revoke(self, token: str) -> bool:
        """From now on it is refused; False if no token that could hold has this id."""
        with self._changed() as known:
            if token not in known:
                return False
            known[token] = replace(known[token], revoked=True)
            return True

    def revoked(self, token: str) -> bool:
        self._refresh()
        return token in self._known and self._known[token].revoked

    def __iter__(self) -> Iterator[Made]:
        """Those that have not expired, the newest first."""
        self._refresh()
        return iter(sorted(_living(self._known).values(), key=lambda one: -one.made))

    def _refresh(self) -> None:
        if self._path is None:
            return
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return
        if (stat.st_ino, stat.st_mtime_ns) != self._read_at:
            try:
                rows = json.loads(self._path.read_text(encoding="utf-8"))
                self._known = {row["id"]: Made(**{**row, "origins": tuple(row["origins"])}) for row in rows}
            except (ValueError, KeyError, TypeError):
                raise TokensError(
                    f"{self._path}: is damaged. Delete it together with keys.json; all tokens end with that."
                ) from None
            self._read_at = stat.st_ino, stat.st_mtime_ns

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Made]]:
        """The tokens to change; they lie on the disk afterwards."""
        with self._changing:
            if self._path is None:
                yield self._known
                return
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._refresh()
                known = _living(self._known)
                yield known
                text = json.dumps([asdict(one) for one in known.values()])
                replace_text(self._path, text, 0o600)
                self._refresh()


def _living(known: dict[str, Made]) -> dict[str, Made]:
    """What has expired holds no more, and need not be remembered."""
    now = time.time()
    return {name: one for name, one in known.items() if one.expires > now}

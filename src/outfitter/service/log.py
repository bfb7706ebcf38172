"""Structured logs: a record a line, for people or as JSON, each with the id of the request it belongs to.

What a record knows beside its message is given as ``extra={"fields": {…}}``.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

LogFormat = Literal["text", "json"]

REQUEST: Final[ContextVar[str]] = ContextVar("outfitter_request", default="")
"""The id of the request that is being answered; `outfitter.service.limits.Desk` takes it along into its threads."""


def request_id(sent: str | None) -> str:
    """The id that a request brings along as X-Request-Id, if it is one that can be logged as it is; else a new one."""
    return sent if sent and re.fullmatch(r"[A-Za-z0-9._:+/=-]{1,100}", sent) else secrets.token_hex(8)


class JsonLines(logging.Formatter):
    """``{"time": …, "level": …, "logger": …, "message": …, "request": …, …}``"""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, Any] = {
            "time": _time(record, "milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False, default=str)


class Plain(logging.Formatter):
    """``2026-05-04T12:00:00Z info message (request …, …)``"""

    def format(self, record: logging.LogRecord) -> str:
        known = ", ".join(f"{name} {value}" for name, value in _fields(record).items() if name not in _IN_MESSAGE)
        text = f"{_time(record, 'seconds')} {record.levelname.lower()} {record.getMessage()}"
        text = text.replace("\n", " ") + (f" ({known})" if known else "")
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


_IN_MESSAGE: Final = frozenset({"method", "route", "status", "ms"})
"""Fields that the message of a request's line tells already."""


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    request = REQUEST.get()
    return {**({"request": request} if request else {}), **getattr(record, "fields", {})}


def _time(record: logging.LogRecord, precision: str) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def log_to(stream: TextIO | None = None, kind: LogFormat = "text") -> None:
    """Send all that is logged in this process to `stream`, by default stderr; Python's warnings too."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if kind == "json" else Plain())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)

"""Every error that Outfitter raises on purpose.

    OutfitterError
    ├── PhotoError       a picture that cannot be read, or is over a limit
    ├── DatasetError     annotated training data that is missing, malformed or inconsistent
    ├── FeedError        a product feed that cannot be read as a whole
    ├── CatalogueError   a catalogue that is missing, half-written, or made by other models
    ├── ModelError       a model folder that is missing, damaged, or of the wrong kind
    ├── ConfigError      an unknown or impossible option
    ├── QueryError       a question that has no answer as asked: k, filter, region, product, user
    ├── EventError       what people did, where it cannot be stored or read
    ├── TrainingError    a training run that cannot start, go on, or be exported
    └── EvaluationError  predictions and truth that cannot be scored against each other

A message says what is wrong, what was got, what is allowed, and what to do:

    images/000012.jpg: box 3 is [40, 10, 40, 90], zero width; need x1 < x2.
    Run 'outfitter datasets check PATH' to list every bad box.

`nearest` finds the name that was probably meant, for the "did you mean" part; `reason` is what another library said.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OutfitterError(Exception):
    """Base of all errors a caller may want to catch. `str(error)` is one readable paragraph."""


class PhotoError(OutfitterError):
    """A picture that cannot be read, or is over a limit."""


class DatasetError(OutfitterError):
    """Annotated training data that is missing, malformed or inconsistent."""


class FeedError(OutfitterError):
    """A product feed that cannot be read as a whole. Single bad rows are rejects, not errors."""


class CatalogueError(OutfitterError):
    """A catalogue that is missing, half-written, or made by other models."""


class ModelError(OutfitterError):
    """A model folder that is missing, damaged, or of the wrong kind."""


class ConfigError(OutfitterError):
    """An unknown or impossible option."""


class QueryError(OutfitterError):
    """A question that has no answer as asked: k, filter, region, product."""


class EventError(OutfitterError):
    """What people did, where it cannot be stored or read. Single bad events are refused one by one."""


class TrainingError(OutfitterError):
    """A training run that cannot start, go on, or be exported."""


class EvaluationError(OutfitterError):
    """Predictions and truth that cannot be scored against each other."""


def reason(error: BaseException) -> str:
    """The first line of what an error of another library says, without a full stop; its class, if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")


def nearest(got: str, allowed: Iterable[str], otherwise: str = "") -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of `allowed`, or `otherwise` (a full stop before more text)."""
    names = list(allowed)
    close = difflib.get_close_matches(got, names, n=1, cutoff=0.6) or [
        name for name in names if name.casefold() == got.casefold()
    ]
    return f"; did you mean {close[0]!r}?" if close else otherwise

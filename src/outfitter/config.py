"""Strict options: one default in one place, unknown keys refused with the nearest name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from outfitter.errors import ConfigError, nearest


class Options(BaseModel):
    """Base of every set of options: frozen, typed, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


OptionsT = TypeVar("OptionsT", bound=BaseModel)


def parse(kind: type[OptionsT], values: Mapping[str, object], source: str) -> OptionsT:
    """Check `values` (from a file or the command line, named by `source`) against `kind`.

    Raises:
        ConfigError: naming the source, the key, what was got and what is allowed.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(all)"
        if first["type"] == "extra_forbidden":
            known = kind.model_fields
            raise ConfigError(
                f"{source}: unknown key {key!r}; known keys are {', '.join(sorted(known))}{nearest(key, known)}"
            ) from None
        raise ConfigError(f"{source}: {key} is {first.get('input')!r}: {first['msg']}") from None

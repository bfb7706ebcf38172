"""Strict options: one default in one place, unknown keys refused with the nearest name."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isclass
from typing import TypeVar, get_args

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
        # An unknown key first: it is often the misspelt twin of one that is missing.
        first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        if not first["loc"]:  # the values do not fit together; the message says which
            raise ConfigError(f"{source}: {first['msg'].removeprefix('Value error, ')}") from None
        *parents, last = [str(part) for part in first["loc"]]
        key = ".".join([*parents, last])
        if first["type"] == "extra_forbidden":
            known = _fields(kind, parents)
            raise ConfigError(
                f"{source}: unknown key {key!r}; known keys are {', '.join(sorted(known))}{nearest(last, known)}"
            ) from None
        if first["type"] == "missing":
            raise ConfigError(f"{source}: lacks {key!r}, which has no default") from None
        raise ConfigError(f"{source}: {key} is {first.get('input')!r}: {first['msg']}") from None


def _fields(kind: type[BaseModel], parents: list[str]) -> list[str]:
    """The known keys of the options that lie at `parents` within `kind`."""
    for parent in parents:
        if parent not in kind.model_fields:
            continue  # a place in a list, or a key of a mapping: its options are found already
        declared = kind.model_fields[parent].annotation
        choices = (declared, *get_args(declared))  # Options, Options | None, tuple[Options, ...]
        inner = [choice for choice in choices if isclass(choice) and issubclass(choice, BaseModel)]
        if not inner:
            return []
        kind = inner[0]
    return list(kind.model_fields)

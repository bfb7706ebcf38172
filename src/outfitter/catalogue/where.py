"""The filter language: ``"category=top,price<50,availability=in_stock"``.

Conditions are separated by commas and must all hold. ``=`` and ``!=`` compare text without regard to case and
numbers as numbers, ``< <= > >=`` compare numbers, ``~`` asks whether a text contains another. A value with a comma
is put in quotes: ``title~"shirt, linen"``; a quote inside is written twice. ``!=`` also takes products without a value.

Conditions are values and are evaluated as values: no text of a user ever becomes part of a query language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import QueryError, nearest

if TYPE_CHECKING:
    import pyarrow as pa

Kind: TypeAlias = Literal["text", "number", "attribute"]
"""An attribute is text that may hold numbers: compared as text by ``= != ~``, as numbers by ``< <= > >=``."""

NUMBER: Final = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
"""What counts as a number, here and in feeds: no ``nan``, no ``1_000``, no thousands separators.

A digit can belong to one part of it only, so that a long text which is none is found to be none in one pass.
"""

ALIASES: Final[Mapping[str, str]] = {"color": "colour"}

_STATES: Final = ("in_stock", "out_of_stock", "sold_out", "preorder", "backorder")
AVAILABILITIES: Final[Mapping[str, str]] = {
    **{state.replace("_", ""): state for state in _STATES},
    "available": "in_stock",
    "notinstock": "out_of_stock",
    "notavailable": "out_of_stock",
    "unavailable": "out_of_stock",
    "onbackorder": "backorder",
}
"""What shops call it, in letters alone → Google Merchant's word. What is sold out stays so."""

_CONDITION = re.compile(
    r"""\s*+ (?P<column> "(?:[^"]|"")*+" | [^=<>!~,"]*+ )
        \s*+ (?P<sign> != | <= | >= | ==? | < | > | ~ )
        \s*+ (?P<value> "(?:[^"]|"")*+" | '(?:[^']|'')*+' | (?!["'])[^,]*+ )
        \s*+ (?: (?P<more>,) | $ )""",
    re.VERBOSE,
)
"""Nothing is given back (``+``), so that a text that is none is read once. Spaces after a bare text are part of it."""


@dataclass(frozen=True)
class Condition:
    """``column sign value``. sign: one of ``= != < <= > >= ~``. value: lower-case text, or a number."""

    column: str
    sign: str
    value: str | float


def parse_where(text: str, columns: Mapping[str, Kind]) -> tuple[Condition, ...]:
    """Check a filter against the columns there are. An empty text has no conditions.

    Raises:
        QueryError: it cannot be read, names a column that does not exist, or compares what cannot be compared.
    """
    conditions = []
    at, more = 0, bool(text.strip())
    while more:
        match = _CONDITION.match(text, at)
        if match is None:
            raise QueryError(
                f"filter {text!r}: cannot read {text[at:].strip()!r}; need conditions such as category=top,price<50. "
                "Put a value with a comma in quotes."
            )
        name, sign, value = match["column"].strip(), match["sign"], match["value"].strip()
        conditions.append(_checked(_unquoted(name), "=" if sign == "==" else sign, _unquoted(value), columns))
        at, more = match.end(), match["more"] is not None
    return tuple(conditions)


def _unquoted(text: str) -> str:
    quote = text[:1]
    return text[1:-1].replace(2 * quote, quote) if quote in ('"', "'") and text[1:].endswith(quote) else text


def _checked(name: str, sign: str, value: str, columns: Mapping[str, Kind]) -> Condition:
    plain = name.casefold()
    spelled = {**{other.casefold(): other for other in columns}, **{other: other for other in columns}}
    column = spelled.get(name) or spelled.get(plain) or spelled.get(ALIASES.get(plain, plain))
    if column is None:
        raise QueryError(
            f"filter: there is no column {name!r}; there are {', '.join(columns)}{nearest(plain, columns)}"
        )
    kind = columns[column]
    if not value:
        raise QueryError(f"filter: {name}{sign} has no value. Write one after the sign.")
    if sign == "~" and kind == "number":
        raise QueryError(f"filter: {name}~{value}: {name} is a number; use = != < <= > or >=.")
    if sign in ("<", "<=", ">", ">=") and kind == "text":
        raise QueryError(f"filter: {name}{sign}{value}: {name} is text, which has no order; use = != or ~.")
    if kind == "number" or sign in ("<", "<=", ">", ">="):
        if not re.fullmatch(NUMBER, value):
            raise QueryError(f"filter: {name}{sign}{value}: {value!r} is not a number; write it such as 49.90.")
        return Condition(column, sign, float(value))
    return Condition(column, sign, normal_availability(value) if column == "availability" else _lowered(value))


def _lowered(text: str) -> str:
    """As columns are lowered: Python would make two letters of İ, and another one of the last Σ of a word."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return str(pc.utf8_lower(pa.scalar(text)))


def normal_availability(text: str) -> str:
    """``In Stock``, ``in-stock``, ``instock`` and ``https://schema.org/InStock`` are one word: ``in_stock``."""
    name = re.sub(r"^(https?://)?(www\.)?schema\.org/", "", text.strip(), flags=re.IGNORECASE).lower()
    return AVAILABILITIES.get(re.sub(r"[\W_]+", "", name), re.sub(r"[\s_-]+", "_", name))


def matching(conditions: tuple[Condition, ...], table: pa.Table, stored_as: Mapping[str, str]) -> NDArray[np.bool_]:
    """Which rows of a table meet all conditions: bool (rows,). stored_as: name in a filter → column of the table."""
    meets = np.ones(table.num_rows, bool)
    for condition in conditions:
        meets &= _meets(condition, table.column(stored_as[condition.column]))
    return meets


def _meets(condition: Condition, column: pa.ChunkedArray) -> NDArray[np.bool_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    sign, value = condition.sign, condition.value
    if isinstance(value, float):
        if not pa.types.is_floating(column.type):
            trimmed = pc.utf8_trim_whitespace(column)
            numeric = pc.match_substring_regex(trimmed, f"^({NUMBER})$")
            if column.null_count < len(column) and not pc.any(numeric).as_py():
                raise QueryError(
                    f"filter: {condition.column}{sign}{value:g}: {condition.column} holds no numbers; use = != or ~."
                )
            column = pc.if_else(numeric, trimmed, None).cast(pa.float64())
    else:
        column = pc.utf8_lower(column)
    if sign == "~":
        found = pc.match_substring(column, value)
    else:
        compare = {"=": "equal", "!=": "not_equal", "<": "less", "<=": "less_equal", ">": "greater"}
        found = pc.call_function(compare.get(sign, "greater_equal"), [column, pa.scalar(value)])
    return np.asarray(pc.fill_null(found, sign == "!="), bool)

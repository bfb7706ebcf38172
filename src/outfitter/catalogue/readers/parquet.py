"""Parquet: the columns of Outfitter's own CSV, as data warehouses write them. A row counts as a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from outfitter.catalogue.readers.source import LONGEST, READERS, Record, Source, own_names, require_columns
from outfitter.errors import FeedError, reason

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

MAGIC: Final = b"PAR1"
MOMENT: Final = re.compile(r"(\S+) ([0-9:]+)(\.[0-9]+)?(?:(Z)|([+-][0-9]{2})([0-9]{2}))?")
"""A time as pyarrow writes it: ``2026-01-31 08:00:00.000000+0100``."""

BATCH: Final = 16
"""Rows in memory at once: few, as a cell of megabytes, repeated, is a few bytes on the disk."""


@READERS.register("parquet")
def read_parquet(source: Source) -> Iterator[Record]:
    """A row a product. Missing values and NaN are empty, times are written in ISO 8601, nested values as JSON."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    with source.open() as file:
        number = 0
        try:
            # Page by page: a row group may be as large as all of the feed.
            table = ParquetFile(file, pre_buffer=False, buffer_size=2**16)
            names = _names(source, table.schema_arrow.names)
            single = [pa.types.is_float32(kind) or pa.types.is_float16(kind) for kind in table.schema_arrow.types]
            _require_small(source, table)
            for batch in table.iter_batches(BATCH):
                cells = [
                    [_plain(value, one) for value in _values(column)]
                    for column, one in zip(batch.columns, single, strict=True)
                ]
                for row in zip(*cells, strict=True):
                    number += 1
                    long = [name for name, value in zip(names, row, strict=True) if _length(value) > LONGEST]
                    yield (
                        number,
                        f"{long[0]} is longer than {LONGEST:,} characters"
                        if long
                        else dict(zip(names, row, strict=True)),
                    )
        except FeedError:
            raise
        # Damaged files raise ArrowInvalid, OSError, ArrowNotImplementedError, UnicodeDecodeError, …
        except Exception as error:
            where = f"row {number + 1}: cannot be read on" if number else "cannot be read as Parquet"
            raise FeedError(f"{source.name}: {where}: {reason(error)}. Make or download it again.") from None


def _names(source: Source, names: list[str]) -> list[str]:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise FeedError(f"{source.name}: has the column {twice[0]!r} twice. Rename one of them.")
    own = own_names(names)
    require_columns(source.name, own)
    return own


def _require_small(source: Source, table: ParquetFile) -> None:
    """Refuse rows that are larger than any row may be: reading one of them would fill the memory.

    Asks for no column's metadata: where that is damaged, pyarrow 26 ends the process.
    """
    for number in range(table.metadata.num_row_groups):
        group = table.metadata.row_group(number)
        if group.total_byte_size > LONGEST * (group.num_rows + 1):
            raise FeedError(
                f"{source.name}: holds {group.total_byte_size:,} bytes in {group.num_rows:,} rows; the limit is "
                f"{LONGEST:,} for each. Leave out what is no product data."
            )


def _values(column: pa.Array) -> list[object]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):  # its bytes need not be UTF-8
        column = column.cast(pa.large_binary() if pa.types.is_large_string(kind) else pa.binary())
    elif pa.types.is_timestamp(kind) or pa.types.is_duration(kind):  # some have no value in Python
        column = column.cast(pa.string())
        if pa.types.is_timestamp(kind):
            return [text and _iso(text) for text in column.to_pylist()]
    return list(column.to_pylist())


def _iso(text: str) -> str:
    moment = MOMENT.fullmatch(text)
    if moment is None:  # beyond the years that pyarrow writes
        return text
    day, clock, fraction, utc, hours, minutes = moment.groups()
    zone = utc or (f"{hours}:{minutes}" if hours else "")
    return f"{day}T{clock}{(fraction or '').rstrip('0').rstrip('.')}{zone}"


def _plain(value: object, single: bool) -> object:
    """As JSON has it. single: of a column of 32 bits or fewer, whose 49.9 is not Python's."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, float):
        if value != value:
            return None
        return str(np.float32(value)) if single else value
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {str(name): _plain(inner, False) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, False) for inner in value]
    return value if value is None or isinstance(value, (str, bool, int)) else str(value)


def _length(value: object) -> int:
    if isinstance(value, (list, tuple, dict)):
        inner = value.values() if isinstance(value, dict) else value
        return sum(_length(one) for one in inner) + len(value)
    return len(value) if isinstance(value, str) else 0

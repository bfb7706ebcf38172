"""The index over the vectors of a garment table: an inverted file (IVF), a byte for each dimension (SQ).

LanceDB keeps it beside the table's data: it is versioned with it, several processes read it, and what is added to the
table extends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lancedb.table import Table

LEAST: Final = 100_000
"""Garments from which a table gets an index. Below, comparing with all of them is as quick."""

PARTITION: Final = 2048
"""Garments in a partition of the index, about; a question's cost grows with it and with their number."""

GROWN: Final = 4
"""Times its size when it was trained at which an index is trained anew, for partitions of that size again."""

_NAME: Final = "vector_ivf_"
"""Of the index, before the number of its partitions."""


def keep_index(table: Table, least: int = LEAST, partition: int = PARTITION) -> None:
    """Give the garment table an index if it has grown to need one, or train it anew if it has outgrown it.

    Rows that were added to a table with an index become part of it by `Table.optimize`.
    """
    from lancedb.index import Bitmap, IvfSq

    rows, name, parts = table.count_rows(), *_index(table)
    if rows < least if name is None else rows <= GROWN * partition * parts:
        return
    if name is not None:
        table.drop_index(name)
    parts = max(rows // partition, 1)
    # Vectors have length 1, so l2 orders as the cosine does; lancedb 0.40 calls two different things cosine.
    table.create_index("vector", config=IvfSq(distance_type="l2", num_partitions=parts), name=f"{_NAME}{parts}")
    table.create_index("slot", config=Bitmap(), name="slots")


def partitions(table: Table) -> int:
    """Of the index of a garment table; 0 if it has none."""
    return _index(table)[1]


def _index(table: Table) -> tuple[str | None, int]:
    """Its name, which tells how many partitions it has, and that number; None and 0 if there is none."""
    for one in table.list_indices():
        if one.name.startswith(_NAME):
            return one.name, int(one.name.removeprefix(_NAME))
    return None, 0

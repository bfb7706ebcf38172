"""A catalogue's two tables in memory, all but the vectors: some hundred bytes a garment, and no Python objects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.catalogue.store import REBUILD, TEXTS, Tables, batches
from outfitter.errors import CatalogueError

if TYPE_CHECKING:
    import pyarrow as pa

OUTFITS: Final = 20_000
"""Pictures of garments worn together that are read at most: more of them tell no more of what goes together."""


@dataclass(frozen=True, eq=False)
class Garments:
    """The garment table of R rows, in its own order.

    pictures: SHA-256 of each row's picture. numbers: int16 (R,), its place in the picture. slots: uint8 (R,), codes
    into `names`, 0 for a whole picture. boxes: float32 (R, 4). scores: float32 (R,). ids: uint64 (R,), what the table
    calls its rows.
    """

    pictures: pa.StringArray
    numbers: NDArray[np.int16]
    names: tuple[str | None, ...]
    slots: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    ids: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.slots)

    def code(self, slot: str) -> int:
        """The code of a slot; one that no garment has if it was never found."""
        return self.names.index(slot) if slot in self.names else len(self.names)


@dataclass(frozen=True, eq=False)
class Entries:
    """An entry for each garment of each picture of each product, the N products one after another.

    rows: int32 (E,), rows of the garment table. pictures: int32 (E,), places in `images` and `sha256`, which are of all
    pictures of all products. slots: uint8 (E,). starts: int32 (N + 1,), where each product's entries begin.
    """

    rows: NDArray[np.int32]
    pictures: NDArray[np.int32]
    slots: NDArray[np.uint8]
    starts: NDArray[np.int32]
    images: pa.StringArray
    sha256: pa.StringArray

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, place: int) -> range:
        """The entries of a product."""
        return range(int(self.starts[place]), int(self.starts[place + 1]))

    def of_all(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """The entries of several products, one after another."""
        return spans(self.starts[places], self.starts[places + 1])

    def image(self, entry: int) -> str:
        """The picture's name in the feed."""
        return str(self.images[int(self.pictures[entry])])

    @cached_property
    def owners(self) -> NDArray[np.int32]:
        """The place of each entry's product: int32 (E,)."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))

    @cached_property
    def _by_row(self) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        order = np.argsort(self.rows, kind="stable")
        return order, self.rows[order]

    def outfits(self) -> list[NDArray[np.intp]]:
        """The entries of each picture that shows two slots or more; of one that products share, the first's.

        Of more than `OUTFITS`, so many that lie evenly among them.
        """
        if not len(self):
            return []
        starts = np.flatnonzero(np.diff(self.pictures, prepend=-1))
        ends = np.append(starts[1:], len(self))
        group = np.repeat(np.arange(len(starts)), ends - starts)
        shown = np.unique(group[self.slots > 0] * 256 + self.slots[self.slots > 0])
        several = np.bincount(shown // 256, minlength=len(starts)) >= 2
        _, first = np.unique(self.rows[starts], return_index=True)  # a picture's rows are its own
        chosen = np.sort(first[several[first]])
        if len(chosen) > OUTFITS:
            chosen = chosen[np.linspace(0, len(chosen) - 1, OUTFITS).astype(np.intp)]
        return [np.arange(starts[at], ends[at]) for at in chosen]

    def of_rows(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The entries of rows of the garment table, a row's one after another, and which of the rows each is of."""
        order, sorted_rows = self._by_row
        first, last = np.searchsorted(sorted_rows, rows, "left"), np.searchsorted(sorted_rows, rows, "right")
        return order[spans(first, last)], np.repeat(np.arange(len(rows)), last - first)


def spans(starts: NDArray[np.integer], stops: NDArray[np.integer]) -> NDArray[np.intp]:
    """``[*range(start, stop), …]`` of each pair."""
    counts = np.asarray(stops - starts, np.intp)
    ends = np.cumsum(counts)
    within = np.arange(ends[-1] if len(ends) else 0)
    return np.asarray(within + np.repeat(starts - (ends - counts), counts), np.intp)


def read_products(tables: Tables) -> pa.Table:
    """All products, by id."""
    import pyarrow as pa

    products = tables.products.to_arrow().combine_chunks().sort_by("id")
    for name in TEXTS:
        if name not in products.column_names:  # made before there was such a column
            products = products.append_column(name, pa.nulls(len(products), pa.string()))
    return products


def read_garments(tables: Tables) -> Garments:
    """All garments, without their vectors."""
    import pyarrow as pa

    rows = tables.garments.count_rows()
    boxes, scores = np.empty((rows, 4), np.float32), np.empty(rows, np.float32)
    numbers, slots, ids = np.empty(rows, np.int16), np.empty(rows, np.uint8), np.empty(rows, np.uint64)
    pictures: list[pa.StringArray] = [pa.array([], pa.string())]
    codes: dict[str | None, int] = {None: 0}
    at = 0
    for batch in batches(tables.garments, ["picture", "number", "slot", "box_xyxy", "score"], 8192, row_ids=True):
        part = slice(at, at + batch.num_rows)
        at = part.stop
        pictures.append(batch.column("picture"))
        found = batch.column("slot").dictionary_encode()
        own = [codes.setdefault(name, len(codes)) for name in found.dictionary.to_pylist()]
        slots[part] = np.array([*own, 0], np.uint8)[found.indices.fill_null(len(own)).to_numpy()]
        numbers[part], scores[part] = batch.column("number").to_numpy(), batch.column("score").to_numpy()
        boxes[part] = batch.column("box_xyxy").flatten().to_numpy().reshape(-1, 4)
        ids[part] = batch.column("_rowid").to_numpy()
    return Garments(pa.concat_arrays(pictures), numbers, tuple(codes), slots, boxes, scores, ids)


def read_vectors(tables: Tables) -> NDArray[np.float32]:
    """Of all rows of the garment table: float32 (R, D), not to be written."""
    rows = tables.garments.count_rows()
    vectors = np.empty((rows, tables.garments.schema.field("vector").type.list_size), np.float32)
    at = 0
    for batch in batches(tables.garments, ["vector"]):
        part = slice(at, at + batch.num_rows)
        at = part.stop
        vectors[part] = batch.column("vector").flatten().to_numpy().reshape(batch.num_rows, -1)
    vectors.flags.writeable = False
    return vectors


def join(place: str, products: pa.Table, garments: Garments) -> Entries:
    """Which garments belong to which product.

    Raises:
        CatalogueError: a product lacks garments.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = products.column("pictures").combine_chunks()
    pictures = lists.flatten()
    images, sha256 = pictures.field("image"), pictures.field("sha256")
    owners = pc.list_parent_indices(lists).to_numpy()
    known = garments.pictures.dictionary_encode()
    code = pc.index_in(sha256, value_set=known.dictionary).fill_null(-1).to_numpy(zero_copy_only=False)
    used = pc.fill_null(pc.not_equal(sha256, pa.scalar("")), False).to_numpy(zero_copy_only=False)
    bare = np.bincount(owners[used & (code >= 0)], minlength=len(products)) == 0
    bare[owners[used & (code < 0)]] = True
    if bare.any():
        lacking = products.column("id")[int(np.flatnonzero(bare)[0])].as_py()
        raise CatalogueError(f"{place}: is damaged: product {lacking!r} lacks garments. {REBUILD}")
    # A picture that a product names twice is its own once, under the first name.
    own = np.flatnonzero(used)
    _, first = np.unique(owners[own].astype(np.int64) * (len(known.dictionary) + 1) + code[own], return_index=True)
    own = own[np.sort(first)]
    of_row = known.indices.to_numpy()
    order = np.lexsort((garments.numbers, of_row))
    bounds = np.searchsorted(of_row[order], np.arange(len(known.dictionary) + 1))
    first, last = bounds[code[own]], bounds[code[own] + 1]
    rows = order[spans(first, last)].astype(np.int32)
    counts = np.bincount(owners[own], weights=last - first, minlength=len(products))
    return Entries(
        rows=rows,
        pictures=np.repeat(own, last - first).astype(np.int32),
        slots=garments.slots[rows],
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        images=images,
        sha256=sha256,
    )

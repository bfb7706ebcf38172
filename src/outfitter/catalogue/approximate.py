"""The nearest products among very many: what the garment table's index proposes, compared exactly.

A question probes a few of its partitions, drops what the filter does not let through, asks for more while too few
are left, and compares the rest with their stored vectors, so similarities are true cosines. Where a filter leaves but
`FEW` products, those are compared and the index is not asked.

Vectors stay on disk. A reader has the version of the table that it opened; a writer keeps it for a day.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.catalogue.exact import NOTHING, Hits
from outfitter.catalogue.garments import Entries, Garments
from outfitter.catalogue.store import REBUILD, explained
from outfitter.catalogue.vector_index import partitions

if TYPE_CHECKING:
    from lancedb.table import Table

FEW: Final = 2000
"""Products up to which all that a filter lets through are compared."""

PROBES: Final = 40
"""Partitions looked into at least; 20 lost a fortieth of the nearest where a tenth of a million passed the filter."""

MARGIN: Final = 3
"""Candidates asked for at first, times as many as should do."""

WIDER: Final = 8
"""Times as many are asked for where they did not."""

NOISE: Final = 0.005
"""By how much the index may err in a cosine."""

SPREAD: Final = 32
"""Partitions looked into for those that the candidates would just fill."""

RERANKED: Final = 10_000
"""Garments compared exactly at most for one question. Only of more equally near ones could some be missed."""


class Approximate:
    """table: the garment table, at the version of which `garments` and `entries` were read; it has an index."""

    def __init__(self, place: str, table: Table, garments: Garments, entries: Entries) -> None:
        self._place, self._table, self._garments, self._entries = place, table, garments, entries
        self._partitions = partitions(table)
        self._order = np.argsort(garments.ids, kind="stable")
        self._ids = garments.ids[self._order]

    def vectors(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Rows of the garment table: float32 (rows, D). Raises CatalogueError if they are gone."""
        wanted, back = np.unique(rows, return_inverse=True)
        with self._reading():
            found = self._table.take_row_ids(self._garments.ids[wanted].tolist()).select(["vector"]).with_row_id()
            table = found.to_arrow().combine_chunks()
        matrix = table.column("vector").combine_chunks().flatten().to_numpy().reshape(len(wanted), -1)
        place = np.argsort(self._rows_of(table.column("_rowid").to_numpy()))
        return np.asarray(matrix[place[back]], np.float32)

    def find(self, vectors: NDArray[np.float32], k: int, allowed: NDArray[np.bool_], slot: str | None) -> list[Hits]:
        """For each of (Q, D) vectors the k nearest of the products that are allowed, as many as there are.

        allowed: bool (N,). slot: compare with garments of that slot only.
        """
        matching = int(np.count_nonzero(allowed))
        if slot is not None and slot not in self._garments.names:
            return [NOTHING for _ in vectors]
        if matching <= max(FEW, k):
            entries = self._entries.of_all(np.flatnonzero(allowed))
            if slot is not None:
                entries = entries[self._entries.slots[entries] == self._garments.code(slot)]
            return self._nearest(vectors, [entries] * len(vectors), k)
        near = [self._candidates(vector, k, allowed, matching / len(allowed), slot) for vector in vectors]
        return self._nearest(vectors, near, k)

    def _candidates(
        self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.bool_], share: float, slot: str | None
    ) -> NDArray[np.intp]:
        """Entries among which the k nearest products are; share: of the products, how many are allowed."""
        rows_each = len(self._entries) / len(allowed)
        limit = int(MARGIN * k * rows_each / share)
        while True:
            limit = min(limit, len(self._garments))
            rows, cosines = self._ask(vector, limit, slot)
            entries, of_row = self._entries.of_rows(rows)
            owners = self._entries.owners[entries]
            kept = allowed[owners]
            _, first = np.unique(owners[kept], return_index=True)
            all_seen = limit == len(self._garments)
            if len(first) >= k or all_seen:
                near = cosines[of_row[kept]]
                least = np.sort(near[first])[-min(k, len(first))] - NOISE if len(first) else 0
                if all_seen or not len(rows) or cosines[-1] < least or len(rows) > RERANKED:
                    enough = int(np.sort(first)[:k][-1]) + 1 if len(first) else 0
                    return entries[kept][near >= least][: max(RERANKED, enough)]
            limit *= WIDER

    def _ask(
        self, vector: NDArray[np.float32], limit: int, slot: str | None
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The rows nearest to a vector by the index, `limit` at most, and about their cosines to it; nearest first."""
        probes = PROBES + int(np.ceil(SPREAD * limit / len(self._garments) * self._partitions))
        # The index compares distances, by which a vector's length would count.
        direction = vector / max(float(np.linalg.norm(vector)), 1e-12)
        question: Any = self._table.search(direction, vector_column_name="vector")
        question = question.nprobes(min(probes, self._partitions))
        question = question.select(["_distance"]).with_row_id(True).limit(limit)
        if slot is not None:
            question = question.where("slot = '{}'".format(slot.replace("'", "''")), prefilter=True)
        with self._reading():
            found = question.to_arrow()
        return self._rows_of(found.column("_rowid").to_numpy()), 1 - found.column("_distance").to_numpy() / 2

    def _rows_of(self, ids: NDArray[np.uint64]) -> NDArray[np.intp]:
        return self._order[np.searchsorted(self._ids, ids)]

    def _nearest(self, vectors: NDArray[np.float32], entries: list[NDArray[np.intp]], k: int) -> list[Hits]:
        """Of each vector's entries, the k products nearest to it, by their stored vectors."""
        rows = np.unique(self._entries.rows[np.concatenate(entries)])
        if not len(rows):
            return [NOTHING for _ in vectors]
        # In double precision equal vectors have equal cosines wherever they lie in the matrix.
        cosines = (self.vectors(rows).astype(np.float64) @ vectors.T.astype(np.float64)).astype(np.float32)
        hits = []
        for own, near in zip(entries, cosines.T, strict=True):
            alike, owners = near[np.searchsorted(rows, self._entries.rows[own])], self._entries.owners[own]
            order = np.lexsort((own, owners, -alike))
            _, first = np.unique(owners[order], return_index=True)
            best = order[np.sort(first)[:k]]
            hits.append(Hits(owners[best].astype(np.intp), own[best], alike[best]))
        return hits

    def _reading(self) -> AbstractContextManager[None]:
        return explained(
            f"{self._place}: cannot be read any more",
            "If it was replaced or changed long ago, open it again. " + REBUILD,
        )

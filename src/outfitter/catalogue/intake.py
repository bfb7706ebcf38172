"""One feed into the tables of a catalogue: what an engine made of its rows, sorted, counted and written.

The calling thread writes, a batch of products at a time, while the engine works on the next ones. Whatever ends the
process, what was written stays, and a product whose row and pictures' bytes have not changed is never embedded again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from outfitter.catalogue.feed import Feed, Reject, locate, row_digest
from outfitter.catalogue.models import Models, Seen
from outfitter.catalogue.place import Place
from outfitter.catalogue.store import (
    REJECTS,
    TEXTS,
    Stamp,
    Tables,
    column,
    garment_schema,
    product_schema,
    write_rejects,
)
from outfitter.catalogue.taking import Engine, Job, Picture, Stored, Taken
from outfitter.errors import FeedError
from outfitter.values import Product

if TYPE_CHECKING:
    import pyarrow as pa

BATCH: Final = 64
"""Products with new garments that are written at once: what an interruption costs is at most these, and a write takes
some 30 ms."""
ROWS: Final = 1024
"""Products written at once, whatever they are: each write of changed rows costs more, the more came before it."""

TOLD: Final = 500
"""Characters of what is told of a reject: a picture may be a megabyte in its own name, and a reason quotes it."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (rows done, rows in all) after each row of the feed."""

Rejected: TypeAlias = Callable[[Iterable[Reject]], object]
"""Called once with all that was rejected, in the feed's order."""


@dataclass(frozen=True)
class Report:
    """What a build or an addition did. added, updated, unchanged: products. rejected: rows and pictures."""

    folder: Place
    added: int
    updated: int
    unchanged: int
    rejected: int

    @property
    def rejects(self) -> str:
        """The list of what was rejected."""
        return self.folder / REJECTS


class Intake:
    """Takes one feed into the tables.

    An additional picture that cannot be read and that a finished catalogue has of the product, under the same name,
    stays with its garments.

    seen: ids of the products that were usable. changes: (id, added | changed | changed pictures), in the feed's order.
    embedded: how many pictures were new, and have their garments in the tables now.
    """

    def __init__(self, place: Place, stamp: Stamp, tables: Tables, models: Models, feed: Feed, engine: Engine) -> None:
        self.seen: set[str] = set()
        self.changes: list[tuple[str, str]] = []
        self.embedded = 0
        self._place, self._stamp, self._tables, self._feed, self._engine = place, stamp, tables, feed, engine
        stored = (column(tables.products, name) for name in ("id", "row", "pictures", "base"))
        self._stored = {
            product_id: Stored(row, tuple(Picture(**picture) for picture in pictures), intern(base))
            for product_id, row, pictures, base in zip(*stored, strict=True)
        }
        self._known = tables.pictures()
        self._job = Job(feed, models, {} if stamp.complete else self._stored, self._known)

    @property
    def gone(self) -> set[str]:
        """Ids that were in the tables before, and are not among the feed's usable products."""
        return self._stored.keys() - self.seen

    def run(self, progress: Progress | None, rejected: Rejected | None = None) -> Report:
        """Take all rows. If anything ends it, Ctrl-C included, what is finished is written first.

        rejected: gets what was rejected, also before a FeedError; None writes it to the catalogue's list.

        Raises:
            FeedError: not one row could be used.
            CatalogueError: the tables cannot be written.
        """
        rejects: list[tuple[int, Reject]] = []
        changes: list[tuple[int, str, str]] = []
        batch: list[Taken] = []
        new = 0
        counts: Counter[str] = Counter()
        with closing(self._engine.run(self._job)) as rows:
            try:
                for done, (number, found) in enumerate(rows, 1):
                    rejects += [(number, reject) for reject in _rejects(found)]
                    taken = self._keep(found)
                    kind = self._sort(taken)
                    if isinstance(taken, Taken) and kind not in ("rejected", "unchanged"):
                        changes.append((number, taken.row.product.id, kind))
                        batch.append(taken)
                        new += bool(taken.seen)
                    counts[kind] += 1
                    if new == BATCH or len(batch) == ROWS:
                        full, batch, new = batch, [], 0
                        self._write(full)
                    if progress:
                        progress(done, self._feed.rows)
            finally:
                if batch:
                    self._write(batch)
        # An engine hands rows back as they are finished.
        self.changes = [(product_id, kind) for _, product_id, kind in sorted(changes)]
        in_order = [reject for _, reject in sorted(rejects, key=lambda numbered: numbered[0])]
        if rejected:
            rejected(in_order)
        else:
            write_rejects(self._place, in_order)
        if not self.seen:
            first = in_order[0]
            remedy = (
                "Correct them and add them again."
                if rejected
                else f"All are listed in {self._place / REJECTS}; correct them and run the same command again."
            )
            raise FeedError(
                f"{self._feed.name}: none of its rows can be used. Line {first.line}: {first.reason}. {remedy}"
            )
        updated = counts["changed"] + counts["changed pictures"]
        return Report(self._place, counts["added"], updated, counts["unchanged"], len(in_order))

    def _keep(self, taken: Taken | Reject) -> Taken | Reject:
        """With the pictures that a finished catalogue has in place of those that cannot be read; not the main one."""
        if isinstance(taken, Reject) or not self._stamp.complete or all(one.error is None for one in taken.pictures):
            return taken
        before = self._stored.get(taken.row.product.id)
        if before is None:
            return taken
        usable = {picture.image: picture for picture in before.pictures if picture.error is None}
        main, *more = taken.pictures
        kept = [picture if picture.error is None else usable.get(picture.image, picture) for picture in more]
        return replace(taken, pictures=(main, *kept))

    def _sort(self, taken: Taken | Reject) -> str:
        """What becomes of a row: rejected, unchanged, added, changed, changed pictures."""
        if isinstance(taken, Reject) or taken.pictures[0].error is not None:
            return "rejected"
        product = taken.row.product
        self.seen.add(product.id)
        before = self._stored.get(product.id)
        if before is None:
            return "added"
        if before.pictures != taken.pictures:
            return "changed pictures"
        return "unchanged" if taken.digest == before.row or self._moved(product, before) else "changed"

    def _moved(self, product: Product, before: Stored) -> bool:
        """Whether only the feed lies elsewhere: its pictures do not, and it says the same."""
        images = (product.image, *product.additional_images)
        return (
            all(locate(image, before.base) == locate(image, self._feed.base) for image in images)
            and row_digest(product, before.base) == before.row
        )

    def _write(self, batch: list[Taken]) -> None:
        """Garments first, then products: a product that is there has all its garments."""
        new = {sha256: seen for taken in batch for sha256, seen in taken.seen.items() if sha256 not in self._known}
        if new:
            self._tables.add_garments(_garment_rows(new, self._stamp.dimensions))
        replace = any(taken.row.product.id in self._stored for taken in batch)
        self._tables.put_products(_product_rows(batch, self._stamp, self._feed.base), replace)
        self.embedded += len(new)
        self._known.update(new)  # in place: the engine looks at it
        self._engine.wrote(new)


def _rejects(taken: Taken | Reject) -> list[Reject]:
    """What of a row cannot be used, all of it or pictures, in so many words as are kept and written."""
    if isinstance(taken, Reject):
        return [Reject(taken.line, *map(_short, taken[1:]))]
    return [
        Reject(taken.row.line, *map(_short, (taken.row.product.id, picture.image, picture.error)))
        for picture in taken.pictures
        if picture.error is not None
    ]


def _short(text: str) -> str:
    """Without its middle: a reason ends with what is needed."""
    half = TOLD // 2
    return text if len(text) <= TOLD else f"{text[:half]}…{text[1 - half :]}"


def _product_rows(batch: list[Taken], stamp: Stamp, base: str | Path) -> pa.Table:
    import pyarrow as pa

    rows = []
    for taken in batch:
        product = taken.row.product
        rows.append(
            {
                **{name: getattr(product, name) for name in (*TEXTS, "price")},
                "additional_images": list(product.additional_images),
                "base": str(base),
                "row": taken.digest,
                "pictures": [picture._asdict() for picture in taken.pictures],
                **{stored: product.attributes.get(name) for name, stored in stamp.attributes.items()},
            }
        )
    return pa.Table.from_pylist(rows, product_schema(stamp))


def _garment_rows(seen: Mapping[str, Seen], dimensions: int) -> pa.Table:
    import pyarrow as pa

    def lists(parts: list[NDArray[np.float32]], width: int) -> pa.Array:
        return pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(parts).reshape(-1)), width)

    columns = [
        pa.array([sha256 for sha256, one in seen.items() for _ in one.labels]),
        pa.array([number for one in seen.values() for number in range(len(one.labels))], pa.int16()),
        pa.array([label for one in seen.values() for label in one.labels], pa.string()),
        lists([one.boxes_xyxy for one in seen.values()], 4),
        pa.array(np.concatenate([one.scores for one in seen.values()])),
        lists([one.vectors for one in seen.values()], dimensions),
    ]
    return pa.Table.from_arrays(columns, schema=garment_schema(dimensions))

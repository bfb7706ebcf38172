"""A catalogue opened for questions: nearest products, filters, and what is worn together.

`Catalogue.open` reads a snapshot, so a writer never disturbs a reader, who sees a product with all its garments or not
at all. Of a catalogue of very many garments the vectors stay on disk; of any other all is read into memory and the disk
is touched no more. `exact` and `approximate` are the only places that know how vectors are compared.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Collection, Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.catalogue.approximate import Approximate
from outfitter.catalogue.exact import Exact, Hits
from outfitter.catalogue.feed import locate
from outfitter.catalogue.garments import Entries, Garments, join, read_garments, read_products, read_vectors
from outfitter.catalogue.place import Place, Where, open_place
from outfitter.catalogue.readers import OPTIONAL
from outfitter.catalogue.store import REBUILD, TEXTS, Stamp, Tables, explained, require_finished
from outfitter.catalogue.vector_index import partitions
from outfitter.catalogue.where import Condition, Kind, matching, parse_where
from outfitter.crops import PROTOCOL
from outfitter.errors import CatalogueError, QueryError, nearest
from outfitter.taxonomy import SLOTS, slot_of_category, slot_shown
from outfitter.values import Candidate, IndexedGarment, Product

if TYPE_CHECKING:
    import pyarrow as pa

_SHOWN: Final = 4096
"""Products whose garments are kept at hand."""

_COMPARED: Final = 500
"""Ids up to which a wrong one is told what it may have meant: a twentieth of a second; for 20 000 it would be two."""


class Catalogue:
    """``Catalogue.open("shop/").search(vectors, k=10, where="price<50")``. Thread-safe."""

    def __init__(
        self,
        folder: Place,
        stamp: Stamp,
        products: pa.Table,
        garments: Garments,
        entries: Entries,
        find: Exact | Approximate,
    ) -> None:
        self.folder, self.stamp = folder, stamp
        self._table, self._garments, self._at, self._find = products, garments, entries, find
        self.all_ids: tuple[str, ...] = tuple(products.column("id").to_pylist())
        self._allowed = lru_cache(64)(self._find_allowed)
        self._product = lru_cache(4096)(self._read_product)
        self._shown: OrderedDict[int, list[IndexedGarment]] = OrderedDict()
        self._found: deque[int] = deque(maxlen=_SHOWN // 8)
        self._showing = Lock()

    @classmethod
    def open(cls, folder: Where, embedder_id: str | None = None) -> Catalogue:
        """Read a finished catalogue.

        Args:
            embedder_id: the embedder that queries will come from; None checks nothing.

        Raises:
            CatalogueError: there is none, it was never finished, is damaged, or was made by another embedder or
                crop protocol.
        """
        place = open_place(folder)
        stamp = _finished(place, embedder_id)
        while True:
            try:
                return cls(place, stamp, *_read(place, Tables(place, stamp)))
            except CatalogueError:
                before, stamp = stamp, _finished(place, embedder_id)
                if stamp.revision == before.revision:  # else a writer has replaced and dropped what was being read
                    raise

    def __len__(self) -> int:
        """The number of products."""
        return len(self.all_ids)

    @property
    def columns(self) -> dict[str, Kind]:
        """What a filter may name. slot: what a product is, unless the feed has a column of that name."""
        kinds: dict[str, Kind] = dict.fromkeys(TEXTS, "text")
        kinds["price"] = "number"
        kinds["slot"] = "text"
        return kinds | dict.fromkeys(self.stamp.attributes, "attribute")

    # --- products

    def product(self, product_id: str) -> Product:
        """A product's row. Raises QueryError if there is none."""
        return self._product(self._position(product_id))

    def products(self, where: str | None = None) -> Iterator[Product]:
        """All products that a filter matches, by id. Raises QueryError for a filter that cannot be read."""
        return (self._product(int(place)) for place in np.flatnonzero(self._allowed(where or "")))

    def ids(self, where: str | None = None) -> list[str]:
        """The ids of `products`, in their order, at no cost for each."""
        return [self.all_ids[place] for place in np.flatnonzero(self._allowed(where or "")).tolist()]

    def pictures(self) -> Iterator[tuple[str, str, str]]:
        """(SHA-256 of its bytes, product id, name in the feed) of every picture; one that several share, for each."""
        for product_id, pictures in zip(self.all_ids, self._table.column("pictures"), strict=True):
            yield from ((one["sha256"], product_id, one["image"]) for one in pictures.as_py() if one["sha256"])

    def garments(self, product_id: str) -> list[IndexedGarment]:
        """Every garment found in the product's pictures."""
        place = self._position(product_id)
        with self._showing:
            if place not in self._shown:
                self._show({place, *(found for found in self._found.copy() if found not in self._shown)})
                self._found.clear()
            self._shown.move_to_end(place)
            return list(self._shown[place])

    def _show(self, places: Collection[int]) -> None:
        """Read products' garments, all at once: who asks for one that was found will ask for the others."""
        garments = iter(self._read_entries(self._at.of_all(np.array([*places], np.intp))))
        for place in places:
            self._shown[place] = [next(garments) for _ in self._at.of(place)]
        while len(self._shown) > _SHOWN:
            self._shown.popitem(last=False)

    def _read_entries(self, entries: NDArray[np.intp]) -> list[IndexedGarment]:
        rows = self._at.rows[entries]
        slots, boxes, scores = self._garments.slots[rows], self._garments.boxes[rows], self._garments.scores[rows]
        return [
            IndexedGarment(
                product_id=self.all_ids[self._at.owners[entry]],
                image=self._at.image(entry),
                slot=self._garments.names[slot],
                box_xyxy=(box[0], box[1], box[2], box[3]),
                score=score,
                vector=vector,
            )
            for entry, slot, box, score, vector in zip(
                entries.tolist(),
                slots.tolist(),
                boxes.tolist(),
                scores.tolist(),
                self._find.vectors(rows),
                strict=True,
            )
        ]

    @cached_property
    def _worn_together(self) -> list[list[IndexedGarment]]:
        outfits = self._at.outfits()
        garments = iter(self._read_entries(np.concatenate([np.zeros(0, np.intp), *outfits])))
        return [[next(garments) for _ in outfit] for outfit in outfits]

    def worn_together(self) -> list[list[IndexedGarment]]:
        """The garments of every picture in which two slots or more were found."""
        return self._worn_together

    def picture(self, product_id: str, image: str | None = None) -> str | Path:
        """Where a picture of a product is: a URL or an absolute path. image: as the feed names it; None: the main one.

        Raises:
            QueryError: no such product.
        """
        place = self._position(product_id)
        return locate(image or self._cell("image", place), self._cell("base", place))

    def place(self, product_id: str) -> int | None:
        """Where among `all_ids` a product is; None if it is not there."""
        place = bisect_left(self.all_ids, product_id)
        return place if place < len(self) and self.all_ids[place] == product_id else None

    def _position(self, product_id: str) -> int:
        place = self.place(product_id)
        if place is None:
            alike = self.all_ids if len(self) <= _COMPARED else ()
            raise QueryError(
                f"there is no product {product_id!r} among the {len(self)} of the catalogue"
                f"{nearest(product_id, alike, '.')} Check the id against the feed."
            )
        return place

    def _cell(self, column: str, place: int) -> Any:
        return self._table.column(column)[place].as_py()

    def _read_product(self, place: int) -> Product:
        attributes = {name: self._cell(column, place) for name, column in self.stamp.attributes.items()}
        return Product(
            id=self.all_ids[place],
            title=self._cell("title", place),
            image=self._cell("image", place),
            price=self._cell("price", place),
            additional_images=tuple(self._cell("additional_images", place)),
            attributes={name: value for name, value in attributes.items() if value is not None},
            **{name: self._cell(name, place) for name in OPTIONAL},
        )

    # --- search

    def search(
        self,
        vectors: NDArray[np.float32],
        k: int,
        where: str | None = None,
        exclude: Collection[str] = (),
        slot: str | None = None,
    ) -> list[list[Candidate]]:
        """For each of the (Q, D) vectors the k nearest products, each by its nearest garment.

        Exactly k whenever k match: products are counted, not garments. Ties go by id. Near is whose vector has the
        largest product with the question's: their cosine, where the question's has length 1 as all stored ones have.

        Args:
            where: a filter; see `outfitter.catalogue.where`.
            exclude: ids left out; unknown ones do no harm.
            slot: compare with garments of that slot only; None compares with all.

        Raises:
            QueryError: k below 1, or a filter that cannot be read.
        """
        if k < 1:
            raise QueryError(f"k is {k}; need at least 1 product.")
        allowed = self.allowed(where, exclude)
        if not len(vectors) or not len(self):
            return [[] for _ in vectors]
        if vectors.ndim != 2 or vectors.shape[1] != self.stamp.dimensions:
            raise ValueError(f"vectors have shape {vectors.shape}; need (Q, {self.stamp.dimensions})")
        return [self._candidates(hits) for hits in self._find.find(vectors, k, allowed, slot)]

    def _candidates(self, hits: Hits) -> list[Candidate]:
        if isinstance(self._find, Approximate):  # whose vectors are on the disk
            self._found.extend(hits.places.tolist())
        rows = self._at.rows[hits.entries]
        boxes, slots = self._garments.boxes[rows].tolist(), self._garments.slots[rows].tolist()
        return [
            Candidate(self.all_ids[place], self._garments.names[slot], self._at.image(entry), (x1, y1, x2, y2), cosine)
            for place, entry, (x1, y1, x2, y2), slot, cosine in zip(
                hits.places.tolist(),
                hits.entries.tolist(),
                boxes,
                slots,
                hits.cosines.clip(-1, 1).tolist(),
                strict=True,
            )
        ]

    def allowed(self, where: str | None = None, exclude: Collection[str] = ()) -> NDArray[np.bool_]:
        """Which of `all_ids` a filter lets through: bool (products,). Raises QueryError for one that cannot be read."""
        allowed = self._allowed(where or "").copy()
        allowed[[place for product_id in exclude if (place := self.place(product_id)) is not None]] = False
        return allowed

    def _find_allowed(self, where: str) -> NDArray[np.bool_]:
        conditions = parse_where(where, self.columns)
        stored_as = {name: self.stamp.attributes.get(name, name) for name in self.columns}
        import pyarrow as pa

        table = self._table
        if stored_as["slot"] == "slot" and any(condition.column == "slot" for condition in conditions):
            self._require_slots(conditions)
            table = table.append_column("slot", [pa.array(self.own_slots, pa.string())])
        return matching(conditions, table, stored_as)

    def _require_slots(self, conditions: tuple[Condition, ...]) -> None:
        known = dict.fromkeys([*SLOTS, *(name for name in self._garments.names if name)])
        for condition in conditions:
            if condition.column == "slot" and condition.sign != "~" and condition.value not in known:
                raise QueryError(
                    f"filter: slot{condition.sign}{condition.value}: there is no such slot; choose from "
                    f"{', '.join(known)}{nearest(str(condition.value), known)}"
                )

    @cached_property
    def own_slots(self) -> NDArray[np.object_]:
        """What each product is: its category's slot, else what most of its pictures show, else None."""
        categories = self._table.column("category").combine_chunks().dictionary_encode()
        named = np.array([*map(slot_of_category, categories.dictionary.to_pylist()), None], np.object_)
        own: NDArray[np.object_] = named[categories.indices.fill_null(len(named) - 1).to_numpy()]
        names, slots = self._garments.names, self._at.slots
        for place in np.flatnonzero(own == None).tolist():  # noqa: E711
            entries = self._at.of(place)
            own[place] = slot_shown((self._at.image(entry), names[slots[entry]]) for entry in entries)
        return own


def _finished(place: Place, embedder_id: str | None) -> Stamp:
    """The stamp of a catalogue that can be asked by this embedder. Raises CatalogueError as `Catalogue.open`."""
    stamp = require_finished(place)
    for what, made_with, wanted in (
        ("embedder", stamp.embedder, embedder_id),
        ("crop protocol", stamp.crop_protocol, PROTOCOL),
    ):
        if wanted not in (None, made_with):
            raise CatalogueError(
                f"{place}: was made with the {what} {made_with}, and {wanted} is in use; their vectors cannot be "
                f"compared. {REBUILD}"
            )
    return stamp


def _read(place: Place, tables: Tables) -> tuple[pa.Table, Garments, Entries, Exact | Approximate]:
    """Both tables, as the stamp names their versions. Raises CatalogueError: they are damaged."""
    with explained(f"{place}: is damaged", REBUILD):
        products, garments = read_products(tables), read_garments(tables)
        entries = join(str(place), products, garments)
        if partitions(tables.garments):
            return products, garments, entries, Approximate(str(place), tables.garments, garments, entries)
        return products, garments, entries, Exact(read_vectors(tables), garments, entries)

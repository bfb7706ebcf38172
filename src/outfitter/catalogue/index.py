"""A catalogue opened for questions: exact nearest products, filters, and what is worn together.

`Catalogue.open` reads a snapshot into memory and touches the disk no more, so a writer never disturbs a reader, who
sees a product with all its garments or not at all. Vectors lie in one float32 matrix, and a question is one matrix
product. Measured for 10 000 garments × 1280 on two busy cores, 4 query vectors: 10 to 19 ms as a product, 94 to 550 by
LanceDB's flat search; 100 000 such garments take 0.5 GB, from where an approximate index pays. It would replace
`_similarities`, which is the only place that knows how vectors are compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.catalogue.feed import locate
from outfitter.catalogue.joined import Joined, Remembered
from outfitter.catalogue.place import Place, Where, open_place
from outfitter.catalogue.readers import OPTIONAL
from outfitter.catalogue.store import REBUILD, TEXTS, Stamp, Tables, batches, explained, require_finished
from outfitter.catalogue.where import Condition, Kind, matching, parse_where
from outfitter.crops import PROTOCOL
from outfitter.errors import CatalogueError, QueryError, nearest
from outfitter.taxonomy import SLOTS, slot_of_category, slot_shown
from outfitter.values import Candidate, IndexedGarment, Product

if TYPE_CHECKING:
    import pyarrow as pa

_REMEMBERED: Final = 128
"""Query vectors whose similarities are kept: strategies ask again with a slot or for more."""

_COMPARED: Final = 20_000
"""Ids up to which a wrong one is told what it may have meant; for 100 000 that would take half a second."""


class Catalogue:
    """``Catalogue.open("shop/").search(vectors, k=10, where="price<50")``. Thread-safe."""

    def __init__(self, folder: Place, stamp: Stamp, products: pa.Table, garments: _Garments) -> None:
        self.folder, self.stamp = folder, stamp
        self._table = products
        self.all_ids: tuple[str, ...] = tuple(products.column("id").to_pylist())
        self._place = {product_id: place for place, product_id in enumerate(self.all_ids)}
        self._garments = garments
        self._pictures = products.column("pictures").to_pylist()
        self._join()
        self._allowed = lru_cache(64)(self._find_allowed)
        self._compared = Remembered(Joined(self._compare), _REMEMBERED)
        self._product = lru_cache(4096)(self._read_product)
        self._shown = lru_cache(4096)(self._read_garments_of)

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
                tables = Tables(place, stamp)
                with explained(f"{place}: is damaged", REBUILD):
                    products, garments = _read(tables)
                return cls(place, stamp, products, garments)
            except CatalogueError:
                before, stamp = stamp, _finished(place, embedder_id)
                if stamp.revision == before.revision:  # else a writer has replaced and dropped what was being read
                    raise

    def _join(self) -> None:
        """Entries: a row for each garment of each picture of each product, products one after another."""
        rows: list[NDArray[np.intp]] = []
        images: list[str] = []
        starts: list[int] = []
        for product_id, pictures in zip(self.all_ids, self._pictures, strict=True):
            starts.append(len(images))
            names: dict[str, str] = {}
            for picture in pictures:
                if picture["sha256"]:
                    names.setdefault(picture["sha256"], picture["image"])
            for sha256, image in names.items():
                found = self._garments.of_picture.get(sha256)
                if found is None:
                    raise CatalogueError(f"{self.folder}: is damaged: product {product_id!r} lacks garments. {REBUILD}")
                rows.append(found)
                images += [image] * len(found)
        self._row = np.concatenate([np.zeros(0, np.intp), *rows])
        self._images = images
        self._starts = np.array(starts, np.intp)
        self._stops = np.array([*starts[1:], len(images)], np.intp)
        self._slot = self._garments.slots[self._row]

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
        for product_id, pictures in zip(self.all_ids, self._pictures, strict=True):
            yield from ((one["sha256"], product_id, one["image"]) for one in pictures if one["sha256"])

    def garments(self, product_id: str) -> list[IndexedGarment]:
        """Every garment found in the product's pictures."""
        return list(self._shown(self._position(product_id)))

    def _read_garments_of(self, place: int) -> tuple[IndexedGarment, ...]:
        product_id = self.all_ids[place]
        return tuple(self._garment(entry, product_id) for entry in range(*self._entries(place)))

    @cached_property
    def _worn_together(self) -> list[list[IndexedGarment]]:
        outfits: dict[str, list[IndexedGarment]] = {}
        for place, product_id in enumerate(self.all_ids):
            start, stop = self._entries(place)
            if len(set(self._slot[start:stop].tolist()) - {0}) < 2:
                continue
            for entry in range(start, stop):
                sha256 = self._garments.pictures[self._row[entry]]
                outfit = outfits.setdefault(sha256, [])
                # A picture that several products share is told once, as the first one's.
                if not outfit or (outfit[0].product_id, outfit[0].image) == (product_id, self._images[entry]):
                    outfit.append(self._garment(entry, product_id))
        return [outfit for outfit in outfits.values() if len({worn.slot for worn in outfit} - {None}) >= 2]

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
        return self._place.get(product_id)

    def _position(self, product_id: str) -> int:
        place = self._place.get(product_id)
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

    def _entries(self, place: int) -> tuple[int, int]:
        return int(self._starts[place]), int(self._stops[place])

    def _garment(self, entry: int, product_id: str) -> IndexedGarment:
        garments, row = self._garments, self._row[entry]
        x1, y1, x2, y2 = garments.boxes[row].tolist()
        return IndexedGarment(
            product_id=product_id,
            image=self._images[entry],
            slot=garments.names[garments.slots[row]],
            box_xyxy=(x1, y1, x2, y2),
            score=float(garments.scores[row]),
            vector=garments.vectors[row],
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
        """For each of the (Q, D) vectors, each of length 1, the k nearest products, each by its nearest garment.

        Exactly k whenever k match: the search is exact and counts products, not garments. Ties go by id.

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
        similarities = self._similarities(vectors)
        if slot is not None:
            similarities = np.where(self._slot == self._garments.code(slot), similarities, -np.inf)
        best = np.maximum.reduceat(similarities, self._starts, axis=1)
        best[:, ~allowed] = -np.inf
        return [self._nearest(row, garments, k) for row, garments in zip(best, similarities, strict=True)]

    def allowed(self, where: str | None = None, exclude: Collection[str] = ()) -> NDArray[np.bool_]:
        """Which of `all_ids` a filter lets through: bool (products,). Raises QueryError for one that cannot be read."""
        allowed = self._allowed(where or "").copy()
        allowed[[self._place[product_id] for product_id in exclude if product_id in self._place]] = False
        return allowed

    def nearness(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of each of the (Q, D) vectors to the nearest garment of each product: float32 (Q, products)."""
        if not len(self):
            return np.zeros((len(vectors), 0), np.float32)
        return np.maximum.reduceat(self._similarities(vectors), self._starts, axis=1)

    def _nearest(self, best: NDArray[np.float32], similarities: NDArray[np.float32], k: int) -> list[Candidate]:
        """best: float32 (products,), -inf for those that do not match; similarities: float32 (entries,)."""
        k = min(k, int(np.isfinite(best).sum()))
        if k == 0:
            return []
        places = np.flatnonzero(best >= np.partition(best, -k)[-k])  # k, and those as near as the last of them
        places = places[np.argsort(-best[places], kind="stable")][:k]
        # Each product's entries side by side; where there are fewer, its last one again.
        starts, last = self._starts[places, None], self._stops[places, None] - 1
        of_product = np.minimum(starts + np.arange((last - starts).max() + 1), last)
        entries = starts[:, 0] + similarities[of_product].argmax(1)
        garments, rows = self._garments, self._row[entries]
        return [
            Candidate(self.all_ids[place], garments.names[slot], self._images[entry], (x1, y1, x2, y2), similarity)
            for place, entry, slot, (x1, y1, x2, y2), similarity in zip(
                places.tolist(),
                entries.tolist(),
                garments.slots[rows].tolist(),
                garments.boxes[rows].tolist(),
                best[places].clip(-1, 1).tolist(),
                strict=True,
            )
        ]

    def _similarities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosine of every query to every entry: float32 (Q, entries)."""
        if vectors.ndim != 2 or vectors.shape[1] != self.stamp.dimensions:
            raise ValueError(f"vectors have shape {vectors.shape}; need (Q, {self.stamp.dimensions})")
        return self._compared(vectors)

    def _compare(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = np.ascontiguousarray((self._garments.vectors @ vectors.T).T)  # the faster of the two orders
        return rows[:, self._row]

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
        categories = self._table.column("category").to_pylist()
        own = np.full(len(self), None, np.object_)
        for place, category in enumerate(categories):
            start, stop = self._entries(place)
            shown = ((self._images[entry], self._garments.names[self._slot[entry]]) for entry in range(start, stop))
            own[place] = slot_of_category(category) or slot_shown(shown)
        return own


@dataclass(frozen=True, eq=False)
class _Garments:
    """The garment table in memory. slots: uint8 (rows,), codes into `names`, 0 for a whole picture."""

    pictures: list[str]
    of_picture: dict[str, NDArray[np.intp]]
    names: tuple[str | None, ...]
    slots: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    vectors: NDArray[np.float32]

    def code(self, slot: str) -> int:
        """The code of a slot; one that no garment has if it was never found."""
        return self.names.index(slot) if slot in self.names else len(self.names)


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


def _read(tables: Tables) -> tuple[pa.Table, _Garments]:
    """Both tables, as the stamp names their versions."""
    import pyarrow as pa

    products = tables.products.to_arrow().combine_chunks().sort_by("id")
    for name in TEXTS:
        if name not in products.column_names:  # made before there was such a column
            products = products.append_column(name, pa.nulls(len(products), pa.string()))
    return products, _read_garments(tables)


def _read_garments(tables: Tables) -> _Garments:
    rows = tables.garments.count_rows()
    dimensions = tables.garments.schema.field("vector").type.list_size
    vectors = np.empty((rows, dimensions), np.float32)
    boxes, scores = np.empty((rows, 4), np.float32), np.empty(rows, np.float32)
    numbers, slots = np.empty(rows, np.int16), np.empty(rows, np.uint8)
    pictures: list[str] = []
    codes: dict[str | None, int] = {None: 0}
    for batch in batches(tables.garments, ["picture", "number", "slot", "box_xyxy", "score", "vector"]):
        part = slice(len(pictures), len(pictures) + batch.num_rows)
        pictures += batch.column("picture").to_pylist()
        slots[part] = [codes.setdefault(slot, len(codes)) for slot in batch.column("slot").to_pylist()]
        numbers[part], scores[part] = batch.column("number").to_numpy(), batch.column("score").to_numpy()
        for array, name in ((boxes, "box_xyxy"), (vectors, "vector")):
            array[part] = batch.column(name).flatten().to_numpy().reshape(batch.num_rows, -1)
    vectors.flags.writeable = False
    of_picture: dict[str, list[int]] = {}
    for row in np.argsort(numbers, kind="stable").tolist():
        of_picture.setdefault(pictures[row], []).append(row)
    return _Garments(
        pictures,
        {picture: np.array(found, np.intp) for picture, found in of_picture.items()},
        tuple(codes),
        slots,
        boxes,
        scores,
        vectors,
    )

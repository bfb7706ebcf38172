"""Embeddings → candidates: a catalogue, as recommendations see it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from outfitter.catalogue import Catalogue
from outfitter.values import Candidate, IndexedGarment, Product


class CatalogueSource:
    """A `outfitter.recommendations.CandidateSource` over a catalogue. Thread-safe."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    @classmethod
    def open(cls, folder: str | Path, embedder_id: str | None = None) -> CatalogueSource:
        """Open a catalogue folder. Raises CatalogueError as `Catalogue.open` does."""
        return cls(Catalogue.open(folder, embedder_id))

    @property
    def embedder_id(self) -> str:
        """The embedder whose vectors `find` compares with."""
        return self.catalogue.stamp.embedder

    def find(
        self,
        vectors: NDArray[np.float32],
        k: int,
        where: str | None = None,
        exclude: Collection[str] = (),
        slot: str | None = None,
    ) -> list[list[Candidate]]:
        """For each of the (Q, D) vectors the k nearest products, each by its nearest garment, best first.

        Exactly k whenever k match. slot: compare with garments of that slot only.

        Raises:
            QueryError: k below 1, or a filter that cannot be read.
        """
        return self.catalogue.search(vectors, k, where, exclude, slot)

    @property
    def ids(self) -> tuple[str, ...]:
        """All products, N of them, sorted; always the same object."""
        return self.catalogue.all_ids

    def place(self, product_id: str) -> int | None:
        """Where among `ids` a product is; None if it is not there."""
        return self.catalogue.place(product_id)

    @property
    def slots(self) -> NDArray[np.object_]:
        """What each product is: (N,) of a slot or None."""
        return self.catalogue.own_slots

    def allowed(self, where: str | None = None, exclude: Collection[str] = ()) -> NDArray[np.bool_]:
        """Which products a filter lets through: bool (N,). Raises QueryError for one that cannot be read."""
        return self.catalogue.allowed(where, exclude)

    def product(self, product_id: str) -> Product:
        """The product's row. Raises QueryError if there is none."""
        return self.catalogue.product(product_id)

    def garments(self, product_id: str) -> list[IndexedGarment]:
        """Every garment found in the product's pictures."""
        return self.catalogue.garments(product_id)

    def worn_together(self) -> list[list[IndexedGarment]]:
        """The garments of every picture that shows two slots or more."""
        return self.catalogue.worn_together()

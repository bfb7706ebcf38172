"""What a strategy is: a question and a source of candidates in, ranked products with reasons out.

A strategy is a class without state of its own; every one of them passes ``tests/recommendations/test_contract.py``.
It never opens a catalogue: it is handed a `CandidateSource`, as an HTTP client is handed a transport.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import QueryError
from outfitter.registry import Registry
from outfitter.values import Candidate, IndexedGarment, Product, Recommendation


class CandidateSource(Protocol):
    """A catalogue, as far as a strategy can see it."""

    def find(
        self,
        vectors: NDArray[np.float32],
        k: int,
        where: str | None = None,
        exclude: Collection[str] = (),
        slot: str | None = None,
    ) -> list[list[Candidate]]:
        """For each of the (Q, D) vectors the nearest products, best first, each by its nearest garment.

        Exactly k different products whenever k match. slot: compare with garments of that slot only.
        """

    def product(self, product_id: str) -> Product:
        """The product's row. Raises QueryError if there is none."""

    def garments(self, product_id: str) -> list[IndexedGarment]:
        """Every garment found in the product's pictures."""

    def worn_together(self) -> list[list[IndexedGarment]]:
        """The garments of every picture that shows two slots or more."""


@dataclass(frozen=True, eq=False)
class Garment:
    """One thing the shopper shows.

    vectors: float32 (V, D), V ≥ 1 views of it. slot: None where nobody knows. index: which detection of the photo,
    None for a whole picture, a region or a product. name: what to call it in a sentence ("your navy top").
    colour: a name that `outfitter.recommendations.colour` knows, or None.
    """

    vectors: NDArray[np.float32]
    slot: str | None
    name: str
    index: int | None = None
    colour: str | None = None


@dataclass(frozen=True, eq=False)
class Query:
    """A question: products for `garments`, k for each answer, within `where`, without the ids in `exclude`.

    Raises:
        QueryError: k is below 1.
    """

    garments: tuple[Garment, ...]
    k: int = 10
    where: str | None = None
    exclude: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.k < 1:
            raise QueryError(f"k is {self.k}; need at least 1 recommendation.")
        if not self.garments:
            raise ValueError("a query needs at least one garment")


class Strategy(Protocol):
    """A way to turn a question into ranked products."""

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        """Ranked products, best first within each answer; k for each answer whenever k products match.

        Raises:
            QueryError: the filter names a column that does not exist.
        """


STRATEGIES: Final = Registry[Callable[[], Strategy]]("strategy")

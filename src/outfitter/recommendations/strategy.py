"""What a strategy is: a question and a source of candidates in, ranked products with reasons out.

A strategy is made of what was learnt from events and has no other state; every one of them passes
``tests/recommendations/test_contract.py``. It never opens a catalogue: it is handed a `CandidateSource`, as an HTTP
client is handed a transport.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import QueryError
from outfitter.recommendations.interactions import Interactions
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

    @property
    def ids(self) -> tuple[str, ...]:
        """All products, N of them, always in this order; always the same object."""

    def place(self, product_id: str) -> int | None:
        """Where among `ids` a product is; None if it is not there."""

    @property
    def slots(self) -> NDArray[np.object_]:
        """What each product is: (N,) of a slot or None."""

    def allowed(self, where: str | None = None, exclude: Collection[str] = ()) -> NDArray[np.bool_]:
        """Which products a filter lets through: bool (N,). Raises QueryError as `find` does."""

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
    colour: a name that `outfitter.recommendations.colour` knows, or None. product: its id, where it is one of the
    catalogue. by: the part of its looks that counts, None for all.
    """

    vectors: NDArray[np.float32]
    slot: str | None
    name: str
    index: int | None = None
    colour: str | None = None
    product: str | None = None
    by: str | None = None


@dataclass(frozen=True, eq=False)
class Query:
    """A question: products for `garments`, k for each answer, within `where`, without the ids in `exclude`.

    Without garments there is one answer, for the person: user is who they are, if that is known; met is what they
    have met, product → weight, the sum of what `interactions.WEIGHTS` gives each event, 0 for what they dismissed;
    session is what they met in this visit, the latest last.

    Raises:
        QueryError: k is below 1.
    """

    garments: tuple[Garment, ...] = ()
    k: int = 10
    where: str | None = None
    exclude: frozenset[str] = frozenset()
    user: str | None = None
    met: Mapping[str, float] = field(default_factory=dict)
    session: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.k < 1:
            raise QueryError(f"k is {self.k}; need at least 1 recommendation.")

    @property
    def learnt_as(self) -> str | None:
        """The user whose learnt taste stands for the person; None where a visit tells more than what was learnt."""
        return None if self.session else self.user


class Strategy(Protocol):
    """A way to turn a question into ranked products.

    `needs` says, in words, what it cannot answer without, or nothing: then it cannot help with this question.
    """

    def needs(self, query: Query) -> str | None:
        """What is missing for this question: "a photo or a product", "events". None if nothing is."""

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        """Ranked products, best first within each answer, without repeats; at most k for each answer.

        Pictures can be compared with every product, so who needs pictures gives k whenever k match. Who needs events
        gives what the events speak of.

        Raises:
            QueryError: the filter names a column that does not exist.
        """


STRATEGIES: Final = Registry[Callable[[Interactions], Strategy]]("strategy")

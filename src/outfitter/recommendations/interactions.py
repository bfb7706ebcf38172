"""What is learnt from events: who likes what, what is liked now, and what goes with what.

Implicit feedback (Hu, Koren, Volinsky 2008): an event is no rating, only more or less confidence that somebody likes a
product. The factors are the package implicit's.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from outfitter.config import Options
from outfitter.errors import EventError
from outfitter.evaluation.event_log import AGAINST, EventLog
from outfitter.system import replace_file

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DAY: Final = 86400.0
WEIGHTS: Final[Mapping[str, float]] = {"view": 1.0, "cart": 3.0, "like": 3.0, "purchase": 5.0}
"""What an event says for a product; a kind that is not here says as much as a view, and one of `AGAINST` says no."""

BPR_RATE: Final = 0.05
BPR_REGULARISATION: Final = 0.01
BPR_ROUNDS: Final = 7
"""Times the rounds of the least squares: a round of it goes through the events once only."""

Vector = NDArray[np.float32]


class InteractionOptions(Options):
    """How tastes are learnt."""

    algorithm: Literal["als", "bpr", "item-item"] = "als"
    factors: int = Field(default=32, gt=0)
    rounds: int = Field(default=15, gt=0, description="of the optimiser")
    more_rounds: int = Field(default=3, gt=0, description="when starting from what was learnt before")
    regularisation: float = Field(default=10.0, ge=0, description="als only")
    confidence: float = Field(default=1.0, gt=0, description="als only: of weight 1, beside 1 of what was never met")
    half_life_days: float = Field(default=120.0, gt=0, description="after which an event counts half for taste")
    popular_days: float = Field(default=30.0, gt=0, description="likewise for popularity")
    trending_days: float = Field(default=3.0, gt=0, description="likewise for trends")
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True, eq=False)
class Interactions:
    """What was learnt from a log.

    people, products: names, by their place. person, product: int32 (M,), pairs that met, by person; weight: float32
    (M,), > 0 for, 0 if a dismissal was the last word. bought: bool (M,). user_factors, item_factors: float32 (P, F),
    (N, F), or (·, 0) where there are none.
    popular, trending: float32 (N,), decayed sums of weights at the last event. events: int32 (N,), that say yes.
    """

    options: InteractionOptions
    people: tuple[str, ...]
    products: tuple[str, ...]
    person: NDArray[np.int32]
    product: NDArray[np.int32]
    weight: Vector
    bought: NDArray[np.bool_]
    user_factors: Vector
    item_factors: Vector
    popular: Vector
    trending: Vector
    events: NDArray[np.int32]
    _aligned: dict[int, tuple[object, NDArray[np.intp]]] = field(default_factory=dict, repr=False)

    @classmethod
    def none(cls) -> Interactions:
        """Nothing is known: a shop on its first day."""
        pairs, scores = np.zeros(0, np.int32), np.zeros(0, np.float32)
        factors = np.zeros((0, 0), np.float32)
        more = (scores, np.zeros(0, bool), factors, factors, scores, scores, pairs)
        return cls(InteractionOptions(), (), (), pairs, pairs, *more)

    @classmethod
    def learn(
        cls, log: EventLog, options: InteractionOptions | None = None, before: Interactions | None = None
    ) -> Interactions:
        """Learn from a log, in any order of its events.

        before: what was learnt earlier; the factors begin there, and `more_rounds` are enough.
        """
        options = options or InteractionOptions()
        counts, people, products = len(log), len(log.people), len(log.items)
        if not counts:
            return replace(cls.none(), options=options)
        now = float(log.seconds.max())
        age = (now - log.seconds) / DAY
        worth = np.array([0.0 if kind in AGAINST else WEIGHTS.get(kind, 1.0) for kind in log.kinds], np.float64)
        worth = worth[log.kind]

        def decayed(days: float) -> Vector:
            return np.bincount(log.item, worth * 0.5 ** (age / days), products).astype(np.float32)

        # One row a pair: the sum of its weights, or nothing if the last of them says no.
        pair = log.person.astype(np.int64) * products + log.item
        pairs, place = np.unique(pair, return_inverse=True)
        weight = np.bincount(place, worth * 0.5 ** (age / options.half_life_days), len(pairs)).astype(np.float32)
        last = np.zeros(len(pairs), np.int64)
        np.maximum.at(last, place, np.arange(counts))  # the log is in the order of time
        weight[worth[last] == 0] = 0.0
        bought = np.zeros(len(pairs), bool)
        bought[place[log.kind == (log.kinds.index("purchase") if "purchase" in log.kinds else -1)]] = True
        matrix = _matrix(pairs // products, pairs % products, weight, people, products)
        users, items = _factors(matrix, options, log, before)
        return cls(
            options,
            log.people,
            log.items,
            (pairs // products).astype(np.int32),
            (pairs % products).astype(np.int32),
            weight,
            bought,
            users,
            items,
            decayed(options.popular_days),
            decayed(options.trending_days) ** 2 / (decayed(options.popular_days) + 1e-9),
            np.bincount(log.item[worth > 0], minlength=products).astype(np.int32),
        )

    # --- on disk

    def save(self, path: Path) -> None:
        """Write to a new or an old ``.npz``, in one step. No pickle.

        Raises:
            EventError: it is no .npz, or cannot be written.
        """
        if path.suffix != ".npz":
            raise EventError(f"{path}: is no .npz. Name a file that ends so.")
        arrays: dict[str, Any] = {name: getattr(self, name) for name in ARRAYS}
        arrays |= {"people": np.array(self.people, np.str_), "products": np.array(self.products, np.str_)}
        arrays["options"] = np.array(self.options.model_dump_json())
        try:
            replace_file(path, lambda file: np.savez(file, **arrays))
        except OSError as error:
            raise EventError(f"{path}: cannot be written: {error.strerror}.") from error

    @classmethod
    def load(cls, path: Path) -> Interactions:
        """Read what `save` wrote. Raises EventError: it is not there, or not whole."""
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                options = InteractionOptions.model_validate_json(str(file["options"]))
                people, products = (tuple(file[name].tolist()) for name in ("people", "products"))
                return cls(options, people, products, *(file[name] for name in ARRAYS))
        except (OSError, ValueError, KeyError, EOFError) as error:
            made = path if path.suffix == ".npz" else f"{path}.npz"
            raise EventError(
                f"{path}: cannot be read: {error}. Make it with 'outfitter events learn {made} --events DATABASE'."
            ) from None
        except BadZipFile as error:
            raise EventError(f"{path}: is damaged: {error}. Make it again with 'outfitter events learn'.") from None

    # --- people

    @cached_property
    def _place_of_person(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.people)}

    @cached_property
    def _place_of_product(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.products)}

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        return np.searchsorted(self.person, np.arange(len(self.people) + 1))

    @cached_property
    def known(self) -> frozenset[str]:
        """Products that somebody met and did not dismiss."""
        return frozenset(name for name, count in zip(self.products, self.events.tolist(), strict=True) if count)

    def count(self, product: str) -> int:
        """Events of a product that say yes."""
        return int(self.events[self._place_of_product[product]]) if product in self._place_of_product else 0

    def knows(self, person: str) -> bool:
        """Whether there are events of that person."""
        return person in self._place_of_person

    def met(self, person: str) -> dict[str, float]:
        """Product → weight of what the person met; 0 where they said no. Empty for an unknown person."""
        place = self._place_of_person.get(person)
        if place is None:
            return {}
        rows = slice(*self._starts[place : place + 2])
        return {
            self.products[at]: float(weight)
            for at, weight in zip(self.product[rows].tolist(), self.weight[rows].tolist(), strict=True)
        }

    def bought_by(self, person: str) -> frozenset[str]:
        """What the person bought, ever."""
        place = self._place_of_person.get(person)
        if place is None:
            return frozenset()
        rows = slice(*self._starts[place : place + 2])
        return frozenset(self.products[at] for at in self.product[rows][self.bought[rows]].tolist())

    # --- scores

    def taste(self, met: Mapping[str, float], person: str | None = None) -> Vector:
        """Preference for each product: float32 (N,). All zero where nothing is known of anything met.

        person: whose factors to use; None folds `met` in, which costs a millisecond and is as new as its events.
        """
        places = [self._place_of_product[name] for name in met if name in self._place_of_product]
        wanted = np.array([weight for name, weight in met.items() if name in self._place_of_product], np.float32)
        if not places or not (wanted > 0).any():
            return np.zeros(len(self.products), np.float32)
        if not self.factors:
            return self._beside(np.array(places), wanted)
        return np.asarray(self.item_factors @ self.user(met, person), np.float32)

    @property
    def factors(self) -> int:
        """How many numbers a taste has; 0 where it has none, as nothing was learnt or item by item."""
        return int(self.item_factors.shape[1])

    def user(self, met: Mapping[str, float], person: str | None = None) -> Vector:
        """A taste as factors: float32 (F,), all zero where nothing is known of anything met. As `taste`."""
        if person is not None and person in self._place_of_person:
            return np.asarray(self.user_factors[self._place_of_person[person]])
        known = {self._place_of_product[name]: weight for name, weight in met.items() if name in self._place_of_product}
        places = np.array([place for place, weight in known.items() if weight > 0], np.intp)
        weights = np.array([weight for weight in known.values() if weight > 0], np.float32)
        if not len(places):
            return np.zeros(self.factors, np.float32)
        if self.options.algorithm == "als":
            return self._fold_in(places, weights)
        mean = np.asarray((self.item_factors[places] * weights[:, None]).sum(0) / weights.sum(), np.float32)
        mean[-1] = 1.0  # the products' biases stand there
        return mean

    @cached_property
    def _gram(self) -> NDArray[np.float64]:
        factors = self.item_factors.astype(np.float64)
        return factors.T @ factors + self.options.regularisation * np.eye(factors.shape[1])

    def _fold_in(self, places: NDArray[np.intp], weights: Vector) -> Vector:
        """One step of the alternating least squares for one person (Hu et al. 2008, equation 4)."""
        wanted = self.item_factors[places].astype(np.float64)
        extra = self.options.confidence * weights.astype(np.float64)
        left = self._gram + wanted.T @ (wanted * extra[:, None])
        return np.linalg.solve(left, wanted.T @ (1 + extra)).astype(np.float32)

    @cached_property
    def _by_product(self) -> Any:
        """(N, P) of unit rows: who wants each product."""
        from scipy.sparse import diags

        matrix = _matrix(self.product, self.person, np.sqrt(self.weight), len(self.products), len(self.people))
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
        return (diags(1 / np.maximum(length, 1e-9)) @ matrix).tocsr()

    def _beside(self, places: NDArray[np.intp], weights: Vector) -> Vector:
        """Cosine of the people of each product to those of the given ones, weighted: float32 (N,)."""
        rows = self._by_product
        mixed = rows[places].multiply(np.sqrt(weights)[:, None]).sum(0)
        scores = np.asarray(rows @ np.asarray(mixed).ravel(), np.float32)
        scores[places] = 0.0
        return scores

    def beside(self, product: str) -> Vector:
        """How much each product is wanted by the people who want this one: cosine, float32 (N,); zero for itself."""
        place = self._place_of_product.get(product)
        if place is None:
            return np.zeros(len(self.products), np.float32)
        return self._beside(np.array([place]), np.ones(1, np.float32))

    def aligned(self, scores: NDArray[Any], ids: tuple[str, ...]) -> Vector:
        """Scores of `products` as scores of the ids of a catalogue: float32 (ids,), 0 for ids without events.

        Events of products that the catalogue has no more are left aside.
        """
        known = self._aligned.get(id(ids))
        if known is None or known[0] is not ids:
            place = self._place_of_product
            known = (ids, np.array([place.get(name, len(place)) for name in ids], np.intp))
            self._aligned.clear()
            self._aligned[id(ids)] = known
        return np.append(scores, 0).astype(np.float32)[known[1]]


ARRAYS: Final = (
    "person",
    "product",
    "weight",
    "bought",
    "user_factors",
    "item_factors",
    "popular",
    "trending",
    "events",
)


def _matrix(rows: Any, columns: Any, values: Any, height: int, width: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    return csr_matrix((np.asarray(values, np.float32), (rows, columns)), shape=(height, width))


def _factors(
    matrix: csr_matrix, options: InteractionOptions, log: EventLog, before: Interactions | None
) -> tuple[Vector, Vector]:
    """Of people and products, float32 (P, F) and (N, F); F is 0 where there is nothing to factorise."""
    people, products = matrix.shape
    matrix = matrix.copy()
    matrix.eliminate_zeros()  # what is stored counts as wished for, and a dismissal is none
    if options.algorithm == "item-item" or not matrix.nnz:
        return np.zeros((people, 0), np.float32), np.zeros((products, 0), np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "OpenBLAS|Intel MKL")  # about thread counts
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        from implicit.cpu.als import AlternatingLeastSquares
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        kept = ("algorithm", "factors")
        begun = before is not None and all(getattr(before.options, name) == getattr(options, name) for name in kept)
        begun = begun and before is not None and before.item_factors.shape[1] > 0
        rounds = options.more_rounds if begun else options.rounds
        model: Any
        if options.algorithm == "als":
            model = AlternatingLeastSquares(
                factors=options.factors,
                random_state=options.seed,
                regularization=options.regularisation,
                alpha=1.0,
                iterations=rounds,
                dtype=np.float32,
            )
            matrix.data = 1 + options.confidence * matrix.data
            matrix.data[matrix.data == 1] = 0
            matrix.eliminate_zeros()
        else:
            model = BayesianPersonalizedRanking(
                factors=options.factors,
                random_state=options.seed,
                regularization=BPR_REGULARISATION,
                learning_rate=BPR_RATE,
                iterations=BPR_ROUNDS * rounds,
                num_threads=1,  # more threads write over each other, and no two runs are the same
            )
        if begun:
            assert before is not None
            rng = np.random.default_rng(options.seed)
            model.user_factors = _carried(before.user_factors, before._place_of_person, log.people, rng)
            model.item_factors = _carried(before.item_factors, before._place_of_product, log.items, rng)
            if options.algorithm == "bpr":
                model.user_factors[:, -1] = 1.0  # of the products' biases
        model.fit(matrix, show_progress=False)
    # BPR's last two columns are biases; kept as they are, they add up in the product of both.
    return np.asarray(model.user_factors, np.float32), np.asarray(model.item_factors, np.float32)


def _carried(before: Vector, places: Mapping[str, int], names: Iterable[str], rng: np.random.Generator) -> Vector:
    """The factors of names that were known, small random ones for the others."""
    names = tuple(names)
    carried = (rng.random((len(names), before.shape[1]), np.float32) * 0.01).astype(np.float32)
    for at, name in enumerate(names):
        if name in places:
            carried[at] = before[places[name]]
    return carried

"""A shop small enough to think about: a `CandidateSource` that searches a handful of vectors exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import cached_property

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.errors import QueryError
from outfitter.recommendations import CandidateSource
from outfitter.recommendations.slots import own_slot
from outfitter.values import Candidate, IndexedGarment, Product


def meets(product: Product, where: str | None) -> bool:
    """Of the filter language = and != alone."""
    conditions = [re.fullmatch(r"(\w+)(!?)=(.+)", one) for one in (where or "").split(",") if one]
    return all(one and (getattr(product, one[1]) == one[3]) is not bool(one[2]) for one in conditions)


class MemorySource:
    """Exact search over Python lists. `where` is ``"category=x"``."""

    def __init__(self, products: Sequence[Product], garments: Sequence[IndexedGarment]) -> None:
        self._products = {product.id: product for product in products}
        self._garments = list(garments)

    def find(
        self,
        vectors: NDArray[np.float32],
        k: int,
        where: str | None = None,
        exclude: Collection[str] = (),
        slot: str | None = None,
    ) -> list[list[Candidate]]:
        def wanted(garment: IndexedGarment) -> bool:
            if garment.product_id in exclude or slot not in (None, garment.slot):
                return False
            return meets(self._products[garment.product_id], where)

        answers = []
        for vector in vectors:
            best: dict[str, Candidate] = {}
            for garment in filter(wanted, self._garments):
                one = Candidate(
                    garment.product_id, garment.slot, garment.image, garment.box_xyxy, float(vector @ garment.vector)
                )
                if one.product_id not in best or one.similarity > best[one.product_id].similarity:
                    best[one.product_id] = one
            answers.append(sorted(best.values(), key=lambda one: -one.similarity)[:k])
        return answers

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._products)

    def place(self, product_id: str) -> int | None:
        return self.ids.index(product_id) if product_id in self._products else None

    @property
    def slots(self) -> NDArray[np.object_]:
        return np.array([own_slot(self, product) for product in self._products.values()], np.object_)

    def allowed(self, where: str | None = None, exclude: Collection[str] = ()) -> NDArray[np.bool_]:
        found = [product.id not in exclude and meets(product, where) for product in self._products.values()]
        return np.array(found, bool)

    def product(self, product_id: str) -> Product:
        if product_id not in self._products:
            raise QueryError(f"no product {product_id!r}")
        return self._products[product_id]

    def garments(self, product_id: str) -> list[IndexedGarment]:
        return [garment for garment in self._garments if garment.product_id == product_id]

    def worn_together(self) -> list[list[IndexedGarment]]:
        pictures: dict[tuple[str, str], list[IndexedGarment]] = {}
        for garment in self._garments:
            pictures.setdefault((garment.product_id, garment.image), []).append(garment)
        return [seen for seen in pictures.values() if len({garment.slot for garment in seen if garment.slot}) >= 2]


def unit(*values: float) -> NDArray[np.float32]:
    """A vector of length 1 along `values`."""
    array = np.array(values, np.float32)
    return np.asarray(array / np.linalg.norm(array), np.float32)


Seen = tuple[str, str, str | None, NDArray[np.float32]]
"""(product id, picture, slot, vector)"""


def shop_of(products: Sequence[Product], seen: Sequence[Seen]) -> MemorySource:
    return MemorySource(
        products,
        [
            IndexedGarment(product, image, slot, (10.0 + place, 20.0, 50.0 + place, 90.0), 0.9 if slot else 0.0, vector)
            for place, (product, image, slot, vector) in enumerate(seen)
        ],
    )


@pytest.fixture(scope="session")
def make_shop() -> Callable[[Sequence[Product], Sequence[Seen]], CandidateSource]:
    return shop_of


@pytest.fixture(scope="session")
def big_shop() -> CandidateSource:
    """23 tops, 17 bottoms, 9 shoes, 2 whole pictures; every third top is also shown worn with bottoms and shoes."""
    rng = np.random.default_rng(7)
    counts = {"top": 23, "bottom": 17, "footwear": 9}
    colours = ["navy", "red", "white", "olive", None]
    products: list[Product] = []
    seen: list[Seen] = []
    vectors = {
        f"{slot}-{number}": unit(*rng.normal(0.4, 1, 6)) for slot, count in counts.items() for number in range(count)
    }
    for number, (name, vector) in enumerate(vectors.items()):
        slot, own = name.split("-")
        products.append(Product(name, f"The {name}", f"{name}.jpg", slot, colours[number % len(colours)]))
        seen.append((name, f"{name}.jpg", slot, vector))
        if slot == "top" and int(own) % 3 == 0:
            worn = [("top", vector), ("bottom", vectors[f"bottom-{int(own) % 17}"])]
            worn += [("footwear", vectors[f"footwear-{int(own) % 9}"])]
            seen += [(name, f"{name}-worn.jpg", slot, one) for slot, one in worn]
    for number in range(2):
        name = f"other-{number}"
        products.append(Product(name, f"The {name}", f"{name}.jpg"))
        seen.append((name, f"{name}.jpg", None, unit(*rng.normal(size=6))))
    return shop_of(products, seen)

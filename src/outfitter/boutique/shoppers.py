"""Shoppers of the drawn boutique, whose tastes are known, and what they do there.

Somebody likes a formality, some colours, patterns and brands, a price; whom a garment is for they always heed. Colour,
pattern and formality can be seen in the pictures; brand and price cannot, and are told by other people's events alone.
Each look around the shop shows a few products at random, those in fashion more often; the shopper views the one they
like best, up to a whim, and likes, buys or dismisses it by how much they like it. Some products are new towards the
end of the time, and some people come late: nothing is known of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.boutique.design import BRANDS, Boutique
from outfitter.boutique.palette import COLOURS
from outfitter.boutique.stylist import LOUD
from outfitter.errors import ConfigError

START: Final = 1_767_225_600.0
"""2026-01-01, seconds since 1970."""
DAY: Final = 86400.0
SHOWN: Final = 60
"""Products among which somebody chooses."""
NEW: Final = 0.1
"""Share of products that are new in the last fifth of the time, before which nobody can meet them."""


@dataclass(frozen=True, eq=False)
class Shoppers:
    """likes: float32 (people, products), how much each likes each: of mean 0 and deviation 1 over all products.

    events: (person, product, kind, seconds since 1970), by time. launched: float64 (products,), seconds since 1970.
    """

    people: tuple[str, ...]
    products: tuple[str, ...]
    likes: NDArray[np.float32]
    launched: NDArray[np.float64]
    events: tuple[tuple[str, str, str, float], ...]


def simulate(shop: Boutique, people: int = 400, looks_around: int = 12000, days: float = 90, seed: int = 0) -> Shoppers:
    """People and what they do; the same numbers give the same.

    looks_around: how often anybody looks around and views something; a few people do so often, most seldom.

    Raises:
        ConfigError: nobody, or nothing to do.
    """
    if people < 1 or looks_around < 1 or not days > 0:
        raise ConfigError(f"people is {people}, looks_around {looks_around}, days {days:g}; need at least 1 of each.")
    rng = np.random.default_rng(seed)
    products = shop.products
    likes = np.stack([_likes(shop, rng) for _ in range(people)])
    names = tuple(f"shopper-{number:04d}" for number in range(people))
    fashion = rng.lognormal(0, 0.7, len(products))
    launched = np.full(len(products), START)
    fresh = rng.choice(len(products), int(NEW * len(products)), replace=False)
    launched[fresh] = START + DAY * days * rng.uniform(0.8, 0.95, len(fresh))
    busy = rng.pareto(1.2, people) + 0.2
    comes = START + DAY * days * np.where(rng.random(people) < 0.7, 0.0, rng.uniform(0, 0.95, people))
    events: list[tuple[str, str, str, float]] = []
    for time in np.sort(START + DAY * days * rng.random(looks_around)):
        here = busy * (comes <= time)
        if not here.any():
            continue
        person = int(rng.choice(people, p=here / here.sum()))
        offered = fashion * (launched <= time)
        shown = rng.choice(
            len(products), min(SHOWN, int((offered > 0).sum())), replace=False, p=offered / offered.sum()
        )
        whim = rng.gumbel(0, 0.35, len(shown))
        chosen = int(shown[int((likes[person, shown] + whim).argmax())])
        events += _done(names[person], products[chosen].id, float(likes[person, chosen]), float(time), rng)
    events.sort(key=lambda event: event[3])
    return Shoppers(names, tuple(product.id for product in products), likes, launched, tuple(events))


def _done(
    person: str, product: str, like: float, time: float, rng: np.random.Generator
) -> list[tuple[str, str, str, float]]:
    done = [(person, product, "view", time)]
    if like < 0 and rng.random() < 0.3:
        done.append((person, product, "dismiss", time + 5))
    if rng.random() < 0.3 * _share(like - 1):
        done.append((person, product, "like", time + 10))
    if rng.random() < 0.4 * _share(like - 1):
        done.append((person, product, "cart", time + 30))
        if rng.random() < 0.6:
            done.append((person, product, "purchase", time + 300))
    return done


def _share(value: float) -> float:
    return float(1 / (1 + np.exp(-3 * value)))


def _likes(shop: Boutique, rng: np.random.Generator) -> NDArray[np.float32]:
    gender = ("women", "men")[int(rng.random() < 0.4)]
    formality = rng.dirichlet([0.6, 0.6, 0.6])
    hue, wide = rng.uniform(0, 360), rng.uniform(25, 70)
    neutral, loud = rng.normal(0, 0.8), rng.normal(-0.2, 0.8)
    brands = dict(zip(BRANDS, rng.normal(0, 0.6, len(BRANDS)), strict=True))
    budget, minds = rng.lognormal(3.9, 0.5), rng.uniform(0, 0.8)
    colours = {name: neutral if at is None else _near(at, hue, wide) for name, at in _hues().items()}
    scores = [
        1.5 * formality[("casual", "smart", "sport").index(product.formality)]
        + colours[product.colour]
        + loud * (product.pattern in LOUD)
        + brands[product.brand]
        - minds * abs(float(np.log(product.price / budget)))
        - 6.0 * (product.gender not in (gender, "unisex"))
        for product in shop.products
    ]
    return _scaled(scores)


def _hues() -> dict[str, float | None]:
    return {name: colour[1] for name, colour in COLOURS.items()}


def _near(at: float, hue: float, wide: float) -> float:
    apart = abs((at - hue + 180) % 360 - 180)
    return 1.2 * float(np.exp(-((apart / wide) ** 2))) - 0.4


def _scaled(scores: Sequence[float]) -> NDArray[np.float32]:
    likes = np.array(scores)
    return np.asarray((likes - likes.mean()) / max(float(likes.std()), 1e-9), np.float32)

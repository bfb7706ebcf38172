"""The boutique's range: products and outfits, by design and by dice. Nothing is drawn here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from outfitter.boutique.colours import Rgb, darker, lighter, luma
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.kinds import KINDS, Kind, choose
from outfitter.boutique.palette import ACCENTS, contrast, shade_of
from outfitter.boutique.prints import PRINTS
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.stylist import Look, dress_up
from outfitter.errors import ConfigError

BRANDS: Final = ("Alder & Ash", "Maison Vero", "Northline", "Otto Fells", "Petite Rue", "Saltmarsh", "Tomo", "Ylva")
CURRENCY: Final = "EUR"

_GREYS: Final = ("black", "charcoal", "grey", "white")
_FIT: Final = {"women": "Women's", "men": "Men's", "unisex": "Unisex"}


@dataclass(frozen=True)
class Boutique:
    """A range of products and the outfits made of them.

    looks: outfits in no feed, to ask with. worn: one outfit around each of many products, an additional picture of it.
    """

    seed: int
    products: tuple[BoutiqueProduct, ...]
    looks: tuple[Look, ...]
    worn: tuple[Look, ...]

    def product(self, product_id: str) -> BoutiqueProduct:
        """The product of an id.

        Raises:
            KeyError: there is none.
        """
        for product in self.products:
            if product.id == product_id:
                return product
        raise KeyError(product_id)


def design(products: int = 240, looks: int = 40, seed: int = 0) -> Boutique:
    """A boutique; the same numbers give the same boutique. It takes well under a second.

    products: at least 40, one of each kind. About one in five comes in a second colour. looks: outfits to ask with.

    Raises:
        ConfigError: too few products, or a negative number of looks.
    """
    if products < len(KINDS) or looks < 0:
        raise ConfigError(
            f"a boutique of {products} products and {looks} looks; need at least {len(KINDS)} products, one of each "
            "kind, and no negative number of looks."
        )
    rng = np.random.default_rng([seed, 1])
    made: list[BoutiqueProduct] = []
    seen: set[tuple[object, ...]] = set()
    order = _counts(products)
    while len(made) < products:
        kind = order[len(made)]
        product = design_product(kind, f"B{len(made) + 1:04d}", rng, style=len(made))
        family = [p for p in made if p.category == kind.category and p.pattern == "solid"]
        if family and rng.random() < 0.22:
            product = _recoloured(family[int(rng.integers(len(family)))], product)
        key = (product.category, product.colour, product.pattern)
        if key in seen and not _exhausted(kind, seen, rng):
            continue
        seen.add(key)
        made.append(product)
    range_ = tuple(made)
    return Boutique(seed, range_, _looks(range_, looks, seed), _worn(range_, seed))


def _counts(products: int) -> list[Kind]:
    """The kinds of all products: one of each first, then by weight, evenly spread."""
    total = sum(kind.weight for kind in KINDS)
    left = products - len(KINDS)
    shares = [(left * kind.weight / total) for kind in KINDS]
    counts = [int(share) for share in shares]
    rest = sorted(range(len(KINDS)), key=lambda i: (counts[i] - shares[i], i))
    for i in rest[: left - sum(counts)]:
        counts[i] += 1
    return [kind for kind, count in zip(KINDS, counts, strict=True) for _ in range(count + 1)]


def _exhausted(kind: Kind, seen: set[tuple[object, ...]], rng: np.random.Generator) -> bool:
    """Whether a category has hardly a colour and pattern left that is new; then twins of another cut are let in."""
    used = sum(key[0] == kind.category for key in seen)
    choices = len(kind.colours.split()) * len(kind.patterns.split())
    return used >= 0.8 * choices and rng.random() < 0.2


def design_product(kind: Kind, product_id: str, rng: np.random.Generator, style: int = 0) -> BoutiqueProduct:
    """One product of a kind, by dice."""
    upper, lower, item = kind.cut(rng)
    pattern, material = choose(rng, kind.patterns), choose(rng, kind.materials)
    colour = choose(rng, kind.colours)
    gender, formality, season = choose(rng, kind.genders), choose(rng, kind.formality), choose(rng, kind.season)
    if upper and upper.quilts:
        material = "nylon"
    if material == "denim":
        colour = choose(rng, "denim:4 navy:2 light_blue:2 black:2 grey white")
        pattern = "solid"
    if material == "leather" and kind.slot in ("top", "bottom"):
        colour, pattern = choose(rng, "black:5 brown:3 camel burgundy:2 red navy"), "solid"
    if material in ("suede", "nylon") and pattern not in ("solid", "camouflage"):
        pattern = "solid"
    seed = int(rng.integers(1 << 30))
    fabric, accent = _cloth(pattern, colour, material, seed, kind, rng)
    if pattern == "graphic" and upper:
        upper = replace(
            upper,
            print=str(rng.choice(PRINTS)),
            pockets="kangaroo" if upper.pockets == "kangaroo" else "none",
            front="closed",
        )
    if upper and upper.quilts:
        accent = (40, 40, 42)
    low, high = kind.price
    price = round(low + (high - low) * float(rng.beta(1.6, 3.0))) + float(rng.choice([0.0, 0.5, 0.9, 0.95, 0.99]))
    words = kind.words.split("|")
    named = "" if pattern == "solid" else f"{pattern.capitalize()} "
    noun = words[int(rng.integers(len(words)))]
    title = f"{_FIT[gender]} {named.lower()}{noun[0].lower() + noun[1:] if noun[:2] != 'T-' else noun} in {colour}"
    stock = str(rng.choice(["in stock", "in stock", "in stock", "in stock", "in stock", "preorder", "out of stock"]))
    brand = BRANDS[int(rng.integers(len(BRANDS)))]
    return BoutiqueProduct(
        product_id, title, kind.category, kind.slot, colour, fabric.rgb, pattern, price, CURRENCY, stock, gender, brand,
        formality, season, style, kind.layer, fabric, accent, upper, lower, item,
    )  # fmt: skip


def _cloth(
    pattern: str, colour: str, material: str, seed: int, kind: Kind, rng: np.random.Generator
) -> tuple[Fabric, Rgb]:
    """The cloth and the colour of the trims."""
    rgb = shade_of(colour, rng)
    second, third, fourth = (shade_of(contrast(colour, rng), rng) for _ in range(3))
    small = kind.slot in ("footwear", "bag", "headwear", "eyewear")
    scale = float(rng.uniform(0.75, 1.25)) * (0.45 if kind.slot in ("footwear", "eyewear") else 0.6 if small else 1.0)
    others: tuple[Rgb, ...] = (second, third, fourth)
    drawn = pattern
    if pattern == "graphic":
        drawn = "solid"
    elif pattern == "tortoise":
        rgb, others = (58, 36, 24), ((150, 92, 46),)
        material = "rubber"
    elif pattern == "leopard":
        rgb = rgb if colour in ACCENTS else (208, 168, 118)
        others = (darker(rgb, 0.85), darker(rgb, 0.35))
    elif pattern == "camouflage":
        others = (darker(rgb, 0.35), lighter(rgb, 0.25), darker(rgb, 0.65))
    elif pattern in ("pinstripe", "windowpane"):
        others = (lighter(rgb, 0.5) if luma(rgb) < 0.55 else darker(rgb, 0.45),)
    elif pattern in ("herringbone", "houndstooth"):
        others = (lighter(rgb, 0.6) if luma(rgb) < 0.5 else darker(rgb, 0.65),)
    elif pattern in ("gingham", "polka dot", "vertical stripe", "breton stripe", "wide stripe"):
        white = shade_of("white", rng)
        others = (second if luma(rgb) > 0.75 or rng.random() < 0.25 else white, third)
    elif pattern == "floral":
        others = (
            second if luma(second) > 0.3 or luma(rgb) > 0.5 else shade_of("pink", rng),
            shade_of(str(rng.choice(["green", "olive", "teal"])), rng),
            shade_of(str(rng.choice(ACCENTS)), rng),
        )
    elif pattern == "tie-dye":
        others = (lighter(rgb, 0.7) if luma(rgb) < 0.6 else second,)
    if small:
        accent = {"tote": (146, 96, 58), "backpack": (120, 78, 48)}.get(kind.category.split()[0], second)
        if kind.category == "sunglasses":
            accent = [(34, 34, 38), (84, 58, 40), (52, 70, 62), (60, 74, 104)][int(rng.integers(4))]
    else:
        accent = second if luma(rgb) > 0.2 or rng.random() < 0.5 else darker(rgb, 0.4)
    return Fabric(rgb, drawn, others, material, scale, seed), accent


def _recoloured(known: BoutiqueProduct, fresh: BoutiqueProduct) -> BoutiqueProduct:
    """A known style in the colour of a fresh product."""
    if known.colour == fresh.colour or fresh.pattern != "solid":
        return fresh
    fabric = replace(known.fabric, rgb=fresh.fabric.rgb)
    title = known.title.rsplit(" in ", 1)[0] + f" in {fresh.colour}"
    return replace(
        known,
        id=fresh.id,
        title=title,
        colour=fresh.colour,
        rgb=fresh.rgb,
        fabric=fabric,
        availability=fresh.availability,
    )


def _looks(products: tuple[BoutiqueProduct, ...], count: int, seed: int) -> tuple[Look, ...]:
    rng = np.random.default_rng([seed, 2])
    made, used = [], Counter[str]()
    for i in range(count):
        gender = "women" if rng.random() < 0.6 else "men"
        made.append(replace(dress_up(products, gender, rng, used=used), id=f"L{i + 1:03d}"))
    return tuple(made)


def _worn(products: tuple[BoutiqueProduct, ...], seed: int) -> tuple[Look, ...]:
    """For about half of the products, an outfit around it."""
    rng = np.random.default_rng([seed, 3])
    made, used = [], Counter[str]()
    for product in products:
        gender = product.gender if product.gender != "unisex" else ("women" if rng.random() < 0.5 else "men")
        look = dress_up(products, gender, rng, around=product, used=used)
        if rng.random() < 0.5:
            made.append(replace(look, id=product.id, around=product.id))
    return tuple(made)

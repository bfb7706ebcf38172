"""What the boutique sells: each kind of product, how it may be cut, clad, coloured and priced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from outfitter.boutique.product import Item, Lower, Upper
from outfitter.boutique.prints import PRINTS

Rng: TypeAlias = np.random.Generator
Cut: TypeAlias = tuple[Upper | None, Lower | None, Item | None]


@dataclass(frozen=True)
class Kind:
    """One category. layer: inner, outer, bottom, dress, coat, or the slot's name. weight: share of the range.

    materials, patterns, colours, formality, season: space-free choices with weights, as "a:2 b c".
    """

    category: str
    slot: str
    layer: str
    weight: float
    genders: str
    formality: str
    season: str
    materials: str
    patterns: str
    colours: str
    price: tuple[int, int]
    words: str
    cut: Callable[[Rng], Cut]


def choose(rng: Rng, choices: str) -> str:
    """One of "a:2 b c", by weight; underscores stand for spaces."""
    names, weights = [], []
    for choice in choices.split():
        name, _, weight = choice.partition(":")
        names.append(name.replace("_", " "))
        weights.append(float(weight or 1))
    return str(rng.choice(names, p=np.array(weights) / sum(weights)))


def _u(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _c(rng: Rng, *choices: str) -> str:
    return str(rng.choice(choices))


def _tee(rng: Rng) -> Cut:
    neck = _c(rng, "crew", "crew", "v", "scoop")
    depth = {"crew": 0.12, "v": 0.4, "scoop": 0.32}[neck]
    return (
        Upper(
            hem=_u(rng, 3.5, 4.1),
            ease=_u(rng, 0.06, 0.24),
            boxy=_u(rng, 0.45, 1),
            sleeve=_u(rng, 0.28, 0.42),
            sleeve_ease=_u(rng, 0.07, 0.16),
            neck=neck,
            depth=depth,
            neck_width=_u(rng, 0.27, 0.34),
            pockets=_c(rng, "none", "none", "chest"),
            raglan=bool(rng.random() < 0.12),
        ),
        None,
        None,
    )


def _tank(rng: Rng) -> Cut:
    neck = _c(rng, "scoop", "straps", "straps", "halter", "square")
    return (
        Upper(
            hem=_u(rng, 3.1, 3.9),
            ease=_u(rng, 0.02, 0.1),
            boxy=_u(rng, 0.0, 0.7),
            sleeve=0,
            neck=neck,
            depth=_u(rng, 0.25, 0.4),
            neck_width=_u(rng, 0.3, 0.38),
        ),
        None,
        None,
    )


def _shirt(rng: Rng) -> Cut:
    short = rng.random() < 0.2
    return (
        Upper(
            hem=_u(rng, 3.9, 4.25),
            ease=_u(rng, 0.1, 0.24),
            boxy=_u(rng, 0.4, 0.9),
            curve=_u(rng, 0.08, 0.26),
            sleeve=0.42 if short else 1.0,
            sleeve_ease=_u(rng, 0.06, 0.1),
            collar="shirt",
            front="buttons",
            depth=_u(rng, 0.02, 0.2),
            neck_width=0.27,
            pockets=_c(rng, "none", "chest", "flaps"),
            buttons=7,
        ),
        None,
        None,
    )


def _blouse(rng: Rng) -> Cut:
    collar = _c(rng, "none", "none", "band", "shirt")
    neck = _c(rng, "v", "v", "boat", "square", "scoop")
    return (
        Upper(
            hem=_u(rng, 3.3, 3.9),
            ease=_u(rng, 0.1, 0.22),
            boxy=_u(rng, 0.1, 0.7),
            flare=_u(rng, 0, 0.16),
            sleeve=float(rng.choice([0.35, 0.75, 0.98])),
            sleeve_ease=_u(rng, 0.06, 0.1),
            puff=_u(rng, 0.05, 0.2),
            neck=neck,
            depth=_u(rng, 0.18, 0.4) if collar == "none" else 0.08,
            neck_width=_u(rng, 0.3, 0.4) if collar == "none" else 0.26,
            collar=collar,
            front="buttons" if collar != "none" else _c(rng, "closed", "placket"),
        ),
        None,
        None,
    )


def _sweater(rng: Rng) -> Cut:
    turtle = rng.random() < 0.28
    neck = "crew" if turtle else _c(rng, "crew", "crew", "v", "boat")
    return (
        Upper(
            hem=_u(rng, 3.5, 4.0),
            ease=_u(rng, 0.14, 0.34),
            boxy=_u(rng, 0.6, 1),
            sleeve=1.0,
            sleeve_ease=_u(rng, 0.09, 0.15),
            collar="turtle" if turtle else "none",
            neck=neck,
            depth=0.38 if neck == "v" else 0.12,
            neck_width=0.26 if turtle else 0.3,
            ribs=_u(rng, 0.18, 0.3),
            drop=_u(rng, 0, 0.1),
        ),
        None,
        None,
    )


def _hoodie(rng: Rng) -> Cut:
    zipped = rng.random() < 0.4
    return (
        Upper(
            hem=_u(rng, 3.7, 4.0),
            ease=_u(rng, 0.2, 0.34),
            boxy=1.0,
            sleeve=1.0,
            sleeve_ease=_u(rng, 0.1, 0.15),
            collar="hood",
            front="zip" if zipped else "closed",
            depth=0.2,
            neck_width=0.3,
            ribs=0.22,
            pockets="welt" if zipped else "kangaroo",
            drop=0.08,
        ),
        None,
        None,
    )


def _sweatshirt(rng: Rng) -> Cut:
    return (
        Upper(
            hem=_u(rng, 3.6, 3.95),
            ease=_u(rng, 0.18, 0.32),
            boxy=1.0,
            sleeve=1.0,
            sleeve_ease=_u(rng, 0.1, 0.14),
            depth=0.12,
            neck_width=0.29,
            ribs=0.22,
            raglan=bool(rng.random() < 0.35),
            drop=0.06,
        ),
        None,
        None,
    )


def _blazer(rng: Rng) -> Cut:
    double = rng.random() < 0.3
    worn_open = not double and rng.random() < 0.5
    return (
        Upper(
            hem=_u(rng, 4.0, 4.35),
            ease=_u(rng, 0.14, 0.22),
            boxy=_u(rng, 0.15, 0.6),
            sleeve=1.0,
            sleeve_ease=_u(rng, 0.075, 0.1),
            collar="lapel",
            front="double" if double else ("open" if worn_open else "single"),
            opening=_u(rng, 0.16, 0.3) if worn_open else 0.0,
            depth=_u(rng, 0.9, 1.4),
            buttons=4 if double else 2,
            pockets="flap",
        ),
        None,
        None,
    )


def _jacket(rng: Rng) -> Cut:
    kind = _c(rng, "bomber", "trucker", "biker", "puffer")
    if kind == "bomber":
        return (
            Upper(
                hem=3.75,
                ease=0.28,
                boxy=1,
                sleeve=1.0,
                sleeve_ease=0.13,
                collar="band",
                front="zip",
                depth=0.03,
                ribs=0.22,
                pockets="welt",
                neck_width=0.28,
            ),
            None,
            None,
        )
    if kind == "trucker":
        return (
            Upper(
                hem=_u(rng, 3.4, 3.7),
                ease=0.2,
                boxy=0.8,
                sleeve=1.0,
                sleeve_ease=0.1,
                collar="shirt",
                front="buttons",
                depth=0.12,
                pockets="flaps",
                neck_width=0.29,
                buttons=6,
            ),
            None,
            None,
        )
    if kind == "biker":
        return (
            Upper(
                hem=_u(rng, 3.3, 3.6),
                ease=0.17,
                boxy=0.5,
                sleeve=1.0,
                sleeve_ease=0.085,
                collar="lapel",
                front="zip",
                depth=0.55,
                pockets="welt",
                neck_width=0.29,
            ),
            None,
            None,
        )
    return (
        Upper(
            hem=_u(rng, 3.5, 3.95),
            ease=0.36,
            boxy=1,
            sleeve=1.0,
            sleeve_ease=0.19,
            collar="funnel",
            front="zip",
            depth=0.03,
            quilts=int(rng.integers(6, 10)),
            pockets="welt",
            neck_width=0.3,
        ),
        None,
        None,
    )


def _cardigan(rng: Rng) -> Cut:
    worn_open = rng.random() < 0.55
    return (
        Upper(
            hem=_u(rng, 3.6, 4.6),
            ease=_u(rng, 0.18, 0.3),
            boxy=0.9,
            sleeve=1.0,
            sleeve_ease=_u(rng, 0.09, 0.13),
            neck="v",
            front="open" if worn_open else "buttons",
            opening=_u(rng, 0.14, 0.34) if worn_open else 0.0,
            depth=_u(rng, 0.5, 0.9),
            buttons=5,
            ribs=0.0 if worn_open else 0.2,
            pockets=_c(rng, "patch", "none"),
            collar="shawl" if worn_open and rng.random() < 0.4 else "none",
        ),
        None,
        None,
    )


def _vest(rng: Rng) -> Cut:
    puffy = rng.random() < 0.4
    if puffy:
        return (
            Upper(
                hem=3.75,
                ease=0.32,
                boxy=1,
                sleeve=0,
                collar="funnel",
                front="zip",
                depth=0.03,
                quilts=8,
                pockets="welt",
                neck_width=0.3,
            ),
            None,
            None,
        )
    return (
        Upper(
            hem=_u(rng, 3.5, 3.8),
            ease=0.14,
            boxy=0.6,
            sleeve=0,
            neck="v",
            depth=_u(rng, 0.45, 0.9),
            front=_c(rng, "single", "closed"),
            buttons=4,
            neck_width=0.3,
            ribs=0.0,
            pockets="welt",
        ),
        None,
        None,
    )


def _jeans(rng: Rng) -> Cut:
    thigh, hem = [(0.02, 0.03), (0.07, 0.09), (0.1, 0.2), (0.06, 0.28)][int(rng.integers(4))]
    return (
        None,
        Lower(
            waist=_u(rng, 2.98, 3.25),
            length=_u(rng, 0.88, 0.99),
            thigh=thigh,
            hem=hem,
            details="jeans",
            turn_up=0.18 if rng.random() < 0.3 else 0.0,
            holes=int(rng.integers(3)) if rng.random() < 0.3 else 0,
        ),
        None,
    )


def _trousers(rng: Rng) -> Cut:
    thigh, hem = [(0.04, 0.05), (0.1, 0.12), (0.16, 0.3), (0.12, 0.03)][int(rng.integers(4))]
    return (
        None,
        Lower(
            waist=_u(rng, 2.95, 3.2),
            length=_u(rng, 0.88, 1.0),
            thigh=thigh,
            hem=hem,
            details=_c(rng, "tailored", "tailored", "plain"),
        ),
        None,
    )


def _joggers(rng: Rng) -> Cut:
    return None, Lower(waist=3.15, length=0.97, thigh=0.12, hem=0.05, details="jogger"), None


def _cargo(rng: Rng) -> Cut:
    return None, Lower(waist=3.15, length=0.97, thigh=0.13, hem=0.13, details="cargo"), None


def _leggings(rng: Rng) -> Cut:
    return None, Lower(waist=2.98, length=_u(rng, 0.82, 0.97), thigh=-0.005, hem=0.005, details="leggings"), None


def _shorts(rng: Rng) -> Cut:
    return (
        None,
        Lower(
            waist=_u(rng, 3.0, 3.2),
            length=_u(rng, 0.22, 0.46),
            thigh=_u(rng, 0.08, 0.14),
            hem=_u(rng, 0.03, 0.1),
            details=_c(rng, "jeans", "tailored", "jogger", "plain"),
            turn_up=0.14 if rng.random() < 0.3 else 0.0,
        ),
        None,
    )


def _mini(rng: Rng) -> Cut:
    pleats = int(rng.integers(8, 13)) if rng.random() < 0.35 else 0
    return (
        None,
        Lower(
            kind="skirt",
            waist=3.0,
            length=_u(rng, 4.5, 4.95),
            flare=_u(rng, 0.04, 0.4),
            pleats=pleats,
            details=_c(rng, "plain", "jeans"),
        ),
        None,
    )


def _midi(rng: Rng) -> Cut:
    flare = _u(rng, 0.0, 0.6)
    return (
        None,
        Lower(
            kind="skirt",
            waist=2.95,
            length=_u(rng, 5.6, 6.5),
            flare=flare,
            slit=bool(rng.random() < 0.35),
            tiers=3 if flare > 0.3 and rng.random() < 0.3 else 0,
        ),
        None,
    )


def _pleated(rng: Rng) -> Cut:
    return (
        None,
        Lower(
            kind="skirt",
            waist=2.95,
            length=_u(rng, 5.4, 6.4),
            flare=_u(rng, 0.3, 0.6),
            pleats=int(rng.integers(11, 17)),
        ),
        None,
    )


def _dress(rng: Rng) -> Cut:
    kind = _c(rng, "fit", "shift", "slip", "shirt", "wrap", "maxi")
    long = {
        "fit": _u(rng, 4.9, 5.8),
        "shift": _u(rng, 4.7, 5.3),
        "slip": _u(rng, 5.6, 6.6),
        "shirt": _u(rng, 5.0, 6.2),
        "wrap": _u(rng, 5.3, 6.4),
        "maxi": _u(rng, 6.7, 7.1),
    }[kind]
    flare = {
        "fit": _u(rng, 0.3, 0.65),
        "shift": _u(rng, 0.05, 0.15),
        "slip": _u(rng, 0.05, 0.2),
        "shirt": _u(rng, 0.15, 0.3),
        "wrap": _u(rng, 0.25, 0.5),
        "maxi": _u(rng, 0.35, 0.6),
    }[kind]
    sleeve = {"slip": 0.0, "shirt": float(rng.choice([0.42, 0.98]))}.get(
        kind, float(rng.choice([0.0, 0.3, 0.36, 0.98]))
    )
    neck = "straps" if kind == "slip" else _c(rng, "scoop", "v", "square", "boat", "crew")
    if kind == "wrap":
        neck = "v"
    collar, front = ("shirt", "buttons") if kind == "shirt" else ("none", "closed")
    upper = Upper(
        hem=2.98,
        ease=0.07 if kind != "shift" else 0.13,
        boxy=0.15 if kind != "shift" else 0.7,
        sleeve=sleeve,
        sleeve_ease=_u(rng, 0.05, 0.1),
        puff=_u(rng, 0, 0.16) if kind in ("fit", "maxi") and sleeve else 0.0,
        neck=neck,
        depth=0.1 if collar == "shirt" else _u(rng, 0.14, 0.42),
        neck_width=_u(rng, 0.29, 0.38),
        collar=collar,
        front=front,
        buttons=5,
        belt=kind in ("shirt", "wrap") or rng.random() < 0.15,
    )
    lower = Lower(
        kind="skirt",
        waist=2.92,
        length=long,
        flare=flare,
        tiers=3 if kind == "maxi" and rng.random() < 0.5 else 0,
        pleats=int(rng.integers(8, 13)) if kind == "fit" and rng.random() < 0.25 else 0,
        slit=kind == "slip" and rng.random() < 0.5,
    )
    return upper, lower, None


def _coat(rng: Rng) -> Cut:
    kind = _c(rng, "wool", "trench", "wool", "puffer", "duster")
    hem = _u(rng, 5.2, 6.5)
    if kind == "puffer":
        return (
            Upper(
                hem=_u(rng, 5.0, 6.0),
                ease=0.36,
                boxy=1,
                sleeve=1.0,
                sleeve_ease=0.2,
                collar="hood" if rng.random() < 0.5 else "funnel",
                front="zip",
                depth=0.05,
                quilts=int(rng.integers(7, 10)),
                pockets="welt",
                neck_width=0.3,
            ),
            None,
            None,
        )
    if kind == "trench":
        return (
            Upper(
                hem=hem,
                ease=0.2,
                boxy=0.25,
                flare=0.18,
                sleeve=1.0,
                sleeve_ease=0.12,
                collar="lapel",
                front="double",
                depth=0.75,
                buttons=6,
                belt=True,
                pockets="welt",
                neck_width=0.3,
            ),
            None,
            None,
        )
    worn_open = rng.random() < 0.55
    return (
        Upper(
            hem=hem,
            ease=0.24,
            boxy=0.75,
            flare=_u(rng, 0, 0.12),
            sleeve=1.0,
            sleeve_ease=0.12,
            collar=_c(rng, "lapel", "lapel", "shawl"),
            front="open" if worn_open else _c(rng, "double", "single"),
            opening=_u(rng, 0.2, 0.36) if worn_open else 0.0,
            depth=_u(rng, 0.8, 1.2),
            buttons=int(rng.choice([2, 4])),
            pockets=_c(rng, "flap", "welt", "patch"),
            neck_width=0.3,
        ),
        None,
        None,
    )


def _jumpsuit(rng: Rng) -> Cut:
    upper = Upper(
        hem=3.05,
        ease=0.08,
        boxy=0.2,
        sleeve=float(rng.choice([0.0, 0.34, 0.98])),
        sleeve_ease=0.08,
        neck=_c(rng, "v", "straps", "square", "scoop"),
        depth=_u(rng, 0.2, 0.45),
        neck_width=0.32,
        belt=True,
    )
    if upper.sleeve and upper.neck == "straps":
        upper = Upper(**{**upper.__dict__, "neck": "v"})
    return (
        upper,
        Lower(waist=3.0, length=_u(rng, 0.85, 0.98), thigh=0.12, hem=_u(rng, 0.1, 0.32), details="plain"),
        None,
    )


def _item(
    shape: str, kinds: int = 12, size: tuple[float, float] = (0.9, 1.15), height: tuple[float, float] = (0.85, 1.3)
) -> Callable[[Rng], Cut]:
    def cut(rng: Rng) -> Cut:
        return None, None, Item(shape, _u(rng, *size), _u(rng, *height), int(rng.integers(kinds)))

    return cut


_PLAIN = "black:3 charcoal:2 grey:2 white:3 cream:2 beige:2 navy:3 brown camel olive"
_BRIGHT = "light_blue blue:2 teal mint green olive khaki yellow mustard orange coral red:2 burgundy:2 pink:2 fuchsia lilac purple"
_ALL = f"{_PLAIN} {_BRIGHT}"
_EARTH = "black:3 charcoal grey beige:2 camel:2 brown:2 navy:2 cream olive:2 khaki burgundy green"
_LEATHERS = "black:4 brown:3 camel:3 cream white beige navy burgundy:2 red green pink"
_PRINTED = "solid:4 floral:4 polka_dot:2 abstract:2 leopard vertical_stripe gingham"

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        "t-shirt",
        "top",
        "inner",
        14,
        "women men unisex",
        "casual:5 sport",
        "summer all:2",
        "jersey",
        "solid:5 breton_stripe:2 graphic:4 tie-dye wide_stripe",
        _ALL,
        (12, 45),
        "T-shirt|Tee|Cotton T-shirt",
        _tee,
    ),
    Kind(
        "tank top",
        "top",
        "inner",
        6,
        "women",
        "casual:3 sport smart",
        "summer",
        "jersey:2 rib:2 satin",
        "solid:5 floral polka_dot breton_stripe",
        _ALL,
        (10, 39),
        "Tank|Camisole|Sleeveless top",
        _tank,
    ),
    Kind(
        "shirt",
        "top",
        "inner",
        12,
        "men:2 women unisex",
        "smart:3 casual:2",
        "all:3 summer",
        "cotton:3 linen denim",
        "solid:4 vertical_stripe:2 gingham:2 tartan:2 pinstripe floral",
        "white:4 light_blue:3 black navy blue red green burgundy pink beige olive cream",
        (29, 89),
        "Shirt|Oxford shirt|Button-down",
        _shirt,
    ),
    Kind(
        "blouse",
        "top",
        "inner",
        8,
        "women",
        "smart:3 casual",
        "all:2 summer",
        "satin:2 cotton",
        _PRINTED,
        _ALL,
        (25, 79),
        "Blouse|Puff-sleeve blouse|Tie blouse",
        _blouse,
    ),
    Kind(
        "sweater",
        "top",
        "inner",
        11,
        "women men unisex",
        "casual:3 smart:2",
        "winter:3 all",
        "knit:4 wool rib",
        "solid:5 breton_stripe:2 wide_stripe herringbone",
        _ALL,
        (35, 129),
        "Sweater|Knit jumper|Pullover",
        _sweater,
    ),
    Kind(
        "hoodie",
        "top",
        "inner",
        7,
        "unisex men women",
        "casual:2 sport:2",
        "all winter",
        "jersey",
        "solid:5 graphic:2 tie-dye camouflage",
        _ALL,
        (35, 85),
        "Hoodie|Zip hoodie",
        _hoodie,
    ),
    Kind(
        "sweatshirt",
        "top",
        "inner",
        5,
        "unisex men women",
        "casual sport",
        "all winter",
        "jersey",
        "solid:3 graphic:3 wide_stripe",
        _ALL,
        (30, 75),
        "Sweatshirt|Crew sweatshirt",
        _sweatshirt,
    ),
    Kind(
        "blazer",
        "top",
        "outer",
        8,
        "women men",
        "smart",
        "all:2 winter",
        "wool:3 cotton linen",
        "solid:5 pinstripe tartan houndstooth:2 herringbone windowpane",
        f"{_PLAIN} burgundy green pink light_blue lilac",
        (79, 229),
        "Blazer|Tailored blazer",
        _blazer,
    ),
    Kind(
        "jacket",
        "top",
        "outer",
        9,
        "women men unisex",
        "casual:4 sport",
        "all:2 winter",
        "denim:2 leather:2 nylon:2 suede",
        "solid:8 camouflage",
        f"{_EARTH} denim:3 blue red yellow orange",
        (59, 259),
        "Jacket|Short jacket",
        _jacket,
    ),
    Kind(
        "cardigan",
        "top",
        "outer",
        7,
        "women:2 men unisex",
        "casual:2 smart",
        "winter all",
        "knit:4 wool",
        "solid:5 breton_stripe wide_stripe abstract",
        _ALL,
        (39, 119),
        "Cardigan|Knit cardigan",
        _cardigan,
    ),
    Kind(
        "vest",
        "top",
        "outer",
        4,
        "men women unisex",
        "smart casual:2",
        "all winter",
        "wool knit:2 nylon:2",
        "solid:4 herringbone tartan",
        _EARTH,
        (35, 99),
        "Vest|Waistcoat|Gilet",
        _vest,
    ),
    Kind(
        "jeans",
        "bottom",
        "bottom",
        11,
        "women:2 men:2 unisex",
        "casual",
        "all",
        "denim",
        "solid",
        "denim:6 navy:3 black:3 light_blue:3 grey:2 white cream",
        (45, 139),
        "Jeans|Straight jeans|Slim jeans",
        _jeans,
    ),
    Kind(
        "trousers",
        "bottom",
        "bottom",
        9,
        "women:2 men:2",
        "smart:3 casual",
        "all:3 summer winter",
        "wool:2 cotton:2 linen",
        "solid:6 pinstripe tartan houndstooth windowpane herringbone",
        f"{_PLAIN} khaki:2 burgundy green pink rust".replace(" rust", ""),
        (39, 149),
        "Trousers|Tailored trousers|Chinos",
        _trousers,
    ),
    Kind(
        "joggers",
        "bottom",
        "bottom",
        4,
        "unisex men women",
        "sport:2 casual",
        "all",
        "jersey nylon",
        "solid:5 camouflage",
        "black:3 grey:3 charcoal navy:2 olive burgundy beige",
        (29, 79),
        "Joggers|Track pants",
        _joggers,
    ),
    Kind(
        "cargo trousers",
        "bottom",
        "bottom",
        3,
        "unisex men women",
        "casual",
        "all",
        "cotton",
        "solid:5 camouflage",
        "olive:3 khaki:3 black:2 beige grey brown",
        (39, 99),
        "Cargo trousers|Utility trousers",
        _cargo,
    ),
    Kind(
        "leggings",
        "bottom",
        "bottom",
        4,
        "women",
        "sport",
        "all",
        "jersey",
        "solid:5 leopard camouflage",
        "black:4 charcoal navy burgundy olive purple blue teal",
        (19, 69),
        "Leggings|Training leggings",
        _leggings,
    ),
    Kind(
        "shorts",
        "bottom",
        "bottom",
        7,
        "women men unisex",
        "casual:3 sport smart",
        "summer",
        "cotton:2 denim:2 linen jersey",
        "solid:5 gingham floral vertical_stripe",
        f"{_ALL} denim:3 khaki:2",
        (19, 69),
        "Shorts|Tailored shorts",
        _shorts,
    ),
    Kind(
        "mini skirt",
        "bottom",
        "bottom",
        5,
        "women",
        "casual:2 smart",
        "summer all",
        "cotton denim wool leather",
        "solid:3 tartan:3 houndstooth gingham leopard polka_dot",
        f"{_ALL} denim:2",
        (25, 79),
        "Mini skirt|A-line mini skirt",
        _mini,
    ),
    Kind(
        "midi skirt",
        "bottom",
        "bottom",
        6,
        "women",
        "smart:2 casual",
        "all:2 summer",
        "satin:2 cotton wool",
        _PRINTED,
        _ALL,
        (35, 109),
        "Midi skirt|Slip skirt",
        _midi,
    ),
    Kind(
        "pleated skirt",
        "bottom",
        "bottom",
        4,
        "women",
        "smart:2 casual",
        "all",
        "satin cotton",
        "solid:5 polka_dot tartan floral",
        _ALL,
        (39, 119),
        "Pleated skirt",
        _pleated,
    ),
    Kind(
        "dress",
        "long",
        "dress",
        17,
        "women",
        "smart:2 casual:2",
        "summer:2 all:2",
        "cotton:2 satin:2 jersey linen",
        "solid:4 floral:4 polka_dot:2 leopard gingham breton_stripe abstract:2 tie-dye",
        _ALL,
        (39, 189),
        "Dress|Midi dress|Day dress",
        _dress,
    ),
    Kind(
        "coat",
        "long",
        "coat",
        11,
        "women:2 men unisex",
        "smart:3 casual",
        "winter",
        "wool:4 cotton nylon",
        "solid:7 tartan houndstooth herringbone windowpane",
        f"{_EARTH} camel:3 beige:2 red pink light_blue",
        (119, 399),
        "Coat|Wool coat|Overcoat",
        _coat,
    ),
    Kind(
        "jumpsuit",
        "long",
        "dress",
        4,
        "women",
        "smart casual",
        "summer all",
        "cotton linen satin",
        "solid:5 floral pinstripe",
        _ALL,
        (49, 159),
        "Jumpsuit|Wide-leg jumpsuit",
        _jumpsuit,
    ),
    Kind(
        "sneakers",
        "footwear",
        "footwear",
        12,
        "women men unisex:2",
        "casual:2 sport:2",
        "all",
        "leather canvas:2 suede",
        "solid:9 leopard",
        "white:5 black:3 grey navy red green beige pink blue yellow cream",
        (39, 149),
        "Sneakers|Trainers|Low-top sneakers",
        _item("sneakers", 16),
    ),
    Kind(
        "loafers",
        "footwear",
        "footwear",
        5,
        "men women",
        "smart",
        "all",
        "leather:3 suede",
        "solid",
        _LEATHERS,
        (69, 189),
        "Loafers|Penny loafers",
        _item("loafers"),
    ),
    Kind(
        "ankle boots",
        "footwear",
        "footwear",
        6,
        "women men",
        "smart casual",
        "winter all",
        "leather:3 suede:2",
        "solid",
        _LEATHERS,
        (79, 219),
        "Ankle boots|Chelsea boots|Lace-up boots",
        _item("ankle boots"),
    ),
    Kind(
        "knee boots",
        "footwear",
        "footwear",
        3,
        "women",
        "smart casual",
        "winter",
        "leather:3 suede:2",
        "solid",
        _LEATHERS,
        (99, 289),
        "Knee boots|Tall boots",
        _item("tall boots"),
    ),
    Kind(
        "heels",
        "footwear",
        "footwear",
        6,
        "women",
        "smart",
        "all",
        "leather:2 suede satin",
        "solid:6 leopard",
        f"{_LEATHERS} fuchsia blue lilac",
        (59, 199),
        "Heels|Pumps|Stilettos",
        _item("heels", height=(0.7, 1.2)),
    ),
    Kind(
        "sandals",
        "footwear",
        "footwear",
        5,
        "women men unisex",
        "casual",
        "summer",
        "leather:3 suede",
        "solid",
        f"{_LEATHERS} coral teal",
        (29, 119),
        "Sandals|Strappy sandals",
        _item("sandals"),
    ),
    Kind(
        "tote bag",
        "bag",
        "bag",
        6,
        "women:2 unisex",
        "casual:2 smart",
        "all summer",
        "canvas:2 leather:2",
        "solid:4 breton_stripe floral gingham abstract",
        f"{_LEATHERS} yellow olive light_blue",
        (25, 189),
        "Tote bag|Canvas tote|Shopper",
        _item("tote"),
    ),
    Kind(
        "handbag",
        "bag",
        "bag",
        7,
        "women",
        "smart",
        "all",
        "leather:4 suede satin",
        "solid:6 houndstooth leopard",
        f"{_LEATHERS} fuchsia blue mustard lilac",
        (59, 349),
        "Handbag|Top-handle bag|Quilted bag",
        _item("handbag"),
    ),
    Kind(
        "crossbody bag",
        "bag",
        "bag",
        5,
        "women unisex",
        "casual smart",
        "all",
        "leather:3 nylon suede",
        "solid:6 leopard camouflage",
        f"{_LEATHERS} olive mustard lilac",
        (35, 159),
        "Crossbody bag|Camera bag|Saddle bag",
        _item("crossbody"),
    ),
    Kind(
        "backpack",
        "bag",
        "bag",
        5,
        "unisex men",
        "casual sport",
        "all",
        "nylon:2 canvas leather",
        "solid:6 camouflage floral",
        f"{_EARTH} yellow red blue teal",
        (39, 159),
        "Backpack|Day pack",
        _item("backpack"),
    ),
    Kind(
        "cap",
        "headwear",
        "headwear",
        6,
        "unisex:2 men women",
        "casual sport:2",
        "all summer",
        "cotton denim",
        "solid:6 camouflage gingham",
        f"{_ALL} denim",
        (15, 39),
        "Cap|Baseball cap",
        _item("cap"),
    ),
    Kind(
        "beanie",
        "headwear",
        "headwear",
        6,
        "unisex:2 men women",
        "casual",
        "winter",
        "knit:2 rib",
        "solid:5 breton_stripe",
        _ALL,
        (12, 45),
        "Beanie|Ribbed beanie|Bobble hat",
        _item("beanie"),
    ),
    Kind(
        "fedora",
        "headwear",
        "headwear",
        4,
        "women men",
        "smart casual",
        "all",
        "wool",
        "solid",
        "black:2 camel:3 grey brown:2 navy burgundy olive beige",
        (29, 89),
        "Fedora|Felt hat",
        _item("brimmed", 1, (0.9, 1.1)),
    ),
    Kind(
        "sun hat",
        "headwear",
        "headwear",
        3,
        "women",
        "casual smart",
        "summer",
        "straw",
        "solid",
        "beige:4 cream:2 camel:2 white black",
        (19, 69),
        "Sun hat|Straw hat",
        _item("brimmed", 2, (1.1, 1.35)),
    ),
    Kind(
        "bucket hat",
        "headwear",
        "headwear",
        3,
        "unisex women",
        "casual",
        "summer",
        "cotton denim",
        "solid:3 gingham leopard tie-dye floral",
        f"{_ALL} denim",
        (15, 45),
        "Bucket hat",
        _item("bucket"),
    ),
    Kind(
        "sunglasses",
        "eyewear",
        "eyewear",
        11,
        "women men unisex",
        "casual smart",
        "summer:2 all",
        "rubber:3 metal",
        "solid:4 tortoise:2",
        "black:4 brown:3 beige grey red green pink blue",
        (19, 169),
        "Sunglasses",
        _item("sunglasses", 10, (0.95, 1.2), (0.8, 1.3)),
    ),
    Kind(
        "glasses",
        "eyewear",
        "eyewear",
        5,
        "women men unisex",
        "smart casual",
        "all",
        "rubber:2 metal",
        "solid:3 tortoise:2",
        "black:4 brown:3 navy grey red burgundy",
        (49, 199),
        "Glasses|Optical frames",
        _item("glasses", 10, (0.95, 1.15), (0.8, 1.3)),
    ),
)

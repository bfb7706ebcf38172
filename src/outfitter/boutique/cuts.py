"""How each kind of product may be cut, by dice: (upper, lower, item), those that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from outfitter.boutique.product import Item, Lower, Upper

Rng: TypeAlias = np.random.Generator
Cut: TypeAlias = tuple[Upper | None, Lower | None, Item | None]


def _u(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def _c(rng: Rng, *choices: str) -> str:
    return str(rng.choice(choices))


# fmt: off
def tee(rng: Rng) -> Cut:
    neck = _c(rng, "crew", "crew", "v", "scoop")
    depth = {"crew": 0.12, "v": 0.4, "scoop": 0.32}[neck]
    return (
        Upper(hem=_u(rng, 3.5, 4.1), ease=_u(rng, 0.06, 0.24), boxy=_u(rng, 0.45, 1), sleeve=_u(rng, 0.28, 0.42),
            sleeve_ease=_u(rng, 0.07, 0.16), neck=neck, depth=depth, neck_width=_u(rng, 0.27, 0.34), pockets=_c(rng,
            "none", "none", "chest"), raglan=bool(rng.random() < 0.12)),
        None, None,
    )


def tank(rng: Rng) -> Cut:
    neck = _c(rng, "scoop", "straps", "straps", "halter", "square")
    return (
        Upper(hem=_u(rng, 3.1, 3.9), ease=_u(rng, 0.02, 0.1), boxy=_u(rng, 0.0, 0.7), sleeve=0, neck=neck,
            depth=_u(rng, 0.25, 0.4), neck_width=_u(rng, 0.3, 0.38)),
        None, None,
    )


def shirt(rng: Rng) -> Cut:
    short = rng.random() < 0.2
    return (
        Upper(hem=_u(rng, 3.9, 4.25), ease=_u(rng, 0.1, 0.24), boxy=_u(rng, 0.4, 0.9), curve=_u(rng, 0.08, 0.26),
            sleeve=0.42 if short else 1.0, sleeve_ease=_u(rng, 0.06, 0.1), collar="shirt", front="buttons",
            depth=_u(rng, 0.02, 0.2), neck_width=0.27, pockets=_c(rng, "none", "chest", "flaps"), buttons=7),
        None, None,
    )


def blouse(rng: Rng) -> Cut:
    collar = _c(rng, "none", "none", "band", "shirt")
    neck = _c(rng, "v", "v", "boat", "square", "scoop")
    return (
        Upper(hem=_u(rng, 3.3, 3.9), ease=_u(rng, 0.1, 0.22), boxy=_u(rng, 0.1, 0.7), flare=_u(rng, 0, 0.16),
            sleeve=float(rng.choice([0.35, 0.75, 0.98])), sleeve_ease=_u(rng, 0.06, 0.1), puff=_u(rng, 0.05, 0.2),
            neck=neck, depth=_u(rng, 0.18, 0.4) if collar == "none" else 0.08, neck_width=_u(rng, 0.3, 0.4) if collar
            == "none" else 0.26, collar=collar, front="buttons" if collar != "none" else _c(rng, "closed",
            "placket")),
        None, None,
    )


def sweater(rng: Rng) -> Cut:
    turtle = rng.random() < 0.28
    neck = "crew" if turtle else _c(rng, "crew", "crew", "v", "boat")
    return (
        Upper(hem=_u(rng, 3.5, 4.0), ease=_u(rng, 0.14, 0.34), boxy=_u(rng, 0.6, 1), sleeve=1.0, sleeve_ease=_u(rng,
            0.09, 0.15), collar="turtle" if turtle else "none", neck=neck, depth=0.38 if neck == "v" else 0.12,
            neck_width=0.26 if turtle else 0.3, ribs=_u(rng, 0.18, 0.3), drop=_u(rng, 0, 0.1)),
        None, None,
    )


def hoodie(rng: Rng) -> Cut:
    zipped = rng.random() < 0.4
    return (
        Upper(hem=_u(rng, 3.7, 4.0), ease=_u(rng, 0.2, 0.34), boxy=1.0, sleeve=1.0, sleeve_ease=_u(rng, 0.1, 0.15),
            collar="hood", front="zip" if zipped else "closed", depth=0.2, neck_width=0.3, ribs=0.22, pockets="welt"
            if zipped else "kangaroo", drop=0.08),
        None, None,
    )


def sweatshirt(rng: Rng) -> Cut:
    return (
        Upper(hem=_u(rng, 3.6, 3.95), ease=_u(rng, 0.18, 0.32), boxy=1.0, sleeve=1.0, sleeve_ease=_u(rng, 0.1, 0.14),
            depth=0.12, neck_width=0.29, ribs=0.22, raglan=bool(rng.random() < 0.35), drop=0.06),
        None, None,
    )


def blazer(rng: Rng) -> Cut:
    double = rng.random() < 0.3
    worn_open = not double and rng.random() < 0.5
    return (
        Upper(hem=_u(rng, 4.0, 4.35), ease=_u(rng, 0.14, 0.22), boxy=_u(rng, 0.15, 0.6), sleeve=1.0,
            sleeve_ease=_u(rng, 0.075, 0.1), collar="lapel", front="double" if double else ("open" if worn_open else
            "single"), opening=_u(rng, 0.16, 0.3) if worn_open else 0.0, depth=_u(rng, 0.9, 1.4), buttons=4 if double
            else 2, pockets="flap"),
        None, None,
    )


def jacket(rng: Rng) -> Cut:
    kind = _c(rng, "bomber", "trucker", "biker", "puffer")
    if kind == "bomber":
        return (
            Upper(hem=3.75, ease=0.28, boxy=1, sleeve=1.0, sleeve_ease=0.13, collar="band", front="zip", depth=0.03,
                ribs=0.22, pockets="welt", neck_width=0.28),
            None, None,
        )
    if kind == "trucker":
        return (
            Upper(hem=_u(rng, 3.4, 3.7), ease=0.2, boxy=0.8, sleeve=1.0, sleeve_ease=0.1, collar="shirt",
                front="buttons", depth=0.12, pockets="flaps", neck_width=0.29, buttons=6),
            None, None,
        )
    if kind == "biker":
        return (
            Upper(hem=_u(rng, 3.3, 3.6), ease=0.17, boxy=0.5, sleeve=1.0, sleeve_ease=0.085, collar="lapel",
                front="zip", depth=0.55, pockets="welt", neck_width=0.29),
            None, None,
        )
    return (
        Upper(hem=_u(rng, 3.5, 3.95), ease=0.36, boxy=1, sleeve=1.0, sleeve_ease=0.19, collar="funnel", front="zip",
            depth=0.03, quilts=int(rng.integers(6, 10)), pockets="welt", neck_width=0.3),
        None, None,
    )


def cardigan(rng: Rng) -> Cut:
    worn_open = rng.random() < 0.55
    return (
        Upper(hem=_u(rng, 3.6, 4.6), ease=_u(rng, 0.18, 0.3), boxy=0.9, sleeve=1.0, sleeve_ease=_u(rng, 0.09, 0.13),
            neck="v", front="open" if worn_open else "buttons", opening=_u(rng, 0.14, 0.34) if worn_open else 0.0,
            depth=_u(rng, 0.5, 0.9), buttons=5, ribs=0.0 if worn_open else 0.2, pockets=_c(rng, "patch", "none"),
            collar="shawl" if worn_open and rng.random() < 0.4 else "none"),
        None, None,
    )


def vest(rng: Rng) -> Cut:
    puffy = rng.random() < 0.4
    if puffy:
        return (
            Upper(hem=3.75, ease=0.32, boxy=1, sleeve=0, collar="funnel", front="zip", depth=0.03, quilts=8,
                pockets="welt", neck_width=0.3),
            None, None,
        )
    return (
        Upper(hem=_u(rng, 3.5, 3.8), ease=0.14, boxy=0.6, sleeve=0, neck="v", depth=_u(rng, 0.45, 0.9), front=_c(rng,
            "single", "closed"), buttons=4, neck_width=0.3, ribs=0.0, pockets="welt"),
        None, None,
    )


def jeans(rng: Rng) -> Cut:
    thigh, hem = [(0.02, 0.03), (0.07, 0.09), (0.1, 0.2), (0.06, 0.28)][int(rng.integers(4))]
    return (
        None,
        Lower(waist=_u(rng, 2.98, 3.25), length=_u(rng, 0.88, 0.99), thigh=thigh, hem=hem, details="jeans",
            turn_up=0.18 if rng.random() < 0.3 else 0.0, holes=int(rng.integers(3)) if rng.random() < 0.3 else 0),
        None,
    )


def trousers(rng: Rng) -> Cut:
    thigh, hem = [(0.04, 0.05), (0.1, 0.12), (0.16, 0.3), (0.12, 0.03)][int(rng.integers(4))]
    return (
        None,
        Lower(waist=_u(rng, 2.95, 3.2), length=_u(rng, 0.88, 1.0), thigh=thigh, hem=hem, details=_c(rng, "tailored",
            "tailored", "plain")),
        None,
    )


def joggers(_rng: Rng) -> Cut:
    return None, Lower(waist=3.15, length=0.97, thigh=0.12, hem=0.05, details="jogger"), None


def cargo(_rng: Rng) -> Cut:
    return None, Lower(waist=3.15, length=0.97, thigh=0.13, hem=0.13, details="cargo"), None


def leggings(rng: Rng) -> Cut:
    return None, Lower(waist=2.98, length=_u(rng, 0.82, 0.97), thigh=-0.005, hem=0.005, details="leggings"), None


def shorts(rng: Rng) -> Cut:
    return (
        None,
        Lower(waist=_u(rng, 3.0, 3.2), length=_u(rng, 0.22, 0.46), thigh=_u(rng, 0.08, 0.14), hem=_u(rng, 0.03, 0.1),
            details=_c(rng, "jeans", "tailored", "jogger", "plain"), turn_up=0.14 if rng.random() < 0.3 else 0.0),
        None,
    )


def mini(rng: Rng) -> Cut:
    pleats = int(rng.integers(8, 13)) if rng.random() < 0.35 else 0
    return (
        None,
        Lower(kind="skirt", waist=3.0, length=_u(rng, 4.5, 4.95), flare=_u(rng, 0.04, 0.4), pleats=pleats,
            details=_c(rng, "plain", "jeans")),
        None,
    )


def midi(rng: Rng) -> Cut:
    flare = _u(rng, 0.0, 0.6)
    return (
        None,
        Lower(kind="skirt", waist=2.95, length=_u(rng, 5.6, 6.5), flare=flare, slit=bool(rng.random() < 0.35), tiers=3
            if flare > 0.3 and rng.random() < 0.3 else 0),
        None,
    )


def pleated(rng: Rng) -> Cut:
    return (
        None,
        Lower(kind="skirt", waist=2.95, length=_u(rng, 5.4, 6.4), flare=_u(rng, 0.3, 0.6), pleats=int(rng.integers(11,
            17))),
        None,
    )


def dress(rng: Rng) -> Cut:
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
        hem=2.98, ease=0.07 if kind != "shift" else 0.13, boxy=0.15 if kind != "shift" else 0.7, sleeve=sleeve,
        sleeve_ease=_u(rng, 0.05, 0.1), puff=_u(rng, 0, 0.16) if kind in ("fit", "maxi") and sleeve else 0.0,
        neck=neck, depth=0.1 if collar == "shirt" else _u(rng, 0.14, 0.42), neck_width=_u(rng, 0.29, 0.38),
        collar=collar, front=front, buttons=5, belt=kind in ("shirt", "wrap") or rng.random() < 0.15,
    )
    lower = Lower(
        kind="skirt", waist=2.92, length=long, flare=flare, tiers=3 if kind == "maxi" and rng.random() < 0.5 else 0,
        pleats=int(rng.integers(8, 13)) if kind == "fit" and rng.random() < 0.25 else 0, slit=kind == "slip" and
        rng.random() < 0.5,
    )
    return upper, lower, None


def coat(rng: Rng) -> Cut:
    kind = _c(rng, "wool", "trench", "wool", "puffer", "duster")
    hem = _u(rng, 5.2, 6.5)
    if kind == "puffer":
        return (
            Upper(hem=_u(rng, 5.0, 6.0), ease=0.36, boxy=1, sleeve=1.0, sleeve_ease=0.2, collar="hood" if rng.random()
                < 0.5 else "funnel", front="zip", depth=0.05, quilts=int(rng.integers(7, 10)), pockets="welt",
                neck_width=0.3),
            None, None,
        )
    if kind == "trench":
        return (
            Upper(hem=hem, ease=0.2, boxy=0.25, flare=0.18, sleeve=1.0, sleeve_ease=0.12, collar="lapel",
                front="double", depth=0.75, buttons=6, belt=True, pockets="welt", neck_width=0.3),
            None, None,
        )
    worn_open = rng.random() < 0.55
    return (
        Upper(hem=hem, ease=0.24, boxy=0.75, flare=_u(rng, 0, 0.12), sleeve=1.0, sleeve_ease=0.12, collar=_c(rng,
            "lapel", "lapel", "shawl"), front="open" if worn_open else _c(rng, "double", "single"), opening=_u(rng,
            0.2, 0.36) if worn_open else 0.0, depth=_u(rng, 0.8, 1.2), buttons=int(rng.choice([2, 4])),
            pockets=_c(rng, "flap", "welt", "patch"), neck_width=0.3),
        None, None,
    )


def jumpsuit(rng: Rng) -> Cut:
    upper = Upper(
        hem=3.05, ease=0.08, boxy=0.2, sleeve=float(rng.choice([0.0, 0.34, 0.98])), sleeve_ease=0.08,
        neck=_c(rng, "v", "straps", "square", "scoop"), depth=_u(rng, 0.2, 0.45), neck_width=0.32, belt=True,
    )
    if upper.sleeve and upper.neck == "straps":
        upper = replace(upper, neck="v")
    return (
        upper, Lower(waist=3.0, length=_u(rng, 0.85, 0.98), thigh=0.12, hem=_u(rng, 0.1, 0.32), details="plain"),
            None,
    )


def item(
    shape: str, kinds: int = 12, size: tuple[float, float] = (0.9, 1.15), height: tuple[float, float] = (0.85, 1.3)
) -> Callable[[Rng], Cut]:
    def cut(rng: Rng) -> Cut:
        return None, None, Item(shape, _u(rng, *size), _u(rng, *height), int(rng.integers(kinds)))

    return cut
# fmt: on

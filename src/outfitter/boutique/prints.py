"""Graphics on the chest of T-shirts, sweatshirts and hoodies."""

from __future__ import annotations

import numpy as np

from outfitter.boutique.canvas import Mark
from outfitter.boutique.colours import Rgb, mix
from outfitter.boutique.figure import Rig
from outfitter.boutique.product import BoutiqueProduct, Upper
from outfitter.boutique.shapes import Points, box, ellipse, line

PRINTS = ("sunset", "mountains", "star", "badge", "bars", "wave", "heart", "palm", "letters")


def print_marks(product: BoutiqueProduct, cut: Upper, rig: Rig) -> list[Mark]:
    """The marks of a product's print, or none."""
    if not cut.print:
        return []
    a, b = product.accent, (product.fabric.others or (product.accent,))[0]
    shapes = _SHAPES[cut.print](a, b, mix(a, b, 0.5))
    y = 2.32
    return [Mark(rig.trunk(points * 0.36 + (0, y)), rgb, 0.94, width * 0.36) for points, rgb, width in shapes]


def _sunset(a: Rgb, b: Rgb, _c: Rgb) -> list[tuple[Points, Rgb, float]]:
    turn = np.linspace(np.pi, 2 * np.pi, 24)
    half = np.stack([np.cos(turn), np.sin(turn)], 1) * 0.95 + (0, 0.25)
    bars = [(box(-1 + 0.12 * i, 0.34 + 0.2 * i, 1 - 0.12 * i, 0.44 + 0.2 * i), mix(a, b, i / 4), 0.0) for i in range(4)]
    return [(half, a, 0.0), *bars]


def _mountains(a: Rgb, b: Rgb, c: Rgb) -> list[tuple[Points, Rgb, float]]:
    return [
        (ellipse(0.35, -0.35, 0.34, 0.34), b, 0.0),
        (line((-1.1, 0.7), (-0.35, -0.55), (0.4, 0.7)), a, 0.0),
        (line((-0.1, 0.7), (0.5, -0.1), (1.1, 0.7)), c, 0.0),
        (line((-0.53, -0.25), (-0.35, -0.55), (-0.17, -0.25), (-0.3, -0.15), (-0.38, -0.27)), b, 0.0),
    ]


def _star(a: Rgb, b: Rgb, _c: Rgb) -> list[tuple[Points, Rgb, float]]:
    turn = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2, 0.42, 1.0)[:, None]
    star = np.stack([np.cos(turn), np.sin(turn)], 1) * radius
    return [(star, a, 0.0), (star * 0.6, b, 0.0)]


def _badge(a: Rgb, b: Rgb, _c: Rgb) -> list[tuple[Points, Rgb, float]]:
    return [
        (ellipse(0, 0, 0.9, 0.9), a, 0.0),
        (ellipse(0, 0, 0.72, 0.72), b, 0.0),
        (ellipse(0, 0, 0.3, 0.62), a, 0.0),
        (box(-0.72, -0.07, 0.72, 0.07), a, 0.0),
    ]


def _bars(a: Rgb, b: Rgb, c: Rgb) -> list[tuple[Points, Rgb, float]]:
    return [(box(-1.1, -0.5 + 0.38 * i, 1.1, -0.28 + 0.38 * i), (a, c, b)[i], 0.0) for i in range(3)]


def _wave(a: Rgb, b: Rgb, c: Rgb) -> list[tuple[Points, Rgb, float]]:
    x = np.linspace(-1.1, 1.1, 40)
    return [(np.stack([x, 0.18 * np.sin(5 * x) + 0.3 * i - 0.4], 1), (a, b, c)[i % 3], 0.14) for i in range(4)]


def _heart(a: Rgb, _b: Rgb, _c: Rgb) -> list[tuple[Points, Rgb, float]]:
    t = np.linspace(0, 2 * np.pi, 48)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [(np.stack([np.sin(t) ** 3 * 0.85, -y / 18], 1), a, 0.0)]


def _palm(a: Rgb, b: Rgb, c: Rgb) -> list[tuple[Points, Rgb, float]]:
    leaves = []
    for turn in np.radians([-160, -120, -75, -30, 15]):
        t = np.linspace(0, 1, 12)
        spine = np.stack([t * np.cos(turn), t * np.sin(turn) + 0.45 * t**2], 1) * 0.8 + (0.05, -0.35)
        leaves.append((spine, b, 0.13))
    return [
        (ellipse(-0.1, -0.1, 0.85, 0.85), a, 0.0),
        (line((0.05, -0.35), (0.0, 0.2), (-0.1, 0.75)), c, 0.12),
        *leaves,
    ]


def _letters(a: Rgb, b: Rgb, _c: Rgb) -> list[tuple[Points, Rgb, float]]:
    """A word of block capitals: N O V A."""
    n = line((-1.2, 0.35), (-1.2, -0.35), (-0.8, 0.35), (-0.8, -0.35))
    o = ellipse(-0.3, 0, 0.26, 0.34)
    v = line((0.1, -0.36), (0.35, 0.34), (0.6, -0.36))
    big_a = line((0.7, 0.36), (0.95, -0.34), (1.2, 0.36))
    strokes = [n, np.concatenate([o, o[:2]]), v, big_a, line((0.8, 0.12), (1.1, 0.12))]
    return [(s, a, 0.16) for s in strokes] + [(box(-1.2, 0.55, 1.2, 0.63), b, 0.0)]


_SHAPES = {
    "sunset": _sunset,
    "mountains": _mountains,
    "star": _star,
    "badge": _badge,
    "bars": _bars,
    "wave": _wave,
    "heart": _heart,
    "palm": _palm,
    "letters": _letters,
}

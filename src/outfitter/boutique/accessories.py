"""Bags, hats and glasses.

A bag hangs from (0, 0), where the hand or shoulder holds it; hats and glasses are drawn where they sit on a head
whose skull's top is at (0, 0), whose eyes are at y = 0.52 and whose ears at x = ±0.36.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from outfitter.boutique.canvas import Folds, Mark, Part
from outfitter.boutique.fabric import Fabric, Rgb, darker, lighter, trim
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.shapes import CORNER, Points, box, ellipse, line, mirrored, path, ribbon

GOLD: Final[Rgb] = (206, 172, 96)


def item_parts(product: BoutiqueProduct, owner: int, worn: bool = False) -> list[Part]:
    """The parts of a bag, hat or pair of glasses in its own coordinates, back to front."""
    assert product.item is not None
    parts = _SHAPES[product.item.shape](product, worn)
    return [replace(p, owner=owner, z=0.01 * i) for i, p in enumerate(parts)]


def _handle(points: Points, half: float, fabric: Fabric, shade: float = 1.0) -> Part:
    return Part(0, ribbon(points, half, "se"), fabric, round=half, volume=1.0, lift=0.03, shade=shade)


# --- bags


def _tote(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, size = product.fabric, product.item.size
    w, h, drop = 0.78 * size, 1.25 * size * product.item.height, 0.75
    leather = Fabric(product.accent, material="leather")
    rgb = trim(f.rgb, 0.35)
    body = path(
        (-w, drop, CORNER),
        (0, drop + 0.02),
        (w, drop, CORNER),
        (w * 0.97, drop + h * 0.5),
        (w * 0.93, drop + h - 0.06),
        (w * 0.88, drop + h, CORNER),
        (0, drop + h + 0.03),
        (-w * 0.88, drop + h, CORNER),
        (-w * 0.93, drop + h - 0.06),
        (-w * 0.97, drop + h * 0.5),
    )
    mouth = path((-w, drop), (0, drop - 0.06), (w, drop), (0, drop + 0.05))
    marks = [Mark(line((-w, drop + 0.13), (w, drop + 0.13)), rgb, 0.6, 0.014, 0.045)]
    for s in (-1, 1):
        marks += [
            Mark(box(s * w * 0.45 - 0.06, drop - 0.02, s * w * 0.45 + 0.06, drop + 0.28), product.accent),
            Mark(
                line((s * w * 0.45 - 0.03, drop + 0.22), (s * w * 0.45 + 0.03, drop + 0.22)),
                lighter(product.accent, 0.3),
                0.8,
                0.02,
            ),
        ]
    kind = product.item.kind % 3
    if kind == 1:
        marks.append(
            Mark(
                path((-w * 1.0, drop + h * 0.72), (w, drop + h * 0.72), (w, drop + h + 0.1), (-w, drop + h + 0.1)),
                product.accent,
                1.0,
            )
        )
    if kind == 2:
        marks += [
            Mark(box(-w * 0.28, drop + h * 0.42, w * 0.28, drop + h * 0.62), lighter(f.rgb, 0.5), 1),
            Mark(line((-w * 0.2, drop + h * 0.49), (w * 0.2, drop + h * 0.49)), rgb, 0.9, 0.025),
            Mark(line((-w * 0.14, drop + h * 0.55), (w * 0.14, drop + h * 0.55)), rgb, 0.9, 0.018),
        ]
    arcs = [
        path(
            (-w * 0.45, drop + 0.05),
            (-w * 0.38, 0.25),
            (0, 0.0),
            (w * 0.38, 0.25),
            (w * 0.45, drop + 0.05),
            closed=False,
        )
    ]
    return [
        _handle(arcs[0] + (0.03, 0.06), 0.035, leather, 0.75),
        Part(0, [mouth], f.plain(), shade=0.45, lift=0),
        Part(0, [body], f, round=0.22, volume=0.9, folds=Folds(0.5, 1.0, 0.5, 0.1, 0.2), marks=tuple(marks), lift=0.05),
        _handle(arcs[0], 0.038, leather),
    ]


def _handbag(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, size = product.fabric, product.item.size
    w, h, drop = 0.72 * size, 0.78 * size * product.item.height, 0.5
    rgb = trim(f.rgb, 0.35)
    body = path(
        (-w * 0.8, drop, CORNER),
        (0, drop - 0.02),
        (w * 0.8, drop, CORNER),
        (w * 0.95, drop + h * 0.55),
        (w, drop + h - 0.08),
        (w * 0.93, drop + h, CORNER),
        (0, drop + h + 0.02),
        (-w * 0.93, drop + h, CORNER),
        (-w, drop + h - 0.08),
        (-w * 0.95, drop + h * 0.55),
    )
    flap = path(
        (-w * 0.82, drop - 0.02, CORNER),
        (0, drop - 0.05),
        (w * 0.82, drop - 0.02, CORNER),
        (w * 0.86, drop + h * 0.35),
        (w * 0.4, drop + h * 0.52),
        (0, drop + h * 0.55),
        (-w * 0.4, drop + h * 0.52),
        (-w * 0.86, drop + h * 0.35),
    )
    kind = product.item.kind % 3
    quilting: list[Mark] = []
    if kind == 0:
        for t in np.arange(-2.0, 2.2, 0.24):
            quilting += [
                Mark(line((t * w - h, drop), (t * w + h, drop + 2 * h)), darker(f.rgb, 0.6), 0.35, 0.02),
                Mark(line((t * w + h, drop), (t * w - h, drop + 2 * h)), darker(f.rgb, 0.6), 0.35, 0.02),
            ]
    edge = Mark(flap * (0.95, 0.97) + (0, 0.01), rgb, 0.0)
    clasp = (
        [
            Mark(ellipse(0, drop + h * 0.52, 0.075, 0.06), GOLD),
            Mark(ellipse(-0.01, drop + h * 0.51, 0.035, 0.025), lighter(GOLD, 0.5)),
        ]
        if kind != 1
        else [
            Mark(box(-0.07, drop + h * 0.4, 0.07, drop + h * 0.62), GOLD),
            Mark(box(-0.04, drop + h * 0.44, 0.04, drop + h * 0.58), darker(GOLD, 0.4)),
        ]
    )
    arc = path(
        (-w * 0.55, drop + 0.02), (-w * 0.5, 0.2), (0, 0.0), (w * 0.5, 0.2), (w * 0.55, drop + 0.02), closed=False
    )
    rings = [Mark(ellipse(s * w * 0.55, drop + 0.02, 0.05, 0.05), GOLD) for s in (-1, 1)]
    return [
        _handle(arc, 0.036, f.plain()),
        Part(
            0,
            [body],
            f,
            round=0.2,
            volume=1.1,
            lift=0.05,
            marks=(
                Mark(
                    path((-w * 0.98, drop + h - 0.07), (0, drop + h - 0.05), (w * 0.98, drop + h - 0.07), closed=False),
                    rgb,
                    0.6,
                    0.014,
                    0.045,
                ),
                *quilting,
            ),
        ),
        Part(0, [flap], f, round=0.16, volume=1.0, lift=0.06, marks=(*quilting, edge, *clasp, *rings)),
    ]


def _crossbody(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, size = product.fabric, product.item.size
    w, h, drop = 0.52 * size, 0.62 * size * product.item.height, 1.2
    kind = product.item.kind % 3
    rgb = trim(f.rgb, 0.35)
    if kind == 0:  # camera bag
        body = path(
            (-w, drop + 0.08),
            (-w * 0.92, drop),
            (0, drop - 0.01),
            (w * 0.92, drop),
            (w, drop + 0.08),
            (w, drop + h - 0.08),
            (w * 0.9, drop + h),
            (-w * 0.9, drop + h),
            (-w, drop + h - 0.08),
        )
        marks = [
            Mark(line((-w * 0.85, drop + 0.13), (w * 0.85, drop + 0.13)), GOLD, 1, 0.022),
            Mark(box(w * 0.6, drop + 0.1, w * 0.72, drop + 0.26), GOLD),
            Mark(
                line(
                    (-w * 0.8, drop + h * 0.5),
                    (w * 0.8, drop + h * 0.5),
                    (w * 0.8, drop + h * 0.9),
                    (-w * 0.8, drop + h * 0.9),
                    (-w * 0.8, drop + h * 0.5),
                ),
                rgb,
                0.6,
                0.014,
            ),
        ]
    elif kind == 1:  # saddle bag
        body = path(
            (-w * 0.9, drop, CORNER),
            (w * 0.9, drop, CORNER),
            (w * 1.02, drop + h * 0.5),
            (w * 0.75, drop + h * 0.97),
            (0, drop + h * 1.1),
            (-w * 0.75, drop + h * 0.97),
            (-w * 1.02, drop + h * 0.5),
        )
        marks = [
            Mark(
                path((-w * 0.95, drop + h * 0.35), (0, drop + h * 0.75), (w * 0.95, drop + h * 0.35), closed=False),
                darker(f.rgb, 0.6),
                0.7,
                0.03,
            ),
            Mark(ellipse(0, drop + h * 0.72, 0.06, 0.06), GOLD),
        ]
    else:  # messenger
        w, h = w * 1.25, h * 1.15
        body = path((-w, drop, CORNER), (w, drop, CORNER), (w * 0.98, drop + h, CORNER), (-w * 0.98, drop + h, CORNER))
        marks = [Mark(line((-w, drop + h * 0.62), (w, drop + h * 0.62)), darker(f.rgb, 0.6), 0.8, 0.03)]
        marks += [
            m
            for s in (-1, 1)
            for m in (
                Mark(box(s * w * 0.5 - 0.05, drop + h * 0.3, s * w * 0.5 + 0.05, drop + h * 0.75), product.accent),
                Mark(box(s * w * 0.5 - 0.04, drop + h * 0.6, s * w * 0.5 + 0.04, drop + h * 0.7), GOLD),
            )
        ]
    bag = Part(0, [body], f, round=0.16, volume=1.1, lift=0.05, marks=tuple(marks))
    if worn:
        return [bag]
    strap = path(
        (-w * 0.95, drop + 0.08), (-w * 0.9, 0.45), (-0.1, 0.0), (w * 0.85, 0.4), (w * 0.95, drop + 0.08), closed=False
    )
    return [_handle(strap, 0.03, f.plain()), bag]


def _backpack(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, size = product.fabric, product.item.size
    w, h, drop = 0.72 * size, 1.45 * size * product.item.height, 0.22
    rgb = trim(f.rgb, 0.35)
    leather = Fabric(product.accent, material="leather")
    body = path(
        (0, drop),
        (w * 0.6, drop + 0.05),
        (w * 0.92, drop + 0.35),
        (w, drop + h * 0.6),
        (w * 0.97, drop + h - 0.1),
        (w * 0.85, drop + h),
        (0, drop + h + 0.03),
        (-w * 0.85, drop + h),
        (-w * 0.97, drop + h - 0.1),
        (-w, drop + h * 0.6),
        (-w * 0.92, drop + 0.35),
        (-w * 0.6, drop + 0.05),
    )
    zip_line = path(
        (-w * 0.85, drop + 0.6),
        (-w * 0.7, drop + 0.25),
        (0, drop + 0.13),
        (w * 0.7, drop + 0.25),
        (w * 0.85, drop + 0.6),
        closed=False,
    )
    pocket = path(
        (-w * 0.72, drop + h * 0.55),
        (0, drop + h * 0.52),
        (w * 0.72, drop + h * 0.55),
        (w * 0.76, drop + h * 0.85),
        (w * 0.66, drop + h * 0.94),
        (-w * 0.66, drop + h * 0.94),
        (-w * 0.76, drop + h * 0.85),
    )
    patch = Mark(box(-0.12, drop + h * 0.32, 0.12, drop + h * 0.42), product.accent)
    straps = [
        path(
            (s * w * 0.5, drop + 0.1),
            (s * w * 1.22, drop + h * 0.4),
            (s * w * 1.12, drop + h * 0.75),
            (s * w * 0.85, drop + h * 0.92),
            closed=False,
        )
        for s in (-1, 1)
    ]
    loop = path((-0.16, drop + 0.05), (-0.13, -0.08), (0.13, -0.08), (0.16, drop + 0.05), closed=False)
    base = Mark(
        path(
            (-w * 1.1, drop + h * 0.86),
            (w * 1.1, drop + h * 0.86),
            (w * 1.1, drop + h + 0.1),
            (-w * 1.1, drop + h + 0.1),
        ),
        product.accent,
        1.0 if product.item.kind % 2 else 0.0,
    )
    return [
        *([] if worn else [_handle(s, 0.075, f.plain(), 0.8) for s in straps]),
        _handle(loop, 0.035, leather),
        Part(
            0,
            [body],
            f,
            round=0.26,
            volume=1.2,
            folds=Folds(0.35, 1, 0.6, 0.1, 0.2),
            lift=0.05,
            marks=(
                Mark(zip_line, darker(f.rgb, 0.6), 0.9, 0.035),
                Mark(zip_line, (170, 170, 172), 0.6, 0.012, 0.03),
                base,
                patch,
            ),
        ),
        Part(
            0,
            [pocket],
            f,
            round=0.14,
            lift=0.04,
            marks=(
                Mark(
                    path((-w * 0.62, drop + h * 0.62), (0, drop + h * 0.6), (w * 0.62, drop + h * 0.62), closed=False),
                    darker(f.rgb, 0.6),
                    0.9,
                    0.03,
                ),
                Mark(box(w * 0.5, drop + h * 0.61, w * 0.55, drop + h * 0.7), GOLD),
                Mark(pocket, rgb, 0.0),
            ),
        ),
    ]


# --- hats


def _cap(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, rgb = product.fabric, trim(product.fabric.rgb, 0.35)
    dome = mirrored((0, -0.12), (0.22, -0.1), (0.39, 0.06), (0.43, 0.32, CORNER), (0.25, 0.27), (0, 0.25))
    brim = mirrored((0, 0.2), (0.25, 0.22), (0.42, 0.3, CORNER), (0.47, 0.38), (0.4, 0.43), (0.2, 0.4), (0, 0.39))
    peak = f.plain(product.accent) if product.item.kind % 2 else f
    seams = [
        Mark(path((0, -0.11), (s * 0.13, 0.05), (s * 0.17, 0.26), closed=False), rgb, 0.5, 0.012) for s in (-1, 0, 1)
    ]
    badge: list[Mark] = []
    if product.item.kind % 3 == 0:
        badge = [
            Mark(ellipse(0, 0.1, 0.085, 0.075), product.accent),
            Mark(line((-0.04, 0.12), (-0.04, 0.07), (0.04, 0.12), (0.04, 0.07)), f.rgb, 1, 0.018),
        ]
    elif product.item.kind % 3 == 1:
        badge = [
            Mark(line((-0.12, 0.08), (0.12, 0.08)), product.accent, 1, 0.035),
            Mark(line((-0.08, 0.14), (0.08, 0.14)), product.accent, 1, 0.025),
        ]
    return [
        Part(0, [dome], f, round=0.2, volume=1.2, lift=0.02, marks=(*seams, *badge)),
        Part(0, [ellipse(0, -0.11, 0.03, 0.02)], peak, lift=0),
        Part(
            0,
            [brim],
            peak,
            round=0.09,
            volume=1.1,
            lift=0.05,
            marks=(Mark(path((-0.42, 0.34), (0, 0.33), (0.42, 0.34), closed=False), rgb, 0.5, 0.01, 0.03),),
        ),
    ]


def _beanie(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, rgb = product.fabric, trim(product.fabric.rgb, 0.4)
    dome = mirrored((0, -0.26), (0.2, -0.23), (0.37, -0.04), (0.42, 0.25, CORNER), (0, 0.25))
    cuff = mirrored(
        (0, 0.1), (0.25, 0.11), (0.42, 0.14, CORNER), (0.44, 0.26), (0.425, 0.37, CORNER), (0.25, 0.34), (0, 0.33)
    )
    ribs = [
        Mark(path((x * 0.1, -0.25), (x * 0.32, -0.08), (x * 0.41, 0.2), closed=False), rgb, 0.3, 0.016)
        for x in np.linspace(-0.95, 0.95, 15)
    ]
    low = [Mark(line((x * 0.42, 0.13), (x * 0.42, 0.35)), rgb, 0.35, 0.016) for x in np.linspace(-0.95, 0.95, 17)]
    parts = [
        Part(0, [dome], f, round=0.2, volume=1.2, lift=0.02, marks=tuple(ribs)),
        Part(0, [cuff], f, round=0.1, volume=1.0, lift=0.03, marks=tuple(low)),
    ]
    if product.item.kind % 3 == 1:
        turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        fluff = 0.14 + 0.018 * np.cos(turn * 15)
        parts.append(
            Part(
                0,
                [np.stack([fluff * np.cos(turn), -0.34 + fluff * np.sin(turn)], 1)],
                Fabric(lighter(product.accent, 0.2), material="wool"),
                round=0.12,
                volume=1.2,
            )
        )
    elif product.item.kind % 3 == 2:
        parts[1] = replace(parts[1], marks=(*low, Mark(box(0.08, 0.18, 0.24, 0.28), product.accent)))
    return parts


def _brimmed(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, wide = product.fabric, 0.72 * product.item.size
    floppy = product.item.kind % 2
    crown = mirrored(
        (0, -0.27 + 0.05 * (1 - floppy)), (0.17, -0.3), (0.31, -0.2), (0.38, 0.1), (0.4, 0.26, CORNER), (0, 0.3)
    )
    droop = 0.1 if floppy else 0.02
    brim = mirrored(
        (0, 0.13),
        (0.4, 0.12),
        (wide * 0.85, 0.13 + droop * 0.5),
        (wide, 0.22 + droop),
        (wide * 0.7, 0.33 + droop * 0.6),
        (0.3, 0.37),
        (0, 0.385),
    )
    under = mirrored((0, 0.28), (0.42, 0.28), (wide * 0.9, 0.24 + droop), (wide * 0.6, 0.37 + droop * 0.5), (0, 0.4))
    band = mirrored((0, 0.13), (0.25, 0.12), (0.39, 0.08, CORNER), (0.405, 0.22, CORNER), (0.25, 0.27), (0, 0.28))
    dent = Mark(path((-0.12, -0.25), (0, -0.13), (0.12, -0.25), (0, -0.29)), darker(f.rgb, 0.5), 0.35 * (1 - floppy))
    return [
        Part(0, [under], f.plain(), shade=0.6, lift=0.05),
        Part(0, [brim], f, round=0.12, volume=0.9, lift=0.04),
        Part(0, [crown], f, round=0.2, volume=1.2, lift=0.03, marks=(dent,)),
        Part(0, [band], Fabric(product.accent, material="satin"), round=0.08, volume=0.8, lift=0),
    ]


def _bucket(product: BoutiqueProduct, worn: bool) -> list[Part]:
    f, rgb = product.fabric, trim(product.fabric.rgb, 0.35)
    crown = mirrored((0, -0.17), (0.24, -0.17), (0.32, -0.1), (0.37, 0.12), (0.38, 0.2, CORNER), (0, 0.22))
    brim = mirrored((0, 0.14), (0.38, 0.12, CORNER), (0.52, 0.36), (0.5, 0.43), (0.25, 0.46), (0, 0.47))
    stitches = tuple(
        Mark(
            path(
                (-0.4 - 0.1 * t, 0.15 + 0.25 * t), (0, 0.19 + 0.26 * t), (0.4 + 0.1 * t, 0.15 + 0.25 * t), closed=False
            ),
            rgb,
            0.45,
            0.01,
            0.03,
        )
        for t in (0.25, 0.5, 0.75, 0.95)
    )
    return [
        Part(
            0,
            [crown],
            f,
            round=0.16,
            volume=1.1,
            lift=0.02,
            marks=(Mark(path((-0.31, -0.1), (0, -0.06), (0.31, -0.1), closed=False), rgb, 0.5, 0.012),),
        ),
        Part(0, [brim], f, round=0.12, volume=0.9, lift=0.05, marks=stitches),
    ]


# --- glasses


def _glasses(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, kind, big = product.fabric, product.item.kind % 5, product.item.size
    dark = product.item.shape == "sunglasses"
    w, h, x, y = 0.145 * big, 0.115 * big, 0.17, 0.525
    if kind == 0:  # round
        lens = ellipse(x, y, w * 0.92, w * 0.92)
    elif kind == 1:  # wayfarer
        lens = path(
            (x - w, y - h * 0.85, CORNER),
            (x + w * 1.08, y - h * 1.0, CORNER),
            (x + w * 0.95, y + h * 0.4),
            (x + w * 0.4, y + h),
            (x - w * 0.5, y + h * 0.95),
            (x - w * 0.92, y + h * 0.3),
        )
    elif kind == 2:  # aviator
        lens = path(
            (x - w * 0.85, y - h * 0.8),
            (x + w * 0.2, y - h),
            (x + w, y - h * 0.7),
            (x + w, y + h * 0.2),
            (x + w * 0.3, y + h * 1.25),
            (x - w * 0.5, y + h * 1.0),
            (x - w * 0.9, y),
        )
    elif kind == 3:  # cat-eye
        lens = path(
            (x - w, y - h * 0.5),
            (x, y - h * 0.8),
            (x + w * 1.25, y - h * 1.25, CORNER),
            (x + w * 1.0, y + h * 0.2),
            (x + w * 0.3, y + h * 0.9),
            (x - w * 0.7, y + h * 0.7),
        )
    else:  # rectangle
        lens = path(
            (x - w, y - h * 0.7, CORNER),
            (x + w, y - h * 0.75, CORNER),
            (x + w * 0.97, y + h * 0.7, CORNER),
            (x - w * 0.95, y + h * 0.7, CORNER),
        )
    lenses = [lens, lens * (-1, 1)]
    thin = 0.013 if kind in (0, 2) and product.item.height < 1 else 0.028
    frame = Fabric(f.rgb, f.pattern, f.others, f.material, 0.2, f.seed)
    tint: Rgb = product.accent if dark else (226, 236, 240)
    rim = [piece for one in lenses for piece in ribbon(np.concatenate([one, one[:2]]), thin)]
    bridge = ribbon(
        path((-x + w * 0.85, y - h * 0.3), (0, y - h * 0.55), (x - w * 0.85, y - h * 0.3), closed=False), thin * 0.9
    )
    edge = float(lens[:, 0].max())
    temples = [
        piece
        for s in (-1, 1)
        for piece in ribbon(line((s * (edge - 0.01), y - h * 0.55), (s * max(edge + 0.03, 0.355), y - h * 0.45)), thin)
    ]
    if not worn:  # folded arms seen through and behind
        arms = [
            piece
            for s in (-1, 1)
            for piece in ribbon(
                path(
                    (s * edge, y - h * 0.55),
                    (s * edge * 0.75, y - h * 0.8),
                    (-s * edge * 0.3, y - h * 0.3),
                    closed=False,
                ),
                thin * 0.8,
            )
        ]
    else:
        arms = []
    shine = [
        Mark(
            line(
                (s * x - w * 0.55, y + h * 0.4),
                (s * x - w * 0.1, y - h * 0.8),
                (s * x + w * 0.2, y - h * 0.8),
                (s * x - w * 0.3, y + h * 0.6),
            ),
            (255, 255, 255),
            0.16 if dark else 0.3,
        )
        for s in (-1, 1)
    ]
    return [
        *([Part(0, arms, frame, shade=0.8, lift=0, round=0.02)] if arms else []),
        Part(
            0,
            lenses,
            Fabric(tint, material="rubber"),
            alpha=0.93 if dark else 0.22,
            round=0.1,
            volume=0.5 if dark else 0.2,
            lift=0.02,
            marks=tuple(shine),
        ),
        Part(0, [*rim, *bridge, *temples], frame, round=0.02, volume=1.2, lift=0.015),
    ]


_SHAPES: Final = {
    "tote": _tote,
    "handbag": _handbag,
    "crossbody": _crossbody,
    "backpack": _backpack,
    "cap": _cap,
    "beanie": _beanie,
    "brimmed": _brimmed,
    "bucket": _bucket,
    "sunglasses": _glasses,
    "glasses": _glasses,
}

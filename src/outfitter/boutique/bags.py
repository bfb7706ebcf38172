"""Bags, hanging from (0, 0), where a hand or shoulder holds them."""

from __future__ import annotations

from typing import Final

import numpy as np

from outfitter.boutique.canvas import Folds, Mark, Part
from outfitter.boutique.colours import Rgb, darker, lighter, trim
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.shapes import CORNER, Points, box, ellipse, line, path, ribbon

GOLD: Final[Rgb] = (206, 172, 96)


def _handle(points: Points, half: float, fabric: Fabric, shade: float = 1.0) -> Part:
    return Part(0, ribbon(points, half, "se"), fabric, round=half, volume=1.0, lift=0.03, shade=shade)


def _tote(product: BoutiqueProduct, _worn: bool) -> list[Part]:
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


def _handbag(product: BoutiqueProduct, _worn: bool) -> list[Part]:
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


BAGS: Final = {"tote": _tote, "handbag": _handbag, "crossbody": _crossbody, "backpack": _backpack}

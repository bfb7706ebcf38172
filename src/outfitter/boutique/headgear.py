"""Hats and glasses, where they sit on a head: the skull's top at (0, 0), eyes at y = 0.52, ears at x = ±0.36."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from outfitter.boutique.canvas import Mark, Part
from outfitter.boutique.colours import Rgb, darker, lighter, trim
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.shapes import CORNER, box, ellipse, line, mirrored, path, ribbon


def _cap(product: BoutiqueProduct, _worn: bool) -> list[Part]:
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


def _beanie(product: BoutiqueProduct, _worn: bool) -> list[Part]:
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


def _brimmed(product: BoutiqueProduct, _worn: bool) -> list[Part]:
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


def _bucket(product: BoutiqueProduct, _worn: bool) -> list[Part]:
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


def _glasses(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, kind, big = product.fabric, product.item.kind % 5, product.item.size
    dark = product.item.shape == "sunglasses"
    w, h, x, y = 0.15 * big, 0.12 * big, 0.17, 0.525
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
    thin = 0.013 if kind in (0, 2) and product.item.height < 1 else 0.019
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


HEADGEAR: Final = {
    "cap": _cap,
    "beanie": _beanie,
    "brimmed": _brimmed,
    "bucket": _bucket,
    "sunglasses": _glasses,
    "glasses": _glasses,
}

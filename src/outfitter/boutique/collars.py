"""Collars, lapels and hoods, and what of them is seen behind the neck."""

from __future__ import annotations

import numpy as np

from outfitter.boutique.canvas import Mark, Part
from outfitter.boutique.colours import darker, lighter, trim
from outfitter.boutique.shapes import CORNER, Knot, Points, line, path, shifted
from outfitter.boutique.tailor import Tailor


def collar_parts(t: Tailor) -> list[Part]:
    """The parts of a garment's collar; none for a plain neckline."""
    make = {
        "shirt": _shirt,
        "lapel": _lapel,
        "shawl": _lapel,
        "turtle": _tube,
        "funnel": _tube,
        "band": _tube,
        "hood": _hood,
    }
    return make[t.cut.collar](t) if t.cut.collar in make else []


def _both(t: Tailor, *knots: Knot) -> list[Points]:
    right = path(*knots)
    return [t.rig.trunk(right), t.rig.trunk(right * (-1, 1))]


def _stand(t: Tailor, height: float) -> Part:
    """The back of a collar, seen from inside."""
    x = t.neck_x
    y = t.shoulder_y(x)
    back = t.both(
        (0, 1.3 - height),
        (x * 0.75, 1.33 - height),
        (x * 1.02, y - height * 0.5),
        (x, y + 0.05, CORNER),
        (x * 0.6, y + 0.08),
        (0, y + 0.1),
    )
    return Part(
        1.2, [back], t.fabric.plain(), t.rig.trunk_frame, t.wear.owner, shade=0.74, volume=0.5, round=0.1, lift=0
    )


def _shirt(t: Tailor) -> list[Part]:
    x, low = t.neck_x, 1.5 + t.cut.depth
    y = t.shoulder_y(x)
    spread = 0.62 + 0.3 * (t.cut.depth - 0.1)
    flap = [
        (x * 0.86, y - 0.14),
        (x * 1.18, y - 0.03),
        (x * spread + 0.18, low + 0.16, CORNER),
        (0.05, low - 0.02, CORNER),
        (x * 0.55, y + 0.1),
    ]
    polygons = _both(t, *flap)  # type: ignore[arg-type]
    edge = np.array([flap[1][:2], flap[2][:2], flap[3][:2]]) * (0.96, 1) - (0.0, 0.02)
    marks = tuple(Mark(t.rig.trunk(edge * (s, 1)), t.line_rgb, 0.35, 0.01) for s in (-1, 1))
    return [
        _stand(t, 0.2),
        t.part(t.wear.z + 0.4, polygons, lift=0.05, round=0.09, volume=0.6, marks=marks, folds=None),
    ]


def _lapel(t: Tailor) -> list[Part]:
    x, low = t.neck_x, 1.5 + t.cut.depth
    y = t.shoulder_y(x)
    gap = t.cut.opening * 0.5 if t.cut.front == "open" else 0.0
    wide = 0.44 + 0.12 * (t.cut.hem > 4.5)
    if t.cut.collar == "shawl":
        lapel: list[Knot] = [
            (x * 0.8, y - 0.14),
            (x * 1.25, y - 0.02),
            (wide + 0.03, 1.95),
            (wide * 0.7, 2.3),
            (0.04 + gap, low, CORNER),
            (x * 0.62 + gap * 0.3, 1.75),
        ]
        return [
            _stand(t, 0.16),
            t.part(t.wear.z + 0.4, _both(t, *lapel), lift=0.06, round=0.12, volume=0.7, folds=None),
        ]
    notch = 1.78 if t.cut.hem < 4.5 else 1.85
    collar: list[Knot] = [
        (x * 0.8, y - 0.14),
        (x * 1.25, y - 0.03),
        (wide * 0.98, notch - 0.05, CORNER),
        (wide * 0.72, notch + 0.06, CORNER),
        (x * 0.85, y + 0.16),
    ]
    revers: list[Knot] = [
        (x * 0.85, y + 0.12, CORNER),
        (wide * 0.72, notch + 0.05, CORNER),
        (wide * 1.08, notch + 0.03, CORNER),
        (wide * 0.72, 2.28),
        (0.05 + gap, low, CORNER),
        (x * 0.5 + gap * 0.4, 1.85),
    ]
    seam = [
        Mark(t.rig.trunk(line((s * x * 0.85, y + 0.14), (s * wide * 0.72, notch + 0.06))), t.line_rgb, 0.6, 0.016)
        for s in (-1, 1)
    ]
    return [
        _stand(t, 0.16),
        t.part(t.wear.z + 0.4, _both(t, *revers), lift=0.07, round=0.12, volume=0.7, folds=None),
        t.part(t.wear.z + 0.5, _both(t, *collar), lift=0.05, round=0.1, volume=0.7, marks=tuple(seam), folds=None),
    ]


def _tube(t: Tailor) -> list[Part]:
    """Turtlenecks (high), band collars (low), funnels (open at the top)."""
    x = t.neck_x
    y = t.shoulder_y(x)
    high = {"turtle": 0.36, "funnel": 0.27, "band": 0.13}[t.cut.collar]
    top = y - high
    front = t.both(
        (0, top + 0.06),
        (x * 0.8, top + 0.03),
        (x * 0.98, top - 0.01, CORNER),
        (x * 1.02, y - high * 0.4),
        (x * 1.06, y + 0.05, CORNER),
        (x * 0.6, 1.52 + t.cut.depth * 0.3),
        (0, 1.55 + t.cut.depth * 0.4),
    )
    back = t.both((0, top - 0.06), (x * 0.8, top - 0.04), (x * 0.98, top, CORNER), (0, top + 0.12))
    marks: list[Mark] = []
    if t.cut.collar == "turtle":
        marks.append(
            Mark(
                t.rig.trunk(path((-x, y - high * 0.45), (0, y - high * 0.3), (x, y - high * 0.45), closed=False)),
                t.line_rgb,
                0.35,
                0.03,
            )
        )
        marks += [
            Mark(t.rig.trunk(line((k * x * 0.97, top), (k * x * 1.03, y + 0.12))), t.line_rgb, 0.2, 0.016)
            for k in np.linspace(-0.95, 0.95, 13)
        ]
    if t.cut.front in ("zip", "buttons"):
        marks.append(Mark(t.rig.trunk(line((0, top), (0, 1.6 + t.cut.depth))), darker(t.fabric.rgb, 0.5), 0.8, 0.045))
    return [
        Part(1.2, [back], t.fabric.plain(), t.rig.trunk_frame, t.wear.owner, shade=0.6, volume=0.3, lift=0),
        t.part(t.wear.z + 0.4, [front], lift=0.03, round=0.13, marks=tuple(marks), folds=None),
    ]


def _hood(t: Tailor) -> list[Part]:
    x = t.neck_x
    y = t.shoulder_y(x)
    low = 1.62 + t.cut.depth * 0.5
    rise = 0.5 if t.wear.bare else 0.22
    back = t.both(
        (0, y - rise), (0.36, y - rise * 0.85), (0.52, y - 0.05), (0.56, y + 0.18), (0.3, y + 0.3), (0, y + 0.3)
    )
    hole = t.both((0, y - rise * 0.55), (x * 0.9, y - rise * 0.35), (x * 1.0, y + 0.1), (0.0, low))
    rim: list[Knot] = [
        (x * 0.75, y - rise * 0.42),
        (x * 1.25, y - rise * 0.3),
        (0.53, y + 0.12),
        (0.3, low + 0.02),
        (0.0, low + 0.12, CORNER),
        (0.0, low - 0.03, CORNER),
        (x * 0.7, y + 0.16),
    ]
    cords = []
    rgb = lighter(t.product.accent, 0.2)
    for s in (-1, 1):
        cord = path((s * 0.12, low - 0.03), (s * 0.15, low + 0.3), (s * 0.13, low + 0.62), closed=False)
        cords += [
            Mark(t.rig.trunk(shifted(cord, 0.012, 0.012)), (0, 0, 0), 0.3, 0.035),
            Mark(t.rig.trunk(cord), rgb, 1, 0.032),
        ]
        cords.append(Mark(t.rig.trunk(line((s * 0.13, low + 0.6), (s * 0.13, low + 0.68))), trim(rgb, 0.5), 1, 0.035))
    return [
        Part(0.9, [back], t.fabric, t.rig.trunk_frame, t.wear.owner, shade=0.92, round=0.2, lift=0),
        Part(1.3, [hole], t.fabric.plain(), t.rig.trunk_frame, t.wear.owner, shade=0.5, volume=0.2, lift=0),
        t.part(t.wear.z + 0.5, _both(t, *rim), lift=0.06, round=0.14, marks=tuple(cords), folds=None),
    ]

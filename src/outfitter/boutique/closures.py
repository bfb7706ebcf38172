"""What is sewn onto the front of an upper garment: seams, closures, pockets, quilting."""

from __future__ import annotations

import numpy as np

from outfitter.boutique.canvas import Mark
from outfitter.boutique.colours import Rgb, darker, luma
from outfitter.boutique.figure import Rig
from outfitter.boutique.prints import print_marks
from outfitter.boutique.shapes import Points, box, line, path, shifted
from outfitter.boutique.tailor import Tailor


def front_marks(t: Tailor, stop: float) -> list[Mark]:
    """Seams, closure, pockets and print of a closed front."""
    cut, rig = t.cut, t.rig
    marks = seam_marks(t, stop)
    if cut.quilts:
        for y in np.arange(1.75, stop - 0.1, 2.2 / cut.quilts):
            marks += _quilt(rig, float(y), t.half(float(max(y, t.pit_y))) + 0.1)
    if cut.collar == "none" and cut.neck not in ("straps", "halter"):
        band = path(*t.neckline(), closed=False)
        ring = np.concatenate([(band * (-1, 1))[::-1], band])
        wide = 0.085 if cut.neck == "crew" else 0.05
        marks.append(Mark(rig.trunk(shifted(ring, 0, wide)), t.line_rgb, 0.5, 0.014))
    marks += print_marks(t.product, cut, rig)
    marks += _closure(t, stop) + pocket_marks(t, stop)
    return marks


def seam_marks(t: Tailor, stop: float) -> list[Mark]:
    rgb, rig = t.line_rgb, t.rig
    half = t.half(stop)
    hem = np.stack(
        [np.linspace(-half, half, 12), stop - 0.07 + (0.06 + t.cut.curve) * (1 - np.linspace(-1, 1, 12) ** 2)], 1
    )
    marks = [Mark(rig.trunk(hem), rgb, 0.5, 0.012, 0.045 if t.product.fabric.material == "denim" else 0.0)]
    if t.cut.sleeve > 0.02:
        for sign in (-1, 1):
            hole = path(*t.armhole(), closed=False) - (0.012, 0)
            marks.append(Mark(rig.trunk(hole * (sign, 1)), rgb, 0.5, 0.014))
    if t.cut.sleeve <= 0.02 and t.cut.neck not in ("straps", "halter"):
        for sign in (-1, 1):
            hole = path(*t.shoulder(), (t.half(t.pit_y), t.pit_y), closed=False) - (0.05, 0)
            marks.append(Mark(rig.trunk(hole * (sign, 1)), rgb, 0.4, 0.012))
    return marks


def _closure(t: Tailor, stop: float) -> list[Mark]:
    cut, rig, rgb = t.cut, t.rig, t.line_rgb
    top = 1.5 + cut.depth
    if cut.front in ("buttons", "placket"):
        low = stop + 0.03 if cut.front == "buttons" else top + 0.65
        marks = [Mark(rig.trunk(line((x, top - 0.1), (x, low))), rgb, 0.5, 0.012) for x in (-0.075, 0.075)]
        count = cut.buttons if cut.front == "buttons" else 3
        for y in np.linspace(top + 0.06, low - 0.22, count):
            marks += t.button(0, float(y), 0.036)
        return marks
    if cut.front == "double":
        marks = [Mark(rig.trunk(line((0.3, top), (0.3, stop + 0.05))), rgb, 0.6, 0.014)]
        for y in np.linspace(top + 0.12, min(stop - 0.5, 3.5), max(2, cut.buttons // 2)):
            marks += t.button(-0.2, float(y), 0.052) + t.button(0.2, float(y), 0.052)
        return marks
    if cut.front == "zip":
        metal: Rgb = (172, 172, 176) if luma(t.product.accent) > 0.5 else (110, 108, 110)
        teeth = line((0, top - 0.14), (0, stop + 0.05))
        return [
            Mark(rig.trunk(teeth), darker(t.fabric.rgb, 0.45), 0.8, 0.075),
            Mark(rig.trunk(teeth), metal, 0.95, 0.032, 0.04),
            Mark(rig.trunk(box(-0.025, top - 0.1, 0.025, top + 0.04)), metal),
        ]
    if cut.front == "single":
        marks = [Mark(rig.trunk(line((0.02, top), (0.06, stop + 0.05))), rgb, 0.7, 0.018)]
        for y in np.linspace(top + 0.08, min(stop - 0.55, top + 0.3 * cut.buttons), cut.buttons):
            marks += t.button(-0.04, float(y), 0.045)
        return marks
    return []


def pocket_marks(t: Tailor, stop: float) -> list[Mark]:
    cut, rig, rgb = t.cut, t.rig, t.line_rgb

    def outline(points: Points, alpha: float = 0.65) -> list[Mark]:
        ring = np.concatenate([points, points[:1]])
        return [
            Mark(rig.trunk(points), darker(t.fabric.rgb, 0.3), 0.12),
            Mark(rig.trunk(ring), rgb, alpha, 0.016),
        ]

    if cut.pockets == "chest":
        x, y = 0.36, 2.0
        marks = outline(line((x - 0.16, y), (x + 0.16, y), (x + 0.16, y + 0.3), (x, y + 0.38), (x - 0.16, y + 0.3)))
        return [*marks, Mark(rig.trunk(line((x - 0.16, y + 0.06), (x + 0.16, y + 0.06))), rgb, 0.4, 0.01)]
    if cut.pockets == "flaps":
        marks = []
        for s in (-1, 1):
            x = 0.36 * s
            marks += outline(line((x - 0.17, 2.02), (x + 0.17, 2.02), (x + 0.17, 2.42), (x - 0.17, 2.42)))
            marks += outline(line((x - 0.18, 2.0), (x + 0.18, 2.0), (x + 0.18, 2.1), (x, 2.17), (x - 0.18, 2.1)), 0.8)
            marks += t.button(x, 2.1, 0.03)
        return marks
    if cut.pockets == "kangaroo":
        top, low = min(3.0, stop - 0.75), stop - 0.2
        shape = line((-0.26, top), (0.26, top), (0.5, top + 0.3), (0.52, low), (-0.52, low), (-0.5, top + 0.3))
        slits = [
            Mark(rig.trunk(line((s * 0.26, top), (s * 0.5, top + 0.3))), darker(t.fabric.rgb, 0.6), 0.7, 0.035)
            for s in (-1, 1)
        ]
        return outline(shape) + slits
    if cut.pockets in ("patch", "flap", "welt"):
        y = min(stop - 0.55, 3.35)
        marks = []
        for s in (-1, 1):
            x = s * max(0.4, t.half(min(y, stop)) * 0.58)
            if cut.pockets == "patch":
                marks += outline(line((x - 0.2, y), (x + 0.2, y), (x + 0.2, y + 0.4), (x - 0.2, y + 0.4)))
            elif cut.pockets == "flap":
                marks += outline(line((x - 0.2, y), (x + 0.2, y), (x + 0.19, y + 0.14), (x - 0.19, y + 0.14)), 0.8)
            else:
                marks.append(
                    Mark(
                        rig.trunk(line((x + s * 0.04, y - 0.1), (x + s * 0.14, y + 0.28))),
                        darker(t.fabric.rgb, 0.6),
                        0.75,
                        0.05,
                    )
                )
        return marks
    return []


def _quilt(rig: Rig, y: float, half: float) -> list[Mark]:
    seam = path((-half, y - 0.03), (0, y + 0.03), (half, y - 0.03), closed=False)
    return [
        Mark(rig.trunk(seam), (0, 0, 0), 0.32, 0.035),
        Mark(rig.trunk(shifted(seam, 0, 0.05)), (255, 255, 255), 0.10, 0.07),
        Mark(rig.trunk(seam - (0, 0.06)), (0, 0, 0), 0.08, 0.08),
    ]

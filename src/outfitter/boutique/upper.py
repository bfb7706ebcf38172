"""Everything that hangs from the shoulders: tops, jackets, coats, and the upper part of dresses and jumpsuits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from outfitter.boutique.canvas import Folds, Mark, Part
from outfitter.boutique.collars import collar_parts
from outfitter.boutique.fabric import Fabric, Rgb, darker, luma, trim
from outfitter.boutique.figure import Rig
from outfitter.boutique.prints import print_marks
from outfitter.boutique.product import BoutiqueProduct, Upper
from outfitter.boutique.shapes import (
    CORNER,
    Bent,
    Knot,
    Points,
    arc_share,
    box,
    ellipse,
    line,
    mirrored,
    path,
    profile,
    ribbon,
)

TUCKED, INNER, OUTER, COAT = 12.0, 20.0, 30.0, 32.0
"""Heights of trunks; `ARMS` those of the sleeves that belong to them."""
ARMS: Final = {TUCKED: 41.0, INNER: 41.0, OUTER: 42.0, COAT: 43.0}
INSIDE: Final = 1.0


@dataclass(frozen=True)
class Wear:
    """How a garment is drawn. owner: its number in the picture. z: of its trunk. bare: no body inside, a packshot."""

    owner: int = 0
    z: float = INNER
    bare: bool = True
    seed: int = 0


def upper_parts(product: BoutiqueProduct, cut: Upper, rig: Rig, wear: Wear) -> list[Part]:
    """The parts of a garment that is cut by `cut`, on a rig."""
    maker = _Maker(product, cut, rig, wear)
    parts = maker.trunk()
    if cut.sleeve > 0.02:
        parts += [maker.sleeve(0), maker.sleeve(1)]
        if cut.ribs or cut.collar in ("shirt", "band") or cut.sleeve > 0.9:
            parts += maker.cuffs()
    parts += collar_parts(maker, product, cut, rig, wear)
    return parts


class _Maker:
    def __init__(self, product: BoutiqueProduct, cut: Upper, rig: Rig, wear: Wear) -> None:
        self.product, self.cut, self.rig, self.wear = product, cut, rig, wear
        self.fabric = product.fabric
        body = rig.body
        self.neck_x = max(cut.neck_width, body.neck + 0.05)
        self.tip_x = body.shoulder + 0.25 * cut.ease + cut.drop
        self.pit_y = 2.06 + 0.5 * cut.ease + 0.4 * cut.drop
        self.line_rgb = trim(self.fabric.rgb, 0.4)

    # --- measures

    def shoulder_y(self, x: float) -> float:
        """Height of the shoulder line at x."""
        return 1.33 + 0.27 * max(0.0, x - 0.2) - 0.25 * self.cut.ease

    def half(self, y: float) -> float:
        """Half-width of the garment at a height below the armpit."""
        cut = self.cut
        body = self.rig.body
        low = max(cut.hem, self.pit_y + 0.3)
        close = float(self.rig.width(y)) + cut.ease
        foot = max(float(self.rig.width(min(low, 4.2))) if low > 3.2 else body.chest * 0.97, body.chest * 0.97)
        straight = float(np.interp(y, [self.pit_y, low], [body.chest + cut.ease, foot + cut.ease]))
        share = (y - self.pit_y) / (low - self.pit_y)
        return cut.boxy * straight + (1 - cut.boxy) * close + cut.flare * max(share, 0.0) ** 1.3

    def side(self, stop: float) -> list[Knot]:
        """The right edge from the armpit down to `stop`."""
        ys = np.linspace(self.pit_y, stop, max(3, int((stop - self.pit_y) / 0.35) + 2))
        knots: list[Knot] = [(self.half(y), float(y)) for y in ys]
        return [(*knots[0][:2], CORNER), *knots[1:-1], (*knots[-1][:2], CORNER)]

    def neckline(self) -> list[Knot]:
        """The front neckline from its centre to the shoulder, right half."""
        cut, x = self.cut, self.neck_x
        y, low = self.shoulder_y(x), 1.5 + cut.depth
        shapes: dict[str, list[Knot]] = {
            "v": [(0, low, CORNER), (x * 0.5, (low + y) / 2 + 0.03)],
            "square": [(0, low), (x * 0.9, low, CORNER)],
            "boat": [(0, low - 0.06), (x * 0.6, low - 0.09)],
            "halter": [(0, low - 0.1), (x * 0.7, low - 0.25)],
            "straps": [(0, low + 0.06), (x * 0.6, low - 0.02), (x * 1.0, low - 0.16, CORNER)],
        }
        round_neck: list[Knot] = [(0, low), (x * 0.55, low - 0.045 - 0.1 * cut.depth), (x * 0.92, y + 0.42 * (low - y))]
        return [*shapes.get(cut.neck, round_neck), (x, y, CORNER)]

    def shoulder(self) -> list[Knot]:
        """From the neckline's end over the shoulder to the armpit, exclusive."""
        cut, x = self.cut, self.neck_x
        if cut.sleeve > 0.02:
            tip = self.tip_x - 0.02
            return [(tip, self.shoulder_y(tip) + 0.02, CORNER), (tip - 0.03, 1.85)]
        chest = self.rig.body.chest + cut.ease
        if cut.neck == "straps":
            low = 1.5 + cut.depth
            return [
                (x + 0.05, self.shoulder_y(x), CORNER),
                (x * 1.12, low - 0.16, CORNER),
                (chest * 0.78, low + 0.05),
                (chest * 0.9, 1.92),
            ]
        if cut.neck == "halter":
            return [(x + 0.04, self.shoulder_y(x), CORNER), (chest * 0.6, 1.7), (chest * 0.8, 1.92)]
        tip = x + (self.tip_x - 0.06 - x) * (0.4 if cut.depth > 0.2 else 0.85)
        return [(tip, self.shoulder_y(tip), CORNER), (tip - 0.03, 1.66), ((tip + chest) / 2 - 0.05, 1.9)]

    def hem_knots(self, stop: float) -> list[Knot]:
        curve = self.cut.curve
        return [(self.half(stop) * 0.5, stop + 0.04 + curve * 0.8), (0, stop + 0.06 + curve)]

    def place(self, *knots: Knot, closed: bool = True) -> Points:
        return self.rig.trunk(path(*knots, closed=closed))

    def both(self, *knots: Knot) -> Points:
        return self.rig.trunk(mirrored(*knots))

    def part(self, z: float, polygons: list[Points], **fields: object) -> Part:
        base = Part(
            z,
            polygons,
            self.fabric,
            self.rig.trunk_frame,
            self.wear.owner,
            folds=FOLDS[self.product.fabric.material if self.product.fabric.material in FOLDS else "cotton"],
            seed=self.wear.seed + 3,
        )
        return replace(base, **fields)  # type: ignore[arg-type]

    # --- parts

    def trunk(self) -> list[Part]:
        cut, z = self.cut, self.wear.z
        stop = cut.hem
        inside = self.both(
            (0, 1.24),
            (self.neck_x * 0.7, 1.27),
            (self.neck_x, self.shoulder_y(self.neck_x), CORNER),
            *[(k[0], k[1] + 0.05) for k in reversed(self.neckline()[:-1])],
        )
        lining = self.fabric if self.fabric.pattern == "solid" else self.fabric.plain()
        parts = [Part(INSIDE, [inside], lining, self.rig.trunk_frame, self.wear.owner, shade=0.62, volume=0.3, lift=0)]
        if cut.opening > 0 and cut.front == "open":
            parts += self._open_fronts()
        else:
            outline = self.both(*self.neckline(), *self.shoulder(), *self.side(stop), *self.hem_knots(stop))
            parts.append(self.part(z, [outline], marks=tuple(self._marks(stop)), lift=0.06, round=0.3))
        if cut.ribs:
            parts.append(self._waistband(stop))
        if cut.belt:
            parts.append(self._belt())
        return parts

    def _open_fronts(self) -> list[Part]:
        cut, stop = self.cut, self.cut.hem
        back = self.both(
            (0, 1.3),
            (self.neck_x, self.shoulder_y(self.neck_x), CORNER),
            *self.shoulder(),
            *self.side(stop),
            *self.hem_knots(stop),
        )
        lining = self.fabric.plain(darker(self.fabric.rgb, 0.35))
        parts = [Part(INSIDE - 0.3, [back], lining, self.rig.trunk_frame, self.wear.owner, shade=0.7, lift=0)]
        gap, drop = cut.opening, 1.5 + cut.depth
        for sign in (-1, 1):
            edge: list[Knot] = [
                (gap, stop + 0.05, CORNER),
                (gap * 0.75, (stop + drop) / 2),
                (gap * 0.5 + 0.03, drop + 0.15),
                (self.neck_x * 0.75, (drop + 1.4) / 2),
            ]
            knots = [(self.neck_x, self.shoulder_y(self.neck_x), CORNER), *self.shoulder(), *self.side(stop), *edge]
            outline = path(*[(sign * k[0], *k[1:]) for k in knots])  # type: ignore[misc]
            marks = self._seam_marks(stop) + self._pocket_marks(stop)
            front = path(
                *[(sign * k[0], *k[1:]) for k in edge], (sign * self.neck_x, self.shoulder_y(self.neck_x)), closed=False
            )  # type: ignore[misc]
            shifted = front + (sign * 0.04, 0)
            marks.append(Mark(self.rig.trunk(shifted), self.line_rgb, 0.5, 0.012, 0.05))
            if cut.buttons and cut.collar != "hood":
                for y in np.linspace(drop + 0.15, stop - 0.35, cut.buttons):
                    x = float(
                        np.interp(
                            y,
                            front[::-1, 1] if front[0, 1] > front[-1, 1] else front[:, 1],
                            front[::-1, 0] if front[0, 1] > front[-1, 1] else front[:, 0],
                        )
                    )
                    if sign == 1:
                        marks += self.button(x + 0.07, float(y))
            parts.append(self.part(self.wear.z, [self.rig.trunk(outline)], marks=tuple(marks), lift=0.1))
        return parts

    def button(self, x: float, y: float, r: float = 0.042) -> list[Mark]:
        rgb = self.product.accent
        p = self.rig.trunk(np.array([[x, y]]))[0]
        return [
            Mark(ellipse(p[0] + 0.008, p[1] + 0.014, r, r), (0, 0, 0), 0.3),
            Mark(ellipse(*p, r, r), rgb),
            Mark(ellipse(*p, r * 0.6, r * 0.6), trim(rgb, 0.18)),
            Mark(ellipse(p[0] - r * 0.25, p[1], r * 0.16, r * 0.16, 8), trim(rgb, 0.6)),
            Mark(ellipse(p[0] + r * 0.25, p[1], r * 0.16, r * 0.16, 8), trim(rgb, 0.6)),
        ]

    def _seam_marks(self, stop: float) -> list[Mark]:
        rgb, rig = self.line_rgb, self.rig
        half = self.half(stop)
        hem = np.stack(
            [np.linspace(-half, half, 12), stop - 0.07 + (0.06 + self.cut.curve) * (1 - np.linspace(-1, 1, 12) ** 2)], 1
        )
        marks = [Mark(rig.trunk(hem), rgb, 0.5, 0.012, 0.045 if self.product.fabric.material == "denim" else 0.0)]
        if self.cut.sleeve > 0.02 and not self.cut.raglan:
            for sign in (-1, 1):
                tip = self.tip_x - 0.1
                hole = path(
                    (tip, self.shoulder_y(tip)),
                    (tip - 0.07, 1.78),
                    (self.half(self.pit_y) - 0.03, self.pit_y),
                    closed=False,
                )
                marks.append(Mark(rig.trunk(hole * (sign, 1)), rgb, 0.45, 0.014))
        if self.cut.sleeve <= 0.02 and self.cut.neck not in ("straps", "halter"):
            for sign in (-1, 1):
                hole = path(*self.shoulder(), (self.half(self.pit_y), self.pit_y), closed=False) - (0.05, 0)
                marks.append(Mark(rig.trunk(hole * (sign, 1)), rgb, 0.4, 0.012))
        return marks

    def _marks(self, stop: float) -> list[Mark]:
        """Seams, closure, pockets and print of a closed front."""
        cut, rig = self.cut, self.rig
        marks = self._seam_marks(stop)
        if cut.quilts:
            for y in np.arange(1.75, stop - 0.1, 2.2 / cut.quilts):
                marks += _quilt(rig, float(y), self.half(float(max(y, self.pit_y))) + 0.1)
        if cut.collar == "none" and cut.neck not in ("straps", "halter"):
            band = path(*self.neckline(), closed=False)
            ring = np.concatenate([(band * (-1, 1))[::-1], band])
            wide = 0.085 if cut.neck == "crew" else 0.05
            marks.append(Mark(rig.trunk(ring + (0, wide)), self.line_rgb, 0.5, 0.014))
        marks += print_marks(self.product, cut, rig)
        marks += self._closure(stop) + self._pocket_marks(stop)
        return marks

    def _closure(self, stop: float) -> list[Mark]:
        cut, rig, rgb = self.cut, self.rig, self.line_rgb
        top = 1.5 + cut.depth
        if cut.front in ("buttons", "placket"):
            low = stop + 0.03 if cut.front == "buttons" else top + 0.65
            marks = [Mark(rig.trunk(line((x, top - 0.1), (x, low))), rgb, 0.5, 0.012) for x in (-0.075, 0.075)]
            count = cut.buttons if cut.front == "buttons" else 3
            for y in np.linspace(top + 0.06, low - 0.22, count):
                marks += self.button(0, float(y), 0.036)
            return marks
        if cut.front == "double":
            marks = [Mark(rig.trunk(line((0.3, top), (0.3, stop + 0.05))), rgb, 0.6, 0.014)]
            for y in np.linspace(top + 0.12, min(stop - 0.5, 3.5), max(2, cut.buttons // 2)):
                marks += self.button(-0.2, float(y), 0.052) + self.button(0.2, float(y), 0.052)
            return marks
        if cut.front == "zip":
            metal: Rgb = (172, 172, 176) if luma(self.product.accent) > 0.5 else (110, 108, 110)
            teeth = line((0, top - 0.14), (0, stop + 0.05))
            return [
                Mark(rig.trunk(teeth), darker(self.fabric.rgb, 0.45), 0.8, 0.075),
                Mark(rig.trunk(teeth), metal, 0.95, 0.032, 0.04),
                Mark(rig.trunk(box(-0.025, top - 0.1, 0.025, top + 0.04)), metal),
            ]
        if cut.front == "single":
            marks = [Mark(rig.trunk(line((0.02, top), (0.06, stop + 0.05))), rgb, 0.7, 0.018)]
            for y in np.linspace(top + 0.08, min(stop - 0.55, top + 0.3 * cut.buttons), cut.buttons):
                marks += self.button(-0.04, float(y), 0.045)
            return marks
        return []

    def _pocket_marks(self, stop: float) -> list[Mark]:
        cut, rig, rgb = self.cut, self.rig, self.line_rgb

        def outline(points: Points, alpha: float = 0.65) -> list[Mark]:
            ring = np.concatenate([points, points[:1]])
            return [
                Mark(rig.trunk(points), darker(self.fabric.rgb, 0.3), 0.12),
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
                marks += outline(
                    line((x - 0.18, 2.0), (x + 0.18, 2.0), (x + 0.18, 2.1), (x, 2.17), (x - 0.18, 2.1)), 0.8
                )
                marks += self.button(x, 2.1, 0.03)
            return marks
        if cut.pockets == "kangaroo":
            top, low = min(3.0, stop - 0.75), stop - 0.2
            shape = line((-0.26, top), (0.26, top), (0.5, top + 0.3), (0.52, low), (-0.52, low), (-0.5, top + 0.3))
            slits = [
                Mark(rig.trunk(line((s * 0.26, top), (s * 0.5, top + 0.3))), darker(self.fabric.rgb, 0.6), 0.7, 0.035)
                for s in (-1, 1)
            ]
            return outline(shape) + slits
        if cut.pockets in ("patch", "flap", "welt"):
            y = min(stop - 0.55, 3.35)
            marks = []
            for s in (-1, 1):
                x = s * max(0.4, self.half(min(y, stop)) * 0.58)
                if cut.pockets == "patch":
                    marks += outline(line((x - 0.2, y), (x + 0.2, y), (x + 0.2, y + 0.4), (x - 0.2, y + 0.4)))
                elif cut.pockets == "flap":
                    marks += outline(line((x - 0.2, y), (x + 0.2, y), (x + 0.19, y + 0.14), (x - 0.19, y + 0.14)), 0.8)
                else:
                    marks.append(
                        Mark(
                            rig.trunk(line((x + s * 0.04, y - 0.1), (x + s * 0.14, y + 0.28))),
                            darker(self.fabric.rgb, 0.6),
                            0.75,
                            0.05,
                        )
                    )
            return marks
        return []

    def _waistband(self, stop: float) -> Part:
        h = self.cut.ribs
        half = self.half(stop)
        band = self.both(
            (0, stop - h + 0.05),
            (half * 0.6, stop - h + 0.02),
            (half + 0.01, stop - h, CORNER),
            (half * 0.95, stop - h * 0.4),
            (half * 0.93, stop + 0.02, CORNER),
            (half * 0.5, stop + 0.05),
            (0, stop + 0.06),
        )
        marks = self._rib_lines(half, stop - h, stop + 0.05) + self._closure_end(stop, h)
        return self.part(self.wear.z + 0.1, [band], lift=0.02, round=0.14, marks=tuple(marks), folds=None)

    def _closure_end(self, stop: float, h: float) -> list[Mark]:
        if self.cut.front in ("zip", "buttons"):
            return [
                Mark(self.rig.trunk(line((0, stop - h), (0, stop + 0.08))), darker(self.fabric.rgb, 0.5), 0.8, 0.03)
            ]
        return []

    def _rib_lines(self, half: float, top: float, low: float) -> list[Mark]:
        xs = np.linspace(-half, half, int(half * 2 / 0.075))
        return [Mark(self.rig.trunk(line((x, top), (x * 0.95, low))), self.line_rgb, 0.28, 0.018) for x in xs]

    def _belt(self) -> Part:
        y, half = 2.95, self.half(2.95) + 0.01
        band = self.both((0, y - 0.06), (half, y - 0.09, CORNER), (half, y + 0.07, CORNER), (0, y + 0.1))
        rgb = trim(self.product.accent, 0.2)
        ends = self.rig.trunk(
            path((0.08, y, CORNER), (0.2, y, CORNER), (0.26, y + 0.62, CORNER), (0.12, y + 0.66, CORNER))
        )
        marks = (
            Mark(self.rig.trunk(box(-0.1, y - 0.09, 0.1, y + 0.12)), rgb, 0.0),
            Mark(
                self.rig.trunk(
                    line((-0.09, y - 0.08), (0.09, y - 0.08), (0.09, y + 0.1), (-0.09, y + 0.1), (-0.09, y - 0.08))
                ),
                rgb,
                0.9,
                0.03,
            ),
        )
        return self.part(self.wear.z + 0.2, [band, ends], lift=0.04, round=0.1, marks=marks, folds=None)

    # --- sleeves

    def sleeve(self, side: int) -> Part:
        cut = self.cut
        thick = self.rig.body.thick
        top = (self.pit_y - self.shoulder_y(self.tip_x)) / 2 + 0.0
        elbow, wrist = 0.155 * thick + cut.sleeve_ease, 0.11 * thick + cut.sleeve_ease * 0.8
        line_ = self._sleeve_line(side, top)
        s = cut.sleeve
        end = float(np.interp(s, [0, 0.54, 1], [top, elbow, wrist])) + (cut.sleeve_ease * 0.5 if s < 0.6 else 0)
        if cut.puff:
            width = profile(
                (0, top),
                (0.35, top * 0.9 + cut.puff * 0.4),
                (0.8, end + cut.puff),
                (0.95, end + cut.puff * 0.4),
                (1, end * 0.8),
            )
        elif s > 0.55:
            width = profile((0, top), (0.2, 0.19 * thick + cut.sleeve_ease), (0.54 / s, elbow), (1, end))
        else:
            width = profile((0, top), (1, end))
        polygons = ribbon(line_, width, "s")
        sign = -1 if side == 0 else 1
        tip = self.tip_x
        zone = self.rig.trunk(
            path(
                (sign * 0.2, self.shoulder_y(0.2), CORNER),
                (sign * (tip - 0.1), self.shoulder_y(tip - 0.1), CORNER),
                (sign * (tip - 0.1), 2.05, CORNER),
                (sign * 0.2, 2.05, CORNER),
            )
        )
        marks = []
        if not cut.ribs and s < 0.9 and not cut.puff:
            ends = _across(line_, end, 1 - 0.09 / max(s * 2.6, 0.3))
            marks.append(Mark(ends, self.line_rgb, 0.5, 0.012))
        if cut.quilts:
            marks += [
                Mark(_across(line_, 0.3, float(t)), darker(self.fabric.rgb, 0.5), 0.45, 0.03)
                for t in np.arange(0.12, 1, 0.115)
            ]
        fabric = self.fabric
        if cut.raglan:
            fabric = fabric.plain(self.product.accent)
        frame = Bent(self.rig.arm_line(side)[::2], 1.6)
        return self.part(
            ARMS[self.wear.z],
            polygons,
            fabric=fabric,
            frame=frame,
            relief=[*polygons, zone],
            round=0.2,
            lift=0.06,
            marks=tuple(marks),
            folds=Folds(0.7, 0.9, 1.3, 0.5, 0.3),
            seed=self.wear.seed + 11 + side,
        )

    def _sleeve_line(self, side: int, top: float) -> Points:
        """The arm's line, begun where a round cap of radius `top` touches the shoulder line from below."""
        arm = self.rig.arm_line(side, self.cut.sleeve)
        x = self.tip_x - 0.72 * top
        cap = self.rig.trunk(np.array([[-x if side == 0 else x, self.shoulder_y(x + 0.1) + top]]))
        share = arc_share(arm)[:, None] * self.cut.sleeve
        near = np.clip(1 - share / 0.3, 0, 1)
        return arm + near**1.5 * (cap - arm[:1])

    def cuffs(self) -> list[Part]:
        cut, thick = self.cut, self.rig.body.thick
        if cut.sleeve < 0.5:
            return []
        parts = []
        height = cut.ribs or 0.16
        for side in (0, 1):
            whole = self.rig.arm_line(side)
            start = max(cut.sleeve - height / 2.64, 0.1)
            tail = _span(whole, start, cut.sleeve + 0.005)
            end = 0.11 * thick + cut.sleeve_ease * (0.45 if cut.ribs else 0.8) + 0.006
            polygons = ribbon(tail, end)
            marks: list[Mark] = []
            if cut.ribs:
                for x in np.linspace(-end, end, 7)[1:-1]:
                    marks.append(Mark(_beside(tail, float(x)), self.line_rgb, 0.28, 0.018))
            else:
                marks.append(Mark(_across(tail, end, 0.05), self.line_rgb, 0.6, 0.014))
            frame = Bent(whole[::2], 1.6)
            parts.append(
                self.part(
                    ARMS[self.wear.z] + 0.1, polygons, frame=frame, round=0.1, lift=0.0, marks=tuple(marks), folds=None
                )
            )
        return parts


def _span(points: Points, start: float, stop: float) -> Points:
    at = np.linspace(start, stop, 5)
    share = np.linspace(0, 1, len(points))
    return np.stack([np.interp(at, share, points[:, 0]), np.interp(at, share, points[:, 1])], 1)


def _across(points: Points, half: float, share: float) -> Points:
    """A line across a ribbon at a share of its length."""
    at = np.array([share, share + 0.02])
    t = np.linspace(0, 1, len(points))
    p, q = np.stack([np.interp(at, t, points[:, 0]), np.interp(at, t, points[:, 1])], 1)
    ahead = (points[-1] - points[-2]) if np.allclose(p, q) else q - p
    ahead = ahead / np.hypot(*ahead)
    normal = np.array([-ahead[1], ahead[0]]) * half
    bow = ahead * half * 0.25
    return path(tuple(p - normal), tuple(p + bow), tuple(p + normal), closed=False)


def _beside(points: Points, offset: float) -> Points:
    ahead = np.gradient(points, axis=0)
    ahead /= np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    return points + np.stack([-ahead[:, 1], ahead[:, 0]], 1) * offset


def _quilt(rig: Rig, y: float, half: float) -> list[Mark]:
    seam = path((-half, y - 0.03), (0, y + 0.03), (half, y - 0.03), closed=False)
    return [
        Mark(rig.trunk(seam), (0, 0, 0), 0.32, 0.035),
        Mark(rig.trunk(seam + (0, 0.05)), (255, 255, 255), 0.10, 0.07),
        Mark(rig.trunk(seam - (0, 0.06)), (0, 0, 0), 0.08, 0.08),
    ]


FOLDS: Final = {
    "cotton": Folds(0.6, 1.3, 0.5, 0.35, 0.25),
    "jersey": Folds(0.55, 1.1, 0.4, 0.4, 0.1),
    "linen": Folds(0.7, 1.3, 0.6, 0.3, 0.5),
    "knit": Folds(0.45, 0.9, 0.4, 0.35, 0.05),
    "rib": Folds(0.3, 0.9, 0.3, 0.3, 0.0),
    "wool": Folds(0.4, 0.9, 0.35, 0.25, 0.05),
    "denim": Folds(0.5, 1.2, 0.8, 0.3, 0.35),
    "satin": Folds(0.8, 1.4, 0.3, 0.4, 0.1),
    "leather": Folds(0.5, 1.1, 0.9, 0.2, 0.3),
    "nylon": Folds(0.6, 1.3, 0.9, 0.2, 0.5),
}

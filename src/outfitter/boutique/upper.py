"""Everything that hangs from the shoulders: tops, jackets, coats, and the upper part of dresses and jumpsuits."""

from __future__ import annotations

import numpy as np

from outfitter.boutique.canvas import Folds, Mark, Part
from outfitter.boutique.closures import front_marks, pocket_marks, seam_marks
from outfitter.boutique.collars import collar_parts
from outfitter.boutique.colours import darker, trim
from outfitter.boutique.figure import Rig
from outfitter.boutique.product import BoutiqueProduct, Upper
from outfitter.boutique.shapes import (
    CORNER,
    Bent,
    Knot,
    Points,
    across,
    arc_share,
    box,
    flipped,
    line,
    path,
    profile,
    ribbon,
    shifted,
)
from outfitter.boutique.tailor import ARMS, INSIDE, Tailor, Wear


def upper_parts(product: BoutiqueProduct, cut: Upper, rig: Rig, wear: Wear) -> list[Part]:
    """The parts of a garment that is cut by `cut`, on a rig."""
    t = Tailor(product, cut, rig, wear)
    parts = _trunk(t)
    if cut.sleeve > wear.arms_from:
        parts += [_sleeve(t, 0), _sleeve(t, 1)]
        if cut.sleeve >= 0.5 and (cut.ribs or cut.collar in ("shirt", "band") or cut.sleeve > 0.9):
            parts += _cuffs(t)
    return parts + collar_parts(t)


def _trunk(t: Tailor) -> list[Part]:
    cut, z = t.cut, t.wear.z
    stop = cut.hem
    low = 1.5 + cut.depth
    back: list[Knot] = [(0, 1.24), (t.neck_x * 0.7, 1.27), (t.neck_x, t.shoulder_y(t.neck_x), CORNER)]
    if cut.neck == "straps":
        back = [(0, low - 0.14), (t.neck_x * 0.7, low - 0.17), (t.neck_x * 1.1, low - 0.2, CORNER)]
    inside = t.both(
        *back,
        *[(k[0], k[1] + 0.05) for k in reversed(t.neckline()[:-1])],
    )
    lining = t.fabric if t.fabric.pattern == "solid" else t.fabric.plain()
    parts = [Part(INSIDE, [inside], lining, t.rig.trunk_frame, t.wear.owner, shade=0.62, volume=0.3, lift=0)]
    if cut.opening > 0 and cut.front == "open":
        parts += _open_fronts(t)
    else:
        outline = t.both(*t.neckline(), *t.shoulder(), *t.side(stop), *t.hem_knots(stop))
        parts.append(t.part(z, [outline], marks=tuple(front_marks(t, stop)), lift=0.06, round=0.3))
    if cut.ribs:
        parts.append(_waistband(t, stop))
    if cut.belt:
        parts.append(_belt(t))
    return parts


def _open_fronts(t: Tailor) -> list[Part]:
    cut, stop = t.cut, t.cut.hem
    back = t.both(
        (0, 1.3),
        (t.neck_x, t.shoulder_y(t.neck_x), CORNER),
        *t.shoulder(),
        *t.side(stop),
        *t.hem_knots(stop),
    )
    lining = t.fabric.plain(darker(t.fabric.rgb, 0.35))
    parts = [Part(INSIDE - 0.3, [back], lining, t.rig.trunk_frame, t.wear.owner, shade=0.7, lift=0)]
    gap, drop = cut.opening, 1.5 + cut.depth
    for sign in (-1, 1):
        edge: list[Knot] = [
            (gap, stop + 0.05, CORNER),
            (gap * 0.75, (stop + drop) / 2),
            (gap * 0.5 + 0.03, drop + 0.15),
            (t.neck_x * 0.75, (drop + 1.4) / 2),
        ]
        knots = [(t.neck_x, t.shoulder_y(t.neck_x), CORNER), *t.shoulder(), *t.side(stop), *edge]
        outline = path(*flipped(knots, sign))
        marks = seam_marks(t, stop) + pocket_marks(t, stop)
        front = path(*flipped([*edge, (t.neck_x, t.shoulder_y(t.neck_x))], sign), closed=False)
        edge_seam = shifted(front, sign * 0.04, 0)
        marks.append(Mark(t.rig.trunk(edge_seam), t.line_rgb, 0.5, 0.012, 0.05))
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
                    marks += t.button(x + 0.07, float(y))
        parts.append(t.part(t.wear.z, [t.rig.trunk(outline)], marks=tuple(marks), lift=0.1))
    return parts


def _waistband(t: Tailor, stop: float) -> Part:
    h = t.cut.ribs
    half = t.half(stop)
    band = t.both(
        (0, stop - h + 0.05),
        (half * 0.6, stop - h + 0.02),
        (half + 0.01, stop - h, CORNER),
        (half * 0.95, stop - h * 0.4),
        (half * 0.93, stop + 0.02, CORNER),
        (half * 0.5, stop + 0.05),
        (0, stop + 0.06),
    )
    marks = _rib_lines(t, half, stop - h, stop + 0.05) + _closure_end(t, stop, h)
    return t.part(t.wear.z + 0.1, [band], lift=0.02, round=0.14, marks=tuple(marks), folds=None)


def _closure_end(t: Tailor, stop: float, h: float) -> list[Mark]:
    if t.cut.front in ("zip", "buttons"):
        return [Mark(t.rig.trunk(line((0, stop - h), (0, stop + 0.08))), darker(t.fabric.rgb, 0.5), 0.8, 0.03)]
    return []


def _rib_lines(t: Tailor, half: float, top: float, low: float) -> list[Mark]:
    xs = np.linspace(-half, half, int(half * 2 / 0.075))
    return [Mark(t.rig.trunk(line((x, top), (x * 0.95, low))), t.line_rgb, 0.28, 0.018) for x in xs]


def _belt(t: Tailor) -> Part:
    y, half = 2.95, t.half(2.95) + 0.01
    band = t.both((0, y - 0.06), (half, y - 0.09, CORNER), (half, y + 0.07, CORNER), (0, y + 0.1))
    rgb = trim(t.product.accent, 0.2)
    ends = t.rig.trunk(path((0.08, y, CORNER), (0.2, y, CORNER), (0.26, y + 0.62, CORNER), (0.12, y + 0.66, CORNER)))
    marks = (
        Mark(t.rig.trunk(box(-0.1, y - 0.09, 0.1, y + 0.12)), rgb, 0.0),
        Mark(
            t.rig.trunk(
                line((-0.09, y - 0.08), (0.09, y - 0.08), (0.09, y + 0.1), (-0.09, y + 0.1), (-0.09, y - 0.08))
            ),
            rgb,
            0.9,
            0.03,
        ),
    )
    return t.part(t.wear.z + 0.2, [band, ends], lift=0.04, round=0.1, marks=marks, folds=None)


def _sleeve(t: Tailor, side: int) -> Part:
    cut = t.cut
    thick = t.rig.body.thick
    top = (t.pit_y - t.shoulder_y(t.tip_x)) / 2 + 0.0
    elbow, wrist = 0.155 * thick + cut.sleeve_ease, 0.11 * thick + cut.sleeve_ease * 0.8
    line_ = _sleeve_line(t, side, top)
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
    if t.wear.arms_from:
        kept = arc_share(line_) * s >= t.wear.arms_from
        polygons = ribbon(line_[kept], width(arc_share(line_)[kept]))
    else:
        polygons = ribbon(line_, width, "s")
    sign = -1 if side == 0 else 1
    tip, neck, pit = t.tip_x - 0.1, t.neck_x, t.pit_y
    yoke = line((neck, t.shoulder_y(neck)), (tip, t.shoulder_y(tip)), (tip, pit), (neck, pit)) * (sign, 1)
    zone = t.rig.trunk(yoke)
    if cut.raglan:
        polygons.append(zone)
    reach = min(1.0, 0.4 / s)
    hole = _inside_of(t, side, line_, float(width(np.array([reach]))[0]), reach)
    marks = []
    if not cut.ribs and s < 0.9 and not cut.puff:
        ends = across(line_, end, 1 - 0.09 / max(s * 2.6, 0.3))
        marks.append(Mark(ends, t.line_rgb, 0.5, 0.012))
    if cut.quilts:
        marks += [
            Mark(across(line_, 0.3, float(at)), darker(t.fabric.rgb, 0.5), 0.45, 0.03)
            for at in np.arange(0.12, 1, 0.115)
        ]
    fabric = t.fabric
    if cut.raglan:
        fabric = fabric.plain(t.product.accent)
    frame = Bent(t.rig.arm_line(side)[::2], 1.6)
    return t.part(
        ARMS[t.wear.z],
        polygons,
        fabric=fabric,
        frame=frame,
        relief=[*polygons, zone],
        holes=[hole],
        round=0.2,
        lift=0.06,
        marks=tuple(marks),
        folds=Folds(0.7, 0.9, 1.3, 0.5, 0.3),
        seed=t.wear.seed + 11 + side,
    )


def _inside_of(t: Tailor, side: int, centre: Points, half: float, share: float) -> Points:
    """Where a sleeve is not to be seen: inside its armhole, and from there to its own inner edge at `share`."""
    sign = -1 if side == 0 else 1
    seam = t.armhole()
    knots = [(0, 0.6, CORNER), (seam[0][0], 0.6, CORNER), *seam[:-1], (*seam[-1][:2], CORNER)]
    shape = t.rig.trunk(path(*flipped(knots, sign), closed=False))
    i = max(1, round(share * (len(centre) - 1)))
    ahead = centre[i] - centre[i - 1]
    across_ = np.array([-ahead[1], ahead[0]]) / np.hypot(*ahead) * half * sign
    edge = centre[i] + across_
    low = t.rig.trunk(np.array([[0.0, edge[1]]]))
    return (
        np.concatenate([shape, edge[None], low])
        if edge[1] > t.pit_y
        else np.concatenate([shape, low * (1, 0) + (0, t.pit_y)])
    )


def _sleeve_line(t: Tailor, side: int, top: float) -> Points:
    """The arm's line, begun where a round cap of radius `top` touches the shoulder line from below."""
    arm = t.rig.arm_line(side, t.cut.sleeve)
    x = t.tip_x - 0.72 * top
    cap = t.rig.trunk(np.array([[-x if side == 0 else x, t.shoulder_y(x + 0.1) + top]]))
    share = arc_share(arm)[:, None] * t.cut.sleeve
    near = np.clip(1 - share / 0.3, 0, 1)
    return arm + near**1.5 * (cap - arm[:1])


def _cuffs(t: Tailor) -> list[Part]:
    cut, thick = t.cut, t.rig.body.thick
    parts = []
    height = cut.ribs or 0.16
    for side in (0, 1):
        whole = t.rig.arm_line(side)
        start = max(cut.sleeve - height / 2.64, 0.1)
        tail = _span(whole, start, cut.sleeve + 0.005)
        end = 0.11 * thick + cut.sleeve_ease * (0.45 if cut.ribs else 0.8) + 0.006
        polygons = ribbon(tail, end)
        marks: list[Mark] = []
        if cut.ribs:
            for x in np.linspace(-end, end, 7)[1:-1]:
                marks.append(Mark(_beside(tail, float(x)), t.line_rgb, 0.28, 0.018))
        else:
            marks.append(Mark(across(tail, end, 0.05), t.line_rgb, 0.6, 0.014))
        frame = Bent(whole[::2], 1.6)
        parts.append(
            t.part(ARMS[t.wear.z] + 0.1, polygons, frame=frame, round=0.1, lift=0.0, marks=tuple(marks), folds=None)
        )
    return parts


def _span(points: Points, start: float, stop: float) -> Points:
    at = np.linspace(start, stop, 5)
    share = np.linspace(0, 1, len(points))
    return np.stack([np.interp(at, share, points[:, 0]), np.interp(at, share, points[:, 1])], 1)


def _beside(points: Points, offset: float) -> Points:
    ahead = np.gradient(points, axis=0)
    ahead /= np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    return points + np.stack([-ahead[:, 1], ahead[:, 0]], 1) * offset

"""Everything that hangs from the waist: trousers, jeans, shorts, leggings, and skirts, also those of dresses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from outfitter.boutique.canvas import Folds, Mark, Part
from outfitter.boutique.colours import Rgb, darker, lighter, trim
from outfitter.boutique.figure import Rig
from outfitter.boutique.product import BoutiqueProduct, Lower
from outfitter.boutique.shapes import (
    CORNER,
    Fan,
    Knot,
    Points,
    across,
    ellipse,
    line,
    mirrored,
    path,
    profile,
    ribbon,
    shifted,
)
from outfitter.boutique.tailor import FOLDS, Wear

BOTTOM = 15.0
CROTCH = 4.12


def lower_parts(product: BoutiqueProduct, cut: Lower, rig: Rig, wear: Wear) -> list[Part]:
    """The parts of trousers or a skirt on a rig. wear.z: of the garment."""
    return _skirt(product, cut, rig, wear) if cut.kind == "skirt" else _trousers(product, cut, rig, wear)


def _folds(product: BoutiqueProduct) -> Folds:
    return FOLDS.get(product.fabric.material, FOLDS["cotton"])


def _trousers(product: BoutiqueProduct, cut: Lower, rig: Rig, wear: Wear) -> list[Part]:
    body, fabric = rig.body, product.fabric
    rgb = trim(fabric.rgb, 0.4)
    waist_half, hip_half = float(rig.width(cut.waist)) + 0.015, body.hip + min(cut.thigh, 0.12) * 0.5
    right: list[Knot] = [
        (0, cut.waist + 0.03, CORNER),
        (waist_half * 0.7, cut.waist + 0.02),
        (waist_half, cut.waist - 0.02, CORNER),
        ((waist_half + hip_half) / 2 + 0.02, (cut.waist + 3.8) / 2 - 0.05),
        (hip_half, 3.8),
        (hip_half + cut.thigh * 0.3, CROTCH + 0.05, CORNER),
        (0.0, CROTCH + 0.1, CORNER),
    ]
    halves = [rig.trunk(path(*right) * (s, 1)) for s in (-1, 1)]
    parts = []
    for side in (0, 1):
        leg = rig.leg_line(side, 0.0, cut.length)
        thigh, start = hip_half * 0.5 + cut.thigh * 0.5, hip_half - body.hip * 0.5
        knee, ankle = 0.2 * body.thick + cut.thigh * 0.9, 0.12 * body.thick + cut.hem
        stop = cut.length
        if stop > 0.6:
            share = 0.5 / stop
            width = profile(
                (0, start), (0.12 / stop, thigh), (share, knee), (1, ankle if cut.hem < 0.25 else max(ankle, knee))
            )
            end = ankle if cut.hem < 0.25 else max(ankle, knee)
        else:
            end = float(np.interp(stop, [0, 0.5], [thigh, knee])) + cut.hem
            width = profile((0, start), (min(0.9, 0.12 / stop), thigh + cut.hem * 0.3), (1, end))
        polygons = [*ribbon(leg, width), halves[side]]
        marks = _leg_marks(product, cut, rig, side, leg, end, rgb)
        front = side == rig.pose.front_leg
        parts.append(
            Part(
                wear.z + (0.2 if front else 0.0),
                polygons,
                fabric,
                rig.leg_frame(side),
                wear.owner,
                relief=[*polygons, *halves],
                round=0.22,
                lift=0.05 if front else 0.0,
                folds=replace(_folds(product), along=0.8, drape=-0.25)
                if cut.details != "leggings"
                else Folds(0.15, 1, 0.6, 0, 0),
                marks=tuple(marks),
                seed=wear.seed + 5 + side,
            )
        )
        if cut.turn_up:
            cuff = rig.leg_line(side, max(0, cut.length - cut.turn_up / 3.5), cut.length)
            shown = fabric.plain(lighter(fabric.rgb, 0.35)) if cut.details == "jeans" else fabric
            parts.append(
                Part(
                    wear.z + 0.21 + 0.1 * front,
                    ribbon(cuff, end + 0.02),
                    shown,
                    rig.leg_frame(side),
                    wear.owner,
                    round=0.1,
                    lift=0.03,
                )
            )
    parts.append(_band(product, cut, rig, wear, waist_half, rgb))
    return parts


def _leg_marks(
    product: BoutiqueProduct, cut: Lower, rig: Rig, side: int, leg: Points, end: float, rgb: Rgb
) -> list[Mark]:
    sign = -1 if side == 0 else 1
    fabric = product.fabric
    thread: Rgb = (196, 140, 70) if cut.details == "jeans" else rgb
    marks = [
        Mark(
            across(leg, end, 1 - 0.08 / max(3.5 * cut.length, 0.5)),
            thread,
            0.55,
            0.014,
            0.04 if cut.details == "jeans" else 0,
        )
    ]
    fly = [Mark(rig.trunk(line((0, cut.waist + 0.1), (0, CROTCH + 0.05))), darker(fabric.rgb, 0.5), 0.6, 0.02)]
    if cut.details == "leggings":
        return [Mark(rig.trunk(line((0, 3.6), (0, CROTCH + 0.1))), rgb, 0.35, 0.014), *marks]
    if side == 1 and cut.details != "jogger":
        curve = path((0.13, cut.waist + 0.1), (0.12, 3.55), (0.01, 3.72), closed=False)
        fly.append(Mark(rig.trunk(curve), thread, 0.6, 0.012, 0.04 if cut.details == "jeans" else 0))
    marks += fly
    hip, body_half = rig.body.hip, float(rig.width(cut.waist))
    if cut.details in ("jeans", "cargo"):
        pocket = path(
            (hip * 0.42 * sign, cut.waist + 0.13),
            (hip * 0.5 * sign, cut.waist + 0.33),
            (hip * 0.95 * sign, cut.waist + 0.46),
            closed=False,
        )
        marks += [
            Mark(rig.trunk(pocket), darker(fabric.rgb, 0.6), 0.55, 0.025),
            Mark(rig.trunk(pocket - (0, 0.03)), thread, 0.8, 0.012, 0.04),
        ]
    else:
        slit = line((hip * 0.62 * sign, cut.waist + 0.16), (hip * 0.97 * sign, 3.75))
        marks.append(Mark(rig.trunk(slit), darker(fabric.rgb, 0.55), 0.6, 0.02))
    if cut.details == "jeans":  # faded thighs and knees
        for at, wide, tall, alpha in ((0.2, 0.16, 0.5, 0.1), (0.2, 0.1, 0.36, 0.12), (0.5, 0.1, 0.22, 0.1)):
            if at < cut.length:
                p = rig.leg_line(side)[int(at * 16)]
                marks.append(Mark(ellipse(p[0], p[1], wide, tall), lighter(fabric.rgb, 0.5), alpha))
        for i in range(cut.holes):
            p = rig.leg_line(side)[int((0.28 + 0.2 * ((i + side) % 2)) * 16)]
            if (i + side) % 2 or cut.holes > 1:
                marks.append(Mark(ellipse(p[0], p[1], 0.13, 0.05), (232, 226, 216), 0.95))
                marks += [
                    Mark(line((p[0] - 0.11, p[1] + d), (p[0] + 0.11, p[1] + d)), lighter(fabric.rgb, 0.6), 0.9, 0.012)
                    for d in (-0.03, 0.0, 0.03)
                ]
    if cut.details == "tailored" and cut.length > 0.5:
        crease = leg[2:]
        marks += [
            Mark(crease, lighter(fabric.rgb, 0.5), 0.3, 0.02),
            Mark(shifted(crease, 0.025, 0), darker(fabric.rgb, 0.5), 0.35, 0.025),
        ]
    if cut.details == "cargo" and cut.length > 0.4:
        p = rig.leg_line(side)[6] + (sign * 0.17, 0)
        pocket = line((-0.15, -0.24), (0.15, -0.24), (0.15, 0.24), (-0.15, 0.24), (-0.15, -0.24)) + p
        flap = line((-0.16, -0.26), (0.16, -0.26), (0.16, -0.1), (-0.16, -0.1), (-0.16, -0.26)) + p
        marks += [
            Mark(pocket, darker(fabric.rgb, 0.4), 0.18),
            Mark(pocket, rgb, 0.7, 0.016),
            Mark(flap, rgb, 0.8, 0.018),
        ]
    if cut.details == "jogger":
        marks += [Mark(across(leg, end, float(t)), darker(fabric.rgb, 0.4), 0.35, 0.02) for t in (0.955, 0.972, 0.989)]
        if product.accent != fabric.rgb and product.formality == "sport":
            hips = rig.trunk(line((sign * (body_half - 0.12), cut.waist + 0.15), (sign * hip * 0.82, 3.5)))
            stripe = np.concatenate([hips, rig.leg_line(side, 0.04, cut.length - 0.06)])
            marks += [Mark(shifted(stripe, sign * d, 0), product.accent, 0.9, 0.045) for d in (0.17, 0.24)]
    return marks


def _band(product: BoutiqueProduct, cut: Lower, rig: Rig, wear: Wear, half: float, rgb: Rgb) -> Part:
    y, fabric = cut.waist, product.fabric
    high = 0.2 if cut.details in ("leggings", "jogger") else 0.13
    band = rig.trunk(
        mirrored(
            (0, y + 0.0),
            (half * 0.7, y - 0.01),
            (half + 0.01, y - 0.05, CORNER),
            (half + 0.025, y + high - 0.04, CORNER),
            (half * 0.7, y + high),
            (0, y + high + 0.01),
        )
    )
    marks: list[Mark] = []
    if cut.details in ("jeans", "cargo", "tailored", "plain"):
        for x in (-0.75, -0.35, 0.35, 0.75):
            marks.append(Mark(rig.trunk(line((x * half, y - 0.03), (x * half, y + high + 0.02))), rgb, 0.8, 0.045))
        button: Rgb = (176, 128, 80) if cut.details == "jeans" else product.accent
        p = rig.trunk(np.array([[0.03, y + high / 2]]))[0]
        marks += [
            Mark(ellipse(p[0], p[1], 0.045, 0.045), button),
            Mark(ellipse(p[0] - 0.01, p[1] - 0.01, 0.02, 0.02), lighter(button, 0.4)),
        ]
    if cut.details == "jogger":
        marks += [
            Mark(rig.trunk(line((x, y + 0.01), (x, y + high))), darker(fabric.rgb, 0.4), 0.35, 0.02)
            for x in np.linspace(-half, half, 22)
        ]
        for s in (-1, 1):
            cord = path((0.05 * s, y + 0.1), (0.09 * s, y + 0.35), (0.07 * s, y + 0.6), closed=False)
            marks.append(Mark(rig.trunk(cord), lighter(product.accent, 0.3), 1, 0.032))
    return Part(
        wear.z + 0.4,
        [band],
        fabric,
        rig.trunk_frame,
        wear.owner,
        round=0.08,
        volume=0.6,
        lift=0.02,
        marks=tuple(marks),
    )


def _skirt(product: BoutiqueProduct, cut: Lower, rig: Rig, wear: Wear) -> list[Part]:
    fabric, hip = product.fabric, rig.body.hip
    top, low = cut.waist, cut.length
    rng = np.random.default_rng(product.style)

    def half(y: float) -> float:
        close = float(rig.width(min(y, 3.85))) + 0.03
        share = max(0.0, (y - top) / (low - top))
        free = float(rig.width(top)) + 0.02 + (hip + 0.05 - float(rig.width(top))) * min(1.0, (y - top) / 0.75)
        pencil = close if y < 3.85 else hip + 0.03 - 0.12 * max(0.0, y - 4.2) / 1.6 * (cut.flare < 0.05)
        return float(max(pencil, free) + cut.flare * share**0.9)

    ys = np.linspace(top, low, 9)
    right: list[Knot] = [(half(float(y)), float(y)) for y in ys]
    count = cut.pleats or int(4 + 6 * cut.flare)
    xs = np.linspace(half(low), 0, count * 2 + 1)[1:]
    depth = 0.008 + 0.016 * min(1.0, cut.flare)
    curve = 0.05 + 0.07 * min(1.0, cut.flare)
    hem: list[Knot] = [
        (float(x), low + curve * (1 - (x / half(low)) ** 2) + depth * (1 if i % 2 else -1)) for i, x in enumerate(xs)
    ]
    outline = rig.trunk(
        mirrored(
            (0, top + 0.02),
            (right[0][0] * 0.6, top + 0.01),
            (right[0][0], top - 0.02, CORNER),
            *right[1:-1],
            (*right[-1][:2], CORNER),
            *hem,
            per=5,
        )
    )
    widths = np.array([half(float(y)) for y in ys])
    # Cut in panels: the cloth fans out with the skirt less than its outline does.
    frame = Fan(ys, widths if cut.pleats else widths[0] + 0.4 * (widths - widths[0]), rig.centre(ys))
    marks: list[Mark] = []
    hang = 0.16 if cut.pleats else 0.10
    for i in range(count * 2):
        t = -1 + (i + (0.5 if cut.pleats else rng.uniform(0.2, 0.8))) / count
        start = 0.1 if cut.pleats else rng.uniform(0.15, 0.55)
        y1 = top + 0.08 + start * (low - top) * (0 if cut.pleats else 1)
        line_ys = np.linspace(y1, low, 8)
        xs_ = np.array([half(float(y)) * t for y in line_ys])
        stroke = np.stack([xs_, line_ys + curve * (1 - t * t) * (line_ys - top) / (low - top)], 1)
        fold = np.concatenate(
            [stroke, (stroke + np.stack([np.linspace(0.012, 0.03 + 0.09 * cut.flare, 8), np.zeros(8)], 1))[::-1]]
        )
        light = np.concatenate(
            [stroke, (stroke - np.stack([np.linspace(0.012, 0.03 + 0.07 * cut.flare, 8), np.zeros(8)], 1))[::-1]]
        )
        marks += [
            Mark(rig.trunk(fold), (0, 0, 0), hang + 0.06 * (cut.pleats > 0)),
            Mark(rig.trunk(light), (255, 255, 255), hang * 0.6),
        ]
        if cut.pleats:
            marks.append(Mark(rig.trunk(stroke), darker(fabric.rgb, 0.6), 0.5, 0.015))
    for tier in range(1, cut.tiers):
        y = top + (low - top) * tier / cut.tiers
        seam = np.stack([np.linspace(-half(y), half(y), 20), y + curve * 0.6 * (1 - np.linspace(-1, 1, 20) ** 2)], 1)
        marks += [
            Mark(rig.trunk(seam), darker(fabric.rgb, 0.6), 0.5, 0.025),
            Mark(rig.trunk(shifted(seam, 0, 0.05)), (0, 0, 0), 0.1, 0.09),
        ]
    if cut.slit:
        x = half(low) * 0.45
        marks.append(
            Mark(rig.trunk(line((x, low - 0.9), (x - 0.02, low + 0.1), (x + 0.06, low + 0.1))), (0, 0, 0), 0.55)
        )
    if cut.details == "jeans":
        marks += [Mark(rig.trunk(line((0, top), (0, low + 0.1))), (196, 140, 70), 0.7, 0.014, 0.04)]
    main = Part(
        wear.z,
        [outline],
        fabric,
        frame,
        wear.owner,
        round=0.3,
        lift=0.07,
        marks=tuple(marks),
        folds=replace(_folds(product), along=0.22, drape=0.0, across=1.5),
        seed=wear.seed + 7,
    )
    if product.slot == "long":
        return [main]
    wide = float(rig.width(top)) + 0.02
    return [
        main,
        _band(
            product,
            replace(cut, details=cut.details if cut.details == "jeans" else "skirt"),
            rig,
            wear,
            wide,
            trim(fabric.rgb, 0.4),
        ),
    ]

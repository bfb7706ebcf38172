"""Heads: faces and hair. x = 0 is a head's middle, y = 0 the top of the skull, y = 1 the chin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from outfitter.boutique.canvas import Mark, Part
from outfitter.boutique.colours import Rgb, darker, lighter, mix
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.figure import Rig
from outfitter.boutique.people import STYLES, Person
from outfitter.boutique.shapes import CORNER, Affine, Points, bounds, ellipse, line, mirrored, path, profile, ribbon

HAIR_BACK, HEAD, FACE, HAIR_FRONT = 1.6, 50.0, 51.0, 54.0


def head_place(rig: Rig) -> Affine:
    """From a head's own coordinates to the rig's."""
    neck = np.array([float(rig.centre(1.2)), 1.19])
    turn = Affine.of(1.0, np.radians(rig.pose.head))
    pivot = turn(np.array([[0.0, 1.1]]))[0]
    return turn.then(Affine(np.eye(2), neck - pivot))


def head_parts(person: Person, rig: Rig, hat: bool) -> list[Part]:
    """Face, ears and hair."""
    place = head_place(rig)
    parts = [*_face(person), *_hair(person, hat)]
    return [p.moved(place) for p in parts]


def _face(person: Person) -> list[Part]:
    rng = np.random.default_rng(person.seed)
    skin, deep = Fabric(person.skin, material="skin"), darker(person.skin, 0.45)
    wide, jaw = rng.uniform(0.345, 0.375), rng.uniform(0.24, 0.3)
    face = mirrored(
        (0, 0.02),
        (0.22, 0.06),
        (wide - 0.01, 0.3),
        (wide, 0.5),
        (wide - 0.03, 0.68),
        (jaw, 0.85),
        (0.12, 0.985),
        (0, 1.0),
    )
    ears = [ellipse(s * (wide + 0.01), 0.55, 0.045, 0.095) for s in (-1, 1)]
    lips = mix(person.skin, (176, 62, 70), 0.5 if person.style in STYLES["women"] else 0.22)
    white: Rgb = (244, 240, 236)
    iris = (62, 42, 30) if rng.random() < 0.7 else (86, 112, 128)
    brow = darker(person.hair, 0.15) if sum(person.hair) < 480 else darker(person.hair, 0.4)
    marks = [
        Mark(ellipse(-0.2, 0.7, 0.1, 0.07), (214, 96, 84), 0.10),
        Mark(ellipse(0.2, 0.7, 0.1, 0.07), (214, 96, 84), 0.10),
    ]
    for s in (-1, 1):
        x = s * 0.155
        marks += [
            Mark(ellipse(x, 0.5, 0.1, 0.06), deep, 0.12),
            Mark(path((x - 0.068, 0.53), (x, 0.497), (x + 0.068, 0.525), (x, 0.552)), white),
            Mark(ellipse(x, 0.524, 0.029, 0.031, 16), iris),
            Mark(ellipse(x, 0.524, 0.014, 0.015, 12), (14, 12, 12)),
            Mark(ellipse(x - 0.01, 0.514, 0.008, 0.008, 8), (255, 255, 255)),
            Mark(
                path((x - 0.074, 0.532), (x - 0.01, 0.492), (x + 0.076, 0.525), closed=False), (30, 20, 18), 0.9, 0.018
            ),
            Mark(path((x - 0.06, 0.54), (x, 0.562), (x + 0.06, 0.54), closed=False), deep, 0.35, 0.01),
            Mark(
                path((x - s * 0.085, 0.425), (x + s * 0.01, 0.393), (x + s * 0.1, 0.42), closed=False),
                brow,
                0.85,
                0.028,
            ),
        ]
    smile = 0.015 + 0.025 * person.mood
    marks += [
        Mark(path((-0.012, 0.5), (0.03, 0.64), (0.045, 0.69), closed=False), deep, 0.3, 0.018),
        Mark(
            path((-0.05, 0.7), (-0.025, 0.715), (0, 0.708), (0.025, 0.715), (0.05, 0.7), closed=False), deep, 0.6, 0.018
        ),
        Mark(
            path(
                (-0.11, 0.8 - smile),
                (-0.04, 0.79),
                (0, 0.797),
                (0.04, 0.79),
                (0.11, 0.8 - smile),
                (0.05, 0.845),
                (0, 0.853),
                (-0.05, 0.845),
            ),
            lips,
            0.9,
        ),
        Mark(path((-0.11, 0.8 - smile), (0, 0.814), (0.11, 0.8 - smile), closed=False), darker(lips, 0.5), 0.75, 0.012),
        Mark(path((-0.05, 0.875), (0, 0.883), (0.05, 0.875), closed=False), deep, 0.22, 0.02),
    ]
    if person.beard:
        beard = mirrored(
            (0, 0.745),
            (0.09, 0.745),
            (0.15, 0.79),
            (wide - 0.06, 0.6),
            (wide - 0.005, 0.55),
            (wide - 0.01, 0.7),
            (jaw + 0.01, 0.87),
            (0.12, 1.0),
            (0, 1.02),
        )
        alpha = 0.28 if person.beard == 1 else 0.88
        marks.insert(0, Mark(beard, darker(person.hair, 0.1), alpha))
        if person.beard == 2:
            marks.insert(
                1,
                Mark(
                    path((-0.115, 0.8), (0, 0.785), (0.115, 0.8), (0, 0.86)), mix(person.skin, person.hair, 0.25), 0.7
                ),
            )
    return [
        Part(
            HEAD,
            ears,
            skin,
            round=0.04,
            lift=0.0,
            marks=tuple(Mark(ellipse(s * (wide + 0.015), 0.55, 0.02, 0.055), deep, 0.35) for s in (-1, 1)),
        ),
        Part(FACE, [face], skin, round=0.26, volume=0.9, lift=0.09, marks=tuple(marks)),
    ]


def _strands(shape: Points, hair: Rgb, rng: np.random.Generator, count: int, spread: float = 1.0) -> list[Mark]:
    """Light and dark strands that flow down from the parting."""
    marks = []
    x1, y1, x2, y2 = bounds([shape])
    for _ in range(count):
        x = rng.uniform(x1, x2)
        start, stop = rng.uniform(y1, y1 + 0.4 * (y2 - y1)), rng.uniform(y1 + 0.5 * (y2 - y1), y2)
        bow = x * spread
        stroke = path((x * 0.55, start), (bow, (start + stop) / 2), (x * 1.04, stop), closed=False)
        rgb = lighter(hair, 0.3) if rng.random() < 0.5 else darker(hair, 0.5)
        marks.append(Mark(stroke, rgb, rng.uniform(0.15, 0.4), rng.uniform(0.012, 0.03)))
    return marks


def _hair(person: Person, hat: bool) -> list[Part]:
    rng = np.random.default_rng(person.seed + 1)
    cloth, style = Fabric(person.hair, material="hair"), person.style
    parts: list[Part] = []

    def add(z: float, shape: Points, strands: int = 26, soft: float = 0.012, **fields: Any) -> None:
        marks = tuple(_strands(shape, person.hair, rng, strands))
        parts.append(
            replace(Part(z, [shape], cloth, round=0.16, volume=1.2, soft=soft, marks=marks, lift=0.03), **fields)
        )

    part_x = float(rng.choice([-0.12, -0.05, 0.08, 0.14]))
    cap = path(
        (-0.385, 0.52),
        (-0.41, 0.25),
        (-0.28, -0.02),
        (0, -0.09),
        (0.28, -0.02),
        (0.41, 0.25),
        (0.385, 0.52),
        (0.345, 0.42),
        (0.3, 0.28),
        (part_x + 0.12, 0.17),
        (part_x, 0.13, CORNER),
        (part_x - 0.14, 0.18),
        (-0.3, 0.28),
        (-0.345, 0.42),
    )
    if style == "bald":
        return []
    if style in ("short", "crop", "quiff", "medium", "buzz", "curly", "pixie"):
        if style == "buzz":
            shape = path(
                (-0.37, 0.46),
                (-0.375, 0.2),
                (-0.25, 0.0),
                (0, -0.05),
                (0.25, 0.0),
                (0.375, 0.2),
                (0.37, 0.46),
                (0.33, 0.3),
                (0.2, 0.17),
                (0, 0.15),
                (-0.2, 0.17),
                (-0.33, 0.3),
            )
            add(HAIR_FRONT, shape, 0, 0.02)
        elif style == "quiff":
            shape = path(
                (-0.38, 0.5),
                (-0.4, 0.2),
                (-0.3, -0.08),
                (-0.05, -0.2),
                (0.22, -0.16),
                (0.37, 0.0),
                (0.4, 0.25),
                (0.38, 0.5),
                (0.34, 0.3),
                (0.22, 0.15),
                (0, 0.12),
                (-0.25, 0.2),
                (-0.34, 0.34),
            )
            add(HAIR_FRONT, shape)
        elif style == "curly":
            turn = np.linspace(np.pi * 0.98, np.pi * 2.02, 50)
            radius = 0.43 + 0.014 * np.sin(turn * 26) + 0.02 * np.sin(turn * 9 + 1)
            top = np.stack([radius * np.cos(turn), 0.28 + radius * 1.0 * np.sin(turn)], 1)
            add(
                HAIR_FRONT,
                np.concatenate(
                    [top, path((0.36, 0.4), (0.27, 0.24), (0, 0.2), (-0.27, 0.25), (-0.36, 0.4), closed=False)]
                ),
                40,
            )
        else:
            deep = {"short": 0.46, "crop": 0.4, "medium": 0.6, "pixie": 0.55}[style]
            fringe = 0.3 if style in ("pixie", "medium") else 0.2
            shape = path(
                (-0.375, deep),
                (-0.41, 0.22),
                (-0.27, -0.05),
                (0, -0.11),
                (0.27, -0.05),
                (0.41, 0.22),
                (0.375, deep),
                (0.335, 0.33),
                (0.2, fringe - 0.03),
                (0.0, fringe - 0.08),
                (-0.18, fringe),
                (-0.335, 0.33),
            )
            add(HAIR_FRONT, shape)
        return parts
    if style == "afro":
        turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
        radius = 0.6 + 0.012 * np.sin(turn * 24) + 0.015 * np.sin(turn * 11 + 2)
        ball = np.stack([radius * np.cos(turn), 0.28 + radius * 0.97 * np.sin(turn)], 1)
        add(HAIR_BACK, ball, 0, 0.03)
        if not hat:
            arc = np.linspace(np.pi, 2 * np.pi, 40)
            top = np.stack([0.58 * np.cos(arc), 0.28 + 0.57 * np.sin(arc)], 1)
            add(
                HAIR_FRONT,
                np.concatenate(
                    [top, path((0.42, 0.42), (0.3, 0.26), (0, 0.2), (-0.3, 0.26), (-0.42, 0.42), closed=False)]
                ),
                0,
                0.03,
            )
        return parts
    long = {"long": 2.1, "wavy": 2.0, "lob": 1.4, "bob": 1.02, "bun": 0.5, "ponytail": 0.5, "braid": 0.5}[style]
    if long > 0.6:
        wave = 0.07 if style == "wavy" else 0.015
        ys = np.linspace(0.2, long, 16)
        out = 0.43 + 0.05 * np.sin((ys - 0.2) / (long - 0.2) * np.pi)
        out += wave * np.sin(ys * 7) * np.clip(ys - 0.2, 0, 0.5) * 2
        back = np.concatenate([np.stack([out, ys], 1), np.stack([out * 0.96, ys], 1)[::-1] * (-1, 1)])
        top = path((-0.43, 0.2), (-0.28, -0.05), (0, -0.11), (0.28, -0.05), (0.43, 0.2), closed=False)
        add(HAIR_BACK, np.concatenate([top, back]), 50)
        tail = min(long, 1.75)
        for s in (-1, 1):  # the locks beside the face
            if long > 1.2 and rng.random() < 0.75:
                lock = path(
                    (s * 0.36, 0.3),
                    (s * 0.45, 0.7),
                    (s * (0.44 + wave), 1.1),
                    (s * 0.47, tail),
                    (s * 0.33, tail + 0.12),
                    (s * 0.25, 1.35),
                    (s * (0.31 - wave), 1.0),
                    (s * 0.33, 0.6),
                )
                add(HAIR_FRONT - 2, lock, 12)
            else:
                lock = path(
                    (s * 0.3, 0.2),
                    (s * 0.43, 0.35),
                    (s * 0.455, 0.7),
                    (s * 0.42, min(long, 1.05)),
                    (s * 0.34, min(long, 1.02)),
                    (s * 0.335, 0.6),
                    (s * 0.31, 0.35),
                )
                add(HAIR_FRONT - 2, lock, 8)
    elif style == "bun" and not hat:
        add(HAIR_BACK, ellipse(0, -0.16, 0.2, 0.17), 14)
    elif style == "ponytail":
        add(
            HAIR_BACK, path((0.1, 0.0), (0.42, 0.1), (0.52, 0.6), (0.48, 1.3), (0.36, 1.5), (0.3, 1.0), (0.25, 0.5)), 14
        )
    elif style == "braid":
        xs = [(0.35, 0.72), (0.43, 1.0), (0.4, 1.3), (0.44, 1.6), (0.4, 1.85)]
        rope = ribbon(path(*xs, closed=False), profile((0, 0.09), (0.8, 0.075), (1, 0.03)), "se")
        nodes = [
            Mark(
                line((0.3 + 0.03 * (i % 2), 0.8 + 0.13 * i), (0.5, 0.86 + 0.13 * i)),
                darker(person.hair, 0.6),
                0.5,
                0.025,
            )
            for i in range(9)
        ]
        parts.append(Part(HEAD + 0.5, rope, cloth, round=0.07, marks=tuple(nodes), lift=0.04))
    fringe = style in ("bob", "lob") and rng.random() < 0.5
    if fringe:
        cap = path(
            (-0.385, 0.55),
            (-0.41, 0.22),
            (-0.28, -0.03),
            (0, -0.1),
            (0.28, -0.03),
            (0.41, 0.22),
            (0.385, 0.55),
            (0.33, 0.45),
            (0.3, 0.36),
            (0.1, 0.39),
            (-0.1, 0.39),
            (-0.3, 0.36),
            (-0.33, 0.45),
        )
    add(HAIR_FRONT, cap, 30)
    return parts

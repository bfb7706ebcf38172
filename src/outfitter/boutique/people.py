"""People to wear the clothes: who they are, their bodies and hands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from outfitter.boutique.canvas import Mark, Part
from outfitter.boutique.colours import Rgb, darker
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.figure import Rig
from outfitter.boutique.footwear import foot_place
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.shapes import CORNER, Affine, arc_share, disc, line, mirrored, path, profile, ribbon
from outfitter.boutique.shoes import heel_of

SKINS: Final[tuple[Rgb, ...]] = (
    (247, 219, 200), (240, 203, 176), (228, 184, 152), (209, 160, 122), (184, 132, 94), (150, 101, 69),
    (116, 75, 51), (84, 54, 38),
)  # fmt: skip
HAIR_COLOURS: Final[tuple[Rgb, ...]] = (
    (26, 21, 20), (44, 31, 25), (72, 48, 34), (106, 70, 44), (150, 106, 62), (196, 156, 98),
    (222, 190, 138), (134, 60, 34), (148, 146, 146),
)  # fmt: skip
STYLES: Final = {
    "women": ("long", "wavy", "bob", "bun", "ponytail", "afro", "lob", "pixie", "braid"),
    "men": ("short", "crop", "quiff", "curly", "buzz", "afro", "medium", "bald"),
}

NECK, TORSO, LEGS, FEET, ARM_SKIN, HAND = 3.5, 4.0, 5.0, 6.0, 40.0, 46.0


@dataclass(frozen=True)
class Person:
    """Looks beyond the body: skin, hair and face. beard: 0 none, 1 stubble, 2 full. mood: of the mouth."""

    skin: Rgb
    hair: Rgb
    style: str
    beard: int = 0
    mood: float = 0.5
    seed: int = 0


def random_person(gender: str, rng: np.random.Generator) -> Person:
    skin = int(rng.integers(len(SKINS)))
    dark = skin >= 5
    hair = HAIR_COLOURS[int(rng.integers(3 if dark else len(HAIR_COLOURS)))]
    styles = STYLES["men" if gender == "men" else "women"]
    beard = int(rng.choice([0, 0, 1, 2])) if gender == "men" else 0
    return Person(
        SKINS[skin], hair, str(rng.choice(styles)), beard, float(rng.uniform(0, 1)), int(rng.integers(1 << 16))
    )


def body_parts(person: Person, rig: Rig, shoes: BoutiqueProduct | None, sleeve: float = 0.0) -> list[Part]:
    """Neck, trunk, legs, feet, arms and hands. sleeve: share of the arms that is covered, of which half is left out."""
    body, skin = rig.body, Fabric(person.skin, material="skin")
    b = body
    trunk = rig.trunk(
        mirrored(
            (0, 1.3),
            (b.neck + 0.02, 1.36),
            (b.shoulder * 0.62, 1.46),
            (b.shoulder - 0.03, 1.58),
            (b.shoulder + 0.02, 1.75),
            (b.chest, 2.1),
            (b.chest * 0.95, 2.5),
            (b.waist, 2.97),
            ((b.waist + b.hip) / 2, 3.4),
            (b.hip, 3.85),
            (b.hip * 0.96, 4.15, CORNER),
            (0, 4.25),
        )
    )
    neck = rig.trunk(
        mirrored(
            (0, 0.8),
            (b.neck, 0.85),
            (b.neck * 0.96, 1.2),
            (b.neck + 0.08, 1.37),
            (b.shoulder * 0.5, 1.47),
            (0.12, 1.75),
            (0, 1.75),
        )
    )
    collar = [
        Mark(
            rig.trunk(path((s * 0.42, 1.52), (s * 0.2, 1.56), (s * 0.05, 1.6), closed=False)),
            darker(person.skin, 0.35),
            0.28,
            0.03,
        )
        for s in (-1, 1)
    ]
    shade = Mark(
        rig.trunk(mirrored((0, 0.9), (b.neck, 0.95), (b.neck * 0.9, 1.22), (0, 1.3))), darker(person.skin, 0.5), 0.32
    )
    parts = [
        Part(TORSO, [trunk], skin, round=0.3, lift=0),
        Part(NECK + 0.6, [neck], skin, round=0.14, lift=0.0, marks=(shade, *collar), volume=0.5),
    ]
    for side in (0, 1):
        leg = rig.leg_line(side)
        t = body.thick
        width = profile(
            (0, b.hip * 0.5),
            (0.22, 0.285 * t),
            (0.48, 0.19 * t),
            (0.56, 0.18 * t),
            (0.68, 0.2 * t),
            (0.93, 0.105 * t),
            (1, 0.11 * t),
        )
        knee = Mark(disc(rig.leg(side)[1], 0.1 * t, 0.08), darker(person.skin, 0.3), 0.12)
        front = 0.2 * (side == rig.pose.front_leg)
        parts.append(Part(LEGS + front, ribbon(leg, width, "se"), skin, round=0.16, lift=0.05, marks=(knee,)))
        parts += [replace(p, z=FEET + front) for p in _foot(person, rig, side, shoes)]
        parts += _arm(person, rig, side, 0.5 * sleeve)
    return parts


def _foot(person: Person, rig: Rig, side: int, shoes: BoutiqueProduct | None) -> list[Part]:
    skin = Fabric(person.skin, material="skin")
    h = heel_of(shoes)
    shape = path(
        (-0.36, -h - 0.4, CORNER),
        (-0.39, -h - 0.12),
        (-0.33, -h - 0.03),
        (0.0, -0.05 - h * 0.5),
        (0.3, -0.02),
        (0.5, -0.03),
        (0.54, -0.08),
        (0.46, -0.13),
        (0.22, -0.2 - h * 0.25),
        (0.0, -0.34 - h * 0.8),
        (-0.12, -h - 0.42, CORNER),
    )
    toes = [
        Mark(
            path((0.44 + 0.02 * i, -0.11 + 0.015 * i), (0.5, -0.08 + 0.012 * i), closed=False),
            darker(person.skin, 0.4),
            0.4,
            0.012,
        )
        for i in range(4)
    ]
    return [Part(FEET, [shape], skin, round=0.1, lift=0.02, marks=tuple(toes)).moved(foot_place(rig, side, shoes))]


def _arm(person: Person, rig: Rig, side: int, start: float) -> list[Part]:
    skin, t = Fabric(person.skin, material="skin"), rig.body.thick
    arm = rig.arm_line(side)
    width = profile(
        (0, 0.185 * t), (0.3, 0.16 * t), (0.52, 0.125 * t), (0.64, 0.135 * t), (0.94, 0.082 * t), (1, 0.085 * t)
    )
    sign = -1 if side == 0 else 1
    b = rig.body
    if start:
        kept = arc_share(arm) >= start
        shape = ribbon(arm[kept], width(arc_share(arm)[kept]))
    else:
        shape = ribbon(arm, width, "s")
    zone = rig.trunk(
        path((sign * 0.2, 1.4), (sign * b.shoulder * 0.8, 1.5), (sign * b.shoulder * 0.8, 2.0), (sign * 0.2, 2.0))
    )
    parts = [Part(ARM_SKIN, shape, skin, relief=[*shape, zone], round=0.12, lift=0.05)]
    if side not in rig.pose.hidden_hands:
        parts += _hand(person, rig, side)
    return parts


def _hand(person: Person, rig: Rig, side: int) -> list[Part]:
    _, elbow, wrist = rig.arm(side)
    ahead = (wrist - elbow) / np.hypot(*(wrist - elbow))
    turn = float(np.arctan2(ahead[1], ahead[0]) - np.pi / 2)
    inward = side == 0  # the thumb points at the body
    place = Affine.of(0.95 * rig.body.thick**0.5, turn, tuple(wrist), flip=not inward)
    palm = path((-0.085, -0.06), (0.085, -0.06), (0.115, 0.1), (0.1, 0.24), (0.0, 0.27), (-0.1, 0.24), (-0.11, 0.1))
    fingers = []
    for x, far in ((-0.075, 0.4), (-0.025, 0.45), (0.028, 0.44), (0.078, 0.38)):
        fingers += ribbon(
            path((x, 0.2), (x * 1.15 - 0.005, (0.2 + far) / 2), (x * 0.85 - 0.02, far), closed=False),
            profile((0, 0.03), (1, 0.02)),
            "e",
        )
    thumb = ribbon(path((0.08, 0.05), (0.15, 0.15), (0.135, 0.27), closed=False), profile((0, 0.045), (1, 0.022)), "se")
    lines = tuple(
        Mark(line((x, 0.22), (x * 0.95 - 0.008, 0.38)), darker(person.skin, 0.5), 0.35, 0.01)
        for x in (-0.05, 0.0, 0.053)
    )
    skin = Fabric(person.skin, material="skin")
    return [Part(HAND, [palm, *fingers, *thumb], skin, round=0.07, lift=0.04, marks=lines).moved(place)]

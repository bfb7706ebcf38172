"""A body and how it stands: the rig that garments are hung on, and the skin.

Proportions follow fashion drawing's eight-heads figure, shortened to about 7.6. Side 0 is the viewer's left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from outfitter.boutique.shapes import Bent, Fan, Points

ARM: Final = (1.42, 1.22)
LEG: Final = (1.78, 1.72)
ANKLE: Final = 7.28
SOLE: Final = 7.55


@dataclass(frozen=True)
class Body:
    """Half-widths in heads. thick: of the limbs, 1 is usual."""

    shoulder: float = 0.86
    chest: float = 0.62
    waist: float = 0.47
    hip: float = 0.66
    thick: float = 1.0
    neck: float = 0.19
    leg: float = 1.0


@dataclass(frozen=True)
class Pose:
    """Angles in degrees from hanging straight down, positive away from the body; (upper, lower) of each side.

    arms, legs: (side 0, side 1). foreshort, forearm: how much of the length of each lower
    leg and arm shows. sway: of the hips, in heads.
    tilt: of shoulders and hips, slopes. hidden_hands: sides whose hand is in a pocket or behind.
    """

    arms: tuple[tuple[float, float], tuple[float, float]] = ((10, 4), (10, 4))
    legs: tuple[tuple[float, float], tuple[float, float]] = ((2, 1), (2, 1))
    sway: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)
    lean: float = 0.0
    hidden_hands: tuple[int, ...] = ()
    front_leg: int = 0
    feet: tuple[float, float] = (0.6, 0.6)
    head: float = 0.0
    foreshort: tuple[float, float] = (1.0, 1.0)
    forearm: tuple[float, float] = (1.0, 1.0)
    name: str = "standing"


MANNEQUIN: Final = Pose(arms=((13, 9), (13, 9)), legs=((3.0, 1.5), (3.0, 1.5)), name="mannequin")
"""How packshots hang: straight, arms a little out."""


@dataclass(frozen=True, eq=False)
class Rig:
    """Where everything of a body in a pose is, in heads, the top of the skull at (0, 0) when upright."""

    body: Body
    pose: Pose

    @cached_property
    def keys(self) -> tuple[Points, Points]:
        """Centre line of the trunk: (heights, x)."""
        sway, lean = self.pose.sway, self.pose.lean
        ys = np.array([0.0, 1.4, 2.3, 3.0, 3.7, 4.1, 5.7, 7.4])
        foot = float(np.mean([self.leg(s)[2][0] for s in (0, 1)]))
        xs = np.array([lean, lean * 0.7, lean * 0.3 + sway * 0.25, sway * 0.7, sway, sway, 0.5 * (sway + foot), foot])
        return ys, xs

    def centre(self, y: Points | float) -> Points:
        ys, xs = self.keys
        return np.asarray(np.interp(y, ys, xs))

    def slope(self, y: Points | float) -> Points:
        top, low = self.pose.tilt
        return np.asarray(np.interp(y, [1.5, 3.8, 4.6, 7], [top, low, low * 0.6, 0]))

    def trunk(self, points: Points) -> Points:
        """(a, y) measured from the centre line → picture coordinates."""
        a, y = points.T
        return np.stack([self.centre(y) + a, y + self.slope(y) * a], 1)

    def width(self, y: Points | float) -> Points:
        """Half-width of the bare body at a height."""
        b = self.body
        ys = [1.25, 1.42, 1.62, 2.05, 2.45, 2.95, 3.35, 3.85, 4.25]
        ws = [
            b.neck,
            b.neck + 0.1,
            b.shoulder,
            b.chest,
            b.chest * 0.93,
            b.waist,
            (b.waist + b.hip) / 2,
            b.hip,
            b.hip * 0.97,
        ]
        return np.asarray(np.interp(y, ys, ws))

    def shoulder(self, side: int) -> Points:
        return np.asarray(self.trunk(np.array([[self._sign(side) * (self.body.shoulder - 0.15), 1.71]]))[0])

    def arm(self, side: int) -> Points:
        """Shoulder, elbow, wrist: (3, 2)."""
        start = self.shoulder(side)
        upper, lower = self.pose.arms[side]
        elbow = start + ARM[0] * self._down(side, upper)
        return np.stack([start, elbow, elbow + ARM[1] * self.pose.forearm[side] * self._down(side, lower)])

    def leg(self, side: int) -> Points:
        """Hip, knee, ankle: (3, 2)."""
        sway = self.pose.sway
        hip = np.array(
            [sway + self._sign(side) * self.body.hip * 0.5, 3.82 + self._sign(side) * 0.4 * self.pose.tilt[1]]
        )
        upper, lower = self.pose.legs[side]
        short, k = self.pose.foreshort[side], self.body.leg
        knee = hip + LEG[0] * k * self._down(side, upper)
        return np.stack([hip, knee, knee + LEG[1] * k * short * self._down(side, lower)])

    def arm_line(self, side: int, stop: float = 1.0) -> Points:
        """The arm's centre as a smooth line, from the shoulder to `stop` of its length."""
        return _cut(bend(self.arm(side)), stop)

    def leg_line(self, side: int, start: float = 0.0, stop: float = 1.0) -> Points:
        return _cut(bend(self.leg(side), 0.16), stop, start)

    @cached_property
    def trunk_frame(self) -> Fan:
        ys, xs = self.keys
        return Fan(ys, np.ones_like(ys), xs)

    def arm_frame(self, side: int) -> Bent:
        return Bent(bend(self.arm(side))[::2], 1.5)

    def leg_frame(self, side: int) -> Bent:
        return Bent(bend(self.leg(side), 0.16)[::2], 3.8)

    def _sign(self, side: int) -> float:
        return -1.0 if side == 0 else 1.0

    def _down(self, side: int, degrees: float) -> Points:
        turn = np.radians(degrees)
        return np.array([self._sign(side) * np.sin(turn), np.cos(turn)])


def bend(joints: Points, soft: float = 0.2) -> Points:
    """Two bones as a line with a rounded joint, 17 samples evenly placed."""
    a, j, b = joints
    p, q = j + (a - j) * soft, j + (b - j) * soft
    t = np.linspace(0, 1, 8)[:, None]
    curve = (1 - t) ** 2 * p + 2 * t * (1 - t) * j + t**2 * q
    return _evenly(np.concatenate([a[None], curve, b[None]]), 17)


def _evenly(points: Points, samples: int) -> Points:
    far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0, far[-1], samples)
    return np.stack([np.interp(at, far, points[:, 0]), np.interp(at, far, points[:, 1])], 1)


def _cut(points: Points, stop: float, start: float = 0.0) -> Points:
    far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    samples = max(3, round(len(points) * (stop - start)))
    at = np.linspace(start * far[-1], stop * far[-1], samples)
    return np.stack([np.interp(at, far, points[:, 0]), np.interp(at, far, points[:, 1])], 1)


BODIES: Final = {
    "women": Body(),
    "men": Body(shoulder=1.02, chest=0.74, waist=0.6, hip=0.63, thick=1.13, neck=0.23),
}


def random_body(gender: str, rng: np.random.Generator) -> Body:
    """A body of common shape: slender to full, shorter and longer legs."""
    base = BODIES["men" if gender == "men" else "women"]
    full = float(np.clip(rng.normal(1.0, 0.09), 0.88, 1.28))
    return replace(
        base,
        shoulder=base.shoulder * (0.6 + 0.4 * full) * rng.uniform(0.97, 1.03),
        chest=base.chest * full * rng.uniform(0.97, 1.03),
        waist=base.waist * full**1.4 * rng.uniform(0.96, 1.05),
        hip=base.hip * full * rng.uniform(0.97, 1.04),
        thick=base.thick * full**0.8,
        leg=float(rng.uniform(0.97, 1.05)),
    )


# fmt: off
POSES: Final = (
    Pose(name="straight"),
    Pose(name="relaxed", arms=((9, 2), (12, 6)), legs=((1, 1), (6, 3)), sway=-0.1, tilt=(0.03, -0.06), feet=(0.45,
        0.8)),
    Pose(name="hand on hip", arms=((40, -58), (9, 3)), forearm=(0.92, 1.0), legs=((0, 2), (8, 3)), sway=-0.13,
        tilt=(0.05, -0.09), feet=(0.5, 0.85)),
    Pose(name="pockets", arms=((25, -40), (25, -40)), forearm=(0.85, 0.85), hidden_hands=(0, 1), legs=((3, 1), (3,
        1)), feet=(0.55, 0.6)),
    Pose(name="one pocket", arms=((25, -40), (8, 2)), forearm=(0.85, 1.0), hidden_hands=(0,), legs=((1, 0), (6, 3)),
        sway=-0.08, tilt=(0.03, -0.05)),
    Pose(name="walking", arms=((16, -4), (7, 16)), legs=((6, -5), (-2, -7)), foreshort=(1.0, 0.9), sway=0.05,
        tilt=(-0.03, 0.06), front_leg=0, feet=(0.45, 0.45)),
    Pose(name="striding", arms=((6, 14), (18, -2)), legs=((-1, -6), (7, -4)), foreshort=(0.9, 1.0), sway=-0.05,
        tilt=(0.03, -0.06), front_leg=1, feet=(0.45, 0.45)),
    Pose(name="crossed", arms=((12, 2), (38, -55)), forearm=(1.0, 0.92), legs=((4, 0), (-6, -5)), front_leg=1,
        sway=0.1, tilt=(-0.04, 0.07), feet=(0.6, 0.5)),
    Pose(name="wide", arms=((14, 8), (14, 8)), legs=((7, 4), (7, 4)), feet=(0.75, 0.75)),
    Pose(name="touching hair", arms=((62, 170), (9, 3)), forearm=(0.9, 1.0), legs=((1, 1), (7, 3)), sway=-0.1,
        tilt=(0.06, -0.07), feet=(0.5, 0.8)),
)
# fmt: on

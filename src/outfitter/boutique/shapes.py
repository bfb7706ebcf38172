"""Curves and frames: the geometry that garments are cut from.

Lengths are in heads: a figure is about 7.6 heads tall, x grows to the viewer's right and y downwards. A `Frame` says
where on the cloth a point of the picture lies, so that patterns follow sleeves and legs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float64]
Field: TypeAlias = NDArray[np.float32]
Knot: TypeAlias = tuple[float, float] | tuple[float, float, str]

CORNER: Final = "corner"


def path(*knots: Knot, closed: bool = True, per: int = 7) -> Points:
    """A Catmull–Rom spline through `knots`, float64 (N, 2). A knot (x, y, CORNER) keeps a sharp corner.

    Catmull and Rom, "A class of local interpolating splines" (1974), uniform parametrisation.
    """
    points = np.array([knot[:2] for knot in knots], float)
    sharp = [i for i, knot in enumerate(knots) if len(knot) == 3]
    if closed:
        if not sharp:
            return _through(np.concatenate([points[-1:], points, points[:2]]), per)
        first = sharp[0]
        points = np.roll(points, -first, 0)
        stops = [i - first for i in sharp] + [len(points)]
        points = np.concatenate([points, points[:1]])
    else:
        stops = sorted({0, len(points) - 1, *sharp})
    pieces = []
    for start, stop in pairwise(stops):
        run = points[start : stop + 1]
        if len(run) == 2:
            pieces.append(run)
            continue
        ends = 2 * run[0] - run[1], 2 * run[-1] - run[-2]
        pieces.append(_through(np.concatenate([ends[0][None], run, ends[1][None]]), per))
    return np.concatenate(pieces)


def _through(points: Points, per: int) -> Points:
    """The spline from points[1] to points[-2], `per` samples a piece."""
    a, b, c, d = points[:-3], points[1:-2], points[2:-1], points[3:]
    t = np.linspace(0, 1, per, endpoint=False)[None, :, None]
    a, b, c, d = (p[:, None] for p in (a, b, c, d))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.concatenate([curve.reshape(-1, 2), points[-2:-1]])


def mirrored(*knots: Knot, per: int = 7) -> Points:
    """A closed outline, symmetric about x = 0, from its right half listed from the top centre to the bottom centre."""
    left = flipped([knot for knot in reversed(knots) if knot[0] != 0], -1)
    return path(*knots, *left, per=per)


def ellipse(x: float, y: float, rx: float, ry: float, samples: int = 28) -> Points:
    turn = np.linspace(0, 2 * np.pi, samples, endpoint=False)
    return np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], 1)


def disc(centre: Points, rx: float, ry: float | None = None, samples: int = 28) -> Points:
    return ellipse(float(centre[0]), float(centre[1]), rx, rx if ry is None else ry, samples)


def box(x1: float, y1: float, x2: float, y2: float) -> Points:
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], float)


def flipped(knots: Sequence[Knot], sign: float) -> list[Knot]:
    """Knots on the viewer's right, or for sign -1 their mirror images."""
    return [(sign * k[0], k[1], k[2]) if len(k) == 3 else (sign * k[0], k[1]) for k in knots]


def line(*points: Sequence[float]) -> Points:
    return np.array(points, float)


def shifted(points: Points, x: float, y: float) -> Points:
    return np.asarray(points + np.array([x, y]))


@dataclass(frozen=True, eq=False)
class Affine:
    """x → matrix · x + shift."""

    matrix: Points
    shift: Points

    @classmethod
    def of(
        cls,
        scale: float | tuple[float, float] = 1.0,
        turn: float = 0.0,
        shift: Sequence[float] = (0, 0),
        shear: float = 0.0,
        flip: bool = False,
    ) -> Affine:
        """Flip, then scale, then shear (y += shear · x), then turn (radians, clockwise on screen), then shift."""
        sx, sy = scale if isinstance(scale, tuple) else (scale, scale)
        c, s = np.cos(turn), np.sin(turn)
        stretched = np.array([[1.0, 0], [shear, 1.0]]) @ np.diag(np.array([-sx if flip else sx, sy], float))
        return cls(np.asarray(np.array([[c, -s], [s, c]]) @ stretched, np.float64), np.array(shift, float))

    def __call__(self, points: Points) -> Points:
        return np.asarray(points @ self.matrix.T + self.shift)

    def then(self, after: Affine) -> Affine:
        return Affine(after.matrix @ self.matrix, after.matrix @ self.shift + after.shift)

    def inverse(self) -> Affine:
        back = np.asarray(np.linalg.inv(self.matrix), np.float64)
        return Affine(back, -back @ self.shift)

    @property
    def scale(self) -> float:
        """Pixels a unit, as the square root of the area's growth."""
        return float(abs(np.linalg.det(self.matrix)) ** 0.5)


class Frame(Protocol):
    """Where on the cloth a point lies."""

    def uv(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Across and along the cloth, in heads, for coordinates of any one shape."""


@dataclass(frozen=True)
class Flat:
    """Cloth that lies as it is drawn."""

    def uv(self, x: Field, y: Field) -> tuple[Field, Field]:
        return x, y


@dataclass(frozen=True, eq=False)
class Moved:
    """Another frame's cloth after `by` moved it."""

    base: Frame
    back: Affine

    def uv(self, x: Field, y: Field) -> tuple[Field, Field]:
        (a, b), (c, d) = self.back.matrix
        e, f = self.back.shift
        return self.base.uv((a * x + b * y + e).astype(np.float32), (c * x + d * y + f).astype(np.float32))


@dataclass(frozen=True, eq=False)
class Bent:
    """Cloth around a bent centre line: v runs along it, u across. start: v at its beginning."""

    centre: Points
    start: float = 0.0

    def uv(self, x: Field, y: Field) -> tuple[Field, Field]:
        best = np.full(x.shape, np.inf, np.float32)
        u, v = np.zeros_like(best), np.zeros_like(best)
        along = self.start
        last = len(self.centre) - 2
        for i, (p, q) in enumerate(pairwise(self.centre)):
            step = q - p
            length = max(float(np.hypot(*step)), 1e-6)
            dx, dy = step / length
            t = (x - p[0]) * dx + (y - p[1]) * dy
            held = np.clip(t, 0 if i else None, length if i < last else None)
            side = (x - p[0]) * -dy + (y - p[1]) * dx
            far = side**2 + (t - held) ** 2
            nearer = far < best
            best = np.where(nearer, far, best)
            u = np.where(nearer, -side, u)
            v = np.where(nearer, along + held, v)
            along += length
        return u, v


@dataclass(frozen=True, eq=False)
class Fan:
    """Cloth that widens downwards: u is measured at the width it has at `ys[0]`; keys by height y."""

    ys: Points
    widths: Points
    centres: Points

    def uv(self, x: Field, y: Field) -> tuple[Field, Field]:
        flare = np.interp(y, self.ys, self.widths / self.widths[0])
        u = (x - np.interp(y, self.ys, self.centres)) / flare
        return u.astype(np.float32), y


def ribbon(centre: Points, half: Callable[[Points], Points] | Points | float, caps: str = "") -> list[Points]:
    """The area around a centre line, as pieces whose union it is: robust where the line bends sharply.

    half: half-widths at the samples, or a function of the share 0…1 of the length. caps: "s", "e" or "se" rounds
    the start, the end.
    """
    share = arc_share(centre)
    widths = np.broadcast_to(half(share) if callable(half) else np.asarray(half, float), share.shape)
    ahead = np.gradient(centre, axis=0)
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1])[:, None], 1e-9)
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], 1) * widths[:, None]
    left, right = centre + normal, centre - normal
    pieces = [np.stack([left[i], left[i + 1], right[i + 1], right[i]]) for i in range(len(centre) - 1)]
    discs = range(1, len(centre) - 1)
    pieces += [disc(centre[i], widths[i], samples=16) for i in discs if _bends(ahead, i)]
    pieces += [disc(centre[i], widths[i]) for cap, i in (("s", 0), ("e", -1)) if cap in caps]
    return pieces


def _bends(ahead: Points, i: int) -> bool:
    return bool(ahead[i - 1] @ ahead[i + 1] < 0.97)


def arc_share(centre: Points) -> Points:
    """Share 0…1 of the length of a polyline at each of its points."""
    steps = np.hypot(*np.diff(centre, axis=0).T)
    total = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(total / max(total[-1], 1e-9))


def profile(*stops: tuple[float, float]) -> Callable[[Points], Points]:
    """Half-widths by share of length, interpolated with smooth steps between the `stops`."""
    at, values = (np.array(column, float) for column in zip(*stops, strict=True))

    def width(share: Points) -> Points:
        i = np.clip(np.searchsorted(at, share, side="right") - 1, 0, len(at) - 2)
        t = np.clip((share - at[i]) / (at[i + 1] - at[i]), 0, 1)
        return np.asarray(values[i] + (values[i + 1] - values[i]) * (0.6 * t + 0.4 * t * t * (3 - 2 * t)))

    return width


def across(points: Points, half: float, share: float) -> Points:
    """A line across a ribbon at a share of its length."""
    at = np.array([share, share + 0.02])
    t = np.linspace(0, 1, len(points))
    p, q = np.stack([np.interp(at, t, points[:, 0]), np.interp(at, t, points[:, 1])], 1)
    ahead = (points[-1] - points[-2]) if np.allclose(p, q) else q - p
    ahead = ahead / np.hypot(*ahead)
    normal = np.array([-ahead[1], ahead[0]]) * half
    bow = ahead * half * 0.25
    return path(tuple(p - normal), tuple(p + bow), tuple(p + normal), closed=False)


def bounds(polygons: Iterable[Points]) -> tuple[float, float, float, float]:
    points = np.concatenate(list(polygons))
    (x1, y1), (x2, y2) = points.min(0), points.max(0)
    return float(x1), float(y1), float(x2), float(y2)

"""From parts to pixels: flat shapes with cloth on them, lit, laid over one another, and who is visible where.

Outlines are drawn by Pillow at `OVERSAMPLED` times the size and reduced; everything smooth (light, cloth
coordinates) is computed on a coarse grid and enlarged, so that a picture costs tens of milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from outfitter.boutique.colours import Rgb, cloud
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.shapes import Affine, Field, Flat, Frame, Moved, Points, bounds

OVERSAMPLED: Final = 3
NOBODY: Final = -1
"""Owner of parts that are no product: skin, hair, hangers."""


@dataclass(frozen=True)
class Folds:
    """How cloth hangs. depth: how strong; across, along: folds a head; drape: turns them into a V; fine: wrinkles."""

    depth: float = 0.5
    across: float = 1.6
    along: float = 0.5
    drape: float = 0.35
    fine: float = 0.25


@dataclass(frozen=True, eq=False)
class Mark:
    """A line or, with width 0, an area drawn onto a part: a seam, a button, a pocket. width: in heads."""

    points: Points
    rgb: Rgb
    alpha: float = 1.0
    width: float = 0.0
    dash: float = 0.0


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of something drawn: the union of `polygons`, clad in `fabric`.

    z: higher is nearer. relief: the shapes whose roundness it takes (its own by default); round: how far from the
    edge, in heads, it curves; volume: how much. lift: how far it stands off what is below, for its shadow. shade:
    brightness. soft: blur of its edge, in heads. reach: the part may not show beyond these shapes.
    """

    z: float
    polygons: Sequence[Points]
    fabric: Fabric
    frame: Frame = Flat()  # noqa: RUF009 - frozen and without state
    owner: int = NOBODY
    relief: Sequence[Points] = ()
    round: float = 0.22
    volume: float = 1.0
    folds: Folds | None = None
    marks: tuple[Mark, ...] = ()
    lift: float = 0.05
    shade: float = 1.0
    soft: float = 0.0
    clip: Sequence[Points] = ()
    holes: Sequence[Points] = ()
    alpha: float = 1.0
    seed: int = 0

    def moved(self, by: Affine) -> Part:
        """The part, its cloth and its marks after an affine move; lengths scale along."""
        turned = tuple(
            replace(m, points=by(m.points), width=m.width * by.scale, dash=m.dash * by.scale) for m in self.marks
        )
        return replace(
            self,
            polygons=[by(p) for p in self.polygons],
            relief=[by(p) for p in self.relief],
            clip=[by(p) for p in self.clip],
            holes=[by(p) for p in self.holes],
            frame=Moved(self.frame, by.inverse()),
            marks=turned,
            round=self.round * by.scale,
            lift=self.lift * by.scale,
            soft=self.soft * by.scale,
        )


@dataclass(frozen=True)
class Light:
    """x, y: towards the light, in picture directions. strength: of the shading. tint: of everything."""

    x: float = -0.5
    y: float = -0.75
    strength: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(eq=False)
class Drawing:
    """A picture in the making. rgb: float32 (H, W, 3), 0…255. owners: int16 (H, W), who is seen at each pixel."""

    rgb: Field
    light: Light
    owners: NDArray[np.int16] = field(init=False)
    solid: Field = field(init=False)
    own: dict[int, NDArray[np.bool_]] = field(init=False)
    """Where each owner would be seen if nothing were before it, bool (H, W)."""

    def __post_init__(self) -> None:
        self.owners = np.full(self.rgb.shape[:2], NOBODY, np.int16)
        self.solid = np.zeros(self.rgb.shape[:2], np.float32)
        self.own = {}

    def draw(self, parts: Iterable[Part], to_pixels: Affine) -> None:
        """Lay the parts over one another, lowest z first."""
        for part in sorted(parts, key=lambda part: part.z):
            self._lay(part, to_pixels)

    def visible_box(self, owner: int) -> tuple[int, int, int, int, int] | None:
        """(x1, y1, x2, y2, pixels) of what is seen of an owner, or None."""
        seen = self.owners == owner
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        if not len(rows):
            return None
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1, int(seen.sum())

    def _lay(self, part: Part, to_pixels: Affine) -> None:
        scale = to_pixels.scale
        polygons = [to_pixels(p) for p in part.polygons]
        place = self._window(polygons, 3 + (part.soft + max(part.lift, 0)) * scale * 2)
        if place is None:
            return
        x1, y1, x2, y2 = place
        cover = coverage(polygons, place)
        if part.clip:
            cover *= coverage([to_pixels(p) for p in part.clip], place)
        if part.holes:
            cover *= 1 - coverage([to_pixels(p) for p in part.holes], place)
        if part.soft * scale > 0.4:
            cover = _smeared(cover, part.soft * scale)
        if not cover.any():
            return
        window = np.s_[y1:y2, x1:x2]
        below, solid = self.rgb[window], self.solid[window]
        if part.lift * scale > 0.6:
            self._shadow(below, solid, cover, part.lift * scale)

        inverse = to_pixels.inverse()
        u, v = _cloth(part.frame, inverse, place)
        colours = part.fabric.colours(u, v, scale)
        colours = self._lit(colours, part, u, v, cover, [to_pixels(p) for p in part.relief] or polygons, place, scale)
        if part.marks:
            colours = _marked(colours, part.marks, to_pixels, place)
        cover *= part.alpha
        below += cover[..., None] * (colours - below)
        np.maximum(solid, cover, out=solid)
        inside = cover > 0.5
        self.owners[window][inside] = part.owner
        if part.owner != NOBODY:
            own = self.own.setdefault(part.owner, np.zeros(self.owners.shape, bool))
            own[window] |= inside

    def _window(self, polygons: Sequence[Points], pad: float) -> tuple[int, int, int, int] | None:
        h, w = self.owners.shape
        x1, y1, x2, y2 = bounds(polygons)
        left, top = max(0, int(x1 - pad)), max(0, int(y1 - pad))
        right, bottom = min(w, int(np.ceil(x2 + pad))), min(h, int(np.ceil(y2 + pad)))
        return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None

    def _shadow(self, below: Field, solid: Field, cover: Field, far: float) -> None:
        """Darken what lies below around a part: a soft shadow away from the light, on things and not on the ground."""
        cast = _smeared(cover, far)
        dx, dy = round(-self.light.x * far), round(-self.light.y * far)
        cast = np.roll(cast, (dy, dx), (0, 1))
        below *= 1 - 0.42 * self.light.strength * (cast * solid)[..., None]

    def _lit(
        self,
        colours: Field,
        part: Part,
        u: Field,
        v: Field,
        cover: Field,
        relief: Sequence[Points],
        place: tuple[int, int, int, int],
        scale: float,
    ) -> Field:
        material, light = part.fabric.of, self.light
        shade = np.full(u.shape, part.shade, np.float32)
        if part.volume:
            slope, rim = _relief(cover, None if relief is part.polygons else relief, place, part.round * scale, light)
            shade *= 1 + light.strength * part.volume * (0.26 * slope - 0.26 * rim)
        if part.folds and material.folds:
            f, depth = part.folds, part.folds.depth * material.folds * light.strength
            hung = np.asarray(v + f.drape * np.abs(u), np.float32)
            shade *= 1 + 0.075 * depth * _crease(u * f.across, hung * f.along, part.seed, light)
            if f.fine:
                wrinkles = _crease(u * 3.1 * f.across, hung * 3.7 * f.along, part.seed + 9, light)
                shade *= 1 + 0.14 * depth * f.fine * wrinkles
        if material.grain:
            grain = _grain()
            y, x = np.arange(place[1], place[3]) % 256, np.arange(place[0], place[2]) % 256
            shade *= 1 + material.grain * 0.6 * grain[np.ix_(y, x)]
        # Dark cloth shows its folds by a sheen rather than in proportion to how little it reflects.
        lit = colours * shade[..., None] + (16 * (shade - 1))[..., None]
        if material.gloss:
            lit += (255 * material.gloss * np.clip((shade - 1.08) * 2.2, 0, 0.8) ** 1.4)[..., None]
        return np.asarray(np.clip(lit, 0, 255), np.float32)


def coverage(polygons: Sequence[Points], place: tuple[int, int, int, int]) -> Field:
    """Share of each pixel of the window that the union of `polygons` covers, float32 (h, w)."""
    x1, y1, x2, y2 = place
    k = OVERSAMPLED
    image = Image.new("L", ((x2 - x1) * k, (y2 - y1) * k))
    pen = ImageDraw.Draw(image)
    for polygon in polygons:
        # Pillow's polygons include their border: half a pixel too wide on each side, corrected by the rounding here.
        pen.polygon(((polygon - (x1, y1)) * k - 0.5).ravel().tolist(), 255)
    return np.asarray(np.asarray(image.reduce(k), np.float32) / 255, np.float32)


def _marked(colours: Field, marks: Sequence[Mark], to_pixels: Affine, place: tuple[int, int, int, int]) -> Field:
    x1, y1, x2, y2 = place
    k, scale = OVERSAMPLED, to_pixels.scale
    for mark in marks:
        points = to_pixels(mark.points)
        left, top, right, bottom = bounds([points])
        pad = mark.width * scale + 2
        a, b = max(x1, int(left - pad)), max(y1, int(top - pad))
        c, d = min(x2, int(right + pad) + 1), min(y2, int(bottom + pad) + 1)
        if c - a < 1 or d - b < 1:
            continue
        image = Image.new("L", ((c - a) * k, (d - b) * k))
        pen = ImageDraw.Draw(image)
        local = (points - (a, b)) * k
        alpha = mark.alpha
        if mark.width:
            wide = mark.width * scale * k
            alpha *= min(1.0, wide / 1.5)
            for run in _dashes(local, mark.dash * scale * k) if mark.dash * scale > 1.2 else [local]:
                pen.line(run.ravel().tolist(), 255, max(1, round(wide)), joint="curve")
        else:
            pen.polygon((local - 0.5).ravel().tolist(), 255)
        share = np.asarray(image.reduce(k), np.float32)[..., None] * (alpha / 255)
        part = colours[b - y1 : d - y1, a - x1 : c - x1]
        part += share * (np.array(mark.rgb, np.float32) - part)
    return colours


def _dashes(points: Points, length: float) -> list[Points]:
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    runs = []
    for start in np.arange(0, steps[-1], length):
        at = np.array([start, min(start + 0.55 * length, steps[-1])])
        runs.append(np.stack([np.interp(at, steps, points[:, 0]), np.interp(at, steps, points[:, 1])], 1))
    return runs


def _cloth(frame: Frame, inverse: Affine, place: tuple[int, int, int, int]) -> tuple[Field, Field]:
    """u, v of each pixel of the window, from a grid of every fourth."""
    x1, y1, x2, y2 = place
    k = 4
    w, h = -(-(x2 - x1) // k), -(-(y2 - y1) // k)
    gx, gy = np.meshgrid(x1 + (np.arange(w) + 0.5) * k, y1 + (np.arange(h) + 0.5) * k)
    (a, b), (c, d) = inverse.matrix
    e, f = inverse.shift
    u, v = frame.uv((a * gx + b * gy + e).astype(np.float32), (c * gx + d * gy + f).astype(np.float32))
    return _enlarged(u, k, place), _enlarged(v, k, place)


def _enlarged(coarse: Field, k: int, place: tuple[int, int, int, int]) -> Field:
    if k == 1:
        return coarse
    h, w = coarse.shape
    image = Image.fromarray(np.ascontiguousarray(coarse, np.float32)).resize((w * k, h * k), Image.Resampling.BILINEAR)
    return np.asarray(image)[: place[3] - place[1], : place[2] - place[0]]


def _relief(
    cover: Field, shapes: Sequence[Points] | None, place: tuple[int, int, int, int], radius: float, light: Light
) -> tuple[Field, Field]:
    """Light on a shape that is rounded at its edges: (slope towards the light, about -1 to 1; rim, 0 inside to 1)."""
    k = int(np.clip(radius / 3, 1, 4))
    mask = cover if shapes is None else coverage(shapes, place)
    h, w = mask.shape
    margin = int(radius / k) + 2
    padded = np.pad(mask, ((0, -h % k), (0, -w % k)))
    cells = padded.reshape(padded.shape[0] // k, k, padded.shape[1] // k, k)
    coarse = np.pad(cells.mean((1, 3), dtype=np.float32), margin)
    height = blurred(coarse, radius / k)
    gy, gx = np.gradient(height)
    slope = np.asarray(-(gx * light.x + gy * light.y) * (radius / k * 2.2), np.float32)
    rim = np.clip(1.6 - 2 * height, 0, 1) ** 2
    inside = np.s_[margin:-margin, margin:-margin]
    return _enlarged(slope[inside], k, place), _enlarged(rim[inside], k, place)


def _smeared(cover: Field, radius: float) -> Field:
    """A cover or shadow, blurred; in 256 steps, which is too coarse for anything that is to be differentiated."""
    image = Image.fromarray((cover * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius / 2))
    return np.asarray(np.asarray(image, np.float32) / 255, np.float32)


def blurred(values: Field, radius: float) -> Field:
    """Three box blurs, near a Gaussian of deviation `radius` / 2; the outside counts as the edge's value."""
    r = max(1, round(radius / 2))
    for axis in (0, 1):
        for _ in range(2 if r < 3 else 3):
            pad = [(0, 0), (0, 0)]
            pad[axis] = (r + 1, r)
            total = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis, dtype=np.float32)
            n = 2 * r + 1
            wide = total[n:] - total[:-n] if axis == 0 else total[:, n:] - total[:, :-n]
            values = np.asarray(wide / n, np.float32)
    return values


_WAVES: Final = 12


@lru_cache(maxsize=8)
def _creases(sign: float) -> Field:
    """Brightness of folded cloth lit from one side, seamless, float32 (512, 512), deviation about 1."""
    heights = cloud(_WAVES, 11, 512)
    sharp = -np.abs(heights) * 0.8 + 0.5 * cloud(_WAVES, 12, 512)
    gx = np.roll(sharp, -2, 1) - np.roll(sharp, 2, 1)
    gy = np.roll(sharp, -2, 0) - np.roll(sharp, 2, 0)
    lit = blurred((gx * sign - 0.5 * gy).astype(np.float32), 5)
    return np.asarray(lit / lit.std(), np.float32)


def _crease(u: Field, v: Field, seed: int, light: Light) -> Field:
    table = _creases(1.0 if light.x > 0 else -1.0)
    step = 512 / _WAVES
    x = (u * step + 37 * (seed % 97) + 4096).astype(np.int32) % 512
    y = (v * step + 53 * (seed % 89) + 4096).astype(np.int32) % 512
    return np.asarray(table[y, x])


@lru_cache(maxsize=1)
def _grain() -> Field:
    return np.random.default_rng(3).standard_normal((256, 256)).astype(np.float32)

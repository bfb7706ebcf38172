"""Cloth: colours, materials and pattern tiles.

A pattern is drawn once as a seamless tile `SIDE` heads wide, at a density near that of the picture, and then looked
up wherever the garment is: the same cloth, bent by its frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from outfitter.boutique.colours import Rgb
from outfitter.boutique.patterns import DRAWN, PATTERNS, WEAVES
from outfitter.boutique.shapes import Field

SIDE: Final = 2.0
"""Width and height of a tile, in heads."""


@dataclass(frozen=True)
class Material:
    """How cloth takes light. folds: how deep; gloss: highlights; grain: fine unevenness; weave: its texture."""

    folds: float = 1.0
    gloss: float = 0.0
    grain: float = 0.02
    weave: str = ""


MATERIALS: Final = {
    "cotton": Material(1.0, 0.0, 0.02),
    "linen": Material(1.25, 0.0, 0.035, "linen"),
    "wool": Material(0.7, 0.0, 0.05, "felt"),
    "knit": Material(0.65, 0.0, 0.03, "knit"),
    "rib": Material(0.5, 0.0, 0.02, "rib"),
    "denim": Material(0.95, 0.0, 0.04, "twill"),
    "satin": Material(1.5, 0.14, 0.0),
    "leather": Material(0.85, 0.5, 0.02),
    "suede": Material(0.5, 0.0, 0.05, "felt"),
    "nylon": Material(1.3, 0.2, 0.01),
    "jersey": Material(0.8, 0.0, 0.02),
    "canvas": Material(0.6, 0.0, 0.04, "linen"),
    "rubber": Material(0.0, 0.1, 0.01),
    "metal": Material(0.0, 0.9, 0.0),
    "skin": Material(0.0, 0.04, 0.008),
    "hair": Material(0.0, 0.15, 0.0),
    "straw": Material(0.1, 0.0, 0.05, "straw"),
}


@dataclass(frozen=True)
class Fabric:
    """Cloth of a colour, pattern and material. others: the pattern's further colours. scale: of the pattern."""

    rgb: Rgb
    pattern: str = "solid"
    others: tuple[Rgb, ...] = ()
    material: str = "cotton"
    scale: float = 1.0
    seed: int = 0
    bands: tuple[tuple[float, float, Rgb], ...] = field(default=())
    """Colour blocks: (from v, to v, colour)."""

    @property
    def of(self) -> Material:
        return MATERIALS[self.material]

    def plain(self, rgb: Rgb | None = None, material: str | None = None) -> Fabric:
        """The same cloth without its pattern."""
        return Fabric(rgb or self.rgb, material=material or self.material, seed=self.seed)

    def colours(self, u: Field, v: Field, density: float) -> Field:
        """RGB 0…255, float32 (H, W, 3), of the cloth at u, v. density: pixels a head."""
        weave = self.of.weave
        if self.pattern == "solid" and not weave:
            colours = np.empty((*u.shape, 3), np.float32)
            colours[:] = self.rgb
        else:
            tile = _tile(self.pattern, (self.rgb, *self.others), weave, self.seed, _level(density / self.scale))
            colours = _look_up(tile, u / self.scale, v / self.scale)
        for start, stop, rgb in self.bands:
            soft = 0.7 / density
            inside = np.clip((v - start) / soft + 0.5, 0, 1) * np.clip((stop - v) / soft + 0.5, 0, 1)
            colours += inside[..., None] * (np.array(rgb, np.float32) - colours)
        return colours


def _level(density: float) -> int:
    """Tile side in pixels for a picture of `density` pixels a head: the next power of two above it, at most 512."""
    return int(2 ** np.clip(np.ceil(np.log2(max(density, 1.0) * SIDE * 0.8)), 5, 9))


def _look_up(tile: NDArray[np.uint8], u: Field, v: Field) -> Field:
    """Bilinear, wrapping."""
    side = tile.shape[0]
    x, y = u * (side / SIDE), v * (side / SIDE)
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    flat = tile.reshape(-1, 3)
    xi, yi = x0.astype(np.int32) % side, y0.astype(np.int32) % side
    xj, yj = (xi + 1) % side, (yi + 1) % side
    top = flat[yi * side + xi] * (1 - fx) + flat[yi * side + xj] * fx
    low = flat[yj * side + xi] * (1 - fx) + flat[yj * side + xj] * fx
    return np.asarray(top * (1 - fy) + low * fy, np.float32)


@lru_cache(maxsize=128)
def _tile(pattern: str, colours: tuple[Rgb, ...], weave: str, seed: int, side: int) -> NDArray[np.uint8]:
    image = _drawn(pattern, colours, weave, seed)
    return np.asarray(image if side == DRAWN else image.reduce(DRAWN // side))


@lru_cache(maxsize=32)
def _drawn(pattern: str, colours: tuple[Rgb, ...], weave: str, seed: int) -> Image.Image:
    rng = np.random.default_rng([seed, 77])
    image = Image.new("RGB", (DRAWN, DRAWN), colours[0])
    PATTERNS[pattern](image, colours, rng)
    if not weave:
        return image
    pixels = np.asarray(image, np.float32) * _woven(weave)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@lru_cache(maxsize=8)
def _woven(weave: str) -> Field:
    return WEAVES[weave](np.random.default_rng(78))

"""Colours, and smooth noise: the small tools of everything that is drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np

from outfitter.boutique.shapes import Field

Rgb: TypeAlias = tuple[int, int, int]


def mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    """A colour on the way from `a` to `b`."""
    r, g, c = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return r, g, c


def darker(rgb: Rgb, share: float = 0.25) -> Rgb:
    return mix(rgb, (8, 6, 10), share)


def lighter(rgb: Rgb, share: float = 0.25) -> Rgb:
    return mix(rgb, (255, 253, 250), share)


def luma(rgb: Rgb) -> float:
    """Brightness 0…1 (Rec. 601 weights)."""
    return (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 255


def trim(rgb: Rgb, share: float = 0.3) -> Rgb:
    """A tone that shows on `rgb`: darker on light cloth, lighter on dark cloth."""
    return darker(rgb, share) if luma(rgb) > 0.3 else lighter(rgb, share * 0.7)


@lru_cache(maxsize=64)
def cloud(waves: float, seed: int, side: int = 256) -> Field:
    """Smooth seamless noise, float32 (side, side), mean 0 and deviation 1, about `waves` waves across."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.standard_normal((side, side)))
    fy, fx = np.fft.fftfreq(side, 1 / side)[:, None], np.fft.rfftfreq(side, 1 / side)[None]
    spectrum *= np.exp(-(fx**2 + fy**2) / (2 * (waves / 2) ** 2))
    spectrum[0, 0] = 0
    noise = np.fft.irfft2(spectrum, s=(side, side))
    return np.asarray(noise / noise.std(), np.float32)

"""Colour as the eye measures it: sRGB to CIELAB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def to_lab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """sRGB uint8 (..., 3) → CIELAB (..., 3) under D65, L in [0, 100] (IEC 61966-2-1, CIE 15)."""
    share = rgb / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)

"""Colours as people name them, and which of them go together.

Measured in CIELAB (D65): C* is how strong a colour is, h its hue in degrees.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.colour import to_lab

NAMED: Final[Mapping[str, str]] = {
    "black": "#16161a #2a2a2e",
    "charcoal": "#3d4045",
    "grey": "#86888c #6c6e72 #a6a7a9",
    "white": "#f7f7f5 #e3e4e6",
    "cream": "#f1e8d2",
    "beige": "#d8c3a0 #c3ab86 #cfc4ae #b3a58d",
    "tan": "#b98d5c",
    "camel": "#bd8f54",
    "brown": "#6a4630 #49312a",
    "khaki": "#9c8f63 #7d7350",
    "olive": "#656534 #4c4f2b",
    "green": "#2f7d43 #1d4a2e #58a65c",
    "mint": "#a8dcc0",
    "teal": "#1d7575",
    "turquoise": "#3cc0bd #2f8fa8 #63b0b4",
    "light blue": "#a3c6e6",
    "blue": "#2c5fb3 #2f49c8 #4d86da",
    "denim": "#4b6a92 #6d8cb3",
    "navy": "#1e2a4f #15195f",
    "purple": "#6b3a8c #4c2a6e #2c1662",
    "lilac": "#bfa3d6",
    "pink": "#efa5bd #e4809f #e8a79f #d3b1b3",
    "fuchsia": "#d12d83",
    "red": "#c5242c #e03c3a #a41e26",
    "burgundy": "#6a1b2c #40121b",
    "coral": "#f4785f",
    "orange": "#e8802b",
    "mustard": "#cc9a2a",
    "yellow": "#f2d44a #f6e596",
}
"""Clothing's common colour names, each with a typical sRGB value first and others that pass for it."""

_ALSO: Final[Mapping[str, str]] = {
    "anthracite": "charcoal",
    "aqua": "turquoise",
    "bordeaux": "burgundy",
    "chocolate": "brown",
    "cognac": "tan",
    "crimson": "red",
    "ecru": "cream",
    "emerald": "green",
    "forest": "green",
    "gold": "mustard",
    "gray": "grey",
    "indigo": "navy",
    "ivory": "cream",
    "khaki green": "olive",
    "lavender": "lilac",
    "magenta": "fuchsia",
    "maroon": "burgundy",
    "nude": "beige",
    "off white": "cream",
    "peach": "coral",
    "petrol": "teal",
    "pale blue": "light blue",
    "plum": "purple",
    "rose": "pink",
    "rust": "orange",
    "sage": "mint",
    "sand": "beige",
    "scarlet": "red",
    "sky": "light blue",
    "silver": "grey",
    "stone": "beige",
    "taupe": "khaki",
    "terracotta": "coral",
    "violet": "purple",
    "wine": "burgundy",
}

MUTED: Final = 20.0
STRONG: Final = 60.0
"""C* up to which a colour clashes with nothing (greys, beige, navy), and from which it clashes in full (red)."""


LIGHTNESS_LESS: Final = np.array([0.6, 1.0, 1.0])
"""Weights of L*, a*, b* in naming: a beige in the shade is darker and still no grey."""


@lru_cache(4096)
def find_colour(text: str | None) -> str | None:
    """The first colour named in a feed's words ("Navy Blue / white" → "navy"), or None."""
    words = " ".join(re.findall(r"[a-z]+", (text or "").casefold()))
    names = {**_ALSO, **{name: name for name in NAMED}}
    found = [(at, -len(name), name) for name in names if (at := f" {words} ".find(f" {name} ")) >= 0]
    return names[min(found)[2]] if found else None


def name_colour(pixels: NDArray[np.uint8]) -> str:
    """The name that most of the pixels, uint8 (..., 3) RGB, come closest to."""
    names, table = _samples()
    lab = to_lab(pixels.reshape(-1, 3))
    nearest = (((lab[:, None] - table) * LIGHTNESS_LESS) ** 2).sum(-1).argmin(1)
    return Counter(names[int(index)] for index in nearest).most_common(1)[0][0]


def harmony(one: str, other: str) -> float:
    """How well two named colours go together, in [0, 1]: 1 in harmony, 0 for two strong colours that clash.

    Moon and Spencer, "Geometric Formulation of Classical Color Harmony", JOSA 34 (1944): hues agree when they are
    the same, similar (25–43° apart) or in contrast (100° and more), and are ambiguous between. The first ambiguity
    (shades of one hue) is forgiven by half, since shops and cameras are no closer than that about hue. A clash
    counts by the strength of the weaker colour.
    """
    names, table = _samples()
    (_, a1, b1), (_, a2, b2) = (table[names.index(name)] for name in (one, other))
    apart = abs((np.degrees(np.arctan2(b1, a1) - np.arctan2(b2, a2)) + 180) % 360 - 180)
    clash = 0.0 if one == other or 25 <= apart <= 43 or apart >= 100 else 0.5 if apart < 25 else 1.0
    weaker = min(np.hypot(a1, b1), np.hypot(a2, b2))
    return float(1 - clash * np.clip((weaker - MUTED) / (STRONG - MUTED), 0, 1))


@cache
def _samples() -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Names and CIELAB values, row by row; the first row of a name is its typical value."""
    rows = [(name, bytes.fromhex(code[1:])) for name, codes in NAMED.items() for code in codes.split()]
    return tuple(name for name, _ in rows), to_lab(np.array([list(rgb) for _, rgb in rows], np.uint8))

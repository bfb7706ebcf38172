"""The boutique's colours: names that shoppers know, a typical sRGB value, and a hue for the stylist."""

from __future__ import annotations

from typing import Final

import numpy as np

from outfitter.boutique.colours import Rgb

NEUTRAL: Final = None

COLOURS: Final[dict[str, tuple[Rgb, float | None]]] = {
    "black": ((28, 27, 30), NEUTRAL),
    "charcoal": ((66, 69, 75), NEUTRAL),
    "grey": ((146, 148, 152), NEUTRAL),
    "white": ((243, 242, 239), NEUTRAL),
    "cream": ((238, 228, 205), NEUTRAL),
    "beige": ((214, 192, 160), NEUTRAL),
    "camel": ((188, 141, 86), NEUTRAL),
    "brown": ((104, 70, 49), NEUTRAL),
    "navy": ((34, 44, 78), NEUTRAL),
    "denim": ((78, 108, 148), NEUTRAL),
    "light blue": ((160, 194, 226), 250.0),
    "blue": ((48, 96, 178), 255.0),
    "teal": ((30, 116, 118), 190.0),
    "mint": ((166, 216, 190), 160.0),
    "green": ((50, 122, 70), 140.0),
    "olive": ((104, 104, 56), 110.0),
    "khaki": ((158, 144, 102), 100.0),
    "yellow": ((240, 208, 84), 85.0),
    "mustard": ((204, 154, 48), 75.0),
    "orange": ((228, 130, 52), 55.0),
    "coral": ((240, 124, 98), 35.0),
    "red": ((194, 42, 48), 22.0),
    "burgundy": ((112, 32, 48), 12.0),
    "pink": ((236, 168, 190), 355.0),
    "fuchsia": ((208, 48, 132), 345.0),
    "lilac": ((190, 164, 212), 310.0),
    "purple": ((108, 62, 142), 315.0),
}
"""Name → (sRGB, CIELAB hue angle in degrees; None for neutrals, which go with everything)."""

NEUTRALS: Final = tuple(name for name, (_, hue) in COLOURS.items() if hue is NEUTRAL)
ACCENTS: Final = tuple(name for name, (_, hue) in COLOURS.items() if hue is not NEUTRAL)


def shade_of(name: str, rng: np.random.Generator) -> Rgb:
    """A dye lot: the colour, a little off."""
    rgb = np.array(COLOURS[name][0]) + rng.normal(0, 4, 3) + rng.normal(0, 3)
    r, g, b = (int(v) for v in np.clip(rgb, 16, 248))
    return r, g, b


def contrast(name: str, rng: np.random.Generator) -> str:
    """A colour that shows on `name` and suits it: mostly a neutral of another brightness."""
    base = np.array(COLOURS[name][0]).mean()
    pool = [n for n in NEUTRALS if abs(np.array(COLOURS[n][0]).mean() - base) > 75]
    if rng.random() < 0.3:
        pool = [n for n in ACCENTS if abs(np.array(COLOURS[n][0]).mean() - base) > 50] or pool
    return str(rng.choice(pool))

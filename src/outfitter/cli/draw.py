"""Boxes on a photo: a thin line in the colour of the slot, and a readable label."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from outfitter.values import Detections, Photo

SLOT_COLOURS: Final[Mapping[str, str]] = {
    "top": "#4f8ff7",
    "bottom": "#f2994a",
    "long": "#b36ae2",
    "footwear": "#27ae7a",
    "bag": "#eb5a6f",
    "headwear": "#e3b93c",
    "eyewear": "#35b8c9",
}
"""Told apart on light and dark photos, and by most colour-blind people."""

OTHER: Final = "#9aa3ad"
FINE: Final = 3
"""Drawn this many times larger and scaled down, so that corners and labels are smooth."""
MOST_FINE: Final = 4_000_000
"""Frames of more pixels are drawn at once: at their size a corner is smooth enough, and the mask would be large."""


def draw_boxes(photo: Photo, detections: Detections, *, scores: bool = True) -> NDArray[np.uint8]:
    """A copy of the photo, uint8 (H, W, 3), with its boxes; the surest lies on top. Labels tell scores if so asked."""
    image = Image.fromarray(photo.pixels)
    unit = max(1.0, (photo.size_wh[0] * photo.size_wh[1]) ** 0.5 / 400)
    for box, label, _ in reversed(list(detections)):
        _frame(image, box, SLOT_COLOURS.get(label, OTHER), unit)
    taken: list[tuple[int, int, int, int]] = []
    for box, label, score in detections:
        text = f"{label} {score:.2f}" if scores else label
        taken.append(_tag(image, box, text, SLOT_COLOURS.get(label, OTHER), unit, taken))
    return np.asarray(image)


def _frame(image: Image.Image, box_xyxy: list[float], colour: str, unit: float) -> None:
    """A rounded frame with a faint dark rim that keeps it visible on its own colour."""
    margin = round(2 * unit) + 1
    x1, y1, x2, y2 = (round(value) for value in box_xyxy)
    # A box of less than a pixel still gets a frame.
    size = (max(1, x2 - x1) + 2 * margin, max(1, y2 - y1) + 2 * margin)
    fine = FINE if size[0] * size[1] < MOST_FINE else 1
    for rgb, width, opacity in (("#000000", 2 * unit, 70), (colour, 1.1 * unit, 255)):
        mask = Image.new("L", (size[0] * fine, size[1] * fine))
        edge = (margin * fine, margin * fine, (size[0] - margin) * fine - 1, (size[1] - margin) * fine - 1)
        pen = ImageDraw.Draw(mask)
        pen.rounded_rectangle(edge, 4 * unit * fine, outline=opacity, width=max(1, round(width * fine)))
        image.paste(rgb, (x1 - margin, y1 - margin), mask.resize(size, Image.Resampling.BOX))


def _tag(
    image: Image.Image,
    box_xyxy: list[float],
    text: str,
    colour: str,
    unit: float,
    taken: list[tuple[int, int, int, int]],
) -> tuple[int, int, int, int]:
    """Draw the label at the first corner of the box where it covers no other label; return where it lies, xyxy."""
    font = ImageFont.load_default(max(11.0, 9 * unit) * FINE)
    left, _, right, _ = font.getbbox(text)
    _, above, _, below = font.getbbox("Agp")  # every label is as high, with or without a g
    pad_x, pad_y = 4 * unit * FINE, 2 * unit * FINE
    size = (math.ceil((right - left + 2 * pad_x) / FINE), math.ceil((below - above + 2 * pad_y) / FINE))
    mask = Image.new("L", (size[0] * FINE, size[1] * FINE))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), 3 * unit * FINE, fill=255)
    tag = Image.new("RGB", mask.size, colour)
    ImageDraw.Draw(tag).text((pad_x - left, pad_y - above), text, fill=_ink(colour), font=font)
    place = _place(box_xyxy, size, image.size, round(unit), taken)
    image.paste(tag.resize(size, Image.Resampling.BOX), place[:2], mask.resize(size, Image.Resampling.BOX))
    return place


def _place(
    box_xyxy: list[float],
    size_wh: tuple[int, int],
    photo_wh: tuple[int, int],
    gap: int,
    taken: list[tuple[int, int, int, int]],
) -> tuple[int, int, int, int]:
    """Above the box at its left or right, else inside at a corner, else below; never outside of the photo."""
    w, h = size_wh
    x1, y1, x2, y2 = (round(value) for value in box_xyxy)
    left, right = (min(max(0, x), max(0, photo_wh[0] - w)) for x in (x1, x2 - w))
    above, below = y1 - h - gap, y2 + gap
    corners = [(left, above), (right, above), (left, y1 + 2 * gap), (left, y2 - h - 2 * gap), (left, below)]
    places = [(x, y, x + w, y + h) for x, y in corners if 0 <= y <= photo_wh[1] - h] or [(left, 0, left + w, h)]
    free = (a for a in places if not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in taken))
    return next(free, places[0])


def _ink(colour: str) -> str:
    """Black or white, whichever reads better on `colour` (WCAG relative luminance above 0.18 takes black)."""
    r, g, b = ((value / 255) ** 2.2 for value in bytes.fromhex(colour[1:]))
    return "#000000" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 else "#ffffff"

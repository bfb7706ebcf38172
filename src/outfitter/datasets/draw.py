"""A contact sheet: photos with their boxes, to look at before anything is trained on them."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from outfitter.errors import PhotoError
from outfitter.photo import load_photo
from outfitter.taxonomy import SLOTS
from outfitter.values import Example

TILE: Final = (300, 400)
"""Width and height of a photo on the sheet, at most, in pixels."""
GAP: Final = 14
CAPTION: Final = 24
PAPER: Final = "#ffffff"
INK: Final = "#1c2024"
FAINT: Final = "#6b7480"
_SLOT_COLOURS: Final = ("#4f8ff7", "#f2994a", "#b36ae2", "#27ae7a", "#eb5a6f", "#e3b93c", "#35b8c9")


def colours(class_names: Sequence[str]) -> dict[str, str]:
    """A colour for every class; those of slots are fixed, others are spread around the colour circle."""
    fixed = dict(zip(SLOTS, _SLOT_COLOURS, strict=True))
    found: dict[str, str] = {}
    for i, name in enumerate(class_names):
        rgb = colorsys.hls_to_rgb(i * 0.618034 % 1, 0.58, 0.72)  # the golden angle keeps neighbours apart
        found[name] = fixed.get(name) or "#" + "".join(f"{round(255 * value):02x}" for value in rgb)
    return found


def choose(examples: Sequence[Example], number: int, seed: int, label: str | None = None) -> list[Example]:
    """A seeded sample, in the data set's order; with `label`, of photos that have it."""
    found = [example for example in examples if label is None or label in example.annotations.labels]
    picked = np.random.default_rng(seed).permutation(len(found))[:number]
    return [found[i] for i in sorted(picked)]


def contact_sheet(examples: Sequence[Example], class_names: Sequence[str]) -> NDArray[np.uint8]:
    """The sheet, uint8 (H, W, 3): rows of photos as high as they can be, boxes with labels, names below.

    A photo that cannot be read becomes a tile that says so.
    """
    palette = colours(class_names)
    columns = min(len(examples), max(1, round(len(examples) ** 0.5 * 1.3)))
    rows = [examples[i : i + columns] for i in range(0, len(examples), columns)]
    tiles = [[_tile(example, palette) for example in row] for row in rows]
    heights = [max(tile.height for tile in row) for row in tiles]
    width = GAP + columns * (TILE[0] + GAP)
    sheet = Image.new("RGB", (width, GAP + sum(heights) + len(rows) * (CAPTION + GAP)), PAPER)
    pen = ImageDraw.Draw(sheet)
    y = GAP
    for row, height, tiles_of_row in zip(rows, heights, tiles, strict=True):
        for i, (example, tile) in enumerate(zip(row, tiles_of_row, strict=True)):
            x = GAP + i * (TILE[0] + GAP)
            sheet.paste(tile, (x + (TILE[0] - tile.width) // 2, y + height - tile.height))
            caption = fit(f"{example.name}  {example.split}", font(13), TILE[0])
            pen.text((x + TILE[0] / 2, y + height + CAPTION / 2), caption, FAINT, font(13), anchor="mm")
        y += height + CAPTION + GAP
    return np.asarray(sheet)


def _tile(example: Example, palette: Mapping[str, str]) -> Image.Image:
    truth = example.annotations
    try:
        image = Image.fromarray(load_photo(example.image).pixels)
    except PhotoError as error:
        tile = Image.new("RGB", (TILE[0], TILE[0]), "#f1f3f5")
        ImageDraw.Draw(tile).multiline_text((12, 12), wrap(str(error), font(13), TILE[0] - 24), INK, font(13))
        return tile
    scale = min(TILE[0] / image.width, TILE[1] / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    # Boxes are placed by their share of the photo, so one of another size shows them where they are believed to be.
    by = size[0] / truth.size_wh[0], size[1] / truth.size_wh[1]
    tile = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    pen = ImageDraw.Draw(tile)
    boxes = [
        (round(x1 * by[0]), round(y1 * by[1]), round(x2 * by[0]) - 1, round(y2 * by[1]) - 1)
        for x1, y1, x2, y2 in truth.boxes_xyxy.tolist()
    ]
    for (x1, y1, x2, y2), label in zip(boxes, truth.labels, strict=True):
        x2, y2 = max(x1, x2), max(y1, y2)
        pen.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline="#00000060")
        pen.rectangle((x1, y1, x2, y2), outline=palette[label], width=2)
    taken: list[tuple[int, int, int, int]] = []
    for box, label in zip(boxes, truth.labels, strict=True):
        taken.append(_label(pen, box, label, palette[label], size, taken))
    return tile


def _label(
    pen: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    text: str,
    colour: str,
    size: tuple[int, int],
    taken: Sequence[tuple[int, int, int, int]],
) -> tuple[int, int, int, int]:
    """Write a label at the first corner of its box where it covers no other; returns where."""
    text = fit(text, font(13), size[0] - 8)
    width, height = round(font(13).getlength(text)) + 8, 18
    x1, y1, x2, y2 = box
    spots = [(x1, y1 - height), (x2 - width, y1 - height), (x1, y1), (x2 - width, y1), (x1, y2 - height), (x1, y2)]
    spots = [(min(max(0, x), max(0, size[0] - width)), min(max(0, y), max(0, size[1] - height))) for x, y in spots]
    places = [(x, y, x + width, y + height) for x, y in spots]
    free = (a for a in places if not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in taken))
    place = next(free, places[0])
    pen.rectangle((place[0], place[1], place[2] - 1, place[3] - 1), fill=colour)
    pen.text((place[0] + 4, place[1] + height / 2), text, ink_on(colour), font(13), anchor="lm")
    return place


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def fit(text: str, face: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """The text, its middle left out where it is wider than `width` pixels."""
    keep = len(text)
    shown = text
    while keep > 4 and face.getlength(shown) > width:
        keep -= 1
        shown = f"{text[: keep // 3]}…{text[-(keep - keep // 3) :]}"
    return shown


def wrap(text: str, face: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """The text in lines of at most `width` pixels; long words are cut."""
    lines = [""]
    for character in text:
        if face.getlength(lines[-1] + character) > width:
            head, space, tail = lines[-1].rpartition(" ")
            lines[-1:] = [head, tail] if space else [lines[-1], ""]
        lines[-1] += character
    return "\n".join(lines)


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on `colour` (WCAG relative luminance above 0.18 takes black)."""
    r, g, b = ((value / 255) ** 2.2 for value in bytes.fromhex(colour[1:]))
    return "#000000" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 else "#ffffff"

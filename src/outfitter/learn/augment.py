"""How a training photo is varied: one random window, resized once, then colour.

Every choice comes from the given generator, so (seed, sample number) fixes the picture: a resumed run sees exactly
what an uninterrupted one would have seen.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from outfitter.config import Options
from outfitter.geometry import Boxes, areas


class Augment(Options):
    """Ranges of the random changes. All zero: the photo is only fitted into the canvas."""

    flip: float = Field(default=0.5, ge=0, le=1, description="chance of a mirror image")
    zoom: float = Field(default=0.5, ge=0, le=1, description="log2 range of the scale: 1 is from half to double")
    stretch: float = Field(default=0.2, ge=0, le=1, description="log2 range of the aspect ratio")
    shift: float = Field(default=0.5, ge=0, le=1, description="how far off centre the window may lie")
    colour: float = Field(default=0.3, ge=0, le=1, description="strength of brightness, contrast and saturation")
    grey: float = Field(default=0.02, ge=0, le=1, description="chance of a picture without colour")
    keep: float = Field(default=0.3, gt=0, le=1, description="a box less visible than this share is dropped")


MASK_STRIDE: Final = 4
"""A varied mask has a pixel for each square of so many of the picture's."""
UNKNOWN: Final = 255
"""In a varied mask: outside of the photo, or nothing is known."""

NONE = Augment(flip=0, zoom=0, stretch=0, shift=0, colour=0, grey=0)


class Varied(NamedTuple):
    """pixels: uint8 (canvas height, canvas width, 3). boxes_xyxy: those still visible, in pixels of the canvas,
    clipped; kept: which of the photo's they are. mask: uint8 (canvas height / 4, canvas width / 4), if one was given.
    """

    pixels: NDArray[np.uint8]
    boxes_xyxy: Boxes
    kept: NDArray[np.intp]
    mask: NDArray[np.uint8] | None


def vary(
    pixels: NDArray[np.uint8],
    boxes_xyxy: Boxes,
    canvas_wh: tuple[int, int],
    options: Augment,
    rng: np.random.Generator,
    squash: bool = False,
    mask: NDArray[np.uint8] | None = None,
) -> Varied:
    """Cut a random window of a photo and fit it to the canvas.

    Args:
        pixels: uint8 (H, W, 3).
        boxes_xyxy: (N, 4), pixels of the photo.
        canvas_wh: the size of the result.
        squash: give the photo the canvas's shape first, as a detector of fixed size is served; else keep its own.
        mask: uint8 (H, W) of ids below `UNKNOWN`, moved as the photo is.
    """
    height, width = pixels.shape[:2]
    canvas = np.array(canvas_wh, np.float64)
    fit = canvas / (width, height)
    fit = fit if squash else np.full(2, fit.min())
    zoom = 2.0 ** rng.uniform(-options.zoom, options.zoom)
    aspect = 2.0 ** rng.uniform(-options.stretch / 2, options.stretch / 2)
    scale = fit * zoom * np.array([aspect, 1 / aspect])
    window = canvas / scale  # what of the photo the canvas shows, in pixels of the photo
    spare = np.array([width, height]) - window  # negative where the canvas is larger than the photo
    corner = spare * (0.5 + options.shift * rng.uniform(-1, 1, 2))
    fill = rng.integers(0, 256, 3) if options.colour and rng.random() < 0.5 else np.array([255, 255, 255])

    seen = np.clip([*corner, *(corner + window)], 0, [width, height] * 2)
    target = np.rint((seen.reshape(2, 2) - corner) * scale).astype(int)
    (left, top), (right, bottom) = target
    result = np.empty((canvas_wh[1], canvas_wh[0], 3), np.uint8)
    result[:] = fill
    if right > left and bottom > top:
        image = Image.fromarray(pixels).resize((right - left, bottom - top), Image.Resampling.BILINEAR, tuple(seen))
        result[top:bottom, left:right] = np.asarray(image)

    moved = ((boxes_xyxy.reshape(-1, 2, 2) - corner) * scale).reshape(-1, 4).astype(np.float32)
    clipped = np.clip(moved, 0, np.tile(canvas, 2).astype(np.float32))
    kept = np.flatnonzero(areas(clipped) >= np.maximum(options.keep * areas(moved), 16))
    clipped = clipped[kept]
    moved_mask = None if mask is None else _moved(mask, seen, target, canvas_wh)
    if rng.random() < options.flip:
        result = result[:, ::-1]
        moved_mask = None if moved_mask is None else moved_mask[:, ::-1]
        clipped = np.stack([canvas[0] - clipped[:, 2], clipped[:, 1], canvas[0] - clipped[:, 0], clipped[:, 3]], 1)
    return Varied(_recolour(result, options, rng), clipped.astype(np.float32), kept, moved_mask)


def _moved(
    mask: NDArray[np.uint8], seen: NDArray[np.float64], target: NDArray[np.intp], canvas_wh: tuple[int, int]
) -> NDArray[np.uint8]:
    """What of the mask the canvas shows, by the nearest pixel. seen: xyxy of the photo; target: where that lies."""
    width, height = (side // MASK_STRIDE for side in canvas_wh)
    result = np.full((height, width), UNKNOWN, np.uint8)
    (left, top), (right, bottom) = np.clip(np.rint(target / MASK_STRIDE).astype(int), 0, [width, height])
    if right > left and bottom > top:
        size = (int(right - left), int(bottom - top))
        shown = Image.fromarray(mask).resize(size, Image.Resampling.NEAREST, tuple(seen))
        result[top:bottom, left:right] = np.asarray(shown)
    return result


def _recolour(pixels: NDArray[np.uint8], options: Augment, rng: np.random.Generator) -> NDArray[np.uint8]:
    if options.colour == 0 and options.grey == 0:
        return np.ascontiguousarray(pixels)
    picture = pixels.astype(np.float32)
    luma = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    brightness, contrast, saturation = 1 + options.colour * rng.uniform(-1, 1, 3)
    cast = 1 + 0.2 * options.colour * rng.uniform(-1, 1, 3)
    if rng.random() < options.grey:
        saturation = 0.0
    mean = float(luma.mean())
    picture = luma[..., None] * (1 - saturation) + picture * saturation
    picture = ((picture - mean) * contrast + mean) * brightness * cast
    return np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)

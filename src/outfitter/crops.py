"""Cuts garments out of a photo for the embedder: one protocol for training, index and query.

Each box is grown by `MARGIN` of its sides, cut at the photo's edges, scaled with its aspect kept until it fits a
square, and centred there on white.

White was chosen over the two other ways to make a garment square by frozen EfficientNet-Lite2 features at 224 px on
593 boxes of 134 Clothing Co-Parsing photos:

    Recall@1                                          white   context   stretched
    street garment → its packshot, of 593             0.511     0.305       0.479
    garment pasted on another photo → its packshot    0.804     0.600       0.799
    street garment → same class in clothing-small     0.571     0.524       0.559
    street garment → same label on another person     0.481     0.470       0.484

A square of context around trousers is mostly other things; stretching makes a skirt of a dress. The packshots here
are the garments' own pixels, flipped, brightened and laid on white.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from outfitter.geometry import Boxes, clip, grow
from outfitter.values import Crops, Photo

PROTOCOL: Final = "letterbox-white-1"
"""Goes into embedder manifests and catalogues; changing any pixel that `crop` returns needs a new id."""
MARGIN: Final = 0.08


def crop(photo: Photo, boxes_xyxy: Boxes, side: int) -> Crops:
    """Cut N ≥ 0 boxes → uint8 (N, side, side, 3), in the boxes' order.

    Args:
        boxes_xyxy: float32 (N, 4), pixels of the photo; what lies outside the photo is ignored.
        side: of the crops, in pixels, at least 1.

    Raises:
        ValueError: a box has no area within the photo.
    """
    pixels = np.full((len(boxes_xyxy), side, side, 3), 255, np.uint8)
    inside = clip(boxes_xyxy, photo.size_wh)
    good = (inside[:, :2] < inside[:, 2:]).all(1)
    if not good.all():
        worst = int(np.argmin(good))
        raise ValueError(f"{photo.name}: box {worst} is {boxes_xyxy[worst].tolist()}, no area in {photo.size_wh}")
    for square, box in zip(pixels, clip(grow(inside, MARGIN), photo.size_wh).tolist(), strict=True):
        x1, y1, x2, y2 = box
        scale = side / max(x2 - x1, y2 - y1)
        width, height = max(1, round((x2 - x1) * scale)), max(1, round((y2 - y1) * scale))
        # Only the pixels under the box are handed to Pillow, which would copy the whole photo otherwise.
        left, top = int(x1), int(y1)
        window = Image.fromarray(photo.pixels[top : int(np.ceil(y2)), left : int(np.ceil(x2))])
        garment = window.resize(
            (width, height),
            Image.Resampling.BILINEAR,  # antialiased: Pillow widens the filter when it scales down
            box=(x1 - left, y1 - top, x2 - left, y2 - top),
            reducing_gap=3.0,  # boxes over six times `side` are halved first, which cannot be seen
        )
        x, y = (side - width) // 2, (side - height) // 2
        square[y : y + height, x : x + width] = np.asarray(garment)
    return Crops(pixels, PROTOCOL)


def crop_whole(photo: Photo, side: int) -> Crops:
    """The whole picture as one crop, uint8 (1, side, side, 3): what `crop` makes of a box around all of it."""
    width, height = photo.size_wh
    return crop(photo, np.array([[0, 0, width, height]], np.float32), side)

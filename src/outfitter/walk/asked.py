"""Which garments of a photo are asked for, and what to call them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Final

import numpy as np

from outfitter.errors import QueryError
from outfitter.geometry import Boxes, as_boxes, iou
from outfitter.recommendations import Garment
from outfitter.recommendations.colour import name_colour
from outfitter.recommendations.slots import NOUNS
from outfitter.values import Detections, Photo

SAME_GARMENT: Final = 0.5
"""IoU from which a marked region is taken to be a garment that the detector found, and gets its slot."""

COLOUR_TOLD_BY_CENTRE: Final = ("top", "bottom", "long", "bag")
"""Slots whose box has the garment at its centre. Between two shoes lies the floor, under a hat a face."""


def asked_for(
    photo: Photo, detections: Detections, garment: int | None, region: Sequence[float] | None
) -> tuple[Boxes, list[Garment]]:
    """The boxes that were asked for, and what to call them. Vectors are yet to come."""
    if garment is not None and region is not None:
        raise QueryError("garment and region both choose a part of the photo; give one of them.")
    nothing = np.zeros((0, 0), np.float32)
    if region is not None:
        box = _checked_region(region, photo)
        overlaps = iou(box, detections.boxes_xyxy)[0]
        best = int(overlaps.argmax()) if len(overlaps) else -1
        slot = detections.labels[best] if best >= 0 and overlaps[best] >= SAME_GARMENT else None
        colour = _colour(photo, box[0].tolist(), slot)
        return box, [Garment(nothing, slot, _name(slot, colour, "the part you marked"), colour=colour)]
    if garment is not None:
        require_garment(garment, detections, photo.name)
    numbers = range(len(detections)) if garment is None else [garment]
    if not numbers:
        whole = "your picture as a whole (no garment was found in it)"
        return as_boxes([]), [Garment(nothing, None, whole)]
    garments = []
    for number in numbers:
        slot = detections.labels[number]
        colour = _colour(photo, detections.boxes_xyxy[number].tolist(), slot)
        garments.append(Garment(nothing, slot, _name(slot, colour, ""), number, colour))
    return detections.boxes_xyxy[list(numbers)], garments


def require_garment(garment: int, detections: Detections, name: str) -> None:
    """Raises QueryError if it is none of the detections. name: the photo's."""
    if not 0 <= garment < len(detections):
        found = ", ".join(f"{number} {label}" for number, label in enumerate(detections.labels)) or "none"
        raise QueryError(f"{name}: there is no garment {garment}; found: {found}. Choose one, or give a region.")


def require_kinds(k: object, **lists: object) -> None:
    """Raises QueryError if k is no whole number, or something stands by itself where a list is due."""
    if k is not None and not isinstance(k, Integral):
        raise QueryError(f"k is {k!r}; need a whole number from 1.")
    for name, given in lists.items():
        if isinstance(given, str | bytes) or not isinstance(given, Iterable):
            raise QueryError(f"{name} is {given!r:.80}; need a list, even of one. Write {name}=[…].")


def _checked_region(region: Sequence[float], photo: Photo) -> Boxes:
    w, h = photo.size_wh
    try:
        box = as_boxes([list(region)])
        x1, y1, x2, y2 = box[0].tolist()
    except ValueError:
        raise QueryError(f"region is {list(region)}; need four numbers x1,y1,x2,y2 in pixels.") from None
    if not (0 <= x1 < x2 <= w and 0 <= y1 < y2 <= h):
        raise QueryError(
            f"{photo.name}: region is {x1:g},{y1:g},{x2:g},{y2:g}; need 0 <= x1 < x2 <= {w} and 0 <= y1 < y2 <= {h}, "
            f"in pixels of the upright photo."
        )
    return box


def _colour(photo: Photo, box_xyxy: list[float], slot: str | None) -> str | None:
    """The colour of the middle of the box, from a grid of 16 × 16 pixels; None where the middle tells nothing."""
    if slot is not None and slot not in COLOUR_TOLD_BY_CENTRE:
        return None
    w, h = photo.size_wh
    x1, y1, x2, y2 = box_xyxy
    inner = np.linspace(0.25, 0.75, 16)
    columns = np.clip(x1 + inner * (x2 - x1), 0, w - 1).astype(int)
    rows = np.clip(y1 + inner * (y2 - y1), 0, h - 1).astype(int)
    return name_colour(photo.pixels[np.ix_(rows, columns)])


def _name(slot: str | None, colour: str | None, unknown: str) -> str:
    if slot is None:
        return unknown
    return f"your {f'{colour} ' if colour else ''}{NOUNS.get(slot, slot)}"

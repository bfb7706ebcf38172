"""Record → Example: the photo's size is read, boxes are made pixels of the turned photo, broken ones are dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from outfitter.datasets.records import Box, Drops, Record, Slice
from outfitter.errors import PhotoError
from outfitter.photo import Header, check_bytes, check_pixels, read_header
from outfitter.values import Annotations

SNAP: Final = 0.01
"""Shares of a side, written with six digits or as float32, come back to whole pixels within this."""

MOST: Final = 1e9
"""No photo is as wide, and float32 holds it."""

SLACK: Final = 2.0
"""Pixels that a box may reach over the edge by rounding and still be said to fit."""

TINY: Final = 16
"""In a photo of longer sides than this, boxes within its first pixel are no garments."""


def header_of(image: Path | Slice) -> Header:
    """Raises PhotoError: it cannot be opened, or is over a limit of those who will decode it."""
    if isinstance(image, Slice):
        name, length = f"{image.path} at byte {image.offset}", image.length
        header = read_header(image.read(), name=name)
    else:
        name = str(image)
        header = read_header(image)
        length = image.stat().st_size
    check_bytes(name, length)
    check_pixels(name, header.stored_wh)
    return header


def as_stated(size_wh: tuple[int, int]) -> Callable[[Path | Slice], Header]:
    """For `settle`: the header of an upright photo of this size, whose file is not opened."""
    return lambda _: Header(size_wh, 1)


@dataclass(frozen=True, eq=False)
class Settled:
    """A record with only its good boxes, in pixels of the turned photo, of `size_wh`. notes: what was mended."""

    record: Record
    size_wh: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def annotations(self) -> Annotations:
        boxes = np.array(self.record.boxes, np.float32)
        return Annotations(boxes, self.record.labels, self.size_wh, np.array(self.record.crowd, bool))


def settle(record: Record, drops: Drops, read: Callable[[Path | Slice], Header] = header_of) -> Settled | None:
    """Check a record against its photo's header; what is wrong is added to `drops`. None: the photo is left out."""
    name = str(record.image) if isinstance(record.image, Path) else record.name
    try:
        header = read(record.image)
    except PhotoError as error:
        missing = isinstance(record.image, Path) and not record.image.exists()
        drops.add("missing image" if missing else "unreadable image", name, f"{error} Annotated in {record.where}.")
        return None
    size = header.size_wh
    notes: list[str] = []
    boxes = pixels(record, size)
    annotated_wh = annotated_size(record, header)
    if annotated_wh is not None and annotated_wh != size:
        if annotated_wh != header.stored_wh:
            stated = "{} × {}".format(*annotated_wh)
            detail = f"{record.where} says {stated} pixels, the file has {size[0]} × {size[1]}"
            drops.add("size differs", name, detail)
            return None
        boxes = [turn(box, header) for box in pixels(record, header.stored_wh)]
        notes.append("boxes turned upright with their photo")
    kept: list[int] = []
    seen: set[tuple[Box, str]] = set()
    for i, (box, fault) in enumerate(zip(boxes, faults_of(record, boxes, size), strict=True)):
        if fault is not None:
            drops.add(fault, name, f"{show(box)} in {size[0]} × {size[1]}; {record.where}", i)
            continue
        inside = clip(box, size)
        if inside != box:
            notes.append("boxes cut at the photo's edge")
        boxes[i] = inside
        if (inside, record.labels[i]) in seen:
            drops.add("duplicate box", name, f"{show(box)} {record.labels[i]} is there twice; {record.where}", i)
            continue
        seen.add((inside, record.labels[i]))
        kept.append(i)
    if not kept and (given := len(boxes) + record.rejected):
        drops.add("no good box left", name, f"all its {given} boxes were dropped; {record.where}")
        return None
    good = record._replace(
        boxes=tuple(boxes[i] for i in kept),
        labels=tuple(record.labels[i] for i in kept),
        crowd=tuple(record.crowd[i] for i in kept) if record.crowd else (False,) * len(kept),
        stated_wh=size,
        normalised=False,
    )
    return Settled(good, size, tuple(notes))


def annotated_size(record: Record, header: Header) -> tuple[int, int] | None:
    """The size that the boxes were made for: as stated, or, where it is not, as stored, if they fit in that alone.

    None: nothing tells.
    """
    if record.stated_wh is None and not record.normalised and record.boxes:
        over = {size: any(_is_over(box, size) for box in record.boxes) for size in (header.stored_wh, header.size_wh)}
        if over[header.size_wh] and not over[header.stored_wh]:
            return header.stored_wh
    return record.stated_wh


def _is_over(box: Box, size_wh: tuple[int, int]) -> bool:
    return not all(abs(value - inside) <= SLACK for value, inside in zip(box, clip(box, size_wh), strict=True))


def pixels(record: Record, size_wh: tuple[int, int]) -> list[Box]:
    """The record's boxes in pixels of a photo of `size_wh`."""
    if not record.normalised:
        return list(record.boxes)
    w, h = size_wh
    return [(_snap(x1 * w), _snap(y1 * h), _snap(x2 * w), _snap(y2 * h)) for x1, y1, x2, y2 in record.boxes]


def _snap(value: float) -> float:
    whole = round(value)
    return float(whole) if abs(value - whole) <= SNAP else value


def faults_of(record: Record, boxes: Sequence[Box], size_wh: tuple[int, int]) -> list[str | None]:
    """What makes each of a record's boxes unusable in a photo of `size_wh`, or None. boxes: the same, in pixels."""
    in_shares = (
        not record.normalised
        and min(size_wh) > TINY
        and all(-0.01 <= value <= 1.01 for box in record.boxes for value in box)
    )
    return [fault_of(box, size_wh) or ("box in shares" if in_shares else None) for box in boxes]


def fault_of(box: Box, size_wh: tuple[int, int]) -> str | None:
    """What makes a box unusable in a photo of `size_wh`, or None. A box that is partly outside is usable."""
    x1, y1, x2, y2 = box
    if not all(abs(value) < MOST for value in box):  # nor is a NaN
        return "malformed box"
    if x1 > x2 or y1 > y2:
        return "inverted box"
    x1, y1, x2, y2 = (float(np.float32(value)) for value in box)  # as it will be stored
    if x1 == x2 or y1 == y2:
        return "zero-area box"
    w, h = size_wh
    if min(x2, w) <= max(x1, 0) or min(y2, h) <= max(y1, 0):
        return "box outside the photo"
    return None


def clip(box: Box, size_wh: tuple[int, int]) -> Box:
    """The part of the box within the photo."""
    w, h = size_wh
    x1, y1, x2, y2 = box
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(w)), min(y2, float(h))


def turn(box: Box, header: Header) -> Box:
    """A box in the stored photo → the same box in the upright one (Exif 2.3, tag 0x0112)."""
    w, h = header.stored_wh
    x1, y1, x2, y2 = box
    match header.orientation:
        case 2:
            return w - x2, y1, w - x1, y2
        case 3:
            return w - x2, h - y2, w - x1, h - y1
        case 4:
            return x1, h - y2, x2, h - y1
        case 5:
            return y1, x1, y2, x2
        case 6:
            return h - y2, x1, h - y1, x2
        case 7:
            return h - y2, w - x2, h - y1, w - x1
        case 8:
            return y1, w - x2, y2, w - x1
    return box


def show(box: Box) -> str:
    return "[" + ", ".join(f"{value:g}" for value in box) + "]"

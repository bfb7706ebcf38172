"""The original's crops: each garment of train and val its own picture, with random margins; test photos stay whole.

Each side of the box gets a margin of its own, a uniform share of the box's width or height rounded to whole pixels,
and is cut at the photo's edge. A crop's margins come of the seed, the photo's name and the box's number, and of nothing
else. Crops under `MIN_SIDE` pixels a side are dropped, and boxes whose normalised aspect is not within `ASPECTS`.
"""

from __future__ import annotations

import math
import os
import re
import struct
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from PIL import Image

from outfitter.datasets.records import Box, Drops, Record, Slice
from outfitter.datasets.settle import Settled
from outfitter.errors import PhotoError
from outfitter.photo import Header, OpenedPhoto, read_bytes

CROPPED: Final = ("train", "val")
MIN_SIDE: Final = 50
"""Pixels, of the crop, or of the whole photo of a test garment."""
ASPECTS: Final = (0.2, 5.0)
"""Of a box: its share of the picture's width over its share of the height."""
QUALITY: Final = 90
"""Of the crops' JPEG."""


class LazyPhoto:
    """A record's photo, opened once: first its header, then, where a crop is to be cut, its pixels."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._opened: OpenedPhoto | None = None
        self._pixels: Image.Image | None = None

    def header(self, image: Path | Slice) -> Header:
        """Raises PhotoError."""
        data = image.read() if isinstance(image, Slice) else read_bytes(image, name=str(image))
        self._opened = OpenedPhoto(data, name=self._record.name)
        return self._opened.header

    def pixels(self) -> Image.Image:
        """Raises PhotoError. To be called after `header`."""
        assert self._opened is not None
        self._pixels = self._pixels or self._opened.upright()
        return self._pixels


def cut(
    settled: Settled,
    photo: LazyPhoto,
    margins: tuple[float, float],
    seed: int,
    folder: Path,
    stem: str,
    resumed: bool,
    drops: Drops,
) -> list[Record]:
    """Write the crops of one photo into `folder`; those that are there already are left, if `resumed`."""
    record, whole = settled.record, settled.size_wh
    crops: list[Record] = []
    for i, (box, label, crowd) in enumerate(zip(record.boxes, record.labels, record.crowd, strict=True)):
        if crowd:
            drops.add("crowd box", record.name, f"a group of {label} makes no crop; {record.where}", i)
            continue
        x1, y1, x2, y2 = window = crop_window(box, draw_margins(margins, seed, record.name, i), whole)
        size = x2 - x1, y2 - y1
        inside = (box[0] - x1, box[1] - y1, box[2] - x1, box[3] - y1)
        if not _is_large(inside, size, record, i, drops):
            continue
        number = "" if len(record.boxes) == 1 else f"@{i}"
        image = Path(f"{folder}/{stem}{number}.jpg")
        if not (resumed and is_whole(image)):
            try:
                pixels = photo.pixels()
                if pixels.size != whole:
                    raise PhotoError(f"it decodes to {pixels.size}, its header says {whole}")
            except PhotoError as error:
                drops.add("unreadable image", record.name, f"{error}; {record.where}")
                return []
            _save(pixels.crop(window), image)
        one = record._replace(image=image, name=record.name + number, stated_wh=size)
        crops.append(one._replace(boxes=(inside,), labels=(label,), crowd=(False,)))
    return crops


def photo_of(name: str) -> str:
    """The name of the photo that a crop of this name is from; a photo's own name stays as it is."""
    return re.sub(r"@\d+$", "", name)


def keep_large(settled: Settled, drops: Drops) -> Record:
    """The record of a photo that stays whole, without the boxes that the original drops."""
    record = settled.record
    kept = [i for i, box in enumerate(record.boxes) if _is_large(box, settled.size_wh, record, i, drops)]
    return record._replace(
        boxes=tuple(record.boxes[i] for i in kept),
        labels=tuple(record.labels[i] for i in kept),
        crowd=tuple(record.crowd[i] for i in kept),
    )


def draw_margins(margins: tuple[float, float], seed: int, name: str, number: int) -> list[float]:
    """Four shares, uniform between `margins`: left, top, right, bottom."""
    digest = sha256(f"{seed}\0{name}\0{number}".encode()).digest()
    least, most = margins
    return [least + (most - least) * value / 2**64 for value in struct.unpack("<4Q", digest)]


def crop_window(box: Sequence[float], margins: Sequence[float], size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """The whole pixels that a crop takes, xyxy: the box and its margins, cut at the photo's edges.

    margins: left, top, right, bottom, in shares of the box's own width and height, rounded to whole pixels as in the
    original.
    """
    x1, y1, x2, y2 = box
    w, h = x2 - x1, y2 - y1
    left, top, right, bottom = (round(m * side) for m, side in zip(margins, (w, h, w, h), strict=True))
    return (
        max(0, math.floor(x1 - left)),
        max(0, math.floor(y1 - top)),
        min(size_wh[0], math.ceil(x2 + right)),
        min(size_wh[1], math.ceil(y2 + bottom)),
    )


def _is_large(box: Box, size_wh: tuple[int, int], record: Record, number: int, drops: Drops) -> bool:
    if min(size_wh) < MIN_SIDE:
        detail = f"{size_wh[0]} × {size_wh[1]} pixels, under {MIN_SIDE} a side; {record.where}"
        drops.add("crop too small", record.name, detail, number)
        return False
    aspect = ((box[2] - box[0]) / size_wh[0]) / ((box[3] - box[1]) / size_wh[1])
    if not ASPECTS[0] <= aspect <= ASPECTS[1]:
        detail = f"normalised aspect {aspect:.3g} is outside {ASPECTS[0]:g} to {ASPECTS[1]:g}; {record.where}"
        drops.add("extreme aspect", record.name, detail, number)
        return False
    return True


def _save(crop: Image.Image, path: Path) -> None:
    """Write in place: a rename for each of 200 000 small files would take as long as half of their decoding."""
    try:
        crop.save(path, "JPEG", quality=QUALITY)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        crop.save(path, "JPEG", quality=QUALITY)


def is_whole(path: Path) -> bool:
    """Whether a JPEG file is there and was written to its end, by its last marker (EOI, ITU-T T.81)."""
    try:
        with path.open("rb") as file:
            file.seek(-2, os.SEEK_END)
            return file.read() == b"\xff\xd9"
    except OSError:  # not there, or too short
        return False

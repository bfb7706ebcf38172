"""A lopsided picture whose corners are told apart, and ways to store it."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from outfitter.photo import load_photo

CORNERS = {"red": (220, 30, 40), "green": (20, 200, 60), "blue": (30, 40, 210), "white": (255, 255, 255)}


def upright() -> NDArray[np.uint8]:
    """48 × 32: red top left, green top right, blue bottom left, white bottom right."""
    pixels = np.empty((32, 48, 3), np.uint8)
    pixels[:16, :24], pixels[:16, 24:], pixels[16:, :24], pixels[16:, 24:] = CORNERS.values()
    return pixels


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(upright()).convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    if kind == "JPEG":
        options = {"quality": 95, "subsampling": 0, **options}
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def assert_like(data: bytes, expected: NDArray[np.uint8], atol: int) -> None:
    """Same size, and the middle of each corner within atol: lossy formats may blur the seams."""
    pixels = load_photo(data).pixels
    assert pixels.shape == expected.shape
    for y, x in ((8, 12), (8, 36), (24, 12), (24, 36)):
        np.testing.assert_allclose(pixels[y, x].astype(int), expected[y, x].astype(int), atol=atol)


# What row 0 and column 0 of the stored picture show, by the EXIF standard's table for tag 0x0112.
FIRST_ROW_AND_COLUMN = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def stored(orientation: int) -> Image.Image:
    row, column = FIRST_ROW_AND_COLUMN[orientation]
    pixels = upright() if row in ("top", "bottom") else upright().swapaxes(0, 1)
    pixels = pixels[::-1] if row in ("bottom", "right") else pixels
    return Image.fromarray(np.ascontiguousarray(pixels[:, ::-1] if column in ("bottom", "right") else pixels))


def exif_block(orientation: int, order: str = ">", kind: int = 3, before: bytes = b"") -> bytes:
    """An EXIF block whose first directory holds `before` (raw 12-byte entries) and then the orientation."""
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *((orientation, 0) if kind == 3 else (orientation,)))
    entries = before + struct.pack(order + "HHI", 0x0112, kind, 1) + value
    head = {">": b"MM\0*", "<": b"II*\0"}[order] + struct.pack(order + "I", 8)
    return b"Exif\0\0" + head + struct.pack(order + "H", len(entries) // 12) + entries + bytes(4)


def swapped_profile(description: bytes = b"\0t\0R\0G\0B") -> bytes:
    """The sRGB profile with red and green primaries exchanged, and called something else."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (profile.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)).replace(
        b"\0s\0R\0G\0B", description
    )

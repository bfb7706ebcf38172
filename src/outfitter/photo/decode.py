"""From a picture's bytes to upright RGB pixels."""

from __future__ import annotations

import io
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

# The plugins register themselves with Image.open; any that were missing would make it import all of Pillow's.
from PIL import (
    AvifImagePlugin,  # noqa: F401
    Image,
    ImageChops,
    ImageCms,
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from outfitter.errors import PhotoError, reason
from outfitter.photo.limits import ALLOWED, FORMATS, LIMITS, Limits, check_pixels, too_large

MAX_SCANS: Final = 100
"""Of a progressive JPEG, each of which makes the decoder walk the whole picture: a few kilobytes of them take minutes
(libjpeg-turbo, "Two Issues with the JPEG Standard"). Encoders write about ten."""

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation → how to turn the stored picture upright (Exif 2.3, tag 0x0112)."""


class Header(NamedTuple):
    """What a file says of its picture before it is decoded. orientation: Exif's, 1 to 8; 5 and above swap the sides."""

    stored_wh: tuple[int, int]
    orientation: int

    @property
    def size_wh(self) -> tuple[int, int]:
        """The size that `load_photo` will return."""
        width, height = self.stored_wh
        return (height, width) if self.orientation in (5, 6, 7, 8) else (width, height)


def read_header(source: Path | bytes, *, name: str | None = None) -> Header:
    """A picture's size without decoding it, in about 50 µs. The turn of a PNG with its EXIF last goes unseen.

    Raises:
        PhotoError: it cannot be opened, or is no picture. A picture that is damaged further on is not noticed.
    """
    name = name or ("(bytes)" if isinstance(source, bytes) else str(source))
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with _quiet(), Image.open(file, formats=FORMATS) as image:
            return Header(image.size, _orientation(image.info.get("exif", b"")))
    except FileNotFoundError:
        raise PhotoError(f"{name}: there is no such file; {ALLOWED}. Check the path.") from None
    except UnidentifiedImageError:
        raise PhotoError(f"{name}: is no picture, or its header is damaged; {ALLOWED}.") from None
    except Exception as error:  # as in OpenedPhoto
        raise PhotoError(f"{name}: cannot be opened: {str(error) or type(error).__name__}.") from None


_WARNINGS = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's remarks on size and metadata from our callers; one at a time, as this swaps process-wide state."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class OpenedPhoto:
    """A picture of which only the header is read, until its pixels are asked for: for those who may not need them.

    data: the file's bytes. Raises PhotoError if it is no picture or over a limit.
    """

    def __init__(self, data: bytes, *, name: str, limits: Limits = LIMITS) -> None:
        self._data, self._name, self._limits = data, name, limits
        with self._explained(), _quiet():
            if data.startswith(b"\xff\xd8") and (scans := data.count(b"\xff\xda")) > MAX_SCANS:
                raise PhotoError(
                    f"{name}: has {scans} scans; the limit is {MAX_SCANS}. Save it again, as JPEG or PNG."
                )  # in coded data a 0 follows every 255, so these are scans, or those of a thumbnail
            self._image = Image.open(io.BytesIO(data), formats=FORMATS)
            width, height = self._image.size
            check_pixels(name, (width, height), limits)
            self.header = Header((width, height), _orientation(self._image.info.get("exif", b"")))

    def upright(self) -> Image.Image:
        """The pixels, as `load_photo` has them, in mode RGB. Raises PhotoError if the picture is damaged."""
        with self._explained():
            if self._image.format == "TIFF":
                with _quiet():
                    self._image.load()  # warns of its metadata a second time; the others have done so by now
            return _upright_rgb(self._image)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Whatever is raised, as one PhotoError."""
        name = self._name
        try:
            yield
        except PhotoError:
            raise
        except UnidentifiedImageError:
            start = self._data[:12]
            raise PhotoError(f"{name}: is no picture, or its header is damaged: starts {start!r}; {ALLOWED}.") from None
        except Image.DecompressionBombError as error:  # Pillow's own, higher limit, checked while opening
            pixels = int(re.findall(r"\d+", str(error))[0])
            raise PhotoError(too_large(name, f"{pixels:,}", self._limits)) from None
        except Exception as error:  # damaged files raise nearly every type there is, struct.error, NotImplementedError
            raise PhotoError(
                f"{name}: cannot be decoded: {reason(error)}. Save or download it again, as JPEG or PNG."
            ) from None


def _upright_rgb(image: Image.Image) -> Image.Image:
    image.load()  # first: a PNG may carry its EXIF after its pixels
    turn = _TURNS.get(_orientation(image.info.get("exif", b"")))
    rgb = _rgb(image)
    return rgb.transpose(turn) if turn is not None else rgb


def _orientation(exif: bytes) -> int:
    """Tag 0x0112 of an EXIF block's first directory, 1 (upright) if there is none.

    Read here because Pillow parses all of it and gives up, or warns, when any other tag is junk.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    with suppress(struct.error):  # cut short
        if order:
            (start,) = struct.unpack_from(order + "I", tiff, 4)
            (count,) = struct.unpack_from(order + "H", tiff, start)
            for entry in range(start + 2, start + 2 + 12 * count, 12):
                tag, kind = struct.unpack_from(order + "HH", tiff, entry)
                if tag == 0x0112 and kind in (3, 4):  # a SHORT; some programs write a LONG
                    (value,) = struct.unpack_from(order + "HI"[kind - 3], tiff, entry + 8)
                    return int(value)
    return 1


def _rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode == "RGB" and not profile and "transparency" not in image.info:
        return image
    if image.mode in ("I", "F"):
        raise ValueError("its pixels are 32 bits deep; need 8 or 16")
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.new("RGB", rgba.size, "white")
        image.paste(rgba, mask=rgba.getchannel("A"))
    elif image.mode == "P":
        image = image.convert("RGB")
    elif image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        image = ImageChops.invert(image)  # Pillow takes every CMYK JPEG for Adobe's, which stores ink upside down
    if profile and (srgb := _to_srgb(image, profile)):
        return srgb
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit gray to 8 by its high byte, as Pillow does for 16-bit colour; its own conversion clips at 255."""
    deep = np.asarray(image)
    gray = (deep >> 8).astype(np.uint8)
    gray[deep == image.info.get("transparency", -1)] = 255
    return Image.fromarray(gray)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Colours by the file's ICC profile; None if it is sRGB anyway, broken, or not for pixels of this mode."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return None
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None

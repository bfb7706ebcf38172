"""What a picture may be and cost, and how a message says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from outfitter.errors import PhotoError


@dataclass(frozen=True)
class Limits:
    """What a picture may cost. bytes: of its file; pixels: width × height; seconds: for a whole download."""

    bytes: int = 20_000_000
    pixels: int = 50_000_000
    seconds: float = 20.0


LIMITS: Final = Limits()
FORMATS: Final = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
"""Pillow's names of what is opened. Its other readers (EPS runs Ghostscript, PDF, …) never see the bytes."""
EXTENSIONS: Final = (".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff")
ALLOWED: Final = "need a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF picture"


def too_long(name: str, got: str, limits: Limits) -> str:
    """The message of a file that has more bytes than it may."""
    return f"{name}: has {got}; the limit is {limits.bytes:,} bytes. Save it smaller or with more compression."


def too_large(name: str, got: str, limits: Limits) -> str:
    """The message of a picture that has more pixels than it may."""
    return f"{name}: has {got} pixels; the limit is {limits.pixels:,}. Scale it down."


def check_bytes(name: str, length: int, limits: Limits = LIMITS) -> None:
    """Raises PhotoError if a file of `length` bytes has more than it may."""
    if length > limits.bytes:
        raise PhotoError(too_long(name, f"{length:,} bytes", limits))


def check_pixels(name: str, size_wh: tuple[int, int], limits: Limits = LIMITS) -> None:
    """Raises PhotoError if a picture has more pixels than it may."""
    width, height = size_wh
    if width * height > limits.pixels:
        raise PhotoError(too_large(name, f"{width} × {height} = {width * height:,}", limits))

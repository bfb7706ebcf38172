"""Pictures as pages show them."""

from __future__ import annotations

import io

from PIL import Image

from outfitter.photo import load_photo


def thumbnail(data: bytes, name: str, width: int) -> bytes:
    """A picture's file as JPEG, at most `width` wide and twice as high. Raises PhotoError, in which it is `name`."""
    image = Image.fromarray(load_photo(data, name=name).pixels)
    image.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=84, optimize=True)
    return out.getvalue()

"""One loader for every picture: a path, bytes or a URL → `Photo`, upright RGB.

Limits are checked before the work they bound: the file's size before it is read, a picture's size before it is
decoded, a download while it arrives. Whatever is wrong with a picture comes out as one `PhotoError`; Pillow's
warnings and its dozen exception types do not.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from outfitter.errors import PhotoError
from outfitter.objects import is_object
from outfitter.photo.decode import Header, OpenedPhoto, read_header
from outfitter.photo.fetch import MAX_REDIRECTS, fetch_object, fetch_url
from outfitter.photo.limits import ALLOWED, EXTENSIONS, FORMATS, LIMITS, Limits, check_bytes, check_pixels, too_long
from outfitter.values import Photo

__all__ = [
    "EXTENSIONS",
    "FORMATS",
    "LIMITS",
    "MAX_REDIRECTS",
    "Header",
    "Limits",
    "OpenedPhoto",
    "check_bytes",
    "check_pixels",
    "encode_jpeg",
    "fetch_url",
    "is_url",
    "is_web",
    "list_photos",
    "load_photo",
    "read_bytes",
    "read_header",
]


def load_photo(
    source: str | Path | bytes | Photo,
    *,
    name: str | None = None,
    limits: Limits = LIMITS,
    fetch: Callable[[str], bytes] | None = None,
) -> Photo:
    """Read a picture, whatever it is, as upright RGB; alpha is laid on white, of an animation the first frame counts.

    Args:
        source: a path, an http(s) URL, ``s3://bucket/key``, a file's bytes, or a Photo, which is returned as it is.
        name: what messages and the Photo call it; by default the path or URL, "(bytes)" for bytes.
        limits: the most it may cost.
        fetch: URL of any kind → the file's bytes; by default `fetch_url`, or `outfitter.objects`, within `limits`.

    Raises:
        PhotoError: it cannot be had, is no picture, is damaged, or is over a limit.
    """
    if isinstance(source, Photo):
        return source
    name = name or ("(bytes)" if isinstance(source, bytes) else str(source))
    data = read_bytes(source, name=name, limits=limits, fetch=fetch)
    return Photo(np.asarray(OpenedPhoto(data, name=name, limits=limits).upright()), name)


def read_bytes(
    source: str | Path | bytes,
    *,
    name: str,
    limits: Limits = LIMITS,
    fetch: Callable[[str], bytes] | None = None,
) -> bytes:
    """A picture's file, not decoded; `load_photo` takes these bytes. Arguments as there.

    Raises:
        PhotoError: it cannot be had, is empty, or has more than `limits.bytes`.
    """
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str) and is_url(source):
        own = fetch_object if is_object(source) else fetch_url
        data = fetch(source) if fetch else own(source, limits)
    else:
        data = _read_file(Path(source), name, limits)
    check_bytes(name, len(data), limits)
    if not data:
        raise PhotoError(f"{name}: is empty, 0 bytes; {ALLOWED}. Save or copy it again.")
    return data


def is_url(source: str) -> bool:
    """Whether `source` looks like a URL of any scheme; `fetch_url` then says which schemes are allowed."""
    return re.match(r"[a-z][a-z0-9+.-]*://", source, re.IGNORECASE) is not None


def is_web(source: str) -> bool:
    """Whether `source` is a URL that a browser can show, of http or https."""
    return re.match(r"https?://", source, re.IGNORECASE) is not None


def list_photos(folder: Path) -> list[Path]:
    """The pictures in a folder and its subfolders, by `EXTENSIONS`, in natural order (2.jpg before 10.jpg).

    Hidden files and folders are skipped, and links to folders are not followed.

    Raises:
        PhotoError: it is no folder, cannot be listed, or holds no picture.
    """

    def fail(error: OSError) -> None:
        raise PhotoError(f"{error.filename}: cannot be listed: {error.strerror}. Give a folder you may read.")

    found: list[Path] = []
    for place, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = (Path(place, name) for name in files if not name.startswith("."))
        found += [path for path in shown if path.suffix.lower() in EXTENSIONS]
    if not found:
        raise PhotoError(f"{folder}: holds no pictures; looked for {' '.join(EXTENSIONS)} in all its folders.")
    return sorted(found, key=_natural)


def _natural(path: Path) -> tuple[list[list[str | int]], str]:
    pieces = [re.split(r"(\d+)", part.casefold()) for part in path.parts]
    return [[int(piece) if i % 2 else piece for i, piece in enumerate(part)] for part in pieces], str(path)


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 90) -> bytes:
    """RGB pixels, uint8 (H, W, 3), as a JPEG file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _read_file(path: Path, name: str, limits: Limits) -> bytes:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limits.bytes:
                raise PhotoError(too_long(name, f"{size:,} bytes", limits))
            # A pipe has no size: bounded here, refused by the caller. Asking for more than there is costs memory.
            return file.read((size or limits.bytes) + 1)
    except FileNotFoundError:
        raise PhotoError(f"{name}: there is no such file; {ALLOWED}. Check the path.") from None
    except IsADirectoryError:
        raise PhotoError(f"{name}: is a folder; {ALLOWED}. Name a file in it.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"{name}: cannot be read: {reason}. Check the file and its permissions.") from None

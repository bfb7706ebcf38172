"""One loader for every picture: a path, bytes or a URL → `Photo`, upright RGB.

Limits are checked before the work they bound: the file's size before it is read, a picture's size before it is
decoded, a download while it arrives. Whatever is wrong with a picture comes out as one `PhotoError`; Pillow's
warnings and its dozen exception types do not.
"""

from __future__ import annotations

import io
import os
import re
import socket
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import quote, urljoin, urlsplit

import numpy as np
from numpy.typing import NDArray

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

from outfitter.errors import PhotoError
from outfitter.objects import is_object, read_object
from outfitter.values import Photo


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
MAX_REDIRECTS: Final = 3
MAX_SCANS: Final = 100
"""Of a progressive JPEG, each of which makes the decoder walk the whole picture: a few kilobytes of them take minutes
(libjpeg-turbo, "Two Issues with the JPEG Standard"). Encoders write about ten."""

_ALLOWED = "need a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF picture"
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
    return Photo(_decode(read_bytes(source, name=name, limits=limits, fetch=fetch), name, limits), name)


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
        own = _fetch_object if is_object(source) else fetch_url
        data = fetch(source) if fetch else own(source, limits)
    else:
        data = _read_file(Path(source), name, limits)
    if len(data) > limits.bytes:
        raise PhotoError(_too_long(name, f"{len(data):,} bytes", limits))
    if not data:
        raise PhotoError(f"{name}: is empty, 0 bytes; {_ALLOWED}. Save or copy it again.")
    return data


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
        raise PhotoError(f"{name}: there is no such file; {_ALLOWED}. Check the path.") from None
    except UnidentifiedImageError:
        raise PhotoError(f"{name}: is no picture, or its header is damaged; {_ALLOWED}.") from None
    except Exception as error:  # as in _decode
        raise PhotoError(f"{name}: cannot be opened: {str(error) or type(error).__name__}.") from None


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


# --- getting the bytes


def _too_long(name: str, got: str, limits: Limits) -> str:
    return f"{name}: has {got}; the limit is {limits.bytes:,} bytes. Save it smaller or with more compression."


def _read_file(path: Path, name: str, limits: Limits) -> bytes:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limits.bytes:
                raise PhotoError(_too_long(name, f"{size:,} bytes", limits))
            # A pipe has no size: bounded here, refused by the caller. Asking for more than there is costs memory.
            return file.read((size or limits.bytes) + 1)
    except FileNotFoundError:
        raise PhotoError(f"{name}: there is no such file; {_ALLOWED}. Check the path.") from None
    except IsADirectoryError:
        raise PhotoError(f"{name}: is a folder; {_ALLOWED}. Name a file in it.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"{name}: cannot be read: {reason}. Check the file and its permissions.") from None


Connect: TypeAlias = Callable[..., socket.socket]
"""As `socket.create_connection`: ((host, port), timeout, source address) → a connected socket."""


def fetch_url(url: str, limits: Limits = LIMITS, *, connect: Connect | None = None) -> bytes:
    """Download a picture by http or https, following at most `MAX_REDIRECTS` redirects. No cookies, no proxies.

    connect: how every connection is made, those of redirects too; for those who choose where may be connected to.

    Raises:
        PhotoError: another scheme, no answer, an answer other than 200, a content type that is no picture's, a body
            over `limits.bytes`, or more than `limits.seconds` altogether.
    """
    deadline = monotonic() + limits.seconds
    place = url
    for _ in range(MAX_REDIRECTS + 1):
        answer = _request(place, url, deadline, limits, connect)
        if isinstance(answer, bytes):
            return answer
        place = urljoin(place, answer)
    raise PhotoError(f"{url}: is redirected more than {MAX_REDIRECTS} times. Give the picture's own address.")


def _fetch_object(url: str, limits: Limits) -> bytes:
    try:
        return read_object(url, limits.bytes, limits.seconds)
    except ValueError as error:
        raise PhotoError(_too_long(url, str(error), limits)) from None
    except OSError as error:
        raise PhotoError(f"{url}: cannot be fetched: {error}. Check the address.") from None


def _request(place: str, url: str, deadline: float, limits: Limits, connect: Connect | None) -> bytes | str:
    """One request to `place`: the body, or the address it redirects to. `url` is what messages name."""
    via = "" if place == url else f", redirected to {place},"
    try:
        parts = urlsplit(place)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PhotoError(f"{url}:{via} has scheme {parts.scheme!r}; need http://host/… or https://host/….")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        port = parts.port or kind.default_port  # given, as http.client would look for one in an IPv6 address
        connection = kind(parts.hostname, port, timeout=max(deadline - monotonic(), 0.001))
        if connect:
            connection._create_connection = connect  # type: ignore[attr-defined]  # the seam of http.client, for tunnels
        with closing(connection):
            connection.connect()
            # A socket's timeout bounds each wait, not their sum: a server that drips bytes would outlast it.
            cut = threading.Timer(deadline - monotonic(), _hang_up, [connection.sock])
            cut.daemon = True
            cut.start()
            try:
                target = quote(parts._replace(scheme="", netloc="", fragment="").geturl() or "/", safe=_IN_URL)
                connection.request("GET", target, headers={"User-Agent": "outfitter", "Accept": "image/*"})
                with connection.getresponse() as response:
                    answer = _answer(response, f"{url}:{via}", limits)
            finally:
                cut.cancel()
        if monotonic() < deadline:
            return answer
        raise TimeoutError
    except (OSError, HTTPException, ValueError, PhotoError) as error:
        if monotonic() >= deadline:  # whatever came of it: what was cut off may look complete, or wrong
            raise PhotoError(f"{url}:{via} took over {limits.seconds:g} s. Try again, or download it first.") from None
        if isinstance(error, PhotoError):
            raise
        reason = str(error) or type(error).__name__
        raise PhotoError(f"{url}:{via} cannot be fetched: {reason}. Check the address.") from None


_IN_URL = "/%:@!$&'()*+,;=~?[]"
"""Left as it is in a path and query; anything else (spaces, letters outside ASCII) is percent-encoded."""


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):  # it ended by itself
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's, which a read in progress would trip over


def _answer(response: HTTPResponse, who: str, limits: Limits) -> bytes | str:
    if response.status in (301, 302, 303, 307, 308) and (place := response.getheader("Location")):
        return place
    if response.status != 200:
        raise PhotoError(f"{who} answered {response.status} {response.reason}; need 200. Check the address.")
    kind = response.headers.get_content_type()
    if not kind.startswith("image/") and kind not in ("application/octet-stream", "binary/octet-stream"):
        raise PhotoError(f"{who} is {kind!r}; need an image/… type. Give the picture's own address, not its page's.")
    if response.length is not None and response.length > limits.bytes:
        raise PhotoError(_too_long(who.rstrip(":"), f"{response.length:,} bytes", limits))
    body = response.read(limits.bytes + 1)
    if len(body) > limits.bytes:
        raise PhotoError(_too_long(who.rstrip(":"), "more bytes than it may", limits))
    if response.length:
        raise ConnectionError(f"the connection ended {response.length:,} bytes early")
    return body


# --- from bytes to pixels

_WARNINGS = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's remarks on size and metadata from our callers; one at a time, as this swaps process-wide state."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _decode(data: bytes, name: str, limits: Limits) -> NDArray[np.uint8]:
    return np.asarray(OpenedPhoto(data, name=name, limits=limits).upright())


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
            if width * height > limits.pixels:
                raise PhotoError(_too_large(name, f"{width} × {height} = {width * height:,}", limits))
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
            raise PhotoError(
                f"{name}: is no picture, or its header is damaged: starts {start!r}; {_ALLOWED}."
            ) from None
        except Image.DecompressionBombError as error:  # Pillow's own, higher limit, checked while opening
            pixels = int(re.findall(r"\d+", str(error))[0])
            raise PhotoError(_too_large(name, f"{pixels:,}", self._limits)) from None
        except Exception as error:  # damaged files raise nearly every type there is, struct.error, NotImplementedError
            reason = str(error) or type(error).__name__
            raise PhotoError(
                f"{name}: cannot be decoded: {reason}. Save or download it again, as JPEG or PNG."
            ) from None


def _too_large(name: str, pixels: str, limits: Limits) -> str:
    return f"{name}: has {pixels} pixels; the limit is {limits.pixels:,}. Scale it down."


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

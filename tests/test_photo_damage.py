"""Limits, damage and threads: only a Photo or a PhotoError comes out of the loader, and no warning."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from outfitter.errors import PhotoError
from outfitter.photo import FORMATS, LIMITS, Limits, load_photo
from outfitter.values import Photo
from tests.pictures import exif_block, picture, saved, stored, swapped_profile


def test_limits_are_inclusive() -> None:
    data = saved(picture(), "PNG")
    load_photo(data, limits=Limits(bytes=len(data), pixels=48 * 32))
    with pytest.raises(PhotoError, match=rf"has {len(data):,} bytes; the limit is {len(data) - 1:,} bytes"):
        load_photo(data, limits=Limits(bytes=len(data) - 1))
    with pytest.raises(PhotoError, match=r"has 48 × 32 = 1,536 pixels; the limit is 1,535"):
        load_photo(data, limits=Limits(pixels=48 * 32 - 1))


def test_size_of_a_file_is_checked_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(10**12)  # sparse: nobody has the memory to read it
    with pytest.raises(PhotoError, match=r"huge\.jpg: has 1,000,000,000,000 bytes; the limit is 20,000,000"):
        load_photo(path)


@pytest.mark.parametrize(("width", "height"), [(8000, 6251), (10_000, 10_000), (60_000, 50_000)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP"])
def test_declared_size_is_checked_before_decoding(kind: str, width: int, height: int) -> None:
    """Only the header says so: decoding would find a cut picture. Pillow warns at 89 megapixels, fails at 179."""
    data = bytearray(saved(picture(), kind))
    where, code = {
        "JPEG": (data.find(b"\xff\xc0") + 5, ">HH"),
        "PNG": (16, ">II"),
        "GIF": (6, "<HH"),
        "BMP": (18, "<ii"),
    }[kind]
    sides = (height, width) if kind == "JPEG" else (width, height)
    struct.pack_into(code, data, where, *sides)
    if kind == "PNG":
        struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    with pytest.raises(PhotoError, match=rf"{width * height:,} pixels; the limit is 50,000,000\. Scale it down"):
        load_photo(bytes(data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"is empty, 0 bytes; need a JPEG"),
        (b"<!doctype html><p>404", r"is no picture, .*starts b'<!doctype ht'; need a JPEG"),
        (b"%PDF-1.4\n%%EOF", "is no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 9\n", "is no picture"),
        (b"P6 3 2 255\n" + bytes(18), "is no picture"),  # Pillow would open it
        (b"\xff\xd8\xff", "(is no picture|cannot be decoded)"),
    ],
)
def test_not_a_picture(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "wrong.jpg"
    path.write_bytes(data)
    with pytest.raises(PhotoError, match=rf"^{path}: {message}"):
        load_photo(path)


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"none\.jpg: there is no such file"):
        load_photo(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match=f"^{tmp_path}: is a folder"):
        load_photo(tmp_path)
    with pytest.raises(PhotoError, match="cannot be read: embedded null"):
        load_photo("nul\0.jpg")


SAMPLES = {
    "baseline": ("JPEG", "RGB", {}),
    "progressive": ("JPEG", "RGB", {"progressive": True, "exif": exif_block(6), "icc_profile": swapped_profile()}),
    "cmyk": ("JPEG", "CMYK", {}),
    "png": ("PNG", "RGBA", {"exif": exif_block(5), "icc_profile": swapped_profile()}),
    "apng": ("PNG", "RGB", {"save_all": True, "append_images": [Image.new("RGB", (48, 32))]}),
    "palette": ("PNG", "P", {"transparency": 3}),
    "deep": ("PNG", "I;16", {}),
    "webp": ("WEBP", "RGBA", {"exif": exif_block(3)}),
    "lossless": ("WEBP", "RGB", {"lossless": True}),
    "avif": ("AVIF", "RGB", {"exif": exif_block(6)}),
    "gif": ("GIF", "P", {"save_all": True, "append_images": [Image.new("P", (48, 32))]}),
    "bmp": ("BMP", "RGB", {}),
    "tiff": ("TIFF", "RGB", {}),
    "lzw": ("TIFF", "CMYK", {"compression": "tiff_lzw", "exif": exif_block(8)}),
    "tiff-jpeg": ("TIFF", "RGB", {"compression": "jpeg"}),
}


def sample(name: str) -> bytes:
    kind, mode, options = SAMPLES[name]
    image = picture("L").convert("I;16") if mode == "I;16" else picture(mode)
    return saved(image, kind, **options)  # type: ignore[arg-type]


def damaged(data: bytes, seed: int) -> Iterator[bytes]:
    """Cut short; one bit flipped; a run of bytes overwritten; and a bit flipped near the start, where headers are."""
    random = np.random.default_rng(seed)
    for _ in range(60):
        yield data[: random.integers(1, len(data))]
        for end in (len(data), min(len(data), 120)):
            copy = bytearray(data)
            copy[random.integers(end)] ^= 1 << int(random.integers(8))
            yield bytes(copy)
        start = random.integers(len(data))
        yield data[:start] + random.bytes(4) + data[start + 4 :]


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_is_a_photo_error_or_a_photo(name: str) -> None:
    whole = sample(name)
    assert sorted(load_photo(whole).size_wh) == [32, 48]
    messages = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for data in damaged(whole, seed=len(name)):
            try:
                assert isinstance(load_photo(data, limits=Limits(pixels=200_000)), Photo)
            except PhotoError as error:
                messages.append(str(error))
    assert len(messages) > 30
    assert all(message.startswith("(bytes): ") for message in messages)
    assert not [str(warning.message) for warning in warned]


@pytest.mark.parametrize("name", [n for n in SAMPLES if n not in ("gif", "apng")])
def test_half_a_file_is_an_error(name: str) -> None:
    whole = sample(name)
    with pytest.raises(PhotoError, match=r"^half: "):
        load_photo(whole[: len(whole) // 2], name="half")


def test_many_threads_at_once() -> None:
    """Same pixels as one after the other, nothing warned, and the process's warning filters as they were."""
    files = [sample(name) for name in SAMPLES] * 20
    files.append(saved(stored(6), "JPEG", exif=exif_block(6, before=b"\x01\x10\0\x02\0\0\xff\xff\xff\xff\xff\0")))
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        photos = list(pool.map(load_photo, files))
    assert warnings.filters == before
    for data, photo in zip(files, photos, strict=True):
        assert (load_photo(data).pixels == photo.pixels).all()


def test_constants() -> None:
    assert (LIMITS.bytes, LIMITS.pixels) == (20_000_000, 50_000_000)
    assert not {"EPS", "PDF", "PSD", "WMF"} & set(FORMATS)

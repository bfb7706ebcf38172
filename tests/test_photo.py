"""The loader on every odd picture there is: orientation, colour, depth, limits, damage."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageCms

from outfitter.errors import PhotoError
from outfitter.photo import FORMATS, LIMITS, Limits, encode_jpeg, list_photos, load_photo, read_bytes
from outfitter.values import Photo

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


# --- orientation

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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_like(saved(stored(orientation), kind, exif=exif, quality=95), upright(), atol=12)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_orientation_among_junk(order: str, kind: int) -> None:
    """A tag that points outside the block makes Pillow drop all of it, orientation included, with a warning."""
    wild = struct.pack(order + "HHII", 0x0110, 2, 5000, 0xFFFFFF00)
    data = saved(stored(6), "JPEG", exif=exif_block(6, order, kind, before=wild))
    assert_like(data, upright(), atol=12)


def test_exif_after_the_pixels() -> None:
    """A PNG may hold its eXIf chunk after its IDAT."""
    data = saved(stored(8), "PNG")
    block = b"eXIf" + exif_block(8).removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
    end = data.rindex(b"IEND") - 4
    assert_like(data[:end] + chunk + data[end:], upright(), atol=0)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_unknown_orientation_is_left_alone(orientation: int) -> None:
    assert_like(saved(picture(), "PNG", exif=exif_block(orientation)), upright(), atol=0)


@settings(max_examples=300)
@given(st.binary(min_size=1, max_size=80), st.sampled_from(["JPEG", "PNG", "WEBP"]), st.sampled_from(["", "II", "MM"]))
def test_junk_exif_never_matters(junk: bytes, kind: str, order: str) -> None:
    head = {"": b"", "II": b"II*\0\x08\0\0\0", "MM": b"MM\0*\0\0\0\x08"}[order]
    photo = load_photo(saved(picture(), kind, exif=b"Exif\0\0" + head + junk))
    assert sorted(photo.size_wh) == [32, 48]


# --- colour, depth and transparency


def on_white(mode: str) -> tuple[Image.Image, NDArray[np.uint8]]:
    """The picture with its right half see-through and its top left half see-through, and how that looks on white."""
    alpha = np.full((32, 48), 255, np.uint8)
    alpha[:, 24:], alpha[:16, :24] = 0, 128
    image = picture(mode)
    image.putalpha(Image.fromarray(alpha))
    colour = np.asarray(image.convert("RGB")).astype(float)
    share = alpha[:, :, None] / 255
    return image, np.rint(colour * share + 255 * (1 - share)).astype(np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_alpha_is_laid_on_white(kind: str, mode: str) -> None:
    image, expected = on_white(mode)
    assert_like(saved(image, kind, quality=95), expected, atol=12 if kind in ("WEBP", "AVIF") else 1)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "BMP"])
def test_palette(kind: str) -> None:
    assert_like(saved(picture().quantize(4), kind), upright(), atol=2)


def first_index(image: Image.Image) -> int:
    return int(np.asarray(image)[0, 0])


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_transparent_palette_entry(kind: str) -> None:
    image = picture().quantize(4)
    index = first_index(image)
    expected = upright()
    expected[:16, :24] = 255
    assert_like(saved(image, kind, transparency=index), expected, atol=2)


def test_half_transparent_palette() -> None:
    image = picture().quantize(4)
    alphas = bytearray(b"\xff" * 4)
    alphas[first_index(image)] = 128
    expected = upright()
    expected[:16, :24] = np.rint(np.array(CORNERS["red"]) * 128 / 255 + 127)
    assert_like(saved(image, "PNG", transparency=bytes(alphas)), expected, atol=2)


def test_transparent_colour() -> None:
    expected = upright()
    expected[16:, :24] = 255
    assert_like(saved(picture(), "PNG", transparency=CORNERS["blue"]), expected, atol=0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "1"])
def test_gray_and_one_bit(kind: str, mode: str) -> None:
    gray = picture("L").point(lambda v: 255 * (v > 100)) if mode == "1" else picture("L")
    image = gray.convert("1") if mode == "1" and kind not in ("JPEG", "WEBP") else gray
    assert_like(saved(image, kind), np.repeat(np.asarray(gray)[:, :, None], 3, 2), atol=3 if kind == "WEBP" else 1)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_sixteen_bit_gray_is_scaled_not_clipped(kind: str, byte_order: str) -> None:
    gray = np.asarray(picture("L"))
    deep = (gray.astype(np.uint16) * 257).astype(byte_order + "u2")
    mode = "I;16B" if byte_order == ">" else "I;16"
    image = Image.frombytes(mode, (48, 32), deep.tobytes())
    assert_like(saved(image, kind), np.repeat(gray[:, :, None], 3, 2), atol=0)


def png16(samples: NDArray[np.uint16], colour_type: int, extra: bytes = b"") -> bytes:
    """A 16-bit PNG written by hand; Pillow cannot. samples: (H, W, channels)."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    height, width, _ = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + (chunk(b"tRNS", extra) if extra else b"")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_sixteen_bit_colour() -> None:
    assert_like(png16(upright().astype(np.uint16) * 257, colour_type=2), upright(), atol=0)


def test_sixteen_bit_colour_with_alpha() -> None:
    image, expected = on_white("RGB")
    assert_like(png16(np.asarray(image).astype(np.uint16) * 257, colour_type=6), expected, atol=1)


def test_sixteen_bit_gray_with_a_transparent_value() -> None:
    gray = np.asarray(picture("L"))[:, :, None]
    expected = np.repeat(gray, 3, 2)
    expected[:16, :24] = 255
    clear = struct.pack(">H", int(gray[0, 0, 0]) * 257)
    assert_like(png16(gray.astype(np.uint16) * 257, colour_type=0, extra=clear), expected, atol=0)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_deeper_pixels_are_refused(mode: str) -> None:
    with pytest.raises(PhotoError, match="32 bits deep; need 8 or 16"):
        load_photo(saved(picture("L").convert(mode), "TIFF"))


def cmyk() -> tuple[Image.Image, NDArray[np.uint8]]:
    image = picture("CMYK")
    ink = np.asarray(image).copy()
    ink[..., 3] = 60
    image = Image.frombytes("CMYK", (48, 32), ink.tobytes())
    paper = (255 - ink[..., :3].astype(float)) * (255 - 60) / 255
    return image, np.rint(paper).astype(np.uint8)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind: str) -> None:
    """Pillow writes CMYK JPEGs as Adobe does, inverted and marked; TIFFs are not inverted."""
    image, expected = cmyk()
    assert_like(saved(image, kind), expected, atol=6)


def test_cmyk_jpeg_without_adobes_marker_is_not_inverted() -> None:
    image, expected = cmyk()
    data = saved(ImageChops.invert(image), "JPEG")
    marker = data.index(b"\xff\xee\x00\x0eAdobe")
    assert_like(data[:marker] + data[marker + 16 :], expected, atol=6)


def test_ycck() -> None:
    """Adobe's transform 2: the inks as YCbCr, black inverted."""
    image, expected = cmyk()
    *inks, black = image.split()
    luma = Image.merge("RGB", inks).convert("YCbCr")
    data = saved(Image.merge("CMYK", [*(ImageChops.invert(c) for c in luma.split()), black]), "JPEG")
    flag = data.index(b"Adobe") + 11
    assert data[flag] == 0
    assert_like(data[:flag] + b"\x02" + data[flag + 1 :], expected, atol=6)


def swapped_profile(description: bytes = b"\0t\0R\0G\0B") -> bytes:
    """The sRGB profile with red and green primaries exchanged, and called something else."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (profile.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)).replace(
        b"\0s\0R\0G\0B", description
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_colours_follow_the_profile(kind: str) -> None:
    data = saved(picture(), kind, icc_profile=swapped_profile(), quality=95)
    assert_like(data, upright()[..., [1, 0, 2]], atol=30)


def test_palette_colours_follow_the_profile() -> None:
    data = saved(picture().quantize(4), "PNG", icc_profile=swapped_profile())
    assert_like(data, upright()[..., [1, 0, 2]], atol=12)


def test_srgb_by_name_is_not_converted() -> None:
    assert_like(saved(picture(), "PNG", icc_profile=swapped_profile(b"\0s\0R\0G\0B")), upright(), atol=0)


@pytest.mark.parametrize("profile", [b"junk", swapped_profile()[:200], swapped_profile().replace(b"RGB ", b"CMYK")])
def test_bad_profile_is_ignored(profile: bytes) -> None:
    assert_like(saved(picture(), "PNG", icc_profile=profile), upright(), atol=0)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_animation_shows_its_first_frame(kind: str) -> None:
    others = [Image.new("RGB", (48, 32), colour) for colour in ("black", "orange")]
    data = saved(picture(), kind, save_all=True, append_images=others, quality=95)
    with Image.open(io.BytesIO(data)) as check:
        assert check.n_frames == 3  # type: ignore[attr-defined]
    assert_like(data, upright(), atol=12)


# --- sources and results


def test_sources(tmp_path: Path) -> None:
    path = tmp_path / "größe 1.png"
    path.write_bytes(data := saved(picture(), "PNG"))
    photos = [load_photo(path), load_photo(str(path)), load_photo(data), load_photo(data, name="row 7")]
    assert [photo.name for photo in photos] == [str(path), str(path), "(bytes)", "row 7"]
    assert all((photo.pixels == upright()).all() and photo.size_wh == (48, 32) for photo in photos)
    assert load_photo(photos[0]) is photos[0]
    assert read_bytes(path, name="kept") == data
    fetched = load_photo("https://shop.example/a.png", fetch={"https://shop.example/a.png": data}.__getitem__)
    assert (fetched.pixels == upright()).all()
    assert fetched.name == "https://shop.example/a.png"


def test_pixels_are_read_only_and_contiguous() -> None:
    for orientation in (1, 6):
        pixels = load_photo(saved(picture(), "PNG", exif=exif_block(orientation))).pixels
        assert pixels.flags.c_contiguous
        assert not pixels.flags.writeable


def test_encode_jpeg_round_trip() -> None:
    assert_like(encode_jpeg(upright(), quality=95), upright(), atol=8)


def test_pictures_of_a_folder(tmp_path: Path) -> None:
    names = ["10.jpg", "2.JPEG", "1.png", "b/3.webp", "b/20.avif", "B2/1.gif", "notes.txt", ".hidden.jpg", ".git/4.jpg"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in list_photos(tmp_path)]
    assert found == ["1.png", "2.JPEG", "10.jpg", "b/3.webp", "b/20.avif", "B2/1.gif"]


def test_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").touch()
    with pytest.raises(PhotoError, match=r"holds no pictures; looked for \.jpg"):
        list_photos(tmp_path)
    for name in ("feed.csv", "missing"):
        with pytest.raises(PhotoError, match=f"{name}: cannot be listed"):
            list_photos(tmp_path / name)


# --- limits and damage


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


def test_real_photos_decode_as_pillow_does(data_dir: Path) -> None:
    for path in list_photos(data_dir / "ccp" / "photos")[:5]:
        with Image.open(path) as bare:
            assert (load_photo(path).pixels == np.asarray(bare)).all()

"""The loader on every odd picture there is: orientation, colour, depth, transparency, animation, sources."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageChops

from outfitter.errors import PhotoError
from outfitter.photo import encode_jpeg, list_photos, load_photo, read_bytes
from tests.pictures import CORNERS, assert_like, exif_block, picture, saved, stored, swapped_profile, upright

# --- orientation


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


def test_real_photos_decode_as_pillow_does(data_dir: Path) -> None:
    for path in list_photos(data_dir / "ccp" / "photos")[:5]:
        with Image.open(path) as bare:
            assert (load_photo(path).pixels == np.asarray(bare)).all()

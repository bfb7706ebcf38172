"""Pictures that are broken, malicious or odd, each with a name; the same at every run."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.pictures import exif_block, picture, saved, swapped_profile
from tests.test_photo_damage import SAMPLES, sample

JUNK = np.random.default_rng(5).bytes(4096)


def photos() -> Iterator[tuple[str, bytes]]:
    """About 2 500 of them."""
    yield from _mutations()
    yield from _crossed()
    yield from _metadata()
    yield from _huge()
    yield from _polyglots()
    yield from _odd()


def _mutations() -> Iterator[tuple[str, bytes]]:
    """Of every format: cut short, bits flipped, bytes overwritten, runs doubled and dropped, lengths made huge."""
    for name in SAMPLES:
        whole, random = sample(name), np.random.default_rng(len(name) + 100)
        for number in range(18):
            at, run = int(random.integers(len(whole))), int(random.integers(1, 64))
            near = int(random.integers(min(len(whole), 160)))
            flipped = bytearray(whole)
            for place in random.integers(len(whole), size=8):
                flipped[place] ^= 1 << int(random.integers(8))
            yield f"{name} cut {number}", whole[:at]
            yield f"{name} flipped {number}", bytes(flipped)
            yield f"{name} overwritten {number}", whole[:at] + random.bytes(run) + whole[at + run :]
            yield f"{name} doubled {number}", whole[:at] + whole[max(0, at - 64 * run) : at] * 3 + whole[at:]
            yield f"{name} dropped {number}", whole[:at] + whole[at + run :]
            yield f"{name} huge number {number}", whole[:near] + b"\xff\xff\xff\x7f" + whole[near + 4 :]
            yield f"{name} zeros {number}", whole[:near] + bytes(8) + whole[near + 8 :]


def _crossed() -> Iterator[tuple[str, bytes]]:
    """The head of one format on the body of another."""
    whole = {name: sample(name) for name in SAMPLES}
    for head in whole:
        for body in whole:
            yield f"{head} on {body}", whole[head][:24] + whole[body][24:]


def _metadata() -> Iterator[tuple[str, bytes]]:
    """EXIF directories that lead to themselves, junk for colour profiles, text that unpacks to much more."""
    loop = (
        b"Exif\0\0MM\0*\0\0\0\x08\0\x02"
        + struct.pack(">HHII", 0x8769, 4, 1, 8)
        + struct.pack(">HHII", 0x0112, 3, 2**31, 8)
    )
    blocks = {
        "loop": loop + b"\0\0\0\x08",
        "far": b"Exif\0\0II*\0\xff\xff\xff\xff",
        "endless": b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 0x0112, 3, 1, 6) * 2000,
        "junk": b"Exif\0\0" + JUNK,
        **{f"turn {turn}": exif_block(turn) for turn in (0, 9, 255, 65535)},
    }
    whole = swapped_profile()
    random = np.random.default_rng(11)
    profiles = {"junk": JUNK, "empty": b"\0", "short": whole[:129], "long": whole + bytes(200_000)}
    for number in range(25):
        copy = bytearray(whole)
        for place in random.integers(len(whole), size=6):
            copy[place] = int(random.integers(256))
        profiles[f"flipped {number}"] = bytes(copy)
    counts = bytearray(whole)
    counts[128:132] = b"\xff\xff\xff\xff"
    profiles["four billion tags"] = bytes(counts)
    kinds = {
        "JPEG": ("RGB", "L", "CMYK"),
        "PNG": ("RGB", "L", "RGBA"),
        "WEBP": ("RGB",),
        "TIFF": ("RGB", "CMYK"),
        "AVIF": ("RGB",),
    }
    for kind, modes in kinds.items():
        for mode in modes:
            for name, block in blocks.items():
                if kind not in ("TIFF", "AVIF"):  # which Pillow writes itself, so they are whole
                    yield f"{kind} {mode} exif {name}", saved(picture(mode), kind, exif=block)
            for name, profile in profiles.items():
                yield f"{kind} {mode} profile {name}", saved(picture(mode), kind, icc_profile=profile)
    bomb = zlib.compress(bytes(150_000_000), 9)
    for chunk in (b"zTXtk\0\0" + bomb, b"iCCPk\0\0" + bomb, b"iTXtk\0\1\0\0\0" + bomb):
        yield f"PNG {chunk[:4].decode()} bomb", png(48, 32, extra=chunk)
    for count in (100, 5000):
        yield f"PNG {count} texts", png(48, 32, extra=b"tEXtk\0" + b"v" * 100, times=count)
    segments = b"".join(b"\xff\xe1\xff\xff" + bytes(65533) for _ in range(200))
    jpeg = sample("baseline")
    yield "JPEG 13 MB of segments", jpeg[:2] + segments + jpeg[2:]


def png(
    width: int,
    height: int,
    depth: int = 8,
    colour: int = 2,
    extra: bytes = b"",
    times: int = 1,
    rows: int | None = None,
) -> bytes:
    """A black PNG of any declared size. extra: a chunk's type and data; rows: how many are there, all by default."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = bytes(1 + (width * channels * depth + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    chunks = [
        b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0),
        *[extra] * (times if extra else 0),
    ]
    chunks += [b"PLTE\0\0\0"] if colour == 3 else []
    chunks += [b"IDAT" + data, b"IEND"]
    parts = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def progressive(width: int, height: int, scans: int) -> bytes:
    """A grey progressive JPEG of a few kilobytes, each scan of which makes the decoder walk all of its blocks."""
    out = io.BytesIO()
    Image.new("L", (width, height), 128).save(out, "JPEG", progressive=True)
    whole = out.getvalue()
    starts = [at for at in range(len(whole) - 1) if whole[at : at + 2] == b"\xff\xda"]
    last = whole[starts[-1] : -2]
    return whole[:-2] + last * scans + whole[-2:]


def _huge() -> Iterator[tuple[str, bytes]]:
    """More pixels than may be, as many as may be, and sizes that overflow."""
    for side in (8000, 30_000, 65_500, 2**31 - 1, 2**32 - 1):
        yield f"PNG says {side} squared", png(side, side, rows=0) if side < 70_000 else _says(side, side)
    for width, height in ((1, 2**31 - 1), (2**31 - 1, 1), (50_000_000, 1), (1, 49_999_999), (0, 5), (5, 0), (0, 0)):
        yield f"PNG says {width} x {height}", _says(width, height)
    yield "PNG bomb, bits", png(7000, 7100, depth=1, colour=0)
    yield "PNG bomb, RGBA of 16 bits", png(3000, 2500, depth=16, colour=6)
    yield "PNG bomb, palette", png(6000, 6000, depth=1, colour=3)
    yield "PNG one row of fifty million", png(49_000_000, 1, depth=1, colour=0)
    yield "JPEG of 400 scans", progressive(6000, 6000, 400)
    yield "JPEG of 3000 small scans", progressive(64, 48, 3000)
    yield "JPEG largest", saved(Image.new("L", (6500, 6500)), "JPEG")
    yield "GIF largest", saved(Image.new("P", (7000, 7000)), "GIF")
    yield "TIFF deflate bomb", saved(Image.new("L", (7000, 7000)), "TIFF", compression="tiff_adobe_deflate")
    yield "WEBP bomb", saved(Image.new("RGB", (5000, 5000)), "WEBP", quality=1, method=0)
    for entries in (1, 50, 4000):
        directory = struct.pack("<HHII", 0x0100, 4, 2**31, 8) * entries
        yield f"TIFF of {entries} counts", b"II*\0\x08\0\0\0" + struct.pack("<H", entries) + directory + b"\x08\0\0\0"


def _says(width: int, height: int) -> bytes:
    """A whole PNG whose header says another size."""
    data = bytearray(sample("png"))
    struct.pack_into(">II", data, 16, width, height)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    return bytes(data)


def _polyglots() -> Iterator[tuple[str, bytes]]:
    """Files that are two things at once, or something else under a picture's name."""
    others = {
        "zip": b"PK\x03\x04" + JUNK,
        "html": b"<html><script>alert(1)</script>",
        "php": b"<?php system($_GET['c']); ?>",
        "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "elf": b"\x7fELF" + JUNK[:300],
        "gif": sample("gif"),
        "jpeg": sample("baseline"),
    }
    for name in SAMPLES:
        whole = sample(name)
        for what, other in others.items():
            yield f"{name} before {what}", whole + other
            yield f"{name} after {what}", other + whole
            yield f"{what} inside {name}", whole[: len(whole) // 2] + other + whole[len(whole) // 2 :]
    for what, other in others.items():
        if what not in ("gif", "jpeg"):
            yield f"only {what}", other
    for head in (
        b"MM\0*",
        b"8BPS",
        b"\0\0\1\0",
        b"P6 9 9 255\n",
        b"BM",
        b"GIF89a",
        b"RIFF\xff\xff\xff\xffWEBP",
        b"\0\0\0\x1cftypavif",
    ):
        yield f"only {head!r}", head
        yield f"{head!r} and junk", head + JUNK


def _odd() -> Iterator[tuple[str, bytes]]:
    random = np.random.default_rng(3)
    for length in (1, 2, 3, 8, 16, 100, 5000, 1_000_000):
        yield f"{length} zeros", bytes(length)
        yield f"{length} of junk", random.bytes(length)
    yield "one pixel", saved(Image.new("RGB", (1, 1)), "PNG")
    yield "a line", saved(Image.new("RGB", (20_000, 1)), "PNG")
    frames = [Image.new("P", (40, 30), number) for number in range(250)]
    yield "GIF of many frames", saved(frames[0], "GIF", save_all=True, append_images=frames[1:])

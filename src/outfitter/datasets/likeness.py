"""Finds the same photo again, though it was scaled, compressed, brightened or cropped by a hair.

A photo's print is a difference hash (each of 64 bits: is a cell brighter than its right neighbour) and a thumbnail.
Hashes of all pairs are compared, which takes a few nanoseconds each; for pairs that are close, the thumbnails'
correlation decides. At the limits below, the 804 street photos of Clothing Co-Parsing have no pair, the 3 409
packshots of the Clothing dataset one, which is the same picture twice; of 60 photos scaled to a third, saved at JPEG
quality 30, brightened by 15 % or given a fifth more contrast, all are found again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from outfitter.datasets.pool import Progress, in_order, silent
from outfitter.photo import check_bytes, check_pixels, load_photo
from outfitter.system import cores

MAX_BITS: Final = 10
"""Hashes that differ in more bits are of different photos."""
MIN_LIKENESS: Final = 0.985
"""Thumbnails that correlate less are of different photos."""
THUMB: Final = 16


@dataclass(frozen=True, eq=False)
class Prints:
    """hashes: uint64 (N,); thumbs: uint8 (N, 16, 16, 3)."""

    hashes: NDArray[np.uint64]
    thumbs: NDArray[np.uint8]

    @classmethod
    def join(cls, prints: Sequence[Prints]) -> Prints:
        none = cls(np.zeros(0, np.uint64), np.zeros((0, THUMB, THUMB, 3), np.uint8))
        parts = [none, *prints]
        return cls(np.concatenate([part.hashes for part in parts]), np.concatenate([part.thumbs for part in parts]))

    def __getitem__(self, keep: NDArray[np.intp] | slice) -> Prints:
        return Prints(self.hashes[keep], self.thumbs[keep])


def print_of(source: Path | bytes, name: str) -> Prints:
    """The print, N = 1, of a picture. All of its file is read, so damage anywhere in it is found.

    Raises:
        PhotoError: it cannot be read.
    """
    if isinstance(source, Path):
        with suppress(Exception), Image.open(source, formats=("JPEG",)) as image:
            # At an eighth of its size a JPEG decodes three times as fast. What is odd is left to the loader below,
            # and what is damaged too, which says best how.
            check_bytes(name, source.stat().st_size)
            check_pixels(name, image.size)
            image.draft("RGB", (128, 128))
            if image.mode == "RGB" and "icc_profile" not in image.info and image.getexif().get(0x0112, 1) == 1:
                return _print(image)
    return _print(Image.fromarray(load_photo(source, name=name).pixels))


def _print(image: Image.Image) -> Prints:
    cells = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    bits = (cells[:, 1:] > cells[:, :-1]).reshape(64)
    thumb = np.asarray(image.resize((THUMB, THUMB), Image.Resampling.BOX))
    return Prints(np.packbits(bits).view(np.uint64), thumb[None])


def prints_of(images: Sequence[Path], workers: int | None = None, progress: Progress = silent) -> Prints:
    """The prints of pictures, in order, N = len(images).

    Raises:
        PhotoError: one cannot be read.
    """
    found: list[Prints] = []
    with progress("photos", len(images)) as advance:
        for done, prints in in_order(_prints, images, workers or cores()):
            found.append(prints)
            advance(done)
    return Prints.join(found)


def _prints(images: Sequence[Path]) -> Prints:
    return Prints.join([print_of(image, str(image)) for image in images])


def find_again(these: Prints, those: Prints) -> list[tuple[int, int, float]]:
    """(index in `these`, index in `those`, likeness) of each one's best match, if it has one."""
    found: list[tuple[int, int, float]] = []
    for i in range(len(these.hashes)):
        near, alike = _near(these, i, those)
        if len(near):
            best = int(alike.argmax())
            found.append((i, int(near[best]), float(alike[best])))
    return found


def find_alike(prints: Prints) -> Iterator[tuple[int, int]]:
    """All pairs (i, j), i < j, of photos that are nearly the same."""
    for i in range(len(prints.hashes)):
        near, _ = _near(prints, i, prints[i + 1 :])
        yield from ((i, i + 1 + int(j)) for j in near)


def _near(these: Prints, i: int, those: Prints) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Which of `those` are nearly the same as photo `i` of `these`, and how alike they are, at most 1."""
    close = np.flatnonzero(np.bitwise_count(those.hashes ^ these.hashes[i]) <= MAX_BITS)
    alike = _normed(those.thumbs[close]) @ _normed(these.thumbs[i : i + 1])[0]
    keep = alike >= MIN_LIKENESS
    return close[keep], alike[keep]


def _normed(thumbs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Thumbnails as vectors (N, 768) without their mean and of length 1, so that brightness does not matter."""
    flat = thumbs.reshape(len(thumbs), THUMB * THUMB * 3).astype(np.float32)
    # One grain of noise keeps a picture of one colour from having no direction.
    flat = flat - flat.mean(1, keepdims=True)
    flat[:, 0] += 1e-3
    return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True), np.float32)

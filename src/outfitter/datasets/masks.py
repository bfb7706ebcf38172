"""Class masks, as Clothing Co-Parsing has them: ``photos/NAME.jpg`` + ``masks/NAME.png`` + ``labels.txt``.

A mask is an 8-bit PNG of the photo's size whose values are rows of ``labels.txt``, from 0; 2 or 4 bits do as well. It
says which pixels are jeans, not how many jeans there are, so a label becomes one box: around those of its connected
pieces that have at least `MIN_PIECE` of its area. Specks of a sloppy brush are left out, the second of two shoes is
not. A label of fewer than `MIN_AREA` pixels is no garment that could be found.

By this rule the 804 published masks hold 3 557 boxes of the seven slots: top 791, footwear 781, bottom 579, bag 536,
long 520, eyewear 256, headwear 94.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from outfitter.datasets.records import READERS, Box, Drops, Record, Source, natural, read_lines
from outfitter.errors import DatasetError
from outfitter.photo import EXTENSIONS
from outfitter.taxonomy import CCP_TO_SLOT

MIN_PIECE: Final = 0.05
MIN_AREA: Final = 100
PHOTOS: Final = ("photos", "images")
BACKGROUND: Final = ("null", "background")
_SPREAD: Final = {"L;2": 85, "L;4": 17}
"""What Pillow multiplies greys of 2 and of 4 bits by, so that white is 255."""


@READERS.register("masks")
def read(source: Path) -> Source:
    """Raises DatasetError if the folder is not laid out as above."""
    labels = labels_of(source)
    photos = next((source / name for name in PHOTOS if (source / name).is_dir()), None)
    masks = source / "masks"
    if photos is None or not masks.is_dir():
        raise DatasetError(f"{source}: need photos/NAME.jpg, masks/NAME.png and labels.txt in it.")
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(photos.iterdir()):
        if path.suffix.lower() in EXTENSIONS:
            by_name[path.stem].append(path)
    drops = Drops()
    is_ccp = set(CCP_TO_SLOT) <= set(labels)
    return Source(
        _records(by_name, masks, labels, drops),
        tuple(label for label in labels if label not in BACKGROUND),
        {"slots": {label: CCP_TO_SLOT.get(label) for label in labels}} if is_ccp else {},
        "Apache-2.0" if is_ccp else "",
        drops,
    )


def mask_beside(photo: Path) -> Path | None:
    """The mask of a photo that lies as above, whatever data set names the photo; None where there is none."""
    mask = photo.parents[1] / "masks" / f"{photo.stem}.png" if photo.parent.name in PHOTOS else None
    return mask if mask is not None and mask.is_file() else None


def labels_of(source: Path) -> tuple[str, ...]:
    """What the ids of the masks in ``source/masks`` mean. Raises DatasetError: no ``labels.txt``."""
    return tuple(line.strip() for _, line in read_lines(source / "labels.txt") if line.strip())


def read_mask(path: Path) -> NDArray[np.uint8]:
    """The ids of a mask, uint8 (H, W), as they were saved.

    Raises:
        OSError: it cannot be read as a PNG.
        ValueError: it is in colours, or of 1 or 16 bits.
    """
    with Image.open(path, formats=("PNG",)) as image:
        if image.mode not in ("L", "P"):
            raise ValueError(f"its mode is {image.mode}")
        spread = max((_SPREAD.get(str(tile.args), 1) for tile in image.tile), default=1)
        return np.asarray(image) // np.uint8(spread)


def _records(photos: dict[str, list[Path]], masks: Path, labels: tuple[str, ...], drops: Drops) -> Iterator[Record]:
    found = {path.stem: path for path in sorted(masks.glob("*.png"))}
    for name in sorted(found.keys() - photos.keys(), key=natural):
        drops.add("missing image", str(found[name]), "there is a mask, but no photo of this name")
    for name in sorted(photos, key=natural):
        if name not in found:
            for photo in photos[name]:
                drops.add("missing annotation", str(photo), "there is a photo, but no mask of this name")
            continue
        if len(photos[name]) > 1:
            names = " and ".join(photo.name for photo in photos[name])
            drops.add("mask of two photos", str(found[name]), f"it may be that of {names}")
            continue
        try:
            mask = read_mask(found[name])
            boxes = boxes_of(mask, labels)
        except (OSError, ValueError) as error:
            drops.add("unreadable mask", str(found[name]), f"{error}; need an 8-bit PNG of ids below {len(labels)}")
            continue
        kept = [(box, label) for box, label in boxes if label not in BACKGROUND]
        yield Record(
            image=photos[name][0],
            name=name,
            boxes=tuple(box for box, _ in kept),
            labels=tuple(label for _, label in kept),
            where=str(found[name]),
            stated_wh=(mask.shape[1], mask.shape[0]),
        )


def boxes_of(mask: NDArray[np.uint8], labels: tuple[str, ...]) -> list[tuple[Box, str]]:
    """The boxes of a mask, uint8 (H, W), in the order of its label ids.

    Raises:
        ValueError: the mask holds an id that has no label.
    """
    if mask.max() >= len(labels):
        raise ValueError(f"holds id {mask.max()}, and there are {len(labels)} labels")
    value, area, x1, y1, x2, y2 = pieces(mask)
    boxes: list[tuple[Box, str]] = []
    for label_id in np.unique(value):
        own = value == label_id
        total = area[own].sum()
        own &= area >= MIN_PIECE * total
        if total >= MIN_AREA and own.any():
            box = (float(x1[own].min()), float(y1[own].min()), float(x2[own].max()), float(y2[own].max()))
            boxes.append((box, labels[label_id]))
    return boxes


def pieces(mask: NDArray[np.uint8]) -> tuple[NDArray[np.intp], ...]:
    """Connected pieces of equal value, with corners touching (8-connected).

    mask: uint8 (H, W). Returns six arrays (P,): value, area in pixels, x1, y1, x2, y2 (exclusive).

    Works on horizontal runs, of which there are a hundred times fewer than pixels: those that touch in neighbouring
    rows are edges of a graph, whose components are found by hooking each root to the least root beside it and then
    shortening paths (Shiloach and Vishkin 1982).
    """
    height, width = mask.shape
    flat = mask.reshape(-1)
    starts = np.empty(flat.size, bool)
    starts[0], starts[1:] = True, flat[1:] != flat[:-1]
    starts[::width] = True
    first = np.flatnonzero(starts)
    length = np.diff(first, append=flat.size)
    value = flat[first].astype(np.intp)
    run = (np.cumsum(starts) - 1).reshape(height, width)

    root = np.arange(len(first))
    upper, lower = _touching(mask, run)
    while True:
        a, b = root[upper], root[lower]
        apart = a != b
        if not apart.any():
            break
        upper, lower, a, b = upper[apart], lower[apart], a[apart], b[apart]
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(shorter := root[root], root):
            root = shorter

    order = np.argsort(root, kind="stable")
    begin = np.flatnonzero(np.diff(root[order], prepend=-1))
    y, x = np.divmod(first, width)
    return (
        value[order][begin],
        np.add.reduceat(length[order], begin),
        np.minimum.reduceat(x[order], begin),
        np.minimum.reduceat(y[order], begin),
        np.maximum.reduceat((x + length)[order], begin),
        np.maximum.reduceat(y[order], begin) + 1,
    )


def _touching(mask: NDArray[np.uint8], run: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of runs of equal value that touch, the upper and the lower; few pairs are given twice."""
    upper, lower = [], []
    width = mask.shape[1]
    for shift in (-1, 0, 1):
        above = np.s_[:-1, max(0, -shift) : width - max(0, shift)]
        below = np.s_[1:, max(0, shift) : width + min(0, shift)]
        a, b = run[above], run[below]
        touch = mask[above] == mask[below]
        # Along a pair of runs only the first shared pixel is of interest.
        touch[:, 1:] &= (a[:, 1:] != a[:, :-1]) | (b[:, 1:] != b[:, :-1])
        upper.append(a[touch])
        lower.append(b[touch])
    return np.concatenate(upper), np.concatenate(lower)

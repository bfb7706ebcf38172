"""Folders named for a class, one garment per photo and no boxes: ``[SPLIT/]CLASS/PHOTO``.

Shops and classification sets look like this, the Clothing dataset among them. Where the ground is plain the box can be
seen without a model (`plain_ground`); other photos are dropped and counted. Unlike other readers this one decodes the
photos, since the box is in the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from outfitter.datasets.plain_ground import find_on_plain_ground
from outfitter.datasets.pool import LIMIT, in_order
from outfitter.datasets.records import READERS, SPLIT_ALIASES, Box, Drops, Record, Source
from outfitter.errors import DatasetError, PhotoError
from outfitter.photo import list_photos, load_photo
from outfitter.system import cores

CLOTHING_TO_SLOT: Final = {
    "dress": "long",
    "hat": "headwear",
    "longsleeve": "top",
    "outwear": "top",  # mostly jackets; its few coats would be "long"
    "pants": "bottom",
    "shirt": "top",
    "shoes": "footwear",
    "shorts": "bottom",
    "skirt": "bottom",
    "t-shirt": "top",
}
"""The Clothing dataset's classes as slots."""


@READERS.register("class-folders")
def read(source: Path) -> Source:
    """Raises DatasetError if there are no photos two or three folders deep."""
    if not source.is_dir():
        raise DatasetError(f"{source}: there is no such folder; need CLASS/PHOTO or SPLIT/CLASS/PHOTO in it.")
    drops = Drops()
    photos: list[tuple[Path, str | None, str]] = []
    for path in list_photos(source):
        *parents, label = path.relative_to(source).parts[:-1] or ("",)
        split = SPLIT_ALIASES.get(parents[0].lower()) if len(parents) == 1 else None
        if label and (not parents or split):
            photos.append((path, split, label))
        else:
            drops.add("in no class", str(path), "it lies neither in CLASS/ nor in SPLIT/CLASS/")
    if not photos:
        raise DatasetError(f"{source}: holds no photos as CLASS/PHOTO or SPLIT/CLASS/PHOTO. Is --format right?")
    labels = tuple(sorted({label for _, _, label in photos}))
    is_clothing = set(labels) == set(CLOTHING_TO_SLOT)
    return Source(
        _records(source, photos, drops),
        labels,
        {"slots": CLOTHING_TO_SLOT} if is_clothing else {},
        "CC0-1.0" if is_clothing else "",
        drops,
    )


def _records(source: Path, photos: list[tuple[Path, str | None, str]], drops: Drops) -> Iterator[Record]:
    done = in_order(_boxes, [path for path, _, _ in photos], LIMIT.get() or cores())
    for (path, split, label), box in zip(photos, (box for _, boxes in done for box in boxes), strict=True):
        if isinstance(box, str):
            drops.add("no plain ground", str(path), box)
            continue
        name = path.relative_to(source).with_suffix("").as_posix()
        yield Record(path, name, (box,), (label,), str(path), split)


def _boxes(paths: Sequence[Path]) -> list[Box | str]:
    return [_box(path) for path in paths]


def _box(path: Path) -> Box | str:
    try:
        return find_on_plain_ground(load_photo(path).pixels)
    except PhotoError as error:
        return str(error)

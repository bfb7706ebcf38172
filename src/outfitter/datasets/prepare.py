"""Any source → a data set in canonical form: labels renamed, splits made, boxes checked, photos cropped if asked.

Each crop is drawn from its own random numbers, which come of the seed and the photo's name. So the result is the
same for any number of workers, and after any interruption.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field, model_validator

from outfitter.config import Options
from outfitter.datasets.categories import choose
from outfitter.datasets.output import begin, extension, finish, refuse_taken, stems, write_whole
from outfitter.datasets.pool import Progress, cores, in_order, silent
from outfitter.datasets.records import READERS, Drops, Record, Slice, is_utf8, printable
from outfitter.datasets.settle import Settled, settle
from outfitter.datasets.split import BLOCK, VAL_SHARE, assign, blocks
from outfitter.errors import DatasetError, PhotoError
from outfitter.photo import encode_jpeg, load_photo
from outfitter.values import Annotations, Example

CROPPED: Final = ("train", "val")
MIN_CROP_SIDE: Final = 50
"""Pixels; smaller crops are dropped."""
ASPECTS: Final = (0.2, 5.0)
"""A box's width over its height, each as a share of its crop, must lie within; else it is dropped."""


class PrepareOptions(Options):
    """How a source becomes a data set.

    crop: least and most margin around a box, as shares of its sides; None keeps photos whole, with every box.
    images: ``reference`` leaves photos where they are, ``copy`` makes the data set stand alone; crops always lie
    within it. val, test: their shares of the photos where the source has no partition of its own. block: how many
    consecutive photos stay together then.
    """

    format: str
    categories: str = "fine"
    crop: tuple[float, float] | None = None
    seed: int = Field(default=0, ge=0)
    images: Literal["reference", "copy"] = "reference"
    val: float = Field(default=VAL_SHARE, ge=0, lt=1)
    test: float = Field(default=0.0, ge=0, lt=1)
    block: int = Field(default=BLOCK, gt=0)

    @model_validator(mode="after")
    def _margins(self) -> PrepareOptions:
        if self.crop is not None and not 0 <= self.crop[0] <= self.crop[1] <= 1:
            raise ValueError("margins must be 0 <= least <= most <= 1, as in 0.05,0.20")
        return self


@dataclass(frozen=True)
class Prepared:
    """What a preparation did. counts: per split, photos and boxes of every class. notes: what was mended."""

    folder: Path
    counts: dict[str, dict[str, Any]]
    dropped: dict[str, int]
    notes: dict[str, int]


@dataclass
class _Part:
    """What comes of some records."""

    examples: list[Example] = field(default_factory=list)
    drops: Drops = field(default_factory=Drops)
    notes: Counter[str] = field(default_factory=Counter)


def prepare(
    source: Path, out: Path, options: PrepareOptions, *, workers: int | None = None, progress: Progress = silent
) -> Prepared:
    """Make the data set `out` of `source`. Interrupted, the same call goes on where it stopped.

    Args:
        workers: processes; by default as many as there are cores.

    Raises:
        DatasetError: the source cannot be read as `options.format`, a label has no class, or nothing is left of it.
        ConfigError: an impossible option.
    """
    reader = READERS[options.format]
    opened = reader(source)
    refuse_taken(out)
    records: list[Record] = []
    with progress("listing", None) as advance:
        for record in opened.records:
            records.append(record)
            advance()
    splits = {record.split for record in records if record.split is not None}
    naming = choose(options.categories, opened, {label for record in records for label in record.labels})
    records = [_renamed(record, naming.mapping) for record in _distinct(records, opened.drops)]
    if not records:
        raise DatasetError(f"{source}: holds no annotated photos.{_why(opened.drops)}")
    records = _with_splits(records, options)

    plan = {"source": str(source), **options.model_dump(mode="json"), "mapping": dict(naming.mapping)}
    begin(out, plan)
    whole = _Part(drops=opened.drops)
    tasks = list(zip(records, stems(record.name for record in records), strict=True))
    work = partial(_work, options=options, folder=out)
    with progress("photos", len(records)) as advance:
        for done, part in in_order(work, tasks, workers or cores()):
            whole.examples += part.examples
            whole.drops += part.drops
            whole.notes += part.notes
            advance(done)
    lost = splits - {example.split for example in whole.examples}
    if lost:
        raise DatasetError(f"{source}: leaves nothing of {', '.join(sorted(lost))}.{_why(whole.drops)}")
    about = {
        "source": str(source),
        "licence": opened.licence,
        "options": options.model_dump(mode="json"),
        "mended": dict(whole.notes),
    }
    counts = finish(out, whole.examples, naming.class_names, about, whole.drops)
    return Prepared(out, counts, whole.drops.counts(), dict(whole.notes))


def _why(drops: Drops) -> str:
    if not drops:
        return ""
    counted = ", ".join(f"{count} × {reason}" for reason, count in drops.counts().items())
    return f" Dropped: {counted}; the first is {drops[0].where}: {drops[0].detail.rstrip('.')}."


def _distinct(records: Sequence[Record], drops: Drops) -> list[Record]:
    """Drop photos that are listed twice, and those whose name no UTF-8 file can hold."""
    kept: dict[str, Record] = {}
    for record in records:
        if not is_utf8(record):
            drops.add("name not UTF-8", printable(record.name), f"no JSON can hold it; {printable(record.where)}")
        elif record.name in kept:
            drops.add("photo listed twice", record.name, f"{record.where}, and before in {kept[record.name].where}")
        else:
            kept[record.name] = record
    return list(kept.values())


def _renamed(record: Record, mapping: Any) -> Record:
    kept = [i for i, label in enumerate(record.labels) if mapping[label] is not None]
    return record._replace(
        boxes=tuple(record.boxes[i] for i in kept),
        labels=tuple(mapping[record.labels[i]] for i in kept),
        crowd=tuple(record.crowd[i] for i in kept) if record.crowd else (),
    )


def _with_splits(records: Sequence[Record], options: PrepareOptions) -> list[Record]:
    """Keep the source's partition; without one, deal blocks of neighbours."""
    if all(record.split is not None for record in records):
        return list(records)
    if any(record.split is not None for record in records):
        lost = next(record for record in records if record.split is None)
        raise DatasetError(
            f"{lost.where}: {lost.name} is in no split, and others are. Give every photo a split, or none."
        )
    groups = blocks([record.name for record in records], options.block)
    shares = {"val": options.val, "test": options.test}
    splits = assign(groups, [record.labels for record in records], shares, options.seed)
    return [record._replace(split=split) for record, split in zip(records, splits, strict=True)]


# --- in the workers


def _work(tasks: Sequence[tuple[Record, str]], options: PrepareOptions, folder: Path) -> _Part:
    part = _Part()
    for record, stem in tasks:
        settled = settle(record, part.drops)
        if settled is None:
            continue
        part.notes.update(settled.notes)
        assert record.split is not None
        if options.crop is not None:
            _crop(settled, stem, options, folder, part)
        else:
            _keep(settled, stem, options, folder, part)
    return part


def _keep(settled: Settled, stem: str, options: PrepareOptions, folder: Path, part: _Part) -> None:
    record = settled.record
    assert record.split is not None
    if isinstance(record.image, Path) and options.images == "reference":
        image = record.image
    else:
        data = record.image.read() if isinstance(record.image, Slice) else record.image.read_bytes()
        image = folder / "images" / record.split / (stem + extension(data))
        if not image.exists():
            write_whole(image, data)
    part.examples.append(Example(image, record.name, settled.annotations, record.split))


def _crop(settled: Settled, stem: str, options: PrepareOptions, folder: Path, part: _Part) -> None:
    """The original's preparation: each box of train and val its own picture; test photos whole; small ones dropped."""
    record, truth = settled.record, settled.annotations
    assert options.crop is not None
    assert record.split is not None
    if record.split not in CROPPED:
        good = [
            i for i in range(len(truth)) if _passes(truth.boxes_xyxy[i].tolist(), truth.size_wh, record, i, part.drops)
        ]
        if good:
            assert truth.crowd is not None
            labels = tuple(truth.labels[i] for i in good)
            kept = Annotations(truth.boxes_xyxy[good], labels, truth.size_wh, truth.crowd[good])
            _keep(Settled(record, kept), stem, options, folder, part)
        return
    photo = None
    assert truth.crowd is not None
    for i, (box, label) in enumerate(zip(truth.boxes_xyxy.tolist(), truth.labels, strict=True)):
        if truth.crowd[i]:
            part.drops.add("crowd box", record.name, f"a group of {label} makes no crop; {record.where}", i)
            continue
        digest = sha256(f"{options.seed}\0{record.name}\0{i}".encode()).digest()
        margins = np.random.default_rng(list(digest)).uniform(*options.crop, 4)
        x1, y1, x2, y2 = window = crop_window(box, margins.tolist(), truth.size_wh)
        size = x2 - x1, y2 - y1
        inside = (box[0] - x1, box[1] - y1, box[2] - x1, box[3] - y1)
        if not _passes(inside, size, record, i, part.drops):
            continue
        single = len(truth) == 1
        image = folder / "images" / record.split / f"{stem}{'' if single else f'@{i}'}.jpg"
        if not image.exists():
            try:
                photo = photo or load_photo(_source(record.image), name=record.name)
            except PhotoError as error:
                part.drops.add("unreadable image", record.name, str(error))
                return
            if photo.size_wh != truth.size_wh:
                part.drops.add(
                    "unreadable image", record.name, f"decodes to {photo.size_wh}, its header says {truth.size_wh}"
                )
                return
            write_whole(image, encode_jpeg(photo.pixels[window[1] : window[3], window[0] : window[2]]))
        annotations = Annotations(np.array([inside], np.float32), (label,), size)
        part.examples.append(Example(image, record.name if single else f"{record.name}@{i}", annotations, record.split))


def crop_window(box: Sequence[float], margins: Sequence[float], size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """The whole pixels that a crop takes, xyxy: the box and its margins, cut at the photo's edges.

    margins: left, top, right, bottom, in shares of the box's own width and height, rounded to whole pixels as in the
    original.
    """
    x1, y1, x2, y2 = box
    w, h = x2 - x1, y2 - y1
    left, top, right, bottom = (round(m * side) for m, side in zip(margins, (w, h, w, h), strict=True))
    return (
        max(0, int(np.floor(x1 - left))),
        max(0, int(np.floor(y1 - top))),
        min(size_wh[0], int(np.ceil(x2 + right))),
        min(size_wh[1], int(np.ceil(y2 + bottom))),
    )


def _passes(box: Sequence[float], size_wh: tuple[int, int], record: Record, number: int, drops: Drops) -> bool:
    if min(size_wh) < MIN_CROP_SIDE:
        detail = f"{size_wh[0]} × {size_wh[1]} pixels, under {MIN_CROP_SIDE} a side; {record.where}"
        drops.add("crop too small", record.name, detail, number)
        return False
    aspect = ((box[2] - box[0]) / size_wh[0]) / ((box[3] - box[1]) / size_wh[1])
    if not ASPECTS[0] <= aspect <= ASPECTS[1]:
        detail = f"normalised aspect {aspect:.3g} is outside {ASPECTS[0]:g} to {ASPECTS[1]:g}; {record.where}"
        drops.add("extreme aspect", record.name, detail, number)
        return False
    return True


def _source(image: Path | Slice) -> Path | bytes:
    return image.read() if isinstance(image, Slice) else image

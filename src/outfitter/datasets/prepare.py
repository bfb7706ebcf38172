"""Any source → a data set in canonical form: labels renamed, splits made, boxes checked, photos cropped if asked.

The result is the same, to the byte, for any number of workers and after any interruption.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from outfitter.config import Options
from outfitter.datasets.categories import choose
from outfitter.datasets.output import abandon, begin, extension, finish, refuse_taken, stems, write_whole
from outfitter.datasets.pool import Progress, at_most, in_order, silent
from outfitter.datasets.records import READERS, SPLITS, Drops, Record, Slice, is_utf8, printable, told_apart
from outfitter.datasets.seed_crop import CROPPED, LazyPhoto, cut, keep_large
from outfitter.datasets.settle import header_of, settle
from outfitter.datasets.split import BLOCK, VAL_SHARE, assign, blocks
from outfitter.errors import DatasetError
from outfitter.system import cores


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
            least, most = self.crop
            raise ValueError(f"crop is {least},{most}; need 0 <= least <= most <= 1, as in 0.05,0.20")
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

    records: list[Record] = field(default_factory=list)
    drops: Drops = field(default_factory=Drops)
    notes: Counter[str] = field(default_factory=Counter)


def prepare(
    source: Path, out: Path, options: PrepareOptions, *, workers: int | None = None, progress: Progress = silent
) -> Prepared:
    """Make the data set `out` of `source`. Interrupted, the same call goes on where it stopped.

    Args:
        workers: processes; by default as many as there are cores.

    Raises:
        DatasetError: the source cannot be read as `options.format`, a label has no class, or nothing is left of it, of
            a split that it has, or to train on; then `out` is taken away again.
        ConfigError: an impossible option.
    """
    reader = READERS[options.format]
    opened = reader(source)
    refuse_taken(out)
    records: list[Record] = []
    with progress("listing", None) as advance, at_most(workers):
        for record in opened.records:
            records.append(record)
            advance()
    splits = {record.split for record in records if record.split is not None} or {"train"}
    naming = choose(options.categories, opened, {label for record in records for label in record.labels})
    records = [renamed(record, naming.mapping) for record in _distinct(told_apart(records), opened.drops)]
    if not records:
        raise DatasetError(f"{source}: holds no annotated photos.{_why(opened.drops)}")
    records = _with_splits(records, options)

    plan = {"source": str(source), **options.model_dump(mode="json"), "mapping": dict(naming.mapping)}
    resumed = begin(out, plan, records)
    whole = _Part(drops=opened.drops)
    tasks = list(zip(records, stems(record.name for record in records), strict=True))
    work = partial(_work, options=options, folder=out, resumed=resumed)
    with progress("photos", len(records)) as advance:
        for done, part in in_order(work, tasks, workers or cores()):
            whole.records += part.records
            whole.drops += part.drops
            whole.notes += part.notes
            advance(done)
    lost = splits - {record.split for record in whole.records}
    if lost:
        abandon(out)
        of = f" of {', '.join(sorted(lost))}" if whole.records else ""
        raise DatasetError(f"{source}: leaves nothing{of}.{_why(whole.drops)}")
    about = {
        "source": str(source),
        "licence": opened.licence,
        "crops": CROPPED if options.crop else (),
        "options": options.model_dump(mode="json"),
        "mended": dict(whole.notes),
    }
    counts = finish(out, whole.records, naming.class_names, about, whole.drops)
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


def renamed(record: Record, mapping: Mapping[str, str | None]) -> Record:
    """The record with the classes that its labels are mapped to; boxes whose label is mapped to None are left out."""
    names = [mapping[label] for label in record.labels]
    kept = [i for i, name in enumerate(names) if name is not None]
    return record._replace(
        boxes=tuple(record.boxes[i] for i in kept),
        labels=tuple(name for name in names if name is not None),
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


def _work(tasks: Sequence[tuple[Record, str]], options: PrepareOptions, folder: Path, resumed: bool) -> _Part:
    part = _Part()
    places = {split: folder / "images" / split for split in SPLITS}
    for record, stem in tasks:
        assert record.split is not None
        crops = options.crop is not None and record.split in CROPPED
        lazy = LazyPhoto(record)
        settled = settle(record, part.drops, lazy.header if crops else header_of)
        if settled is None:
            continue
        part.notes.update(settled.notes)
        if options.crop is None:
            part.records.append(_keep(settled.record, stem, options, folder))
        elif not crops:
            large = keep_large(settled, part.drops)
            if large.boxes:
                part.records.append(_keep(large, stem, options, folder))
        else:
            place = places[record.split]
            part.records += cut(settled, lazy, options.crop, options.seed, place, stem, resumed, part.drops)
    return part


def _keep(record: Record, stem: str, options: PrepareOptions, folder: Path) -> Record:
    """The record with its picture where `options.images` wants it."""
    assert record.split is not None
    if isinstance(record.image, Path) and options.images == "reference":
        return record
    data = record.image.read() if isinstance(record.image, Slice) else record.image.read_bytes()
    image = folder / "images" / record.split / (stem + extension(data))
    if not image.exists():
        write_whole(image, data)
    return record._replace(image=image)

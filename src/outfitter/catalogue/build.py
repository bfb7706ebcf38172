"""Feed → catalogue: build, add, remove, status. The offline half of the walk.

    feed → rows → (per picture) bytes → photo → detections → crops → embeddings → garments → tables

Whatever ends the process, what was written stays, and the same command goes on after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from outfitter.catalogue.feed import Feed, open_feed
from outfitter.catalogue.intake import Intake, Progress, Report
from outfitter.catalogue.models import Embeds, Finds, Models
from outfitter.catalogue.store import (
    STAMP,
    TEXTS,
    Stamp,
    Tables,
    column,
    count_rejects,
    read_stamp,
    write_stamp,
    writing,
)
from outfitter.catalogue.taking import Engine, LocalEngine
from outfitter.errors import CatalogueError


@dataclass(frozen=True)
class Removal:
    """removed: ids that are gone; unknown: ids that were not there."""

    removed: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """What is in a catalogue, finished or not. slots: garments by slot, None for pictures indexed as a whole."""

    folder: Path
    complete: bool
    products: int
    pictures: int
    garments: int
    slots: Mapping[str | None, int]
    rejected: int
    embedder: str
    detector: str
    crop_protocol: str
    dimensions: int
    attributes: tuple[str, ...]
    size_bytes: int


def build(
    feed: str | Path,
    out: str | Path,
    *,
    format: str | None = None,
    detector: Finds | None = None,
    embedder: Embeds | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Report:
    """Make the catalogue `out` from a feed, or go on making it.

    A finished catalogue is left alone: with the feed that made it there is nothing to do, with another it is an error.

    Args:
        feed, format: see `open_feed`.
        detector: None takes the one that comes with Outfitter; likewise the embedder.
        workers: pictures worked on at once; None takes one per core.
        engine: where pictures are worked on; None is this machine, with `workers`.

    Raises:
        FeedError: the feed cannot be read, or none of its rows can be used.
        CatalogueError: `out` holds something else, was made from another feed or by other models, or is being written.
        ModelError: a model folder that is not whole.
    """
    source, models, folder = open_feed(feed, format), Models(detector, embedder), Path(out)
    _make_folder(folder)
    with writing(folder):
        if not (folder / STAMP).exists():
            write_stamp(folder, models.stamp())
        stamp = models.require(folder, read_stamp(folder))
        if stamp.complete:
            if stamp.feed != source.digest:
                raise CatalogueError(
                    f"{folder}: is a finished catalogue, and was not made from {source.name} as it is now. "
                    f"Run 'outfitter catalogue add {source.name} --to {folder}', or name a new folder."
                )
            rejected = count_rejects(folder)
            return Report(folder, 0, 0, Tables(folder, stamp).products.count_rows(), rejected)
        tables = Tables(folder, stamp, make=True)
        stamp = with_attributes(folder, stamp, tables, source)
        intake = Intake(folder, stamp, tables, models, source, engine or LocalEngine(workers))
        report = intake.run(progress)
        tables.delete_products(sorted(intake.gone))
        tables.tidy(readers=False)
        write_stamp(folder, stamp.model_copy(update={"complete": True, "feed": source.digest}))
        return report


def add(
    feed: str | Path,
    to: str | Path,
    *,
    format: str | None = None,
    detector: Finds | None = None,
    embedder: Embeds | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
    fetch: Callable[[str], bytes] | None = None,
) -> Report:
    """Add a feed's products to a finished catalogue, replacing those whose id is there.

    Only new pictures are embedded; a product that has not changed is skipped. Arguments and errors as for `build`.
    fetch: URL → a picture's bytes, for feeds that strangers write; None downloads from anywhere.
    """
    source, models, folder = open_feed(feed, format), Models(detector, embedder), Path(to)
    require_finished(folder)
    with writing(folder):
        stamp = models.require(folder, require_finished(folder))
        tables = Tables(folder, stamp)
        stamp = with_attributes(folder, stamp, tables, source)
        write_stamp(folder, stamp.model_copy(update={"feed": None}))
        report = Intake(folder, stamp, tables, models, source, engine or LocalEngine(workers, fetch)).run(progress)
        if report.added or report.updated:
            tables.tidy(readers=True)
        else:
            write_stamp(folder, stamp)
        return report


def remove(ids: Iterable[str], from_: str | Path) -> Removal:
    """Take products out of a finished catalogue, with the garments that no other product shows.

    Raises:
        CatalogueError: there is no finished catalogue, or it is being written.
    """
    folder = Path(from_)
    require_finished(folder)
    with writing(folder):
        stamp = require_finished(folder)
        tables = Tables(folder, stamp)
        there = set(column(tables.products, "id"))
        wanted = list(dict.fromkeys(ids))
        gone = tuple(product_id for product_id in wanted if product_id in there)
        if gone:
            write_stamp(folder, stamp.model_copy(update={"feed": None}))
            tables.delete_products(gone)
            tables.tidy(readers=True)
        return Removal(gone, tuple(product_id for product_id in wanted if product_id not in there))


def status(folder: str | Path) -> Status:
    """What is in a catalogue, finished or not.

    Raises:
        CatalogueError: there is none, or it is damaged.
    """
    folder = Path(folder)
    stamp = read_stamp(folder)
    try:
        tables = Tables(folder, stamp)
    except CatalogueError:
        if stamp.complete:
            raise
        tables = None  # the build had only just begun
    slots: Counter[str | None] = Counter(column(tables.garments, "slot") if tables else ())
    return Status(
        folder=folder,
        complete=stamp.complete,
        products=tables.products.count_rows() if tables else 0,
        pictures=len(tables.pictures()) if tables else 0,
        garments=slots.total(),
        slots=dict(slots.most_common()),
        rejected=count_rejects(folder),
        embedder=stamp.embedder,
        detector=stamp.detector,
        crop_protocol=stamp.crop_protocol,
        dimensions=stamp.dimensions,
        attributes=tuple(stamp.attributes),
        size_bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    )


def require_finished(folder: Path) -> Stamp:
    stamp = read_stamp(folder)
    if not stamp.complete:
        raise CatalogueError(
            f"{folder}: was never finished. Run 'outfitter catalogue build FEED --out {folder}' again first: "
            "it goes on where it stopped."
        )
    return stamp


def _make_folder(folder: Path) -> None:
    """Raises CatalogueError if something else is there, or nothing can be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise CatalogueError(f"{folder}: cannot be a folder: {error.strerror}. Name another one.") from None
    if others and STAMP not in others:
        raise CatalogueError(
            f"{folder}: holds {others[0]!r} and no catalogue; nothing is overwritten. Name a new folder."
        )


def with_attributes(folder: Path, stamp: Stamp, tables: Tables, feed: Feed) -> Stamp:
    """The stamp with a column for every attribute of the feed."""
    tables.add_columns(TEXTS)  # those that an earlier version did not know
    new = [name for name in feed.attributes if name not in stamp.attributes]
    if not new:
        return stamp
    columns = {name: f"attribute_{number}" for number, name in enumerate(new, len(stamp.attributes))}
    tables.add_columns(columns.values())
    stamp = stamp.model_copy(update={"attributes": {**stamp.attributes, **columns}})
    write_stamp(folder, stamp)
    return stamp

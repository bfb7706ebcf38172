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
from outfitter.catalogue.intake import Intake, Progress, Rejected, Report
from outfitter.catalogue.models import Embeds, Finds, Models
from outfitter.catalogue.place import Place, Where, open_place
from outfitter.catalogue.store import (
    STAMP,
    TEXTS,
    Stamp,
    Tables,
    column,
    publish,
    read_rejects,
    read_stamp,
    require_finished,
    write_stamp,
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

    folder: Place
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
    out: Where,
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
    source, models, place = open_feed(feed, format), Models(detector, embedder), open_place(out)
    _make_folder(place)
    with place.writing():
        if place.read(STAMP) is None:
            write_stamp(place, models.stamp())
        stamp = models.require(place, read_stamp(place))
        if stamp.complete:
            if stamp.feed != source.digest:
                raise CatalogueError(
                    f"{place}: is a finished catalogue, and was not made from {source.name} as it is now. "
                    f"Run 'outfitter catalogue add {source.name} --to {place}', or name a new folder."
                )
            rejected = len(read_rejects(place))
            return Report(place, 0, 0, Tables(place, stamp).products.count_rows(), rejected)
        tables = Tables(place, stamp, make=True)
        stamp = with_attributes(place, stamp, tables, source)
        intake = Intake(place, stamp, tables, models, source, engine or LocalEngine(workers))
        report = intake.run(progress)
        tables.delete_products(sorted(intake.gone))
        tables.tidy(readers=False)
        publish(place, stamp.model_copy(update={"complete": True, "feed": source.digest}), tables)
        return report


def add(
    feed: str | Path,
    to: Where,
    *,
    format: str | None = None,
    detector: Finds | None = None,
    embedder: Embeds | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
    fetch: Callable[[str], bytes] | None = None,
    rejected: Rejected | None = None,
) -> Report:
    """Add a feed's products to a finished catalogue, replacing those whose id is there.

    Only new pictures are embedded; a product that has not changed is skipped. What cannot be read stays as it was.
    Arguments and errors as for `build`.

    Args:
        fetch: URL → a picture's bytes, for feeds that strangers write; None downloads from anywhere.
        rejected: gets what was rejected, also before a FeedError, and the catalogue's list of it stays as it was;
            None replaces the list.
    """
    source, models, place = open_feed(feed, format), Models(detector, embedder), open_place(to)
    require_finished(place)
    with place.writing():
        before = models.require(place, require_finished(place))
        tables = Tables(place, before, write=True)
        stamp = with_attributes(place, before, tables, source)
        intake = Intake(place, stamp, tables, models, source, engine or LocalEngine(workers, fetch))
        report = intake.run(progress, rejected)
        if report.added or report.updated or stamp != before:
            tables.tidy(readers=True)
            publish(place, stamp.model_copy(update={"feed": None}), tables)
            tables.clean(stamp.versions)
        return report


def remove(ids: Iterable[str], from_: Where) -> Removal:
    """Take products out of a finished catalogue, with the garments that no other product shows.

    Raises:
        CatalogueError: there is no finished catalogue, or it is being written.
    """
    place = open_place(from_)
    require_finished(place)
    with place.writing():
        stamp = require_finished(place)
        tables = Tables(place, stamp, write=True)
        there = set(column(tables.products, "id"))
        wanted = list(dict.fromkeys(ids))
        gone = tuple(product_id for product_id in wanted if product_id in there)
        if gone:
            tables.delete_products(gone)
            tables.tidy(readers=True)
            publish(place, stamp.model_copy(update={"feed": None}), tables)
            tables.clean(stamp.versions)
        return Removal(gone, tuple(product_id for product_id in wanted if product_id not in there))


def status(where: Where) -> Status:
    """What is in a catalogue, finished or not.

    Raises:
        CatalogueError: there is none, or it is damaged.
    """
    place = open_place(where)
    stamp = read_stamp(place)
    try:
        tables = Tables(place, stamp)
    except CatalogueError:
        if stamp.complete:
            raise
        tables = None  # the build had only just begun
    slots: Counter[str | None] = Counter(column(tables.garments, "slot") if tables else ())
    return Status(
        folder=place,
        complete=stamp.complete,
        products=tables.products.count_rows() if tables else 0,
        pictures=len(tables.pictures()) if tables else 0,
        garments=slots.total(),
        slots=dict(slots.most_common()),
        rejected=len(read_rejects(place)),
        embedder=stamp.embedder,
        detector=stamp.detector,
        crop_protocol=stamp.crop_protocol,
        dimensions=stamp.dimensions,
        attributes=tuple(stamp.attributes),
        size_bytes=place.size_bytes(),
    )


def _make_folder(place: Place) -> None:
    """Raises CatalogueError if something else is there, or nothing can be."""
    place.prepare()
    others = place.names()
    if others and STAMP not in others:
        raise CatalogueError(
            f"{place}: holds {others[0]!r} and no catalogue; nothing is overwritten. Name a new folder."
        )


def with_attributes(place: Place, stamp: Stamp, tables: Tables, feed: Feed) -> Stamp:
    """The stamp with a column for every attribute of the feed; one that was never finished is written at once."""
    tables.add_columns(TEXTS)  # those that an earlier version did not know
    new = [name for name in feed.attributes if name not in stamp.attributes]
    if not new:
        return stamp
    columns = {name: f"attribute_{number}" for number, name in enumerate(new, len(stamp.attributes))}
    tables.add_columns(columns.values())
    stamp = stamp.model_copy(update={"attributes": {**stamp.attributes, **columns}})
    if not stamp.complete:
        write_stamp(place, stamp)
    return stamp

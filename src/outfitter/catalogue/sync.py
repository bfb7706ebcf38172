"""Nightly: make a catalogue what today's feed says, embedding only pictures that are new or changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outfitter.catalogue.build import build, with_attributes
from outfitter.catalogue.feed import open_feed
from outfitter.catalogue.intake import Intake, Progress
from outfitter.catalogue.models import Embeds, Finds, Models
from outfitter.catalogue.place import Place, Where, open_place
from outfitter.catalogue.store import (
    CHANGES,
    REJECTS,
    STAMP,
    Tables,
    column,
    publish,
    read_stamp,
    require_finished,
    write_changes,
)
from outfitter.catalogue.taking import Engine, LocalEngine
from outfitter.errors import CatalogueError

MOST_REMOVED: Final = 0.5
"""Share of the products that a feed may remove without being allowed to: one that lacks more was cut short."""


@dataclass(frozen=True)
class Sync:
    """What a sync did. added, changed, removed, unchanged, kept: products; rejected: rows and pictures.

    changed_pictures: those of `changed` whose pictures are others; the rest changed in price, stock or text alone.
    kept: products that stay as they were: the feed names them and what it has of them cannot be used, or it lacks them
    and has rows that tell no id.
    embedded: pictures that went through the models.
    """

    folder: Place
    added: int
    changed: int
    changed_pictures: int
    removed: int
    unchanged: int
    kept: int
    rejected: int
    embedded: int

    @property
    def rejects(self) -> str:
        """The list of what was rejected."""
        return self.folder / REJECTS

    @property
    def changes(self) -> str:
        """The list of what was added, changed and removed."""
        return self.folder / CHANGES


def sync(
    feed: str | Path,
    folder: Where,
    *,
    format: str | None = None,
    allow_removals: bool = False,
    detector: Finds | None = None,
    embedder: Embeds | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Sync:
    """Make the catalogue what the feed says; make it anew if there is none.

    New and changed pictures are embedded, other changes are only written, and products that the feed no longer names
    go. One that it names in a row that cannot be used, or whose main picture cannot be read, stays as it was; so does
    an additional picture that cannot be read, and so do all products that are missing if there are rows so broken that
    not even their id is told. Whatever ends the process, the same command goes on after it and then reports what it did
    itself.

    Args:
        allow_removals: let go of more than half of the products, and of those missing beside rows without an id.

    Raises:
        FeedError: the feed cannot be read, or none of its rows can be used; nothing has changed.
        CatalogueError: it would remove more than half of the products, and nothing has changed; or as for `add`.
    """
    place = open_place(folder)
    if place.read(STAMP) is None or not read_stamp(place).complete:
        report = build(
            feed,
            place,
            format=format,
            detector=detector,
            embedder=embedder,
            workers=workers,
            engine=engine,
            progress=progress,
        )
        tables = Tables(place, read_stamp(place))
        write_changes(place, [(product_id, "added") for product_id in column(tables.products, "id")])
        done = report.added + report.updated
        return Sync(place, done, 0, 0, 0, report.unchanged, 0, report.rejected, len(tables.pictures()))
    source, models = open_feed(feed, format), Models(detector, embedder)
    with place.writing():
        stamp = models.require(place, require_finished(place))
        tables = Tables(place, stamp, write=True)
        there = set(column(tables.products, "id"))
        # A row that tells no id may be any product's, so none is taken to be missing.
        gone = sorted(there - source.ids) if allow_removals or "" not in source.ids else []
        if len(gone) > MOST_REMOVED * len(there) and not allow_removals:
            raise CatalogueError(
                f"{source.name}: names {len(there) - len(gone)} of the catalogue's {len(there)} products, so "
                f"{len(gone)} would be removed; more than half is taken for a feed cut short, and nothing was changed. "
                "If it is right, allow it (--allow-removals)."
            )
        stamp = with_attributes(place, stamp, tables, source)
        intake = Intake(place, stamp, tables, models, source, engine or LocalEngine(workers))
        report = intake.run(progress)
        tables.delete_products(gone)
        if intake.changes or gone:
            tables.tidy(readers=True)
        publish(place, stamp.model_copy(update={"feed": source.digest}), tables)
        tables.clean(stamp.versions)
        write_changes(place, [*intake.changes, *((product_id, "removed") for product_id in gone)])
        kinds = Counter(kind for _, kind in intake.changes)
        return Sync(
            place,
            added=kinds["added"],
            changed=kinds["changed"] + kinds["changed pictures"],
            changed_pictures=kinds["changed pictures"],
            removed=len(gone),
            unchanged=report.unchanged,
            kept=len(there - intake.seen) - len(gone),
            rejected=report.rejected,
            embedded=intake.embedded,
        )

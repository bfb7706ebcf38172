"""What a catalogue is on disk: two LanceDB tables, a stamp, a list of rejects and a lock.

    shop/
      catalogue.json   the stamp: which models made it, and whether it is finished
      products.lance   a row per product, naming its pictures by the SHA-256 of their bytes
      garments.lance   a row per garment found in a picture, naming the picture likewise
      changes.csv      what the last sync added, changed and removed
      rejects.csv      what the last feed held that could not be used, and why

Garments belong to pictures and pictures to products, so a product appears with all its garments or not at all:
its row is written last. Garments of pictures that no product names are leftovers of an interrupted write; no reader
sees them, and the next writer either uses or removes them. A picture shared by several products is embedded once.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from outfitter.catalogue.feed import Reject
from outfitter.catalogue.readers.source import OPTIONAL, REQUIRED
from outfitter.config import Options, parse
from outfitter.errors import CatalogueError, ConfigError

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

STAMP: Final = "catalogue.json"
REJECTS: Final = "rejects.csv"
CHANGES: Final = "changes.csv"
LOCK: Final = ".lock"

REBUILD: Final = "Build it again with 'outfitter catalogue build FEED --out NEW' and put NEW in its place."
"""What remains to be done with a catalogue that is damaged, or was made by other models."""

TRY_AGAIN: Final = (
    "See whether the disk is full or read-only, and run the same command again: it goes on where it stopped."
)

TEXTS: Final = (*REQUIRED, *OPTIONAL)
"""Columns of the product table that are a text of `Product` of the same name."""


class Stamp(Options):
    """What a catalogue says of itself.

    feed: digest of the feed that the build read, None once something was added or removed.
    attributes: the feed's other columns → the columns of the product table that hold them.
    """

    format: Literal[1] = 1
    complete: bool
    embedder: str
    detector: str
    crop_protocol: str
    dimensions: int = Field(gt=0)
    feed: str | None
    attributes: Mapping[str, str] = {}


def read_stamp(folder: Path) -> Stamp:
    """The stamp of a catalogue, finished or not.

    Raises:
        CatalogueError: there is no catalogue, or its stamp is damaged.
    """
    path = folder / STAMP
    if not path.is_file():
        what = f"holds no {STAMP}, so it is no catalogue" if folder.is_dir() else "is not a folder"
        raise CatalogueError(f"{folder}: {what}. Make one with 'outfitter catalogue build FEED --out {folder}'.")
    try:
        return parse(Stamp, json.loads(path.read_text(encoding="utf-8")), str(path))
    except (ValueError, OSError, ConfigError) as error:
        raise CatalogueError(f"{path}: is damaged: {error}. {REBUILD}") from None


def write_stamp(folder: Path, stamp: Stamp) -> None:
    """Replace the stamp in one step."""
    text = json.dumps(stamp.model_dump(mode="json"), indent=2, ensure_ascii=False)
    _replace(folder / STAMP, text + "\n")


def write_rejects(folder: Path, rejects: Iterable[Reject]) -> None:
    """Replace ``rejects.csv`` in one step; it has a header even if nothing was rejected."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Reject._fields)
    writer.writerows(rejects)
    _replace(folder / REJECTS, text.getvalue())


def write_changes(folder: Path, changes: Iterable[tuple[str, str]]) -> None:
    """Replace ``changes.csv`` in one step: id and what became of it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("id", "change"), *changes])
    _replace(folder / CHANGES, text.getvalue())


def count_rejects(folder: Path) -> int:
    """Rows of ``rejects.csv``."""
    path = folder / REJECTS
    if not path.is_file():
        return 0
    with path.open(encoding="utf-8", newline="") as file:
        return max(sum(1 for _ in csv.reader(file)) - 1, 0)


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise CatalogueError(f"{path}: cannot be written: {error.strerror}. {TRY_AGAIN}") from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the catalogue's lock: one writer at a time. The system releases it however the process ends.

    Raises:
        CatalogueError: another process is writing.
    """
    import fcntl

    try:
        file = (folder / LOCK).open("a")
    except OSError as error:
        raise CatalogueError(f"{folder}: cannot be written: {error.strerror}. {TRY_AGAIN}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CatalogueError(f"{folder}: another process is writing to it. Wait until it ends.") from None
        yield


class Tables:
    """The two tables of a catalogue folder. make: make them if they are not there.

    Raises:
        CatalogueError: they cannot be opened, made or written. What was written before an error stays.
    """

    def __init__(self, folder: Path, stamp: Stamp, make: bool = False) -> None:
        import lancedb

        self._folder = folder
        schemas = {"products": product_schema(stamp), "garments": garment_schema(stamp.dimensions)}
        with explained(
            f"{folder}: its tables cannot be {'made' if make else 'opened'}", TRY_AGAIN if make else REBUILD
        ):
            database = lancedb.connect(str(folder))
            self.products, self.garments = (
                database.create_table(name, schema=schema, exist_ok=True) if make else database.open_table(name)
                for name, schema in schemas.items()
            )

    def _writing(self) -> AbstractContextManager[None]:
        return explained(f"{self._folder}: cannot be written", TRY_AGAIN)

    def pictures(self) -> set[str]:
        """SHA-256 of every picture that has garments here."""
        return set(column(self.garments, "picture"))

    def add_garments(self, rows: pa.Table) -> None:
        """Rows of `garment_schema`."""
        with self._writing():
            self.garments.add(rows)

    def put_products(self, rows: pa.Table, replace: bool) -> None:
        """Rows of `product_schema`. replace: some of the ids may be there, and get these rows instead."""
        with self._writing():
            if replace:
                upsert = self.products.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
                upsert.execute(rows)
            else:
                self.products.add(rows)

    def add_columns(self, names: Iterable[str]) -> None:
        """Text columns of the products, empty; those that are there stay as they are."""
        import pyarrow as pa

        missing = [name for name in names if name not in self.products.schema.names]
        if missing:
            with self._writing():
                self.products.add_columns([pa.field(name, pa.string()) for name in missing])

    def delete_products(self, ids: Iterable[str]) -> None:
        """Their garments stay until `tidy`."""
        with self._writing():
            _delete(self.products, "id", ids)

    def tidy(self, readers: bool) -> None:
        """Drop garments of pictures that no product names, merge small files, and drop old versions.

        readers: whether some may be reading the version before; if so, versions stay for a day.
        """
        named = {picture["sha256"] for pictures in column(self.products, "pictures") for picture in pictures}
        with self._writing(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "optimize")  # a caution for catalogues that have readers
            _delete(self.garments, "picture", sorted(self.pictures() - named))
            for table in (self.garments, self.products):
                table.optimize(cleanup_older_than=timedelta(days=int(readers)), delete_unverified=not readers)


@contextmanager
def explained(what: str, remedy: str) -> Iterator[None]:
    """Whatever lancedb raises (ValueError, OSError, RuntimeError, classes of its own) as a CatalogueError."""
    try:
        yield
    except Exception as error:
        reason = re.sub(r"(, | at )?\S+\.rs:\d+(:\d+)?", "", str(error)).strip().rstrip(".,")
        raise CatalogueError(f"{what}: {reason}. {remedy}") from error


def _delete(table: Table, name: str, values: Iterable[str]) -> None:
    texts = ["'" + value.replace("'", "''") + "'" for value in values]  # as SQL writes them
    for start in range(0, len(texts), 1000):
        table.delete(f"{name} IN ({', '.join(texts[start : start + 1000])})")


def product_schema(stamp: Stamp) -> pa.Schema:
    """base: the folder that relative picture names start from. row: digest of the feed's row."""
    import pyarrow as pa

    picture = pa.struct([("image", pa.string()), ("sha256", pa.string()), ("error", pa.string())])
    return pa.schema(
        [
            *((name, pa.string()) for name in TEXTS),
            ("price", pa.float64()),
            ("additional_images", pa.list_(pa.string())),
            ("base", pa.string()),
            ("row", pa.string()),
            ("pictures", pa.list_(picture)),
            *((stored, pa.string()) for stored in stamp.attributes.values()),
        ]
    )


def garment_schema(dimensions: int) -> pa.Schema:
    """number: the garment's place in its picture, best first. slot: null for a whole picture."""
    import pyarrow as pa

    return pa.schema(
        [
            ("picture", pa.string()),
            ("number", pa.int16()),
            ("slot", pa.string()),
            ("box_xyxy", pa.list_(pa.float32(), 4)),
            ("score", pa.float32()),
            ("vector", pa.list_(pa.float32(), dimensions)),
        ]
    )


def column(table: Table, name: str) -> list[Any]:
    """All values of one column."""
    return [value for batch in batches(table, [name]) for value in batch.column(name).to_pylist()]


def batches(table: Table, columns: list[str], size: int = 1024) -> Iterator[pa.RecordBatch]:
    """A table's rows, `size` at a time, without holding all of them."""
    yield from table.search().select(columns).to_batches(size)

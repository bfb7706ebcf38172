"""What a catalogue is, in a folder or in an object store: two LanceDB tables, a stamp, a list of rejects and a lock.

    shop/
      catalogue.json   the stamp: which models made it, whether it is finished, and which versions of the tables count
      products.lance   a row per product, naming its pictures by the SHA-256 of their bytes
      garments.lance   a row per garment found in a picture, naming the picture likewise
      changes.csv      what the last sync added, changed and removed
      rejects.csv      what the last feed held that could not be used, and why

Garments belong to pictures and pictures to products; a picture shared by several products is embedded once. A product's
row is written after its garments, and the stamp after all rows: readers open the versions that it names, so that a
night's changes are there as one step. What lies in the tables beyond those versions was left by an interrupted write:
the next one goes on with it if the catalogue was never finished, and else takes back its products and keeps its
garments, which need not be embedded again.
"""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from outfitter.catalogue.feed import Reject
from outfitter.catalogue.place import Place, Where, open_place
from outfitter.catalogue.readers.source import OPTIONAL, REQUIRED
from outfitter.catalogue.vector_index import keep_index
from outfitter.config import Options, parse
from outfitter.errors import CatalogueError, ConfigError

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

STAMP: Final = "catalogue.json"
REJECTS: Final = "rejects.csv"
CHANGES: Final = "changes.csv"

REBUILD: Final = "Build it again with 'outfitter catalogue build FEED --out NEW' and put NEW in its place."
"""What remains to be done with a catalogue that is damaged, or was made by other models."""

NEVER: Final = timedelta(days=36500)
COMMITS: Final = 5
"""How often a commit is made again if others come between."""

MERGED: Final = 500
"""Batches of products after which a writer merges its small files: each commit reads or writes down the names of all of
them, so that 10 000 commits would leave 10 GB of such lists."""

TEXTS: Final = (*REQUIRED, *OPTIONAL)
"""Columns of the product table that are a text of `Product` of the same name."""


class Versions(Options):
    """Of both tables, as one state of the catalogue."""

    products: int
    garments: int


class Stamp(Options):
    """What a catalogue says of itself.

    feed: digest of the feed that the build read, None once something was added or removed.
    attributes: the feed's other columns → the columns of the product table that hold them.
    revision: another one for every state that was published; None before the first.
    versions: what readers see; None takes the latest.
    """

    format: Literal[1] = 1
    complete: bool
    embedder: str
    detector: str
    crop_protocol: str
    dimensions: int = Field(gt=0)
    feed: str | None
    attributes: Mapping[str, str] = {}
    revision: str | None = None
    versions: Versions | None = None


def read_stamp(where: Where) -> Stamp:
    """The stamp of a catalogue, finished or not.

    Raises:
        CatalogueError: there is no catalogue, or its stamp is damaged.
    """
    place = open_place(where)
    data = place.read(STAMP)
    if data is None:
        what = f"holds no {STAMP}, so it is no catalogue" if place.is_there() else "is not a folder"
        raise CatalogueError(f"{place}: {what}. Make one with 'outfitter catalogue build FEED --out {place}'.")
    try:
        return parse(Stamp, json.loads(data), place / STAMP)
    except (ValueError, ConfigError) as error:
        raise CatalogueError(f"{place / STAMP}: is damaged: {error}. {REBUILD}") from None


def require_finished(place: Place) -> Stamp:
    """The stamp of a finished catalogue. Raises CatalogueError as `read_stamp`, or if it was never finished."""
    stamp = read_stamp(place)
    if not stamp.complete:
        raise CatalogueError(
            f"{place}: was never finished. Run 'outfitter catalogue build FEED --out {place}' again first: "
            "it goes on where it stopped."
        )
    return stamp


def write_stamp(where: Where, stamp: Stamp) -> None:
    """Replace the stamp in one step. Raises CatalogueError if it is not the one that was read from `where`."""
    text = json.dumps(stamp.model_dump(mode="json"), indent=2, ensure_ascii=False)
    open_place(where).swap(STAMP, (text + "\n").encode())


def publish(place: Place, stamp: Stamp, tables: Tables) -> None:
    """Let readers see what the tables hold now."""
    write_stamp(place, stamp.model_copy(update={"revision": uuid.uuid4().hex, "versions": tables.versions}))


def write_rejects(place: Place, rejects: Iterable[Reject]) -> None:
    """Replace ``rejects.csv`` in one step; it has a header even if nothing was rejected."""
    _write_csv(place, REJECTS, [Reject._fields, *rejects])


def write_changes(place: Place, changes: Iterable[tuple[str, str]]) -> None:
    """Replace ``changes.csv`` in one step: id and what became of it."""
    _write_csv(place, CHANGES, [("id", "change"), *changes])


def read_rejects(where: Where) -> list[dict[str, str]]:
    """The rows of ``rejects.csv``."""
    data = open_place(where).read(REJECTS) or b""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def _write_csv(place: Place, name: str, rows: Iterable[Iterable[object]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    place.replace(name, text.getvalue().encode())


class Tables:
    """The two tables of a catalogue, as the stamp says that they count, or to be written.

    make: make them if they are not there. write: be ready to write, from where the last writer was interrupted.

    Raises:
        CatalogueError: they cannot be opened, made or written. What was written before an error stays.
    """

    def __init__(self, where: Where, stamp: Stamp, make: bool = False, write: bool = False) -> None:
        self._place = open_place(where)
        self._unmerged, self._readers = 0, not make
        schemas = {"products": product_schema(stamp), "garments": garment_schema(stamp.dimensions)}
        with explained(
            f"{self._place}: its tables cannot be {'made' if make else 'opened'}",
            self._place.try_again if make else REBUILD,
        ):
            database = self._place.connect()
            self.products, self.garments = (
                database.create_table(name, schema=schema, exist_ok=True) if make else database.open_table(name)
                for name, schema in schemas.items()
            )
            if stamp.versions is not None and not write:
                self.products.checkout(stamp.versions.products)
                self.garments.checkout(stamp.versions.garments)
        if write or make:
            with self._writing():
                self._take_back(stamp.versions)

    def _take_back(self, versions: Versions | None) -> None:
        """What an interrupted writer left, but for garments that save embedding their pictures again."""
        if versions and self.products.version != versions.products:
            self.products.restore(versions.products)
        if self._place.shared and (not versions or self.garments.version != versions.garments) and self._has_twins():
            if versions:
                self.garments.restore(versions.garments)
            else:
                for table in (self.products, self.garments):
                    table.delete("true")

    def _has_twins(self) -> bool:
        """Whether two writers put the same garments there, the one after its lease had run out."""
        keys = set[tuple[str, int]]()
        for batch in batches(self.garments, ["picture", "number"]):
            new = len(keys) + len(batch)
            keys.update(zip(*(part.to_pylist() for part in batch.columns), strict=True))
            if len(keys) < new:
                return True
        return False

    @property
    def versions(self) -> Versions:
        """What is in them now."""
        return Versions(products=self.products.version, garments=self.garments.version)

    def _writing(self) -> AbstractContextManager[None]:
        self._place.require_held()
        return explained(f"{self._place}: cannot be written", self._place.try_again)

    def _commit(self, table: Table, write: Callable[[], Any]) -> None:
        """One commit, right after the one before it; whatever else was committed in between is undone.

        That may be a writer whose lease was taken from it, or this very commit, made twice since an answer was lost.
        """
        for _ in range(COMMITS):
            before = table.version
            with self._writing():
                after = write().version
            if after == before + 1:
                return
            self._place.confirm_held()
            with self._writing():
                table.restore(before)
        raise CatalogueError(f"{self._place}: others go on writing to it. Stop them, and run the same command again.")

    def pictures(self) -> set[str]:
        """SHA-256 of every picture that has garments here."""
        return set(column(self.garments, "picture"))

    def add_garments(self, rows: pa.Table) -> None:
        """Rows of `garment_schema`."""
        self._commit(self.garments, lambda: self.garments.add(rows))

    def put_products(self, rows: pa.Table, replace: bool) -> None:
        """Rows of `product_schema`. replace: some of the ids may be there, and get these rows instead."""
        if replace:
            upsert = self.products.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            self._commit(self.products, lambda: upsert.execute(rows))
        else:
            self._commit(self.products, lambda: self.products.add(rows))
        self._unmerged += 1
        if self._unmerged % MERGED == 0:
            self._merge(self._readers)

    def add_columns(self, names: Iterable[str]) -> None:
        """Text columns of the products, empty; those that are there stay as they are."""
        import pyarrow as pa

        missing = [name for name in names if name not in self.products.schema.names]
        if missing:
            fields = [pa.field(name, pa.string()) for name in missing]
            self._commit(self.products, lambda: self.products.add_columns(fields))

    def delete_products(self, ids: Iterable[str]) -> None:
        """Their garments stay until `tidy`."""
        self._delete(self.products, "id", ids)

    def _delete(self, table: Table, name: str, values: Iterable[str]) -> None:
        texts = ["'" + value.replace("'", "''") + "'" for value in values]  # as SQL writes them
        for start in range(0, len(texts), 1000):
            condition = f"{name} IN ({', '.join(texts[start : start + 1000])})"
            self._commit(table, lambda condition=condition: table.delete(condition))  # type: ignore[misc]

    def tidy(self, readers: bool) -> None:
        """Drop garments of pictures that no product names, merge small files, and index what is new.

        readers: whether some may be reading the version before; if not, old versions go, too.
        """
        named = {picture["sha256"] for pictures in column(self.products, "pictures") for picture in pictures}
        self._delete(self.garments, "picture", sorted(self.pictures() - named))
        self._merge(readers)
        with self._writing():
            keep_index(self.garments)

    def _merge(self, readers: bool) -> None:
        for table in (self.garments, self.products):
            rows = table.count_rows()
            self._optimize(table, *((NEVER, False) if readers or self._place.shared else (timedelta(0), True)))
            if table.count_rows() != rows:
                raise CatalogueError(f"{self._place}: another process has written to it. Run the same command again.")

    def clean(self, before: Versions | None) -> None:
        """Drop versions that nobody reads: older than a day, and than the one before, which may still be read.

        To be called once the latest is published.
        """
        for table, kept in ((self.garments, before and before.garments), (self.products, before and before.products)):
            made = [one["timestamp"] for one in table.list_versions() if one["version"] == kept]
            age = max((datetime.now(one.tzinfo) - one for one in made), default=timedelta(0))
            self._optimize(table, age + timedelta(days=1), False)

    def _optimize(self, table: Table, older_than: timedelta, unverified: bool) -> None:
        with self._writing(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "optimize")  # a caution for catalogues that have readers
            table.optimize(cleanup_older_than=older_than, delete_unverified=unverified)


@contextmanager
def explained(what: str, remedy: str) -> Iterator[None]:
    """Whatever lancedb raises (ValueError, OSError, RuntimeError, classes of its own) as a CatalogueError."""
    try:
        yield
    except Exception as error:
        reason = re.sub(r"(, | at )?\S+\.rs:\d+(:\d+)?", "", str(error)).strip().rstrip(".,")
        raise CatalogueError(f"{what}: {reason}. {remedy}") from error


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


def batches(table: Table, columns: list[str], size: int = 1024, row_ids: bool = False) -> Iterator[pa.RecordBatch]:
    """A table's rows, `size` at a time, without holding all of them. row_ids: with what the table calls them.

    Raises:
        CatalogueError: a file is damaged.
    """
    with explained(f"the catalogue's table {table.name} is damaged", REBUILD):
        yield from table.search().select(columns).with_row_id(row_ids).to_batches(size)

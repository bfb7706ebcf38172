"""Product feeds: CSV (also TSV and semicolons), JSON lines, or a folder of pictures → products, and rejected rows.

A feed is read twice: `open_feed` surveys it (are the needed columns there, which others are, how many rows), and
iterating it yields its rows, so that a feed of any length costs no memory but its ids. A row that cannot be used
becomes a `Reject` with the reason and the rest go on; only a feed that cannot be read at all is a `FeedError`.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from outfitter.catalogue.where import ALIASES, NUMBER, normal_availability
from outfitter.errors import FeedError, PhotoError, nearest
from outfitter.photo import is_url, list_photos
from outfitter.registry import Registry
from outfitter.values import Product

REQUIRED: Final = ("id", "title", "image")
OPTIONAL: Final = ("category", "colour", "currency", "availability", "url", "gender", "brand")
KNOWN: Final = (*REQUIRED, *OPTIONAL, "price", "additional_images")

_SEEN_COLUMNS_WIDTH = 300


class Reject(NamedTuple):
    """A row, or one picture of a row, that could not be used. line: from 1, as an editor counts."""

    line: int
    id: str
    image: str
    reason: str


class Row(NamedTuple):
    """A usable row of a feed."""

    line: int
    product: Product


Record: TypeAlias = tuple[int, Mapping[str, object] | str]
"""What a reader yields: line and fields, or line and why the line cannot be read."""


@dataclass(frozen=True)
class Source:
    """Where a feed comes from: a path, or bytes that were read from standard input."""

    name: str
    path: Path | None
    data: bytes = b""

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data) if self.path is None else self.path.open("rb")


Reader: TypeAlias = Callable[[Source], Iterator[Record]]
READERS: Final = Registry[Reader]("feed format")


@dataclass(frozen=True)
class Feed:
    """A feed that was found readable. Iterating it yields a `Row` or a `Reject` for every row, in order.

    base: the folder that relative picture names start from. attributes: the columns beyond the known ones.
    rows: how many there are, usable or not. digest: changes whenever any row does.
    """

    name: str
    base: Path
    attributes: tuple[str, ...]
    rows: int
    digest: str
    _records: Callable[[], Iterator[Record]]

    def __iter__(self) -> Iterator[Row | Reject]:
        seen: dict[str, int] = {}
        for line, fields in self._records():
            yield _checked(line, fields, seen)


def locate(image: str, base: str | Path) -> str | Path:
    """Where a picture is that a feed names: a URL as it is, a path from the folder `base`."""
    return image if is_url(image) else Path(base, image)


def open_feed(source: str | Path) -> Feed:
    """Survey a feed: a file (.csv, .tsv, .jsonl, or told by its content), ``-`` for standard input, or a folder.

    Raises:
        FeedError: it cannot be read, lacks a required column, or has no rows.
    """
    if str(source) == "-":
        place = Source("standard input", None, sys.stdin.buffer.read())
        base = Path.cwd()
    else:
        path = Path(source)
        place = Source(str(source), path)
        base = (path if path.is_dir() else path.parent).absolute()
    reader = READERS[_format(place)]

    digest = hashlib.sha256()
    columns: dict[str, None] = {}
    rows = 0
    feed = Feed(place.name, base, (), 0, "", lambda: _tidied(reader(place)))
    for _, fields in feed._records():
        rows += 1
        columns.update(dict.fromkeys(fields if not isinstance(fields, str) else ()))
    if not rows:
        raise FeedError(f"{place.name}: holds no products. Give a feed with a row for each product.")
    _require_columns(place.name, columns)
    for row in feed:
        digest.update(row_digest(row.product, base).encode() if isinstance(row, Row) else repr(row).encode())
    attributes = tuple(name for name in columns if name not in KNOWN)
    return Feed(place.name, base, attributes, rows, digest.hexdigest(), feed._records)


def row_digest(product: Product, base: Path) -> str:
    """A digest of everything that the feed says of a product, not of its pictures' content."""
    fields = {**{name: getattr(product, name) for name in KNOWN}, "attributes": dict(product.attributes)}
    text = json.dumps([str(base), fields], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _require_columns(name: str, columns: Iterable[str]) -> None:
    got = list(columns)
    for needed in REQUIRED:
        if needed not in got:
            listed = ", ".join(got)
            if len(listed) > _SEEN_COLUMNS_WIDTH:
                listed = listed[:_SEEN_COLUMNS_WIDTH] + " …"
            raise FeedError(
                f"{name}: has no column {needed!r}; got {listed or 'none'}; need {', '.join(REQUIRED)}"
                f"{nearest(needed, got)} Rename a column, or add one."
            )


# --- from a record to a product


def _tidied(records: Iterator[Record]) -> Iterator[Record]:
    """Known columns under their own names, however they are written: ``Additional Images`` → additional_images."""
    for line, fields in records:
        if isinstance(fields, str):
            yield line, fields
            continue
        tidy: dict[str, object] = {}
        for name, value in fields.items():
            plain = re.sub(r"[\s-]+", "_", name.strip()).casefold()
            plain = ALIASES.get(plain, plain)
            tidy.setdefault(plain if plain in KNOWN else name.strip(), value)
        yield line, tidy


def _checked(line: int, fields: Mapping[str, object] | str, seen: dict[str, int]) -> Row | Reject:
    """A product of a row's fields, or why there is none. seen: ids → the lines they were on."""
    if isinstance(fields, str):
        return Reject(line, "", "", fields)
    texts = {name: _text(value) for name, value in fields.items() if name != "additional_images"}
    known = {name: texts.get(name, "") for name in (*REQUIRED, *OPTIONAL)}

    def reject(reason: str) -> Reject:
        return Reject(line, _printable(known["id"]), _printable(known["image"]), reason)

    bad = [name for name, value in texts.items() if _printable(value) != value]
    if bad:
        return reject(f"{bad[0]} holds bytes that are not UTF-8; save the feed as UTF-8")
    for name in REQUIRED:
        if not known[name]:
            return reject(f"{name} is empty")
    if known["id"] in seen:
        return reject(f"duplicate id, first on line {seen[known['id']]}")
    try:
        price = _price(texts.get("price", ""))
        more = _images(fields.get("additional_images"))
    except ValueError as error:
        return reject(str(error))
    seen[known["id"]] = line
    return Row(
        line,
        Product(
            id=known["id"],
            title=known["title"],
            image=known["image"],
            price=price,
            **{name: known[name] or None for name in OPTIONAL if name != "availability"},
            availability=normal_availability(known["availability"]) or None,
            additional_images=more,
            attributes={name: value for name, value in texts.items() if name not in KNOWN and value},
        ),
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, ensure_ascii=False)  # a number, true, or something nested, from JSON lines


def _printable(text: str) -> str:
    """Bytes that were no UTF-8 arrive as lone surrogates, which nothing can write."""
    return text.encode("utf-8", "replace").decode()


def _price(text: str) -> float | None:
    if not text:
        return None
    if not re.fullmatch(NUMBER, text):
        raise ValueError(f"price is {text!r}; need a number such as 49.90, and the currency in its own column")
    price = float(text)
    if price < 0:
        raise ValueError(f"price is {text}; need 0 or more")
    if price == float("inf"):
        raise ValueError(f"price is {text}, too large for a number")
    return price


def _images(value: object) -> tuple[str, ...]:
    """``"a.jpg|b.jpg"``, or from JSON a list of texts. Repeated names count once."""
    if isinstance(value, list):
        if not all(isinstance(image, str) for image in value):
            raise ValueError("additional_images holds something that is not text; need a list of picture names")
        names = value
    elif value is None or isinstance(value, str):
        names = (value or "").split("|")
    else:
        raise ValueError(f"additional_images is {_text(value)}; need a list, or a text such as a.jpg|b.jpg")
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


# --- readers


def _format(source: Source) -> str:
    if source.path is not None and source.path.is_dir():
        return "folder"
    suffix = source.path.suffix.lower() if source.path is not None else ""
    named = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(suffix)
    try:
        with source.open() as file:
            start = file.read(4096)
    except OSError as error:
        raise FeedError(
            f"{source.name}: cannot be read: {error.strerror}. Give a CSV or JSONL feed, or a folder of pictures."
        ) from None
    return named or ("jsonl" if start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{" else "csv")


def _lines(source: Source) -> io.TextIOWrapper:
    """The feed as text; a byte-order mark is skipped, and what is no UTF-8 is kept for `_checked` to find."""
    file = source.open()
    start = file.read(2)
    file.seek(0)
    encoding = "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    return io.TextIOWrapper(file, encoding, "surrogateescape" if encoding == "utf-8-sig" else "replace", newline="")


@READERS.register("csv")
def read_csv(source: Source) -> Iterator[Record]:
    """Columns named by the first line; separated by what that line holds most of: comma, semicolon or tab."""
    with _lines(source) as lines:
        first = lines.readline()
        lines.seek(0)
        separator = max(",;\t", key=first.count)
        reader = csv.reader(lines, delimiter=separator)
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeError) as error:
                if header is None:
                    raise FeedError(f"{source.name}: its first line cannot be read: {error}. Save it as CSV.") from None
                yield line, f"cannot be read: {error}"
                continue
            if not any(cells):
                continue
            if header is None:
                header = _header(source, cells)
            elif len(cells) > len(header):
                yield line, f"has {len(cells)} fields and the header {len(header)}; put a field with commas in quotes"
            else:
                yield line, dict(zip(header, cells, strict=False))


def _header(source: Source, cells: list[str]) -> list[str]:
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(cells, 1)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise FeedError(f"{source.name}: has the column {sorted(twice)[0]!r} twice. Rename one of them.")
    _require_columns(source.name, next(_tidied(iter([(1, dict.fromkeys(names))])))[1])
    return names


@READERS.register("jsonl")
def read_jsonl(source: Source) -> Iterator[Record]:
    """An object a line."""
    with _lines(source) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            record: object = None
            with suppress(ValueError, RecursionError):
                record = json.loads(line)
            yield number, record if isinstance(record, dict) else "is not a JSON object"


@READERS.register("folder")
def read_folder(source: Source) -> Iterator[Record]:
    """A picture a product: its id is its path without the extension, its title the file's name in words."""
    assert source.path is not None
    try:
        pictures = list_photos(source.path)
    except PhotoError as error:
        raise FeedError(f"{error} Give a feed, or a folder with a picture for each product.") from None
    for number, picture in enumerate(pictures, 1):
        inside = picture.relative_to(source.path)
        title = re.sub(r"[\s_-]+", " ", picture.stem).strip() or picture.stem
        yield number, {"id": inside.with_suffix("").as_posix(), "title": title, "image": inside.as_posix()}

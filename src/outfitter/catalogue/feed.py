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
import textwrap
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
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

LONGEST_LINE: Final = 1_000_000
"""Characters; a longer line is rejected without being held in memory."""


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

    def records() -> Iterator[Record]:
        return _tidied(reader(place))

    digest = hashlib.sha256()
    columns: dict[str, None] = {}
    attributes: dict[str, None] = {}
    seen: dict[str, int] = {}
    rows = 0
    for rows, (line, fields) in enumerate(records(), 1):  # noqa: B007
        columns.update(dict.fromkeys(fields if not isinstance(fields, str) else ()))
        row = _checked(line, fields, seen)
        digest.update(row_digest(row.product, base).encode() if isinstance(row, Row) else repr(row).encode())
        if isinstance(row, Row):
            attributes.update(dict.fromkeys(name for name in fields if name not in KNOWN))
    if not rows:
        raise FeedError(f"{place.name}: holds no products. Give a feed with a row for each product.")
    _require_columns(place.name, columns)
    return Feed(place.name, base, tuple(attributes), rows, digest.hexdigest(), records)


def row_digest(product: Product, base: Path) -> str:
    """A digest of everything that the feed says of a product, not of its pictures' content."""
    fields = {**{name: getattr(product, name) for name in KNOWN}, "attributes": dict(product.attributes)}
    text = json.dumps([str(base), fields], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _require_columns(name: str, columns: Iterable[str]) -> None:
    got = list(columns)
    for needed in REQUIRED:
        if needed not in got:
            listed = textwrap.shorten(", ".join(got), 300, placeholder=" …") or "none"
            raise FeedError(
                f"{name}: has no column {needed!r}; got {listed}; need {', '.join(REQUIRED)}"
                f"{nearest(needed, got, '.')} Rename a column, or add one."
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
            tidy[plain if plain in KNOWN and plain not in tidy else name.strip()] = value
        yield line, tidy


def _checked(line: int, fields: Mapping[str, object] | str, seen: dict[str, int]) -> Row | Reject:
    """A product of a row's fields, or why there is none. seen: ids → the lines they were on."""
    if isinstance(fields, str):
        return Reject(line, "", "", fields)
    texts = {name: _text(value) for name, value in fields.items() if name != "additional_images"}
    known = {name: texts.get(name, "") for name in (*REQUIRED, *OPTIONAL)}

    def reject(reason: str) -> Reject:
        return Reject(line, _printable(known["id"]), _printable(known["image"]), reason)

    bad = [_printable(name) for name, value in texts.items() if _printable(name + value) != name + value]
    if bad:
        return reject(f"{bad[0]} holds bytes that are not UTF-8; save the feed as UTF-8")
    nested = [name for name in (*REQUIRED, *OPTIONAL, "price") if isinstance(fields.get(name), (list, dict))]
    if nested:
        return reject(f"{nested[0]} is {texts[nested[0]]}; need a text or a number")
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


class _Lines:
    """The lines of a feed. A byte-order mark is skipped; what is no UTF-8 is kept for `_checked` to find.

    next: the number of the line that comes next, from 1. `next(lines)` raises csv.Error for a line of endless length.
    """

    def __init__(self, source: Source) -> None:
        file = source.open()
        utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        file.seek(0)
        encoding, errors = ("utf-16", "replace") if utf16 else ("utf-8-sig", "surrogateescape")
        self._text = io.TextIOWrapper(file, encoding, errors, newline="")
        self._again: deque[str | None] = deque()
        self._since: list[str | None] = []
        self.next = 1

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        if line == "":
            raise StopIteration
        self._since.append(line)
        self.next += 1
        if line is None:
            raise csv.Error(f"it is longer than {LONGEST_LINE:,} characters")
        return line

    def _read(self) -> str | None:
        """A line, "" at the end, None for one that is too long."""
        line = piece = self._text.readline(LONGEST_LINE)
        while len(piece) == LONGEST_LINE and piece[-1] not in "\r\n":
            piece = self._text.readline(LONGEST_LINE)
        return line if piece is line else None

    def begin(self) -> int:
        """Start a record; returns its line."""
        self._since.clear()
        return self.next

    def begin_after_first(self) -> None:
        """Go back to the second line of the record: its first was bad, and what seemed to belong to it may be good."""
        self._again.extendleft(reversed(self._since[1:]))
        self.next -= len(self._since) - 1


@READERS.register("csv")
def read_csv(source: Source) -> Iterator[Record]:
    """Columns named by the first line; separated by what that line holds most of: comma, semicolon or tab."""
    with _Lines(source) as lines:
        header: list[str] | None = None
        separator = ","
        while True:
            line = lines.begin()
            try:
                if header is None:
                    first = next(lines)
                    separator = max(",;\t", key=first.count)
                    cells = next(csv.reader([first], delimiter=separator, strict=True))
                else:
                    cells = next(csv.reader(lines, delimiter=separator, strict=True))
            except StopIteration:
                return
            except csv.Error as error:
                if header is None:
                    raise FeedError(f"{source.name}: its first line cannot be read: {error}. Save it as CSV.") from None
                lines.begin_after_first()
                yield line, f"cannot be read: {error}; is a quote left open, or not doubled?"
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
    if _printable("".join(names)) != "".join(names):
        raise FeedError(f"{source.name}: its first line holds bytes that are not UTF-8. Save the feed as UTF-8.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FeedError(f"{source.name}: has the column {twice[0]!r} twice. Rename one of them.")
    _require_columns(source.name, next(_tidied(iter([(1, dict.fromkeys(names))])))[1])
    return names


@READERS.register("jsonl")
def read_jsonl(source: Source) -> Iterator[Record]:
    """An object a line."""
    with _Lines(source) as lines:
        while True:
            number = lines.begin()
            try:
                line = next(lines)
                record = json.loads(line) if line.strip() else None
            except StopIteration:
                return
            except (ValueError, RecursionError, csv.Error) as error:
                yield number, f"cannot be read: {error}"
                continue
            if isinstance(record, dict):
                yield number, record
            elif line.strip():
                yield number, "is not a JSON object"


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

"""Product feeds → products, and rejected rows. How each format is read lies in `outfitter.catalogue.readers`.

A feed is read twice: `open_feed` surveys it (are the needed columns there, which others are, how many rows), and
iterating it yields its rows, so that a feed of any length costs no memory but its ids. A row that cannot be used
becomes a `Reject` with the reason and the rest go on; only a feed that cannot be read at all is a `FeedError`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import NamedTuple

from outfitter.catalogue.readers import KNOWN, OPTIONAL, READERS, Record, Source, format_of
from outfitter.catalogue.readers.lines import printable
from outfitter.catalogue.readers.source import REQUIRED, Unreadable, require_columns
from outfitter.catalogue.where import NUMBER, normal_availability
from outfitter.errors import FeedError
from outfitter.objects import is_object
from outfitter.photo import is_url
from outfitter.values import Product


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


@dataclass(frozen=True)
class Feed:
    """A feed that was found readable. Iterating it yields a `Row` or a `Reject` for every row, in order.

    base: the folder that relative picture names start from, or ``s3://bucket/folder``.
    attributes: the columns beyond the known ones, those without a value, too.
    rows: how many there are, usable or not. digest: changes whenever any row does.
    ids: of all rows, usable or not; with an empty one if a row tells none.
    now: when it was opened, which decides on sales that begin or end.
    """

    name: str
    base: str | Path
    attributes: tuple[str, ...]
    rows: int
    digest: str
    ids: frozenset[str]
    now: datetime
    _records: Callable[[], Iterator[Record]]

    def __iter__(self) -> Iterator[Row | Reject]:
        seen: dict[str, int] = {}
        for line, fields in self._records():
            yield _checked(line, fields, seen, self.now)


def locate(image: str, base: str | Path) -> str | Path:
    """Where a picture is that a feed names: a URL as it is, a path from the folder `base` or below ``s3://…``."""
    if is_url(image):
        return image
    return f"{base}/{image}" if isinstance(base, str) and is_object(base) else Path(base, image)


def open_feed(source: str | Path, format: str | None = None) -> Feed:
    """Survey a feed: a file or ``s3://bucket/key``, compressed by gzip or not, ``-`` for standard input, or a folder.

    Args:
        format: a name in `outfitter.catalogue.readers.READERS`; None tells it by the feed's name and first bytes.

    Raises:
        FeedError: it cannot be read, lacks a required column, or has no rows.
        ConfigError: no format has that name.
    """
    base: str | Path
    if str(source) == "-":
        place, base = Source.of_standard_input(), Path.cwd()
    elif is_object(str(source)):
        place, base = Source.of_object(str(source)), str(source).rpartition("/")[0]
    else:
        path = Path(source)
        place = Source(str(source), path)
        base = (path if path.is_dir() else path.parent).absolute()
    reader = READERS[format or format_of(place)]
    now = datetime.now(UTC)

    def records() -> Iterator[Record]:
        return reader(place)

    digest = hashlib.sha256()
    columns: dict[str, None] = {}
    used: dict[str, None] = {}
    seen: dict[str, int] = {}
    ids: set[str] = set()
    rows = 0
    for rows, (line, fields) in enumerate(records(), 1):  # noqa: B007
        columns.update(dict.fromkeys(fields if not isinstance(fields, str) else ()))
        row = _checked(line, fields, seen, now)
        ids.add(row.product.id if isinstance(row, Row) else row.id)
        digest.update(row_digest(row.product, base).encode() if isinstance(row, Row) else repr(row).encode())
        if isinstance(row, Row):
            used.update(dict.fromkeys(fields))
            used.update(dict.fromkeys(row.product.attributes))
    if not rows:
        raise FeedError(f"{place.name}: holds no products. Give a feed with a row for each product.")
    require_columns(place.name, columns)
    attributes = tuple(name for name in used if name not in KNOWN)
    return Feed(place.name, base, attributes, rows, digest.hexdigest(), frozenset(ids), now, records)


def row_digest(product: Product, base: str | Path) -> str:
    """A digest of everything that the feed says of a product, not of its pictures' content."""
    fields = {
        **{name: getattr(product, name) for name in Product.__dataclass_fields__ if name != "attributes"},
        "attributes": dict(product.attributes),
    }
    text = json.dumps([str(base), fields], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# --- from a record to a product


def _checked(line: int, fields: Mapping[str, object] | str, seen: dict[str, int], now: datetime) -> Row | Reject:
    """A product of a row's fields, or why there is none. seen: ids → the lines they were on."""
    if isinstance(fields, str):
        return Reject(line, fields.id if isinstance(fields, Unreadable) else "", "", fields)
    rest: list[object] = []
    if isinstance(images := fields.get("image"), list):  # the main one and others
        fields, rest = {**fields, "image": images[0] if images else None}, images[1:]
    texts = {name: _text(value) for name, value in fields.items() if name != "additional_images"}
    known = {name: texts.get(name, "") for name in (*REQUIRED, *OPTIONAL)}

    def reject(reason: str) -> Reject:
        return Reject(line, printable(known["id"]), printable(known["image"]), reason)

    bad = [printable(name) for name, value in texts.items() if printable(name + value) != name + value]
    if bad:
        return reject(f"{bad[0]} holds bytes that are not UTF-8; save the feed as UTF-8")
    nested = [
        name for name in (*REQUIRED, *OPTIONAL, "price", "sale_price") if isinstance(fields.get(name), (list, dict))
    ]
    if nested:
        return reject(f"{nested[0]} is {texts[nested[0]]}; need a text or a number")
    for name in REQUIRED:
        if not known[name]:
            return reject(f"{name} is empty")
    if known["id"] in (".", ".."):
        return reject(f"id is {known['id']!r}, which browsers take out of addresses; need another")
    if known["id"] in seen:
        return reject(f"duplicate id, first on line {seen[known['id']]}")
    try:
        offer = _offer(texts, now)
        more = _images("additional_images", fields.get("additional_images"))
        if rest:
            more = [*_images("image", rest), *more]
    except ValueError as error:
        return reject(str(error))
    seen[known["id"]] = line
    return Row(
        line,
        Product(
            id=known["id"],
            title=known["title"],
            image=known["image"],
            price=offer.price,
            currency=offer.currency,
            **{name: known[name] or None for name in OPTIONAL if name not in ("availability", "currency")},
            availability=normal_availability(known["availability"]) or None,
            additional_images=tuple(dict.fromkeys(more)),
            attributes={
                **{name: value for name, value in texts.items() if name not in KNOWN and value},
                **({} if offer.regular is None else {"regular_price": f"{offer.regular:.2f}"}),
            },
        ),
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, ensure_ascii=False)  # a number, true, or something nested, from JSON lines


class _Offer(NamedTuple):
    """price: what is to be paid now. regular: what it was before, if it is on sale."""

    price: float | None
    regular: float | None
    currency: str | None


def _offer(texts: Mapping[str, str], now: datetime) -> _Offer:
    """Of price, sale_price, the sale's dates and currency. A sale_price of 0 is none. Raises ValueError."""
    price, currency = _price("price", texts.get("price", ""))
    sale, sale_currency = _price("sale_price", texts.get("sale_price", ""))
    currencies = {one.upper() for one in (texts.get("currency"), currency, sale_currency) if one}
    if len(currencies) > 1:
        raise ValueError(f"its prices are in {' and '.join(sorted(currencies))}; need one currency a product")
    known = texts.get("currency") or currency or sale_currency or None
    if not sale or not _on_sale(texts.get("sale_price_effective_date", ""), now):
        return _Offer(price, None, known)
    return _Offer(sale, price if price != sale else None, known)


def _on_sale(dates: str, now: datetime) -> bool:
    """Whether ``2026-11-01T08:00+0200/2026-11-30T23:59+0200`` holds `now`; without dates it always does.

    Of dates without a time both days belong to it.
    """
    if not dates:
        return True
    try:
        begins, ends = (text.strip() for text in dates.split("/"))
        first, last = datetime.fromisoformat(begins), _end(ends)
    except ValueError:
        raise ValueError(
            f"sale_price_effective_date is {dates!r}; need two such as 2026-11-01T08:00+0200/2026-11-30T23:59+0200"
        ) from None
    first, last = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (first, last))
    return first <= now <= last


def _end(text: str) -> datetime:
    """A moment, or the end of a day. Raises ValueError."""
    try:
        return datetime.combine(date.fromisoformat(text), time.max)
    except ValueError:
        return datetime.fromisoformat(text)


def _price(name: str, text: str) -> tuple[float | None, str | None]:
    """``49.90``, ``49.90 EUR`` or ``EUR 49.90``: the number, and the currency if there is one."""
    match = re.fullmatch(rf"(?:([A-Za-z]{{3}})\s*)?({NUMBER})(?:\s*([A-Za-z]{{3}}))?", text)
    if not text:
        return None, None
    if not match or (match[1] and match[3]):
        raise ValueError(f"{name} is {text!r}; need a number such as 49.90, or one with its currency such as 49.90 EUR")
    price = float(match[2])
    if price < 0:
        raise ValueError(f"{name} is {text}; need 0 or more")
    if price == float("inf"):
        raise ValueError(f"{name} is {text}, too large for a number")
    return price, match[1] or match[3]


def _images(name: str, value: object) -> list[str]:
    """``"a.jpg|b.jpg"``, or from JSON a list of texts."""
    if isinstance(value, list):
        if not all(isinstance(image, str) for image in value):
            raise ValueError(f"{name} holds something that is not text; need a list of picture names")
        names = value
    elif value is None or isinstance(value, str):
        names = (value or "").split("|")
    else:
        raise ValueError(f"{name} is {_text(value)}; need a list, or a text such as a.jpg|b.jpg")
    if any(printable(image) != image for image in names):
        raise ValueError(f"{name} holds bytes that are not UTF-8; save the feed as UTF-8")
    return [image.strip() for image in names if image.strip()]

"""Shopify's product export: consecutive rows of one Handle are the variants and pictures of one product.

A product whose variants differ in colour and have pictures of their own becomes a product a colour, with the Handle as
item_group_id; sizes are no products. What is not published, a draft or archived is left out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final, TypeAlias

from outfitter.catalogue.readers.lines import read_table
from outfitter.catalogue.readers.source import READERS, Record, Source, require_columns
from outfitter.catalogue.where import NUMBER

COLOUR: Final = re.compile(r"colou?rs?|couleur|farbe|kleur|color(e|es)?|färg|farve|väri|cor|kolor", re.IGNORECASE)
REQUIRED: Final = ("Handle", "Title", "Image Src")
Fields: TypeAlias = dict[str, str]
Get: TypeAlias = Callable[[str], str]


@READERS.register("shopify")
def read_shopify(source: Source) -> Iterator[Record]:
    """A product, or each colour of it, from the rows of one Handle."""

    def check(names: list[str]) -> list[str]:
        proper = {name.casefold(): name for name in REQUIRED if name not in names}
        spelled = [proper.get(name.casefold(), name) for name in names]
        require_columns(source.name, spelled, REQUIRED)
        return spelled

    def handle(record: tuple[int, Fields | str]) -> str | int:
        line, fields = record
        return line if isinstance(fields, str) else _getter(fields)("Handle")

    for key, rows in groupby(read_table(source, check), handle):
        group = list(rows)
        if isinstance(key, int):
            yield group[0]
        else:
            yield from _products(key, [(line, fields) for line, fields in group if isinstance(fields, dict)])


def _products(handle: str, rows: list[tuple[int, Fields]]) -> Iterator[Record]:
    first_line, first = rows[0]
    get = _getter(first)
    if get("Published").casefold() == "false" or get("Status").casefold() in ("draft", "archived"):
        return
    options = {n: get(f"Option{n} Name") for n in (1, 2, 3) if get(f"Option{n} Name")}
    variants = [
        (line, fields) for line, fields in rows if _getter(fields)("Option1 Value") or _getter(fields)("Variant Price")
    ]
    pictures = _pictures(rows)
    shared: dict[str, object] = {
        "item_group_id": handle,
        "title": get("Title"),
        "brand": get("Vendor"),
        "category": get("Type") or get("Product Category") or get("Google Shopping / Google Product Category"),
        "gender": get("Google Shopping / Gender"),
        "url": f"/products/{handle}" if handle else "",
        "tags": get("Tags"),
        "description": _plain(get("Body (HTML)")),
    }
    number = next((n for n, name in options.items() if COLOUR.fullmatch(name)), None)
    colours: dict[str, list[tuple[int, Fields]]] = {}
    if number:
        for line, fields in variants:
            colours.setdefault(_getter(fields)(f"Option{number} Value"), []).append((line, fields))
    own = {
        colour: next((p for _, f in some if (p := _getter(f)("Variant Image"))), "") for colour, some in colours.items()
    }
    if len(colours) > 1 and all(own.values()) and len(set(own.values())) == len(own):
        for colour, some in colours.items():
            shown = _of_colour(own[colour], pictures, set(own.values()))
            yield (
                some[0][0],
                {
                    "id": f"{handle}/{colour}",
                    **shared,
                    "title": f"{shared['title']}, {colour}",
                    "colour": colour,
                    **_offer(some, options, number, shown),
                },
            )
    else:
        yield (
            first_line,
            {
                "id": handle,
                **shared,
                "colour": ", ".join(colours),
                **_offer(variants or rows, options, number, pictures),
            },
        )


def _getter(fields: Fields) -> Get:
    """A row's texts by the column's name, empty where there is no such column."""
    return lambda name: fields.get(name, "").strip()


def _pictures(rows: list[tuple[int, Fields]]) -> list[str]:
    """All pictures, by their position where they have one."""
    found = []
    for place, (_, fields) in enumerate(rows):
        position = _getter(fields)("Image Position")
        if image := _getter(fields)("Image Src"):
            found.append((int(position) if position.isdecimal() else place + 1, place, image))
    return list(dict.fromkeys(image for _, _, image in sorted(found)))


def _of_colour(own: str, pictures: list[str], all_own: set[str]) -> list[str]:
    """The colour's own picture and those that follow it up to the next colour's, as Shopify's themes show them."""
    if own not in pictures:
        return [own]
    shown = [own]
    for image in pictures[pictures.index(own) + 1 :]:
        if image in all_own:
            break
        shown.append(image)
    return shown


def _offer(
    variants: list[tuple[int, Fields]], options: dict[int, str], colour: int | None, pictures: list[str]
) -> dict[str, object]:
    """The lowest price, whether anything can be bought, other options' values, and pictures."""
    rows = [_getter(fields) for _, fields in variants]
    prices = [get("Variant Price") for get in rows if get("Variant Price")]
    # A price that is no number is passed on, for the check to reject it by name.
    bad = next((price for price in prices if not re.fullmatch(NUMBER, price)), None)
    cheapest = bad or min(prices, key=float, default="")
    before = next(
        (get("Variant Compare At Price") for get in rows if get("Variant Price") == cheapest and cheapest), ""
    )
    offer: dict[str, object] = {
        "image": pictures[0] if pictures else "",
        "additional_images": pictures[1:],
        "availability": _availability(rows),
        "price": cheapest,
    }
    if not bad and before and re.fullmatch(NUMBER, before) and float(before) > float(cheapest) > 0:
        offer |= {"price": before, "sale_price": cheapest}
    for number, name in options.items():
        values = dict.fromkeys(get(f"Option{number} Value") for get in rows)
        if number != colour and list(values) != ["Default Title"]:
            offer[name] = ", ".join(value for value in values if value)
    return offer


def _availability(rows: list[Get]) -> str:
    states = set()
    for get in rows:
        quantity = get("Variant Inventory Qty")
        if not get("Variant Inventory Tracker") or get("Variant Inventory Policy") == "continue":
            states.add("in_stock")
        elif re.fullmatch(r"[+-]?\d+", quantity):
            states.add("in_stock" if int(quantity) > 0 else "out_of_stock")
    return "in_stock" if "in_stock" in states else "out_of_stock" if states else ""


def _plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", text)).split())

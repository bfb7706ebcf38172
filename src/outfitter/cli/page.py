"""The demo's page: looks with hotspots, their look-alikes and completed looks, in one file that loads nothing."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from PIL import Image

from outfitter.cli.output import rounded
from outfitter.recommendations import Garment
from outfitter.recommendations.slots import NOUNS
from outfitter.values import Photo, Product, Recommendation
from outfitter.walk import Look

LOOK_SIDE: Final = 1100
PRODUCT_SIDE: Final = 360
SIGNS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


@dataclass(frozen=True, eq=False)
class Answered:
    """A look with its recommendations. worn: ids of the very products in the photo, where that is known."""

    name: str
    look: Look
    similar: Sequence[Recommendation]
    complete: Sequence[Recommendation]
    seconds: float
    worn: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Note:
    """A column at the foot of the page."""

    title: str
    rows: Sequence[tuple[str, str]] = ()
    text: str = ""
    code: str = ""


def render(
    heading: str, intro: str, looks: Sequence[Answered], picture_of: Callable[[Product], Photo], notes: Sequence[Note]
) -> str:
    """The page's HTML. picture_of: a product's main picture; it may raise PhotoError."""
    shown = {row.product.id: row.product for look in looks for row in (*look.similar, *look.complete)}
    data = {
        "heading": heading,
        "intro": intro,
        "looks": [_look(look, number, len(looks)) for number, look in enumerate(looks, 1)],
        "products": {id_: _product(product, picture_of(product)) for id_, product in shown.items()},
        "notes": [{"title": n.title, "rows": list(n.rows), "text": n.text, "code": n.code} for n in notes],
    }
    # "</script>" in a title would end the data; "<\/" is the same text to JSON.
    text = json.dumps(data, ensure_ascii=False, allow_nan=False).replace("</", "<\\/").replace("<!--", "<\\u0021--")
    template = files("outfitter.cli").joinpath("demo.html").read_text(encoding="utf-8")
    return template.replace("__DATA__", text)


def call(garment: Garment) -> str:
    """A garment as a heading: "your navy top" → "Navy top"."""
    name = garment.name.removeprefix("your ") if garment.slot else "The whole picture"
    return name[:1].upper() + name[1:]


def price(product: Product) -> str:
    """ "€ 39.90"; empty if the feed does not tell."""
    if product.price is None:
        return ""
    amount = f"{product.price:,.2f}".removesuffix(".00")
    return f"{SIGNS.get(product.currency or '', product.currency or '')} {amount}".strip()


def listed(words: Iterable[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _look(answered: Answered, number: int, of: int) -> dict[str, Any]:
    look = answered.look
    w, h = look.photo.size_wh
    boxes = look.detections.boxes_xyxy
    garments: list[dict[str, Any]] = [
        {
            "name": call(garment),
            "box_xyxy": rounded(boxes[garment.index], 1) if garment.index is not None else None,
            "similar": [_pick(row, answered.worn) for row in answered.similar if row.garment == garment.index],
        }
        for garment in look.garments
    ]
    # From head to foot, as one reads a person.
    garments.sort(key=lambda garment: sum(garment["box_xyxy"][1::2]) if garment["box_xyxy"] else 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) if (box := garment["box_xyxy"]) else 0 for garment in garments]
    names = list(dict.fromkeys(garment["name"] for garment in garments))
    heading = listed([names[0], *(name[:1].lower() + name[1:] for name in names[1:])])
    lacked = {row.slot for row in answered.complete}.isdisjoint(garment.slot for garment in look.garments)
    return {
        "title": f"Look {number} of {of}",
        "heading": heading,
        "caption": "Point at a garment, or tap it" if look.detections else "No garment was found in this photo",
        "time": f"{answered.seconds:.2f} s",
        "alt": f"{answered.name}: {heading}",
        "picture": _jpeg(look.photo, LOOK_SIDE, 84),
        "size_wh": [w, h],
        "garments": garments,
        "first": areas.index(max(areas)),
        "complete": [
            {**_pick(row, answered.worn), "fills": NOUNS.get(row.slot, row.slot)} for row in answered.complete
        ],
        "complete_note": (
            "What this outfit lacks, from what the shop’s own pictures show worn together."
            if lacked
            else f"Nothing is missing, so this is a new look around one piece: {call(look.garments[0]).lower()}."
        ),
    }


def _pick(row: Recommendation, worn: frozenset[str]) -> dict[str, Any]:
    return {
        "id": row.product.id,
        "because": row.because,
        "worn": row.product.id in worn,
        "score": round(row.score, 4),
        "parts": {name.replace("_", " "): round(value, 4) for name, value in row.parts.items()},
    }


def _product(product: Product, photo: Photo) -> dict[str, Any]:
    facts = {
        "Colour": product.colour,
        "Availability": (product.availability or "").replace("_", " "),
        **{name.replace("_", " ").capitalize(): value for name, value in product.attributes.items()},
        "Product": product.id,
    }
    return {
        "title": product.title,
        "over": " · ".join(text for text in (product.brand, product.category) if text),
        "price": price(product),
        "facts": {name: value for name, value in facts.items() if value},
        "picture": _jpeg(photo, PRODUCT_SIDE, 80),
    }


def _jpeg(photo: Photo, side: int, quality: int) -> str:
    image = Image.fromarray(photo.pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")

"""Google Merchant Center's product data, as a table or as XML, under our names.

The attributes are those of Google's product data specification: id, title, link, image_link, additional_image_link,
price (``12.99 EUR``), sale_price, availability, color, item_group_id, product_type and the rest, which are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from outfitter.catalogue.readers.lines import read_table
from outfitter.catalogue.readers.source import READERS, Record, Source, plain_name, require_columns

REQUIRED: Final = ("id", "title", "image_link")

OURS: Final[Mapping[str, str]] = {"image_link": "image", "link": "url", "product_type": "category"}


def own_fields(google: Mapping[str, list[str]]) -> dict[str, object]:
    """Google's attributes, each with all its values, under our names.

    The shop's own product_type says what a product is; where it has none, Google's category does. Of several product
    types the first counts.
    """
    own: dict[str, object] = {}
    for name, values in google.items():
        if name == "additional_image_link":
            own["additional_images"] = values
        elif name in OURS:
            own[OURS[name]] = values[0] if values else ""
        else:
            own[name] = ", ".join(values)
    if not own.get("category") and (theirs := google.get("google_product_category")):
        own["category"] = theirs[0]
    return own


@READERS.register("google-tsv")
def read_google_table(source: Source) -> Iterator[Record]:
    """Google's text feed: tabs or commas, names with spaces or underscores, several pictures with commas between."""

    def check(names: list[str]) -> list[str]:
        plain = [plain_name(name) for name in names]
        require_columns(source.name, plain, REQUIRED)
        # Of two spellings the second stays as it is.
        return [
            name if plain.index(own) < number else own
            for number, (name, own) in enumerate(zip(names, plain, strict=True))
        ]

    for line, fields in read_table(source, check):
        if isinstance(fields, str):
            yield line, fields
            continue
        google = {name: [value.strip()] if value.strip() else [] for name, value in fields.items()}
        more = [link.strip() for link in fields.get("additional_image_link", "").split(",")]
        yield line, own_fields({**google, "additional_image_link": [link for link in more if link]})

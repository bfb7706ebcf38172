"""Which format a feed has, told by its name and its first bytes."""

from __future__ import annotations

import codecs
import csv
import zlib
from typing import Final

from outfitter.catalogue.readers.lines import split_header
from outfitter.catalogue.readers.parquet import MAGIC
from outfitter.catalogue.readers.source import Source, plain_name
from outfitter.errors import FeedError

START: Final = 16_384
"""Bytes looked at; the first line of a Shopify export with many metafields takes some thousands."""


def format_of(source: Source) -> str:
    """A name in `READERS`.

    Raises:
        FeedError: it cannot be read, or is a spreadsheet's own file.
    """
    if source.path.is_dir():
        return "folder"
    try:
        with source.open() as file:
            start = file.read(START)
    except (OSError, EOFError, zlib.error) as error:
        raise FeedError(f"{source.name}: cannot be read: {error}. Make or download it again.") from None
    if start[:4] == MAGIC:
        return "parquet"
    if start[:4] == b"PK\x03\x04":
        raise FeedError(f"{source.name}: is a ZIP file or a spreadsheet. Unpack it, or save the table as CSV.")
    utf16 = start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = start.decode("utf-16" if utf16 else "utf-8-sig", "ignore").lstrip()
    suffixes = {suffix.lower() for suffix in source.path.suffixes[-2:]}
    if suffixes & {".jsonl", ".ndjson"} or (text[:1] == "{" and not suffixes & {".csv", ".tsv"}):
        return "jsonl"
    if text[:1] == "<":
        return "google-xml"
    lines = text.splitlines()
    try:
        names = {plain_name(cell) for cell in split_header(lines[0])} if lines else set()
    except csv.Error:
        return "csv"  # whose reader says what is wrong
    if "handle" in names and {"image_src", "variant_price"} & names:
        return "shopify"
    return "google-tsv" if "image_link" in names and "image" not in names else "csv"

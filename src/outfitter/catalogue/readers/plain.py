"""Outfitter's own formats: CSV (also TSV and semicolons), JSON lines, or a folder of pictures."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator

from outfitter.catalogue.readers.lines import Lines, read_table
from outfitter.catalogue.readers.source import READERS, Record, Source, own_names, require_columns
from outfitter.errors import FeedError, PhotoError
from outfitter.photo import list_photos


@READERS.register("csv")
def read_csv(source: Source) -> Iterator[Record]:
    """Columns named by the first line; separated by what that line holds most of: comma, semicolon or tab."""

    def check(names: list[str]) -> list[str]:
        own = own_names(names)
        require_columns(source.name, own)
        return own

    return read_table(source, check)


@READERS.register("jsonl")
def read_jsonl(source: Source) -> Iterator[Record]:
    """An object a line."""
    with Lines(source) as lines:
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
                yield number, dict(zip(own_names(record), record.values(), strict=True))
            elif line.strip():
                yield number, "is not a JSON object"


@READERS.register("folder")
def read_folder(source: Source) -> Iterator[Record]:
    """A picture a product: its id is its path without the extension, its title the file's name in words."""
    try:
        pictures = list_photos(source.path)
    except PhotoError as error:
        raise FeedError(f"{error} Give a feed, or a folder with a picture for each product.") from None
    for number, picture in enumerate(pictures, 1):
        inside = picture.relative_to(source.path)
        title = re.sub(r"[\s_-]+", " ", picture.stem).strip() or picture.stem
        yield number, {"id": inside.with_suffix("").as_posix(), "title": title, "image": inside.as_posix()}

"""What a reader of feeds is: a source in, records with our names of columns out."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import sys
import tempfile
import textwrap
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast

from outfitter.catalogue.where import ALIASES
from outfitter.errors import FeedError, nearest
from outfitter.objects import copy_object
from outfitter.registry import Registry

REQUIRED: Final = ("id", "title", "image")
"""What every product needs, whatever the feed calls it."""

OPTIONAL: Final = ("category", "colour", "currency", "availability", "url", "gender", "brand", "item_group_id")
"""Texts of `Product` of the same name."""

KNOWN: Final = (*REQUIRED, *OPTIONAL, "price", "sale_price", "sale_price_effective_date", "additional_images")
"""Every column with a meaning of its own; the others are attributes."""

LONGEST: Final = 1_000_000
"""Characters of a line, bytes of an XML item; what is longer is rejected without being held in memory."""


class Unreadable(str):
    """Why a row cannot be read, and its id if that much could be."""

    id: str = ""


Record: TypeAlias = tuple[int, Mapping[str, object] | str]
"""What a reader yields: line, from 1, and fields, or line and why the line cannot be read."""


class Source:
    """Where a feed comes from: a path, compressed by gzip or not.

    Standard input, and what lies in an object store, is kept in a file.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    @classmethod
    def of_standard_input(cls) -> Source:
        """All of standard input."""
        return cls._kept("standard input", "", lambda file: shutil.copyfileobj(sys.stdin.buffer, file))

    @classmethod
    def of_object(cls, url: str) -> Source:
        """``s3://bucket/key``. Raises FeedError."""
        try:
            return cls._kept(url, url.rpartition("/")[2], lambda file: copy_object(url, file))
        except OSError as error:
            raise FeedError(f"{url}: cannot be read: {error}. Check the address.") from None

    @classmethod
    def _kept(cls, name: str, ending: str, copy: Callable[[BinaryIO], None]) -> Source:
        """On disk for as long as the source lives: a feed is read twice."""
        handle, path = tempfile.mkstemp(prefix="outfitter-feed-", suffix=f"-{ending}" if ending else "")
        source = cls(name, Path(path))
        weakref.finalize(source, Path(path).unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as file:
            copy(file)
        return source

    def open(self) -> BinaryIO:
        """Its bytes from the beginning, uncompressed. Raises FeedError."""
        try:
            with self.path.open("rb") as file:
                compressed = file.read(2) == b"\x1f\x8b"
            return cast(BinaryIO, gzip.open(self.path) if compressed else self.path.open("rb"))
        except OSError as error:
            raise FeedError(
                f"{self.name}: cannot be read: {error.strerror}. Give a CSV or JSONL feed, or a folder of pictures."
            ) from None


def own_names(names: Iterable[str]) -> list[str]:
    """Known columns under our names, however they are written: ``Additional Images`` → additional_images.

    One that is there twice, in two spellings, keeps the second as it stands.
    """
    given = [name.strip() for name in names]
    taken = {name for name in given if name in KNOWN}
    own = []
    for name in given:
        meant = plain_name(name)
        if name not in KNOWN and meant in KNOWN and meant not in taken:
            taken.add(meant)
            name = meant
        own.append(name)
    return own


def plain_name(name: str) -> str:
    """``Additional Images`` → ``additional_images``, ``Color`` → ``colour``."""
    plain = re.sub(r"[\s-]+", "_", name.strip()).casefold()
    return ALIASES.get(plain, plain)


Reader: TypeAlias = Callable[[Source], Iterator[Record]]
READERS: Final = Registry[Reader]("feed format")


def require_columns(name: str, columns: Iterable[str], required: Iterable[str] = REQUIRED) -> None:
    """Raise FeedError if a required column is not there, naming the one that was probably meant."""
    got, need = list(columns), list(required)
    for needed in need:
        if needed not in got:
            listed = textwrap.shorten(", ".join(got), 300, placeholder=" …") or "none"
            raise FeedError(
                f"{name}: has no column {needed!r}; got {listed}; need {', '.join(need)}"
                f"{nearest(needed, got, '.')} Rename a column, or add one."
            )

"""Google Merchant XML, RSS 2.0 or Atom, an item at a time; safe against entity bombs and endless items.

A document type is refused, so no entity can be declared. An item that is no well-formed XML is rejected with its line,
and reading goes on at the next one; a document that ends too early is an error, as the rest of its items is missing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, NoReturn
from xml.parsers import expat

from outfitter.catalogue.readers.google import own_fields
from outfitter.catalogue.readers.source import LONGEST, READERS, Record, Source, Unreadable
from outfitter.errors import FeedError

GOOGLE: Final = re.compile(r"https?://base\.google\.com/(ns|cns)/1\.0/?")
ITEMS: Final = ("item", "entry")
CHUNK: Final = 65_536
LONGEST_BEGINNING: Final = 65_536
"""Bytes that are parsed again after each bad item: the start tags that hold the items, without what lies between."""
TAG: Final = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
DECLARATION: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>")
NEXT: Final = re.compile(rb"<(item|entry)[\s>]|</(channel|feed|rss)\s*>")


@READERS.register("google-xml")
def read_google_xml(source: Source) -> Iterator[Record]:
    """Every <item> or <entry>: attributes of Google's namespace, and title, link and id of RSS or Atom without them."""
    with source.open() as file:
        yield from _Document(source.name, file).records()


class _Document:
    """held: what was fed to the parser and may be needed again; it begins at the parser's byte `held_at`."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name, self._file = name, file
        self._prefix: bytes | None = None
        self._open: list[bytes] = []  # the start tags of what is open, as they stand, until the first item
        self._line_before = 0
        self._begin(b"")

    def _begin(self, prefix: bytes) -> None:
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        self._depth = 0
        self._prefixes: dict[str, str] = {}
        self._item: tuple[int, int, int] | None = None  # depth, line, byte
        self._fields: dict[tuple[str, str], list[str]] = {}
        self._words: list[str] = []
        self._done: list[Record] = []
        self._held, self._held_at = bytearray(), 0
        if prefix:
            self._feed(prefix)

    def _refuse(self, *_: object) -> NoReturn:
        raise FeedError(f"{self._name}: has a document type (<!DOCTYPE …>), which is refused. Remove it.")

    def records(self) -> Iterator[Record]:
        while True:
            chunk = self._read()
            try:
                self._feed(chunk)
                if not chunk:
                    self._parser.Parse(b"", True)
            except expat.ExpatError as error:
                if self._item is None or not chunk:
                    raise self._broken(error) from None
                yield from self._done
                yield self._malformed(error)
                self._skip()
            except (LookupError, ValueError) as error:  # an encoding that Python lacks, or of several bytes a letter
                raise FeedError(f"{self._name}: cannot be read: {error}. Save the feed as UTF-8.") from None
            yield from self._done
            self._done.clear()
            if self._item and self._fed - self._item[2] > LONGEST:
                yield self._line(self._item[1]), self._unreadable(f"is longer than {LONGEST:,} bytes")
                self._skip()
            if not chunk:
                return

    def _broken(self, error: expat.ExpatError) -> FeedError:
        what = expat.ErrorString(error.code)
        if error.code in (3, 5, 6, 20):  # no element found, unclosed token or CDATA, partial character
            what += "; it ends too early, so products are missing"
        return FeedError(f"{self._name}: line {self._line(error.lineno)}: {what}. Make or download the feed again.")

    def _malformed(self, error: expat.ExpatError) -> Record:
        assert self._item is not None
        where = self._line(error.lineno)
        return self._line(self._item[1]), self._unreadable(
            f"is no well-formed XML: line {where}: {expat.ErrorString(error.code)}"
        )

    def _unreadable(self, reason: str) -> Unreadable:
        told = Unreadable(reason)
        told.id = next((ids[0] for (_, name), ids in self._fields.items() if name == "id"), "")
        return told

    def _read(self) -> bytes:
        try:
            return self._file.read(CHUNK)
        except (OSError, EOFError, zlib.error) as error:
            raise FeedError(f"{self._name}: cannot be read on: {error}. Download it again.") from None

    @property
    def _fed(self) -> int:
        return self._held_at + len(self._held)

    def _feed(self, data: bytes) -> None:
        self._held += data
        self._parser.Parse(data, False)
        keep = self._item[2] if self._item else self._fed if self._prefix is not None else 0
        del self._held[: keep - self._held_at]
        self._held_at = keep
        if self._prefix is None and len(self._held) > LONGEST:
            raise FeedError(
                f"{self._name}: has no <item> or <entry> in its first {LONGEST:,} bytes. Give a product feed."
            )

    def _skip(self) -> None:
        """Begin anew at the next item that is well-formed as far as it was read, or at the end of the list."""
        told: list[Record] = []
        while (error := self._begin_at_next()) is not None:
            if self._item is None:
                raise self._broken(error)
            told += [*self._done, self._malformed(error)]
        self._done[:0] = told

    def _begin_at_next(self) -> expat.ExpatError | None:
        """Parse on from the next item, or the end of the list, within the start tags before it; what is wrong there."""
        assert self._item is not None
        assert self._prefix is not None
        line = self._line(self._item[1])
        rest = bytes(self._held[self._item[2] - self._held_at :])
        at = 1
        while (found := NEXT.search(rest, at)) is None:
            more = self._read()
            if not more:
                raise FeedError(f"{self._name}: line {line}: an item never ends. Make or download the feed again.")
            line += rest.count(b"\n", 0, max(len(rest) - 20, 0))
            rest, at = rest[-20:] + more, 0
        if len(self._prefix) > LONGEST_BEGINNING:
            raise FeedError(
                f"{self._name}: line {line}: an item is no well-formed XML, and the tags around the items are over "
                f"{LONGEST_BEGINNING:,} bytes long. Make or download the feed again."
            )
        line += rest.count(b"\n", 0, found.start())
        self._line_before = line - 1 - self._prefix.count(b"\n")
        self._begin(self._prefix)
        try:
            self._feed(rest[found.start() :])
        except expat.ExpatError as error:
            return error
        return None

    def _line(self, line: int) -> int:
        return self._line_before + line

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        for name, value in attributes.items():
            if name.startswith("xmlns:") and GOOGLE.fullmatch(value.strip()):
                self._prefixes[name[6:]] = value
        self._words.clear()
        if self._item is None:
            byte = self._parser.CurrentByteIndex
            if self._prefix is None and tag not in ITEMS:
                raw = TAG.match(self._held, byte - self._held_at)
                self._open.append(raw[0] if raw else b"")  # none in UTF-16
            if tag in ITEMS:
                if self._prefix is None:
                    whole = bytes(self._held[: byte - self._held_at])
                    declaration = DECLARATION.match(whole)
                    tags = (declaration[0] if declaration else b"") + b"".join(self._open)
                    self._prefix = tags if all(self._open) else whole
                self._item = (self._depth, self._parser.CurrentLineNumber, byte)
                self._fields.clear()
        elif tag == "link" and "href" in attributes and attributes.get("rel", "alternate") == "alternate":
            self._fields.setdefault(("", "link"), []).append(attributes["href"])

    def _text(self, text: str) -> None:
        if self._item:
            self._words.append(text)

    def _end(self, tag: str) -> None:
        if self._item:
            depth, line, _ = self._item
            if self._depth == depth:
                self._done.append((self._line(line), self._own()))
                self._item = None
            else:
                text = "".join(self._words).strip()
                prefix, _, name = tag.rpartition(":")
                if self._depth == depth + 1 and text:
                    self._fields.setdefault((prefix, name), []).append(text)
        elif self._prefix is None:
            self._open.pop()
        self._words.clear()
        self._depth -= 1

    def _own(self) -> dict[str, object]:
        """Google's attributes; a feed that declares no such namespace is taken to mean it by ``g:``."""
        theirs = set(self._prefixes) or {"g"}
        google: dict[str, list[str]] = {}
        for wanted in (theirs, {""}):
            for (prefix, name), values in self._fields.items():
                if prefix in wanted:
                    google.setdefault("colour" if name == "color" else name, values)
        return own_fields(google)

"""XML from strangers. Declarations of entities are refused, so no file can grow or reach out while it is read."""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder  # only builds trees; nothing is parsed by it
from xml.parsers import expat


def parse(data: bytes) -> Element:
    """The document's root element.

    Raises:
        ValueError: no well-formed XML, or one with a DTD.
    """
    builder = TreeBuilder()

    def refuse(*_: object) -> NoReturn:
        raise ValueError("has a DTD (<!DOCTYPE …>), which is refused; remove it")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = lambda tag, attributes: builder.start(tag, attributes) and None
    parser.EndElementHandler = lambda tag: builder.end(tag) and None
    parser.CharacterDataHandler = builder.data
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(f"line {error.lineno}: no XML: {expat.ErrorString(error.code)}") from None
    return builder.close()

"""TFRecord files and the tf.Example messages in them, by hand: neither needs TensorFlow to be read or written.

A record is its length (uint64), a checksum of these 8 bytes, the data, and a checksum of the data, all little-endian.
Checksums are CRC-32C, rotated and offset. Sources: tensorflow/core/lib/io/record_writer.h,
tensorflow/core/example/example.proto and feature.proto, https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import DatasetError

Value: TypeAlias = bytes | float | int


class Span(NamedTuple):
    """Where bytes lie: from `start`, up to `end`, counted in the record's own data."""

    start: int
    end: int


# --- CRC-32C (Castagnoli), by numpy: a CRC is linear, so those of neighbouring pieces can be joined in pairs, all at
# once, and 30 kB take 1 ms where a loop over bytes takes 5.

_POLYNOMIAL: Final = 0x82F63B78


@lru_cache
def _shift(level: int) -> NDArray[np.uint32]:
    """What 2**level zero bytes make of a checksum, as tables (4, 256): one for each of its bytes."""
    if level:
        half = _shift(level - 1)
        return _shifted(half, half)
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = table >> np.uint32(1) ^ (table & np.uint32(1)) * np.uint32(_POLYNOMIAL)
    high = np.arange(256, dtype=np.uint32)
    return np.stack([table, high, high << 8, high << 16])


def _shifted(tables: NDArray[np.uint32], crc: NDArray[np.uint32]) -> NDArray[np.uint32]:
    joined: NDArray[np.uint32] = (
        tables[0][crc & 255] ^ tables[1][crc >> 8 & 255] ^ tables[2][crc >> 16 & 255] ^ tables[3][crc >> 24]
    )
    return joined


def crc32c(data: bytes) -> int:
    """The CRC-32C of `data` (RFC 3720, appendix B.4)."""
    pieces = _shift(0)[0][np.frombuffer(data, np.uint8)]
    start = np.array([0xFFFFFFFF], np.uint32)
    for level in range(len(data).bit_length()):
        if len(pieces) > 1:
            if len(pieces) % 2:
                pieces = np.concatenate([np.zeros(1, np.uint32), pieces])  # zeros in front change nothing
            pieces = _shifted(_shift(level), pieces[::2]) ^ pieces[1::2]
        if len(data) >> level & 1:
            start = _shifted(_shift(level), start)
    return int(start[0] ^ (pieces[0] if len(pieces) else 0)) ^ 0xFFFFFFFF


def masked_crc(data: bytes) -> bytes:
    """The checksum as TFRecord stores it, 4 bytes."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


# --- files of records


def frame(data: bytes) -> bytes:
    """A record as it lies in the file."""
    length = struct.pack("<Q", len(data))
    return length + masked_crc(length) + data + masked_crc(data)


def records(path: Path) -> Iterator[tuple[int, memoryview]]:
    """(offset of its data in the file, data) of every record. Data are paged in only where they are touched.

    Lengths are checked against their checksums. Data are not: that would read all of every picture.

    Raises:
        DatasetError: the file is no TFRecord file, is damaged, or is cut short.
    """
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield from _records(path, memoryview(content))
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}. Check the path.") from None


def _records(path: Path, content: memoryview) -> Iterator[tuple[int, memoryview]]:
    with content:
        offset = 0
        while offset < len(content):
            head = bytes(content[offset : offset + 12])
            if len(head) == 12 and masked_crc(head[:8]) != head[8:]:
                what = "is no TFRecord file" if offset == 0 else "is damaged"
                raise DatasetError(f"{path}: {what}: wrong checksum at byte {offset}. Copy or write it again.")
            length = struct.unpack("<Q", head[:8])[0] if len(head) == 12 else 0
            end = offset + 12 + length + 4
            if len(head) < 12 or end > len(content):
                raise DatasetError(f"{path}: is cut short in the record at byte {offset}. Copy or write it again.")
            with content[offset + 12 : end - 4] as data:
                yield offset + 12, data
            offset = end


# --- tf.Example, a protocol buffer


BYTES: Final = 1
FLOATS: Final = 2
INTS: Final = 3
"""Kinds of features: lists of bytes, of float32, of int64."""


def encode_example(features: Mapping[str, tuple[int, Sequence[Value]]]) -> bytes:
    """A tf.Example of features, each its kind and its values."""
    entries = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, _field(kind, _list(kind, values))))
        for name, (kind, values) in sorted(features.items())
    )
    return _field(1, entries)


def _list(kind: int, values: Sequence[Value]) -> bytes:
    if kind == BYTES:
        return b"".join(_field(1, value) for value in values if isinstance(value, bytes))
    if kind == FLOATS:
        return _field(1, struct.pack(f"<{len(values)}f", *values))
    return _field(1, b"".join(_varint(int(value) & 0xFFFFFFFFFFFFFFFF) for value in values))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_example(data: memoryview) -> dict[str, list[Span] | list[float] | list[int]]:
    """A tf.Example's features. Of bytes only their place is told, so that pictures need not be read.

    Raises:
        ValueError: it is no tf.Example.
    """
    whole = Span(0, len(data))
    features: dict[str, list[Span] | list[float] | list[int]] = {}
    for _, message in _messages(data, [whole], 1):
        for _, entry in _messages(data, [message], 1):
            names = [span for _, span in _messages(data, [entry], 1)]
            kinds = [found for _, value in _messages(data, [entry], 2) for found in _messages(data, [value], 1, 2, 3)]
            if len(names) != 1 or len(kinds) > 1:
                raise ValueError("a feature has no name, or several values")
            name = bytes(data[slice(*names[0])]).decode()
            features[name] = _values(data, *kinds[0]) if kinds else []
    return features


def _messages(data: memoryview, inside: Iterable[Span], *numbers: int) -> Iterator[tuple[int, Span]]:
    for span in inside:
        for number, value in _fields(data, span):
            if number in numbers:
                if not isinstance(value, Span):
                    raise ValueError(f"field {number} is no message")
                yield number, value


def _values(data: memoryview, kind: int, inside: Span) -> list[Span] | list[float] | list[int]:
    found = [value for number, value in _fields(data, inside) if number == 1]
    if kind == BYTES:
        return [value for value in found if isinstance(value, Span)]
    if kind == FLOATS:
        packed = b"".join(
            bytes(data[slice(*value)]) if isinstance(value, Span) else struct.pack("<I", value) for value in found
        )
        return list(struct.unpack(f"<{len(packed) // 4}f", packed[: len(packed) // 4 * 4]))
    numbers: list[int] = []
    for value in found:
        if isinstance(value, Span):
            at = value.start
            while at < value.end:
                number, at = _read_varint(data, at, value.end)
                numbers.append(number)
        else:
            numbers.append(value)
    return [number - (1 << 64) if number >> 63 else number for number in numbers]


def _fields(data: memoryview, inside: Span) -> Iterator[tuple[int, Span | int]]:
    """(field number, its bytes' place, or its number if it is a varint or fixed-width)."""
    at, end = inside
    while at < end:
        tag, at = _read_varint(data, at, end)
        wire = tag & 7
        if wire == 0:
            value, at = _read_varint(data, at, end)
            yield tag >> 3, value
            continue
        if wire == 2:
            size, at = _read_varint(data, at, end)
        else:
            size = {1: 8, 5: 4}.get(wire, end)
        if at + size > end:
            raise ValueError(f"a field ends at byte {at + size}, beyond its message")
        yield tag >> 3, Span(at, at + size) if wire == 2 else int.from_bytes(data[at : at + size], "little")
        at += size


def _read_varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError(f"a number does not end by byte {at}")

"""tf.Example records as the original wrote them for TensorFlow's Object Detection API, one file per split.

    image/encoded image/format image/height image/width image/filename image/source_id
    image/object/bbox/{xmin,xmax,ymin,ymax}   shares of the sides      image/object/class/{text,label}
    image/object/is_crowd                     only where there is one

Files are ``train.record`` or shards of it, ``train.record-00000-of-00010``; ``label_map.pbtxt`` beside them names the
labels. TensorFlow ignores EXIF, so pictures are written upright.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from outfitter.datasets import tfrecord
from outfitter.datasets.records import READERS, Drops, Record, Slice, Source, natural, remark_gaps, size_of, split_in
from outfitter.datasets.tfrecord import BYTES, FLOATS, INTS, Span, Value
from outfitter.errors import DatasetError
from outfitter.values import Example

LABEL_MAP_FILE: Final = "label_map.pbtxt"
_EDGES: Final = ("xmin", "ymin", "xmax", "ymax")


@READERS.register("tfexample")
def read(source: Path) -> Source:
    """A record file, or a folder of them. Raises DatasetError if there are none, or one is damaged."""
    if source.is_dir():
        patterns = ("*.record", "*.record-*-of-*", "*.tfrecord", "*.tfrecords", "*.tfrecord-*-of-*")
        files = sorted(
            {path for pattern in patterns for path in source.glob(pattern)}, key=lambda path: natural(path.name)
        )
    else:
        files = [source]
    if not files:
        raise DatasetError(f"{source}: holds no record files; need train.record, val.record, or shards of these.")
    folder = source if source.is_dir() else source.parent
    maps = sorted(folder.glob("*.pbtxt"))
    names = read_label_map(maps[0]) if maps else {}
    drops, remarks = Drops(), Drops()
    remark_gaps(names, folder / LABEL_MAP_FILE, "label ids", remarks)
    return Source(_records(files, names, drops), tuple(names.values()), drops=drops, remarks=remarks)


def read_label_map(path: Path) -> dict[int, str]:
    """``item { id: 1 name: 'top' }`` … → id → name. Raises DatasetError if an item lacks either."""
    names: dict[int, str] = {}
    values: dict[str, str] = {}
    tokens = [token for token in _TOKENS.findall(path.read_text(encoding="utf-8-sig")) if not token.startswith("#")]
    for key, colon, value in zip(tokens, tokens[1:], [*tokens[2:], ""], strict=False):
        if colon == ":":
            values[key] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] in ("'", '"') else value
        elif key == "item":
            values = {}
        if value == "}":
            if not values.get("id", "").isdecimal() or "name" not in values:
                raise DatasetError(f"{path}: item {len(names) + 1} has {values}; need an id and a name.")
            names[int(values["id"])] = values["name"]
    return dict(sorted(names.items()))


_TOKENS: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\#[^\n]*|[\w.-]+|[{}:]""")


def label_map(class_names: Sequence[str]) -> str:
    """The content of ``label_map.pbtxt``; ids count from 1, as 0 is TensorFlow's background."""
    quoted = (name.replace("\\", "\\\\").replace("'", "\\'") for name in class_names)
    return "".join(f"item {{\n  id: {i}\n  name: '{name}'\n}}\n" for i, name in enumerate(quoted, 1))


def _records(files: list[Path], names: dict[int, str], drops: Drops) -> Iterator[Record]:
    seen = 0
    for file in files:
        split = split_in(file.name)
        for number, (offset, data) in enumerate(tfrecord.records(file), 1):
            seen += 1
            where = f"{file}: record {number}"
            try:
                found = _record(data, offset, file, names)
            except (ValueError, IndexError, KeyError) as error:
                drops.add("malformed record", where, f"{type(error).__name__}: {error}")
                continue
            name = found.name or f"{file.name}/{number}"
            yield found._replace(name=name, where=where, split=split)
    if not seen:
        raise DatasetError(
            f"{files[0]}: holds no records; the preparation that wrote it was interrupted. Run it again."
        )


def _record(data: memoryview, offset: int, file: Path, names: dict[int, str]) -> Record:
    features = tfrecord.decode_example(data)

    def texts(key: str) -> list[str]:
        return [bytes(data[slice(*span)]).decode() for span in features.get(key, []) if isinstance(span, Span)]

    def numbers(key: str) -> list[float]:
        return [value for value in features.get(key, []) if not isinstance(value, Span)]

    (picture,) = features["image/encoded"]
    if not isinstance(picture, Span):
        raise ValueError("image/encoded is not bytes")
    edges = [numbers(f"image/object/bbox/{edge}") for edge in _EDGES]
    boxes = tuple(zip(*edges, strict=True))
    labels = texts("image/object/class/text")
    if not labels and boxes:
        ids = [int(value) for value in numbers("image/object/class/label")]
        labels = [names.get(i, f"class {i}") for i in ids]
    if len(labels) != len(boxes):
        raise ValueError(f"{len(boxes)} boxes, {len(labels)} labels")
    crowd = tuple(bool(value) for value in numbers("image/object/is_crowd"))
    sides = numbers("image/width") + numbers("image/height")
    titles = [*texts("image/source_id"), *texts("image/filename")]
    return Record(
        image=Slice(file, offset + picture.start, picture.end - picture.start),
        name=next(filter(None, titles), ""),
        boxes=boxes,
        labels=tuple(labels),
        where="",
        crowd=crowd if len(crowd) == len(boxes) else (),
        stated_wh=size_of(*sides) if len(sides) == 2 else None,
        normalised=True,
    )


def encode(example: Example, picture: bytes, class_names: Sequence[str]) -> bytes:
    """An example as a framed record. picture: the bytes of an upright JPEG or PNG file."""
    truth = example.annotations
    width, height = truth.size_wh
    name = example.name.encode()
    kind = b"png" if picture.startswith(b"\x89PNG") else b"jpeg"
    ids = [class_names.index(label) + 1 for label in truth.labels]
    features: dict[str, tuple[int, Sequence[Value]]] = {
        "image/encoded": (BYTES, [picture]),
        "image/format": (BYTES, [kind]),
        "image/height": (INTS, [height]),
        "image/width": (INTS, [width]),
        "image/filename": (BYTES, [name]),
        "image/source_id": (BYTES, [name]),
        "image/object/class/text": (BYTES, [label.encode() for label in truth.labels]),
        "image/object/class/label": (INTS, ids),
    }
    for i, edge in enumerate(_EDGES):
        shares = truth.boxes_xyxy[:, i] / (width, height)[i % 2]
        features[f"image/object/bbox/{edge}"] = (FLOATS, shares.tolist())
    assert truth.crowd is not None
    if truth.crowd.any():
        features["image/object/is_crowd"] = (INTS, truth.crowd.astype(int).tolist())
    return tfrecord.frame(tfrecord.encode_example(features))

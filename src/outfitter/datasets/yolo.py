"""YOLO (Ultralytics' layout): ``data.yaml``, and beside each ``images/…/NAME.jpg`` a ``labels/…/NAME.txt``.

A label line is ``class x_centre y_centre width height``, or ``class x1 y1 x2 y2 …`` for a polygon, all in shares of the
photo's sides. A photo without a label file has no boxes. Source: https://docs.ultralytics.com/datasets/detect/.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from outfitter.datasets.records import (
    READERS,
    SPLIT_ALIASES,
    Box,
    Drops,
    Record,
    Source,
    natural,
    read_lines,
    remark_gaps,
)
from outfitter.errors import DatasetError, PhotoError
from outfitter.photo import list_photos
from outfitter.values import Example

SLACK = 0.01
"""Shares may exceed 0 to 1 by this much, by rounding; what is further out was written in pixels."""


@READERS.register("yolo")
def read(source: Path) -> Source:
    """A ``data.yaml``, or the folder that holds it. Raises DatasetError if it is wrong or names no photos."""
    file = source / "data.yaml" if source.is_dir() else source
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror}; need YOLO's data.yaml.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{file}: is no YAML: {error}") from None
    if not isinstance(content, dict) or "names" not in content:
        raise DatasetError(f"{file}: has no 'names'; need YOLO's data.yaml, with names and train.")
    names = _names(content, file)
    root = file.parent
    if isinstance(path := content.get("path"), str) and (root / path).is_dir():
        root = root / path  # an absolute path of another machine is not there
    drops, remarks = Drops(), Drops()
    remark_gaps(names, file, "class ids", remarks)
    places = {SPLIT_ALIASES[key]: value for key, value in content.items() if key in SPLIT_ALIASES and value}
    if not places:
        raise DatasetError(f"{file}: names no photos; need train:, and best val: and test:, each a folder or a list.")
    photos = {split: _photos(value, root, file, split) for split, value in places.items()}
    return Source(_records(photos, names, drops), tuple(names.values()), drops=drops, remarks=remarks)


def _names(content: Mapping[str, Any], file: Path) -> dict[int, str]:
    names = content["names"]
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not all(isinstance(key, int) for key in names):
        raise DatasetError(f"{file}: names is {names!r}; need a list, or a mapping from whole numbers.")
    named = {key: str(name) for key, name in sorted(names.items())}
    if len(set(named.values())) < len(named):
        raise DatasetError(f"{file}: names has a name twice: {', '.join(named.values())}; names must differ.")
    return named


def _photos(value: object, root: Path, file: Path, split: str) -> list[Path]:
    """The photos of a split: a folder, a text file of paths, or a list of these."""
    found: list[Path] = []
    for entry in value if isinstance(value, list) else [value]:
        place = root / str(entry)
        if not place.exists() and str(entry).startswith("../"):
            place = root / str(entry)[3:]  # Roboflow's exports say ../train/images for what lies in train/images
        if place.is_dir():
            try:
                found += list_photos(place)
            except PhotoError as error:
                raise DatasetError(f"{file}: {split}: {error}") from None
        elif place.is_file():
            lines = (line.strip() for _, line in read_lines(place))
            found += [place.parent / line.replace("\\", "/") for line in lines if line]
        else:
            raise DatasetError(
                f"{file}: {split} is {entry!r}, and {place} is not there. Correct data.yaml, or its path:."
            )
    return found


def _records(photos: Mapping[str, list[Path]], names: Mapping[int, str], drops: Drops) -> Iterator[Record]:
    parents = {path.absolute().parent for paths in photos.values() for path in paths}
    common = Path(os.path.commonpath(parents)) if parents else Path()
    for split, paths in photos.items():
        for path in sorted(paths, key=lambda path: natural(str(path))):
            labels = label_file(path)
            boxes: list[Box] = []
            own: list[str] = []
            rejected = 0
            for number, line in read_lines(labels) if labels.is_file() else ():
                if not line.strip():
                    continue
                where = f"{labels}: line {number}"
                found = _parse(line)
                if isinstance(found, str):
                    rejected += 1
                    drops.add(
                        "box in pixels" if "pixels" in found else "malformed line", str(path), f"{where}: {found}"
                    )
                elif found[0] not in names:
                    rejected += 1
                    ids = f"{min(names)} to {max(names)}" if names else "none"
                    drops.add("unknown class", str(path), f"{where}: class {found[0]}; data.yaml names {ids}")
                else:
                    boxes.append(found[1])
                    own.append(names[found[0]])
            name = path.absolute().relative_to(common).as_posix()
            yield Record(path, name, tuple(boxes), tuple(own), str(labels), split, normalised=True, rejected=rejected)


def label_file(photo: Path) -> Path:
    """Where a photo's boxes are: ``labels`` for its last ``images``, ``.txt`` for its extension."""
    parts = list(photo.parts)
    for i in range(len(parts) - 2, -1, -1):
        if parts[i] == "images":
            parts[i] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _parse(line: str) -> tuple[int, Box] | str:
    """(class, xyxy in shares), or what is wrong with the line."""
    words = line.split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return f"{line[:80]!r} is not numbers; need 'class x_centre y_centre width height'"
    if not all(map(math.isfinite, numbers)):
        return f"{line[:80]!r} is not finite"
    is_polygon = len(numbers) >= 7 and len(numbers) % 2 == 1
    if (len(numbers) != 5 and not is_polygon) or numbers[0] != int(numbers[0]):
        return f"{line[:80]!r} has {len(words)} columns; need 'class x_centre y_centre width height'"
    values = numbers[1:]
    if max(values) > 1 + SLACK:
        return f"{line[:80]!r} is in pixels; need shares of the photo's sides, 0 to 1"
    if is_polygon:
        return int(numbers[0]), (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
    x, y, w, h = values
    return int(numbers[0]), (x - w / 2, y - h / 2, x + w / 2, y + h / 2)


def label_lines(example: Example, class_names: Sequence[str]) -> str:
    """The content of an example's label file. Crowd boxes, which YOLO cannot mark, are left out."""
    w, h = example.annotations.size_wh
    truth = example.annotations
    assert truth.crowd is not None
    lines = []
    for (x1, y1, x2, y2), label, crowd in zip(truth.boxes_xyxy.tolist(), truth.labels, truth.crowd, strict=True):
        if not crowd:
            shares = ((x1 + x2) / 2 / w, (y1 + y2) / 2 / h, (x2 - x1) / w, (y2 - y1) / h)
            lines.append(f"{class_names.index(label)} " + " ".join(f"{share:.10g}" for share in shares) + "\n")
    return "".join(lines)


def data_yaml(splits: Sequence[str], class_names: Sequence[str]) -> str:
    """The content of ``data.yaml``."""
    places = {split: f"images/{split}" for split in splits}
    content = {"path": ".", "train": None, "val": None, **places, "names": dict(enumerate(class_names))}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

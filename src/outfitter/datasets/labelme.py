"""LabelMe: one JSON file per photo, with ``imagePath`` relative to it and ``shapes`` of labelled points.

The box of a shape is that around its points; a circle is its centre and a point of its rim. Folders named after splits
are taken for the partition.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outfitter.datasets.records import READERS, SPLIT_ALIASES, Box, Drops, Record, Source, natural, size_of
from outfitter.errors import DatasetError


@READERS.register("labelme")
def read(source: Path) -> Source:
    """A folder of JSON files, also in subfolders. Raises DatasetError if there are none."""
    files = sorted((path for path in source.rglob("*.json")), key=lambda path: natural(str(path)))
    if not files:
        raise DatasetError(f"{source}: holds no .json files; need LabelMe's, one per photo.")
    drops = Drops()
    records = _records(source, files, drops)
    return Source(records, drops=drops)


def _records(source: Path, files: list[Path], drops: Drops) -> Iterator[Record]:
    found = 0
    for file in files:
        try:
            content = json.loads(file.read_bytes())
            shapes = list(content["shapes"])
            image_path = content["imagePath"]
        except (ValueError, KeyError, TypeError) as error:
            drops.add("malformed annotation", str(file), f"not LabelMe's JSON: {type(error).__name__}: {error}")
            continue
        found += 1
        boxes: list[Box] = []
        labels: list[str] = []
        for i, shape in enumerate(shapes):
            try:
                boxes.append(_box(shape))
                labels.append(str(shape["label"]))
            except (ValueError, KeyError, TypeError) as error:
                del boxes[len(labels) :]
                drops.add("malformed box", str(file), f"shape {i}: {type(error).__name__}: {error}", i)
        stated = size_of(content.get("imageWidth"), content.get("imageHeight"))
        rejected = len(shapes) - len(boxes)
        name = file.relative_to(source).with_suffix("").as_posix()
        split = SPLIT_ALIASES.get(file.relative_to(source).parts[0].lower())
        image = Path(os.path.normpath(file.parent / str(image_path).replace("\\", "/")))
        yield Record(image, name, tuple(boxes), tuple(labels), str(file), split, stated_wh=stated, rejected=rejected)
    if not found:
        raise DatasetError(f"{source}: none of its {len(files)} .json files is LabelMe's. Is --format right?")


def _box(shape: dict[str, Any]) -> Box:
    points = [(float(x), float(y)) for x, y in shape["points"]]
    if shape.get("shape_type") == "circle":
        (x, y), rim = points
        radius = math.dist((x, y), rim)
        return x - radius, y - radius, x + radius, y + radius
    if len(points) < 2:
        raise ValueError(f"has {len(points)} points; need at least 2")
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)

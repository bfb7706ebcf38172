"""CSV of boxes: a row per box, columns by name, in any order. A row without a box says that its photo has none.

    image,x1,y1,x2,y2,label[,split][,width,height]
    image,x,y,w,h,label

Names of columns are those of many tools; see `COLUMNS`, where of several that a file has the first counts. Photos are
relative to the file or to a folder near it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from outfitter.datasets.image_root import ImageRoot
from outfitter.datasets.records import READERS, SPLIT_ALIASES, Box, Drops, Record, Source, read_lines, size_of
from outfitter.errors import DatasetError

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("image", "filename", "file_name", "file", "path", "image_path", "image_name", "image_id", "imageid"),
    # Where there are both, label_name is text and label its number.
    "label": ("label_name", "labelname", "label", "class_name", "class", "category_name", "category", "name"),
    "x1": ("x1", "xmin", "x_min", "x_1", "left"),
    "y1": ("y1", "ymin", "y_min", "y_1", "top"),
    "x2": ("x2", "xmax", "x_max", "x_2", "right"),
    "y2": ("y2", "ymax", "y_max", "y_2", "bottom"),
    "x": ("x", "bbox_x"),
    "y": ("y", "bbox_y"),
    "w": ("w", "bbox_w", "bbox_width", "box_width"),
    "h": ("h", "bbox_h", "bbox_height", "box_height"),
    "width": ("width", "image_width"),
    "height": ("height", "image_height"),
    "split": ("split", "set", "subset", "partition", "evaluation_status"),
}
_CORNERS: Final = ("x1", "y1", "x2", "y2")
_SIDES: Final = ("x", "y", "w", "h")


@dataclass
class _Photo:
    where: str
    split: str | None
    size: tuple[int, int] | None
    boxes: list[Box] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    rejected: int = 0


@READERS.register("csv")
def read(source: Path) -> Source:
    """A CSV file, or a folder that holds just one. Raises DatasetError if its columns are not those above."""
    if source.is_dir():
        files = sorted(source.glob("*.csv"))
        if len(files) != 1:
            raise DatasetError(f"{source}: holds {len(files)} .csv files; name the one with the boxes.")
        source = files[0]
    drops = Drops()
    return Source(_records(source, drops), drops=drops)


def _records(file: Path, drops: Drops) -> Iterator[Record]:
    lines = read_lines(file)
    rows = csv.reader(line for _, line in lines)
    header = [name.strip().lower() for name in next(rows, [])]
    met = {column: [name for name in names if name in header] for column, names in COLUMNS.items()}
    place = {column: header.index(names[0]) for column, names in met.items() if names}
    corners = _CORNERS if all(column in place for column in _CORNERS) else _SIDES
    if lacking := [column for column in ("image", "label", *corners) if column not in place]:
        raise DatasetError(
            f"{file}: line 1 has the columns {', '.join(header) or 'none'}; lacks {', '.join(lacking)}. "
            "Need image, label, and x1, y1, x2, y2 or x, y, w, h."
        )
    photos: dict[str, _Photo] = {}
    for number, row in enumerate(rows, 2):
        cells = {column: row[i].strip() if i < len(row) else "" for column, i in place.items()}
        if not any(cells.values()):
            continue
        where = f"{file}: line {number}"
        image = cells["image"].replace("\\", "/")
        split = SPLIT_ALIASES.get(cells.get("split", "").lower())
        if not image or (cells.get("split") and split is None):
            drops.add(
                "malformed line", image or str(file), f"{where}: {','.join(row)[:100]!r}: no image, or an unknown split"
            )
            continue
        photo = photos.setdefault(image, _Photo(where, split, size_of(cells.get("width"), cells.get("height"))))
        if photo.split != split:
            raise DatasetError(f"{where}: {image} is in {split}, and was in {photo.split} in {photo.where}.")
        values = [cells[column] for column in corners]
        if not any(values) and not cells["label"]:
            continue
        try:
            a, b, c, d = map(float, values)
        except ValueError:
            drops.add("malformed box", image, f"{where}: {', '.join(values)}; need four numbers")
            photo.rejected += 1
            continue
        if not cells["label"]:
            drops.add("unknown class", image, f"{where}: the label is empty")
            photo.rejected += 1
            continue
        photo.boxes.append((a, b, c, d) if corners is _CORNERS else (a, b, a + c, b + d))
        photo.labels.append(cells["label"])
    root = ImageRoot(file, None)
    for name, photo in photos.items():
        yield Record(
            root.find(name),
            name,
            tuple(photo.boxes),
            tuple(photo.labels),
            photo.where,
            photo.split,
            stated_wh=photo.size,
            rejected=photo.rejected,
        )

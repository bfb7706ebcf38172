"""COCO detection JSON, the canonical form on disk; Fashionpedia is one too (https://cocodataset.org/#format-data).

Boxes are ``[x, y, width, height]``. Ids mean nothing outside their file: category ids may start at 0, at 1, or have
gaps, and become names here; 1.0, as pandas writes it, is 1. Segmentations, polygons or RLE, are reduced to boxes where
a box is missing.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TextIO

from outfitter.datasets.image_root import ImageRoot
from outfitter.datasets.records import READERS, Box, Drops, Record, Source, remark_gaps, size_of, split_in
from outfitter.datasets.segmentation import box_of_segmentation
from outfitter.errors import DatasetError


@READERS.register("coco")
def read(source: Path) -> Source:
    """A JSON file, or a folder of them: its own, else those in ``annotations/``. The file's name tells the split.

    Raises:
        DatasetError: no such file, or it is not COCO JSON.
    """
    files = [source] if source.suffix == ".json" else _annotation_files(source)
    drops, remarks = Drops(), Drops()
    names: dict[str, None] = {}
    parts: list[Iterable[Record]] = []
    for file in files:
        content = read_json(file)
        names |= dict.fromkeys(class_names(content, file))
        remark_ids(content, file, remarks)
        parts.append(records(content, file, drops, split_in(file.stem) if len(files) > 1 else None))
        del content  # let the generator be its only holder
    return Source((record for part in parts for record in part), tuple(names), drops=drops, remarks=remarks)


def _annotation_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DatasetError(f"{folder}: there is no such folder; need a COCO JSON file, or a folder that holds some.")
    for place in (folder, folder / "annotations"):
        files = sorted(path for path in place.glob("*.json") if path.name not in ("dataset.json", "prepare.json"))
        # COCO's own folder also has captions and keypoints of the same photos.
        files = [path for path in files if path.stem.startswith("instances")] or files
        if files:
            return files
    raise DatasetError(f"{folder}: holds no .json file, nor does its annotations/; need COCO JSON.")


def read_json(file: Path) -> dict[str, Any]:
    """Raises DatasetError if it is no COCO JSON."""
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read: {error.strerror}. Check the path.") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise DatasetError(f"{file}: line {error.lineno}, column {error.colno}: no JSON: {error.msg}.") from None
    lists = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(isinstance(content.get(key, []), list) for key in lists):
        raise DatasetError(f"{file}: is no COCO JSON; need an object with the lists {', '.join(lists)}.")
    if "images" not in content:
        keys = ", ".join(list(content)[:8]) or "nothing"
        raise DatasetError(f"{file}: is no COCO JSON: no 'images' among its keys ({keys}). Is --format right?")
    return content


def class_names(content: Mapping[str, Any], file: Path) -> tuple[str, ...]:
    """Names in the order of their ids. Raises DatasetError for a broken or doubled category."""
    return tuple(_categories(content, file).values())


def _categories(content: Mapping[str, Any], file: Path) -> dict[int, str]:
    categories: dict[int, str] = {}
    for row in content.get("categories", []):
        number = _id(row.get("id")) if isinstance(row, dict) else None
        if not isinstance(number, int) or not isinstance(row.get("name"), str):
            raise DatasetError(f"{file}: category {json.dumps(row)[:100]}; need a whole-number id and a name.")
        if number in categories or row["name"] in categories.values():
            raise DatasetError(f"{file}: category {number} {row['name']!r} is there twice; ids and names must differ.")
        categories[number] = row["name"]
    return dict(sorted(categories.items()))


def _id(value: Any) -> int | str | None:
    """An id as a whole number or text, None if it is neither."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int | str) else None


def remark_ids(content: Mapping[str, Any], file: Path, remarks: Drops) -> None:
    """Remark on gaps in the ids of categories and images."""
    remark_gaps(_categories(content, file), file, "category ids", remarks)
    images = {_id(row.get("id")) for row in content["images"] if isinstance(row, dict)}
    remark_gaps({number for number in images if isinstance(number, int)}, file, "image ids", remarks)


def records(
    content: Mapping[str, Any], file: Path, drops: Drops, split: str | None, root: Path | None = None
) -> Iterator[Record]:
    """The photos of one COCO file, each with its boxes. root: the pictures' folder; by default it is looked for."""
    categories = _categories(content, file)
    boxes_of: dict[int | str | None, list[tuple[Box, str, bool]]] = {}
    rejected: Counter[int | str | None] = Counter()
    for number, row in enumerate(content["images"]):
        if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("file_name"), str):
            raise DatasetError(f"{file}: image {number} is {json.dumps(row)[:100]}; need at least id and file_name.")
        given, row["id"] = row["id"], _id(row["id"])
        if row["id"] is None:
            detail = f"{file}: image {number} has the id {json.dumps(given)[:100]}; need a whole number or text"
            drops.add("malformed annotation", row["file_name"], detail)
        elif row["id"] in boxes_of:
            drops.add("duplicate image id", row["file_name"], f"id {row['id']} is another image's already; {file}")
            row["id"] = None  # nobody's: its annotations belong to the first
        else:
            boxes_of[row["id"]] = []
    for number, row in enumerate(content.get("annotations", [])):
        found = row if isinstance(row, dict) else {}
        who = f"{file}: annotation {found.get('id', f'number {number}')}"
        owner, category = _id(found.get("image_id")), _id(found.get("category_id"))
        if owner not in boxes_of:
            given = found.get("image_id")
            drops.add("annotation without image", str(file), f"{who}: no image has its image_id {given!r}")
            continue
        box = _box(found)
        if isinstance(box, str):
            drops.add("malformed box", str(file), f"{who}: {box}")
            rejected[owner] += 1
            continue
        if not isinstance(category, int) or category not in categories:
            given, ids = found.get("category_id"), ", ".join(map(str, categories)) or "none"
            drops.add("unknown class", str(file), f"{who}: category_id {given!r}; the file's categories are {ids}")
            rejected[owner] += 1
            continue
        boxes_of[owner].append((box, categories[category], bool(found.get("iscrowd", 0))))
    find = ImageRoot(file, split).find if root is None else partial(_below, root.resolve())
    for row in content["images"]:
        if row["id"] is None:
            continue
        found_boxes = boxes_of.pop(row["id"])
        yield Record(
            image=find(row["file_name"]),
            name=name_of(row),
            boxes=tuple(box for box, _, _ in found_boxes),
            labels=tuple(label for _, label, _ in found_boxes),
            where=f"{file}, image id {row['id']}",
            split=split,
            crowd=tuple(crowd for _, _, crowd in found_boxes),
            stated_wh=size_of(row.get("width"), row.get("height")),
            rejected=rejected[row["id"]],
        )


def _below(root: Path, file_name: str) -> Path:
    return Path(os.path.normpath(root / file_name))


def name_of(row: Mapping[str, Any]) -> str:
    """What a photo is called: its image's name where it has one, as the canonical form does, else its file's."""
    name = row.get("name")
    return name if isinstance(name, str) else str(row["file_name"])


def _box(row: Mapping[str, Any]) -> Box | str:
    """The annotation's box as xyxy, or what is wrong with it."""
    if isinstance(box := row.get("bbox"), list) and box:
        if len(box) != 4 or not all(isinstance(v, int | float) and math.isfinite(v) for v in box):
            return f"bbox is {box}; need four finite numbers, [x, y, width, height]"
        x, y, w, h = map(float, box)
        return x, y, x + w, y + h
    try:
        found = box_of_segmentation(row.get("segmentation"))
    except (ValueError, TypeError, KeyError) as error:
        return f"it has no bbox, and its segmentation is broken: {error}"
    return found or "it has neither a bbox nor a segmentation with area"


def write(path: Path, records: Sequence[Record], class_names: Sequence[str]) -> None:
    """One COCO file, a line per photo and per box; ids count from 1, picture names are relative to the file's folder.

    records: settled ones: boxes in pixels, sizes stated, pictures in files.

    Raises:
        ValueError: a label that is not among `class_names`.
    """
    ids = {name: i for i, name in enumerate(class_names, 1)}
    folder = path.parent.resolve()
    with path.open("w", encoding="utf-8") as file:
        file.write('{"categories": [')
        _rows(file, ({"id": i, "name": name} for name, i in ids.items()))
        file.write('],\n"images": [')
        _rows(file, (_image_row(i, record, folder) for i, record in enumerate(records, 1)))
        file.write('],\n"annotations": [')
        _rows(file, _annotation_rows(records, ids))
        file.write("]}\n")


_encode = json.JSONEncoder(ensure_ascii=False).encode


def _rows(file: TextIO, rows: Iterable[Mapping[str, Any]]) -> None:
    for i, row in enumerate(rows):
        file.write((",\n" if i else "\n") + _encode(row))


def _image_row(number: int, record: Record, folder: Path) -> dict[str, Any]:
    assert isinstance(record.image, Path)
    assert record.stated_wh is not None
    width, height = record.stated_wh
    place, name = os.path.split(record.image)
    return {
        "id": number,
        "file_name": _way(folder, place) + name,
        "width": width,
        "height": height,
        "name": record.name,
    }


@lru_cache(maxsize=1024)
def _way(folder: Path, place: str) -> str:
    """From one folder to another. Both are freed of links, so that '..' means the same to us and to the file system."""
    way = Path(os.path.relpath(Path(place).resolve(), folder)).as_posix()
    return "" if way == "." else f"{way}/"


def _annotation_rows(records: Sequence[Record], ids: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    number = 0
    for image_id, record in enumerate(records, 1):
        crowds = record.crowd or (False,) * len(record.boxes)
        for (x1, y1, x2, y2), label, crowd in zip(record.boxes, record.labels, crowds, strict=True):
            if label not in ids:
                raise ValueError(f"{record.name}: label {label!r} is not among {', '.join(ids)}")
            number += 1
            w, h = x2 - x1, y2 - y1
            sides = [plain(x1), plain(y1), plain(w), plain(h)]
            row = {"id": number, "image_id": image_id, "category_id": ids[label], "bbox": sides}
            yield {**row, "area": plain(w * h), "iscrowd": int(crowd)}


def plain(value: float) -> float | int:
    """A whole number without its ``.0``."""
    return int(value) if value == int(value) else value

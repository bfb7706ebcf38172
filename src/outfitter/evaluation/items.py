"""Garments in pictures that are looked for: the queries and the gallery of ``retrieval`` and ``end-to-end``."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import ConfigError, EvaluationError
from outfitter.geometry import as_boxes, clip
from outfitter.photo import load_photo
from outfitter.values import Annotations, Embeddings, Photo


@dataclass(frozen=True)
class Item:
    """A line of a CSV. group: what is the same product; kind: its slot or category; tag: worn, flat or the like.

    box_xyxy: in pixels of the picture; None is the whole of it.
    """

    image: Path
    group: str
    kind: str | None = None
    box_xyxy: tuple[float, float, float, float] | None = None
    tag: str | None = None

    def garment(self) -> Photo:
        """The picture, or the part of it that is meant, for people to look at."""
        photo = load_photo(self.image)
        if self.box_xyxy is None:
            return photo
        x1, y1, x2, y2 = (round(value) for value in self.box_xyxy)
        return Photo(photo.pixels[max(0, y1) : max(1, y2), max(0, x1) : max(1, x2)], photo.name)


def read_items(path: Path) -> list[Item]:
    """Read a CSV with the columns image and group, and maybe kind, tag, x1, y1, x2 and y2.

    Raises:
        EvaluationError: naming the line: a column is missing, a box is not four numbers, or nothing is there.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(
            f"{path}: cannot be read: {error}. Need a CSV with the columns image and group."
        ) from None
    if missing := {"image", "group"} - set(reader.fieldnames or ()):
        raise EvaluationError(
            f"{path}: has no column {' and '.join(sorted(missing))}; need image,group[,kind,tag,x1,y1,x2,y2]."
        )
    if not rows:
        raise EvaluationError(f"{path}: has no rows below its head.")
    return [_item(row, f"{path}:{number}", path.parent) for number, row in enumerate(rows, 2)]


def _item(row: dict[str, str], where: str, folder: Path) -> Item:
    if not row["image"] or not row["group"]:
        raise EvaluationError(f"{where}: image is {row['image']!r}, group is {row['group']!r}; need both.")
    corners = [row.get(name) or "" for name in ("x1", "y1", "x2", "y2")]
    box = None
    if any(corners):
        try:
            box = (float(corners[0]), float(corners[1]), float(corners[2]), float(corners[3]))
        except ValueError:
            raise EvaluationError(f"{where}: the box is {','.join(corners)}; need four numbers, or none.") from None
        if not (box[0] < box[2] and box[1] < box[3]):
            raise EvaluationError(f"{where}: the box is {','.join(corners)}; need x1 < x2 and y1 < y2.")
    return Item(folder / row["image"], row["group"], row.get("kind") or None, box, row.get("tag") or None)


def read_vectors(path: Path, items: Sequence[Item], folder: Path) -> Embeddings:
    """The vectors that somebody else's embedder gave to `items`, scaled to length 1.

    JSON lines, ``{"image": "a.jpg", "vector": [0.1, …]}``, with images as the items' CSV in `folder` names them; those
    of one picture in the CSV's order. Lines of other pictures are left alone: one file may hold queries and gallery.

    Raises:
        EvaluationError: naming the line or picture: no such object, a vector of another length, with a number that is
            not finite or of zeros only, or fewer vectors for a picture than items.
    """
    wanted = Counter(item.image for item in items)
    found: dict[Path, list[NDArray[np.float32]]] = {}
    length = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    image, vector = _vector(line, f"{path}:{number}")
                    length = length or len(vector)
                    if len(vector) != length:
                        raise EvaluationError(
                            f"{path}:{number}: the vector has {len(vector)} numbers, others {length}."
                        )
                    if folder / image in wanted:
                        found.setdefault(folder / image, []).append(vector)
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}.") from None
    if missing := [image for image, count in wanted.items() if len(found.get(image, ())) != count]:
        first = missing[0]
        raise EvaluationError(
            f"{path}: {len(missing)} of {len(wanted)} pictures do not have a vector for each of their lines in the "
            f"CSV, first {first}: {len(found.get(first, ()))} for {wanted[first]}."
        )
    rows = {image: iter(vectors) for image, vectors in found.items()}
    return Embeddings(np.stack([next(rows[item.image]) for item in items]), path.name)


def _vector(line: str, where: str) -> tuple[str, NDArray[np.float32]]:
    try:
        row = json.loads(line)
        image, vector = row["image"], np.array(row["vector"], float)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise EvaluationError(f'{where}: need {{"image": "…", "vector": [numbers]}}.') from None
    norm = float(np.linalg.norm(vector))
    if not isinstance(image, str) or vector.ndim != 1 or not np.isfinite(norm) or norm == 0:
        raise EvaluationError(f"{where}: the vector has a length of {norm:g}; need finite numbers, not all of them 0.")
    return image, (vector / norm).astype(np.float32)


def annotations_of(items: Sequence[Item], sizes_wh: Mapping[Path, tuple[int, int]]) -> dict[Path, Annotations]:
    """The items of each picture as its truth, in their order; without a box, the whole picture.

    Raises:
        EvaluationError: a box that has no area within its picture.
    """
    rows: dict[Path, list[Item]] = {}
    for item in items:
        rows.setdefault(item.image, []).append(item)
    truth = {}
    for image, mine in rows.items():
        size_wh = sizes_wh[image]
        boxes = clip(as_boxes([item.box_xyxy or (0, 0, *size_wh) for item in mine]), size_wh)
        good = (boxes[:, :2] < boxes[:, 2:]).all(1)
        if not good.all():
            item = mine[int(np.argmin(good))]
            raise EvaluationError(
                f"{image}: the box of {item.group!r} is {list(item.box_xyxy or ())}; need one within the "
                f"{size_wh[0]} × {size_wh[1]} picture."
            )
        truth[image] = Annotations(boxes, tuple(item.kind or "unknown" for item in mine), size_wh)
    return truth


def read_tags(path: Path, photos: Sequence[str]) -> dict[str, str]:
    """Read a CSV of photo,tag: what is known of the photos, such as worn or flat.

    Raises:
        ConfigError: it cannot be read, lacks a column, or names none of `photos`.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"--tags {path}: cannot be read: {error}. Need a CSV with the columns photo and tag."
        ) from None
    if not rows or not {"photo", "tag"} <= set(rows[0]):
        raise ConfigError(f"--tags {path}: has no rows with the columns photo and tag; need both.")
    found = {row["photo"]: row["tag"] for row in rows if row["tag"]}
    if not set(found) & set(photos):
        raise ConfigError(f"--tags {path}: names none of the photos; theirs look like {photos[0]!r}.")
    return found

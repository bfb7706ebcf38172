"""DeepFashion, category and attribute prediction (Liu et al., CVPR 2016): one annotated garment per photo.

    Anno/list_bbox.txt            image_name  x_1  y_1  x_2  y_2
    Anno/list_category_cloth.txt  category_name  category_type      type 1 top, 2 bottom, 3 long
    Anno/list_category_img.txt    image_name  category_label        the category's row, from 1
    Eval/list_eval_partition.txt  image_name  evaluation_status     train, val or test
    Img/img/…                     the photos, named ``img/…`` in these files

Each file starts with the number of its rows and a header, and separates columns by spaces.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from outfitter.datasets.records import READERS, SPLITS, Drops, Record, Source, read_lines
from outfitter.errors import DatasetError, nearest
from outfitter.taxonomy import BROAD

LICENCE: Final = "DeepFashion agreement: non-commercial research and education only"
HOW_TO_GET: Final = (
    "DeepFashion is given out on request, for non-commercial research and education only, which then also binds what "
    "is trained on it. Apply at http://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/AttributePrediction.html, unpack "
    "'Category and Attribute Prediction Benchmark', and name the folder that holds Anno/, Eval/ and Img/."
)
_FOLDERS: Final = ("", "category_and_attribute_prediction_benchmark", "Category and Attribute Prediction Benchmark")


@READERS.register("deepfashion")
def read(source: Path) -> Source:
    """Raises DatasetError if a file is missing, or a row of one is wrong."""
    root = next((source / name for name in _FOLDERS if (source / name / "Eval").is_dir()), source)
    anno = next((root / name for name in ("Anno", "Anno_coarse") if (root / name).is_dir()), root / "Anno")
    files = [anno / f"list_{name}.txt" for name in ("bbox", "category_cloth", "category_img")]
    files.append(root / "Eval" / "list_eval_partition.txt")
    for file in files:
        if not file.is_file():
            raise DatasetError(f"{source}: there is no {file.relative_to(source)}. {HOW_TO_GET}")
    categories = _categories(files[1])
    drops = Drops()
    images = next((root / name for name in ("Img", "") if (root / name / "img").is_dir()), root / "Img")
    return Source(
        _records(files[0], files[2], files[3], list(categories), str(images), drops),
        tuple(categories),
        {"broad": categories, "slots": categories},
        LICENCE,
        drops,
    )


def _categories(file: Path) -> dict[str, str]:
    """Category → top, bottom or long, in the file's order."""
    categories: dict[str, str] = {}
    for number, name, (kind,) in _rows(file, 1):
        if kind not in ("1", "2", "3") or name in categories:
            what = "is there twice" if name in categories else f"has type {kind!r}; need 1 top, 2 bottom or 3 long"
            raise DatasetError(f"{file}: line {number}: category {name!r} {what}.")
        categories[name] = BROAD[int(kind) - 1]
    return categories


def _records(
    boxes: Path, labels: Path, partition: Path, categories: list[str], images: str, drops: Drops
) -> Iterator[Record]:
    split_of: dict[str, str] = {}
    for number, name, (split,) in _rows(partition, 1):
        if split not in SPLITS:
            raise DatasetError(
                f"{partition}: line {number}: {name} is in {split!r}; need {', '.join(SPLITS)}{nearest(split, SPLITS)}"
            )
        split_of[name] = SPLITS[SPLITS.index(split)]  # one string, not one per line
    label_of: dict[str, str] = {}
    for number, name, (label,) in _rows(labels, 1):
        if not label.isdecimal() or not 1 <= int(label) <= len(categories):
            raise DatasetError(f"{labels}: line {number}: {name} has category {label!r}; need 1 to {len(categories)}.")
        label_of[name] = categories[int(label) - 1]
    file, boxed = str(boxes), set[str]()
    for number, name, corners in _rows(boxes, 4):
        where = f"{file}, line {number}"
        category, own_split = label_of.get(name), split_of.get(name)
        boxed.add(name)
        if category is None or own_split is None:
            lacking = labels if category is None else partition
            drops.add(
                "no category" if category is None else "in no split",
                name,
                f"{where} has a box, {lacking.name} does not",
            )
            continue
        try:
            x1, y1, x2, y2 = map(float, corners)
        except ValueError:
            drops.add("malformed box", name, f"{where}: {' '.join(corners)}; need four numbers")
            continue
        yield Record(Path(os.path.join(images, name)), name, ((x1, y1, x2, y2),), (category,), where, own_split)  # noqa: PTH118
    for name in sorted(label_of.keys() - boxed):
        drops.add("no box", name, f"it is in {labels.name} and not in {boxes.name}")


def _rows(file: Path, columns: int) -> Iterator[tuple[int, str, list[str]]]:
    """(line number, first column, the other columns); the first may hold spaces.

    Raises:
        DatasetError: a row has too few columns, or there are not as many rows as the file's first line says.
    """
    count = header = None
    rows = 0
    for number, line in read_lines(file):
        if not line.strip():
            continue
        if count is None:
            if not line.strip().isdecimal():
                raise DatasetError(
                    f"{file}: line {number} is {line[:60]!r}; need the number of rows. Copy the file again."
                )
            count = int(line)
        elif header is None:
            header = line
        else:
            name, *rest = line.rsplit(None, columns)
            if len(rest) != columns:
                raise DatasetError(f"{file}: line {number} is {line[:100]!r}; need the columns {header.strip()}.")
            rows += 1
            yield number, name.lstrip(), rest
    if count is None or rows != count:
        raise DatasetError(
            f"{file}: line 1 says {count or 'nothing of'} rows, there are {rows}. Copy the file again, whole."
        )

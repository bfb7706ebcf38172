"""A data set as the rest of Outfitter uses it, and its canonical form on disk.

DIR/train.json val.json test.json   COCO detection JSON, those splits that there are
DIR/classes.txt                     class names, one a line, in the order of their ids
DIR/images/                         pictures, unless they are referred to where they were
DIR/dataset.json                    where it came from, counts, what was dropped; written last
DIR/dropped.jsonl                   everything that was dropped, a line each
DIR/prepare.json                    only while a preparation is unfinished
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from outfitter.datasets import coco
from outfitter.datasets.records import SPLITS, Drops, Record, Source, check_names, read_lines
from outfitter.datasets.seed_crop import CROPPED
from outfitter.datasets.settle import as_stated, settle
from outfitter.errors import DatasetError, nearest
from outfitter.values import Example

CLASSES_FILE: Final = "classes.txt"
MANIFEST_FILE: Final = "dataset.json"
UNFINISHED_FILE: Final = "prepare.json"
DROPPED_FILE: Final = "dropped.jsonl"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Annotated photos whose every box is good. Names of examples are unique.

    crops: the splits whose photos are all cut around one garment; None if nobody said so, as of a folder made by hand.
    """

    class_names: tuple[str, ...]
    examples: tuple[Example, ...]
    licence: str = ""
    crops: tuple[str, ...] | None = None

    def split(self, name: str) -> list[Example]:
        """The examples of one split, in order; empty if there are none.

        Raises:
            DatasetError: no split has such a name.
        """
        if name not in SPLITS:
            raise DatasetError(f"unknown split {name!r}; choose from {', '.join(SPLITS)}{nearest(name, SPLITS)}")
        return [example for example in self.examples if example.split == name]


def load(folder: Path) -> Dataset:
    """Read a data set in canonical form. No picture is opened; sizes are those of the annotations.

    Raises:
        DatasetError: it is not in that form or unfinished, or holds a box or label that is wrong, which is named.
    """
    source = open_canonical(folder)
    examples: list[Example] = []
    names: set[str] = set()
    known = set(source.class_names)
    for record in source.records:
        _refuse(source.drops, folder)
        if record.stated_wh is None:
            raise DatasetError(
                f"{record.where}: {record.name} has no width and height; need both, in pixels.{_hint(folder)}"
            )
        if record.name in names:
            raise DatasetError(f"{record.where}: {record.name} is there twice; names must differ.{_hint(folder)}")
        names.add(record.name)
        if unknown := set(record.labels) - known:
            name = min(unknown)
            raise DatasetError(
                f"{record.where}: {record.name} has the class {name!r}; {CLASSES_FILE} names "
                f"{', '.join(source.class_names)}{nearest(name, source.class_names)}{_hint(folder)}"
            )
        settled = settle(record, source.drops, as_stated(record.stated_wh))
        _refuse(source.drops, folder)
        assert settled is not None
        assert record.split is not None
        assert isinstance(record.image, Path)
        examples.append(Example(record.image, record.name, settled.annotations, record.split))
    _refuse(source.drops, folder)
    return Dataset(source.class_names, tuple(examples), source.licence, _crops(_manifest(folder)))


def open_canonical(folder: Path) -> Source:
    """The records of a data set in canonical form, unchecked.

    Raises:
        DatasetError: it is not in that form, or unfinished.
    """
    if (folder / UNFINISHED_FILE).exists():
        raise DatasetError(
            f"{folder}: is unfinished. Run the same 'outfitter datasets prepare' again: it goes on where it stopped."
        )
    files = {split: folder / f"{split}.json" for split in SPLITS if (folder / f"{split}.json").is_file()}
    if not files:
        raise DatasetError(
            f"{folder}: holds none of {', '.join(f'{split}.json' for split in SPLITS)}; need a data set as "
            f"'outfitter datasets prepare SOURCE --format F --out {folder.name}' writes it."
        )
    drops, remarks = Drops(), Drops()
    contents: dict[str, dict[str, Any]] = {split: coco.read_json(file) for split, file in files.items()}
    declared = [name for split, file in files.items() for name in coco.class_names(contents[split], file)]
    for split, file in files.items():
        coco.remark_ids(contents[split], file, remarks)
    if (folder / CLASSES_FILE).is_file():
        names = tuple(line for _, line in read_lines(folder / CLASSES_FILE) if line)
    else:
        names = tuple(dict.fromkeys(declared))
        check_names(names, str(folder), "Rename it in the .json files.")

    def every() -> Iterator[Record]:
        for split, file in files.items():
            yield from coco.records(contents.pop(split), file, drops, split, folder)

    return Source(
        every(), names, licence=str(_manifest(folder).get("licence", "")), drops=drops, remarks=remarks, canonical=True
    )


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValueError):  # a hand-made folder has none
        return {}
    return content if isinstance(content, dict) else {}


def _crops(manifest: Mapping[str, Any]) -> tuple[str, ...] | None:
    crops, options = manifest.get("crops"), manifest.get("options")
    if isinstance(crops, list):
        return tuple(crops)
    if isinstance(options, dict) and "crop" in options:  # prepared before there were "crops"
        return CROPPED if options["crop"] else ()
    return None


def write_splits(folder: Path, records: Sequence[Record], class_names: Sequence[str]) -> None:
    """The JSON file of each split that has photos, and the class names. records: settled ones."""
    for split in SPLITS:
        if own := [record for record in records if record.split == split]:
            coco.write(folder / f"{split}.json", own, class_names)
    (folder / CLASSES_FILE).write_text("".join(f"{name}\n" for name in class_names), encoding="utf-8")


def _refuse(drops: Drops, folder: Path) -> None:
    if drops:
        box = f" box {drops[0].box}:" if drops[0].box is not None else ""
        raise DatasetError(f"{drops[0].where}:{box} {drops[0].reason}: {drops[0].detail}.{_hint(folder)}")


def _hint(folder: Path) -> str:
    return f" Run 'outfitter datasets check {folder}' to list every fault."

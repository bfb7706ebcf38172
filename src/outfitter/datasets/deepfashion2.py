"""DeepFashion2 (Ge et al., CVPR 2019): ``train/image/000001.jpg`` + ``train/annos/000001.json``, ``validation/`` alike.

An annotation holds ``item1``, ``item2``, … with ``category_name`` (13 of them) and ``bounding_box`` [x1, y1, x2, y2].
The test photos are published without annotations and are not listed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from outfitter.datasets.categories import DEEPFASHION2
from outfitter.datasets.records import READERS, Box, Drops, Record, Source, known
from outfitter.errors import DatasetError

LICENCE: Final = "DeepFashion2 agreement: non-commercial research only"
HOW_TO_GET: Final = (
    "DeepFashion2 is given out on request, for non-commercial research only, which then also binds what is trained on "
    "it. Fill in the form at https://github.com/switchablenorms/DeepFashion2 for the archives' password, unpack them, "
    "and name the folder that holds train/ and validation/, each with image/ and annos/."
)
_SPLITS: Final = {"train": "train", "validation": "val", "test": "test"}


@READERS.register("deepfashion2")
def read(source: Path) -> Source:
    """Raises DatasetError if there are no such folders, or a file in them is no JSON."""
    folders = {name: split for name, split in _SPLITS.items() if (source / name / "annos").is_dir()}
    if not folders:
        raise DatasetError(f"{source}: there is no train/annos/ and no validation/annos/. {HOW_TO_GET}")
    drops = Drops()
    return Source(
        _records(source, folders, drops),
        tuple(DEEPFASHION2),
        {"slots": DEEPFASHION2, "broad": DEEPFASHION2},
        LICENCE,
        drops,
    )


def _records(source: Path, folders: dict[str, str], drops: Drops) -> Iterator[Record]:
    for folder, split in folders.items():
        annos, images = source / folder / "annos", source / folder / "image"
        for name in sorted(name for name in os.listdir(annos) if name.endswith(".json")):  # noqa: PTH208
            file = annos / name
            try:
                content = json.loads(file.read_bytes())
            except ValueError as error:
                drops.add("malformed annotation", str(file), f"no JSON: {error}")
                continue
            items = sorted((key for key in content if key.startswith("item")), key=lambda key: (len(key), key))
            boxes: list[Box] = []
            labels: list[str] = []
            for i, key in enumerate(items):
                item: dict[str, Any] = content[key]
                corners = item.get("bounding_box")
                if not isinstance(corners, list) or len(corners) != 4:
                    drops.add("malformed box", str(file), f"{key} has bounding_box {corners}; need [x1, y1, x2, y2]", i)
                    continue
                x1, y1, x2, y2 = map(float, corners)
                boxes.append((x1, y1, x2, y2))
                labels.append(known(str(item.get("category_name")), tuple(DEEPFASHION2), f"{file}: {key}"))
            stem = f"{name.removesuffix('.json')}.jpg"
            rejected = len(items) - len(boxes)
            yield Record(
                images / stem, f"{folder}/{stem}", tuple(boxes), tuple(labels), str(file), split, rejected=rejected
            )

"""Where the pictures are that an annotation file names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final


class ImageRoot:
    """Finds the folder that picture names are relative to: the first one near `file` that holds one of them."""

    _PATIENCE: Final = 50

    def __init__(self, file: Path, split: str | None) -> None:
        home = file.parent
        near = [home, home / "images", home.parent, home.parent / "images"]
        inside = [place / name for place in near for name in (file.stem, split) if name]
        beside = [path for place in (home, home.parent) for path in sorted(_folders(place))]
        self._places = list(dict.fromkeys([*near, *inside, *beside]))
        self._looked = 0

    def find(self, file_name: str) -> Path:
        relative = Path(file_name.replace("\\", "/"))
        if len(self._places) > 1 and self._looked < self._PATIENCE:
            self._looked += 1
            self._places = next(([place] for place in self._places if (place / relative).is_file()), self._places)
        return self._places[0] / relative


def _folders(place: Path) -> Iterator[Path]:
    with os.scandir(place) as entries:
        yield from (Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith("."))

"""Output folders: claimed with the plan of what goes in, so that the same command can go on after an interruption."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from outfitter.datasets.dataset import DROPPED_FILE, MANIFEST_FILE, UNFINISHED_FILE, write_splits
from outfitter.datasets.records import SPLITS, Drops, Record
from outfitter.errors import DatasetError
from outfitter.photo import EXTENSIONS

_MAGIC: Final = {
    b"\xff\xd8": ".jpg",
    b"\x89PNG": ".png",
    b"GIF8": ".gif",
    b"RIFF": ".webp",
    b"BM": ".bmp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
}

_UNSAFE: Final = re.compile(r'[@:*?"<>|\x00-\x1f]')
"""What some file system cannot hold in a name; and @, which numbers the crops of a photo."""


def refuse_taken(out: Path) -> None:
    """Raises DatasetError if `out` holds anything but an unfinished data set."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / UNFINISHED_FILE).is_file())):
        raise DatasetError(f"{out}: is not empty, and nothing is ever overwritten. Name a new folder.")


def begin(out: Path, plan: Mapping[str, Any]) -> bool:
    """Claim a new or empty folder, or an unfinished one of the same plan; whether it is such a one.

    Raises:
        DatasetError: there is something else in it.
    """
    refuse_taken(out)
    unfinished = out / UNFINISHED_FILE
    text = json.dumps(plan, indent=2, default=str) + "\n"
    if unfinished.is_file():
        if unfinished.read_text(encoding="utf-8") != text:
            raise DatasetError(
                f"{out}: was begun with other options; see {unfinished}. Repeat it with those, or name a new folder."
            )
        return True
    out.mkdir(parents=True, exist_ok=True)
    unfinished.write_text(text, encoding="utf-8")
    return False


def abandon(out: Path) -> None:
    """Take away a claimed folder and the pictures in it, for nothing will be made of them."""
    shutil.rmtree(out / "images", ignore_errors=True)
    (out / UNFINISHED_FILE).unlink()
    with suppress(OSError):  # a link to a folder stays
        out.rmdir()


def finish(
    out: Path,
    records: Sequence[Record],
    class_names: Sequence[str],
    about: Mapping[str, Any],
    drops: Drops | None = None,
) -> dict[str, dict[str, Any]]:
    """Write the canonical files of a claimed folder, the manifest last; returns the counts per split.

    records: settled ones.
    """
    drops = Drops() if drops is None else drops
    write_splits(out, records, class_names)
    with (out / DROPPED_FILE).open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(json.dumps(drop._asdict(), ensure_ascii=False) + "\n" for drop in drops)
    counts = count(records, class_names)
    manifest = {"format": 1, **about, "class_names": class_names, "splits": counts, "dropped": drops.counts()}
    text = json.dumps(manifest, indent=2, ensure_ascii=False, default=str)
    (out / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
    (out / UNFINISHED_FILE).unlink()
    return counts


def count(records: Sequence[Record], class_names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Per split: photos, boxes, and boxes of every class."""
    counts: dict[str, dict[str, Any]] = {}
    for split in SPLITS:
        own = [record.labels for record in records if record.split == split]
        if own:
            met = Counter(label for labels in own for label in labels)
            per_class = {name: met[name] for name in class_names}
            counts[split] = {"photos": len(own), "boxes": met.total(), "classes": per_class}
    return counts


def stems(names: Iterable[str], *, flat: bool = False) -> list[str]:
    """For every name, a relative path without extension that is safe on any system and no other's.

    flat: without folders.
    """
    wanted = [_stem(name, flat) for name in names]
    taken = {stem.casefold() for stem in wanted}  # some file systems take A for a
    times: Counter[str] = Counter()
    found = []
    for stem in wanted:
        folded = stem.casefold()
        times[folded] += 1
        if times[folded] > 1:
            while f"{folded}~{times[folded]}" in taken:
                times[folded] += 1
            stem = f"{stem}~{times[folded]}"
            taken.add(stem.casefold())
        found.append(stem)
    return found


def _stem(name: str, flat: bool) -> str:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    stem, suffix = os.path.splitext("/".join(parts) or "photo")  # noqa: PTH122
    stem = _UNSAFE.sub("_", stem if suffix.lower() in EXTENSIONS else stem + suffix)
    return stem.replace("/", "__") if flat else stem


def extension(data: bytes) -> str:
    """The extension that a picture's first bytes call for."""
    return next((extension for start, extension in _MAGIC.items() if data.startswith(start)), ".jpg")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, so that what is there after an interruption is good."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)

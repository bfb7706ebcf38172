"""Output folders: claimed with the plan of what goes in, so that the same command can go on after an interruption."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
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
_ENDS: Final = re.compile(r"^[\s.]+|[\s.]+$")
"""What a name may not begin or end with: dots hide a file or are lost on Windows, spaces are stripped from lists."""


def refuse_taken(out: Path) -> None:
    """Raises DatasetError if `out` holds anything but an unfinished data set."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / UNFINISHED_FILE).is_file())):
        raise DatasetError(f"{out}: is not empty, and nothing is ever overwritten. Name a new folder.")


def begin(out: Path, plan: Mapping[str, Any], records: Iterable[Record]) -> bool:
    """Claim a new or empty folder, or an unfinished one of the same plan and records; whether it is such a one.

    records: what is to be written, so that pictures of others, which are there already, are not taken for theirs.

    Raises:
        DatasetError: there is something else in it.
    """
    refuse_taken(out)
    unfinished = out / UNFINISHED_FILE
    digest = sha256()
    for record in records:
        digest.update(repr(record).encode())
    text = json.dumps({**plan, "records": digest.hexdigest()}, indent=2, default=str) + "\n"
    if unfinished.is_file():
        if unfinished.read_text(encoding="utf-8") != text:
            raise DatasetError(
                f"{out}: was begun with other options, or with other photos or boxes; see {unfinished}. "
                "Repeat it with those, or name a new folder."
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
    counts = write_manifest(out, records, class_names, about, drops)
    (out / UNFINISHED_FILE).unlink()
    return counts


def write_manifest(
    out: Path, records: Sequence[Record], class_names: Sequence[str], about: Mapping[str, Any], drops: Drops
) -> dict[str, dict[str, Any]]:
    """``dataset.json``, and what was dropped beside it; returns the counts per split."""
    with (out / DROPPED_FILE).open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(json.dumps(drop._asdict(), ensure_ascii=False) + "\n" for drop in drops)
    counts = count(records, class_names)
    manifest = {"format": 1, **about, "class_names": class_names, "splits": counts, "dropped": drops.counts()}
    text = json.dumps(manifest, indent=2, ensure_ascii=False, default=str)
    (out / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
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
    stem, suffix = os.path.splitext(name.replace("\\", "/"))  # noqa: PTH122
    whole = stem if suffix.lower() in EXTENSIONS else stem + suffix
    parts = [part for piece in whole.split("/") if (part := _ENDS.sub("", piece))]
    stem = _UNSAFE.sub("_", "/".join(parts) or "photo")
    return stem.replace("/", "__") if flat else stem


def extension(data: bytes) -> str:
    """The extension that a picture's first bytes call for."""
    if data[4:8] == b"ftyp":
        return ".avif"
    return next((extension for start, extension in _MAGIC.items() if data.startswith(start)), ".jpg")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, so that what is there after an interruption is good."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)

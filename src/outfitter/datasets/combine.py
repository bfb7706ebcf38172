"""Data sets out of data sets: merged, relabelled, split anew. Photos stay where they are and are referred to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from outfitter.datasets.categories import read_mapping
from outfitter.datasets.dataset import Dataset, load
from outfitter.datasets.likeness import find_alike, prints_of
from outfitter.datasets.output import begin, finish
from outfitter.datasets.pool import Progress, silent
from outfitter.datasets.prepare import renamed
from outfitter.datasets.records import SPLITS, Drops, Record, record_of
from outfitter.datasets.seed_crop import photo_of
from outfitter.datasets.settle import as_stated, settle
from outfitter.datasets.split import assign, blocks
from outfitter.errors import ConfigError, DatasetError, nearest

Counts = dict[str, dict[str, Any]]


def merge(folders: Sequence[Path], out: Path) -> Counts:
    """One data set of several, by the names of their classes; each photo stays in its split. Returns the counts.

    Names of photos that collide get their folder's name in front.

    Raises:
        DatasetError: one of them cannot be loaded, or the same photo file is in two.
    """
    parts = [load(folder) for folder in folders]
    owner: dict[Path, Path] = {}
    for folder, part in zip(folders, parts, strict=True):
        for example in part.examples:
            image = example.image.resolve()
            if owner.setdefault(image, folder) != folder:
                raise DatasetError(
                    f"{image}: is in {owner[image]} and in {folder}; merged, it would be there twice with half of its "
                    "boxes each. Take it out of one."
                )
    clash = max(Counter(example.name for part in parts for example in part.examples).values(), default=1) > 1
    titles = _titles(folders)
    examples = [
        replace(example, name=f"{title}/{example.name}") if clash else example
        for title, part in zip(titles, parts, strict=True)
        for example in part.examples
    ]
    class_names = tuple(dict.fromkeys(name for part in parts for name in part.class_names))
    licence = "; ".join(dict.fromkeys(part.licence for part in parts if part.licence))
    about = {"source": [str(folder) for folder in folders], "licence": licence, "options": {"verb": "merge"}}
    crops = [crop for part in parts for crop in _crops(part)]
    return _write(out, [record_of(example) for example in examples], crops, class_names, about)


def _titles(folders: Sequence[Path]) -> list[str]:
    """The folders' names, or as much of their paths as tells them apart."""
    paths = [folder.resolve() for folder in folders]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        titles = ["-".join(path.parts[-depth:]) for path in paths]
        if len(set(titles)) == len(titles):
            return titles
    raise ConfigError(f"{folders[0]} is named twice; name each data set once.")


def remap(folder: Path, mapping_file: Path, out: Path) -> tuple[Counts, dict[str, int]]:
    """Rename classes by a ``label: class`` file; ``null`` drops boxes. Returns the counts, and what became a duplicate.

    Raises:
        ConfigError: the file is wrong, does not name a class of the data set, or drops all that there are.
    """
    data, mapping = load(folder), read_mapping(mapping_file)
    for name in data.class_names:
        if name not in mapping:
            raise ConfigError(
                f"{mapping_file}: does not name {name!r}{nearest(name, mapping, '.')} Every class needs a line: "
                f"{', '.join(data.class_names)}. Map it to a class, or to null to drop its boxes."
            )
    present = {label for example in data.examples for label in example.annotations.labels} or set(data.class_names)
    if all(mapping[name] is None for name in present):
        raise ConfigError(
            f"{mapping_file}: drops every class that {folder} has: {', '.join(sorted(present))}. Map at least one to a "
            "class."
        )
    drops = Drops()
    kept: list[tuple[Record, bool | None]] = []
    for example, crop in zip(data.examples, _crops(data), strict=True):
        record = renamed(record_of(example), mapping)._replace(where=str(folder))
        if settled := settle(record, drops, as_stated(example.annotations.size_wh)):  # what is twice in it now
            kept.append((settled.record, crop))
    met = {mapping[name] for name in data.class_names}
    class_names = tuple(dict.fromkeys(name for name in mapping.values() if name is not None and name in met))
    options = {"verb": "remap", "mapping": mapping}
    about = {"source": str(folder), "licence": data.licence, "options": options}
    records, crops = [record for record, _ in kept], [crop for _, crop in kept]
    return _write(out, records, crops, class_names, about, drops), drops.counts()


def resplit(
    folder: Path,
    out: Path,
    shares: Mapping[str, float],
    seed: int,
    *,
    block: int = 1,
    group_by: str | None = None,
    keep_similar: bool = False,
    progress: Progress = silent,
) -> Counts:
    """Deal the photos to splits anew, whole groups at a time, with class shares alike. Returns the counts.

    Args:
        shares: split → its part of the photos; ``train`` takes the rest.
        block: how many photos with consecutive names make a group.
        group_by: instead, a regular expression; photos whose names match it with the same text make a group, by its
            first parentheses if it has some.
        keep_similar: photos that look nearly the same go to the same split, too. Decodes every photo.

    Raises:
        ConfigError: impossible shares, a wrong expression, or too few groups.
        DatasetError: a name that does not match.
    """
    data = load(folder)
    names = [example.name for example in data.examples]
    groups = _neighbours(names, block) if group_by is None else _matched(names, group_by)
    if keep_similar:
        groups = _joined(groups, data, progress)
    splits = assign(groups, [example.annotations.labels for example in data.examples], shares, seed)
    examples = [replace(example, split=split) for example, split in zip(data.examples, splits, strict=True)]
    options = {"verb": "split", "shares": dict(shares), "seed": seed, "block": block, "group_by": group_by}
    options["keep_similar"] = keep_similar
    about = {"source": str(folder), "licence": data.licence, "options": options}
    return _write(out, [record_of(example) for example in examples], _crops(data), data.class_names, about)


def _neighbours(names: Sequence[str], block: int) -> list[str]:
    """Groups of `block` photos with consecutive names; the crops of a photo count as one."""
    photos = list(dict.fromkeys(map(photo_of, names)))
    group_of = dict(zip(photos, blocks(photos, block), strict=True))
    return [group_of[photo_of(name)] for name in names]


def _matched(names: Sequence[str], expression: str) -> list[str]:
    try:
        pattern = re.compile(expression)
    except re.error as error:
        raise ConfigError(f"--group-by {expression!r} is no regular expression: {error}.") from None
    groups = []
    for name in names:
        match = pattern.search(name)
        if match is None:
            raise DatasetError(f"--group-by {expression!r} does not match {name!r}; every photo needs a group.")
        groups.append(match[1] if pattern.groups else match[0])
    return groups


def _joined(groups: Sequence[str], data: Dataset, progress: Progress) -> list[str]:
    """Groups that hold photos which look alike become one."""
    names, group_of = np.unique(np.array(groups), return_inverse=True)
    root = np.arange(len(names))

    def find(group: int) -> int:
        while root[group] != group:
            root[group] = root[root[group]]
            group = int(root[group])
        return group

    for i, j in find_alike(prints_of([example.image for example in data.examples], progress=progress)):
        root[find(int(group_of[i]))] = find(int(group_of[j]))
    return [str(names[find(int(group))]) for group in group_of]


def _crops(data: Dataset) -> list[bool | None]:
    """Whether each photo is a crop; None where nobody said."""
    return [None if data.crops is None else example.split in data.crops for example in data.examples]


def _write(
    out: Path,
    records: Sequence[Record],
    crops: Sequence[bool | None],
    class_names: Sequence[str],
    about: Mapping[str, Any],
    drops: Drops | None = None,
) -> Counts:
    """crops: for each record, whether it is one. A split is one of crops if all in it are."""
    if None not in crops:
        kinds = {(record.split, crop) for record, crop in zip(records, crops, strict=True)}
        about = {
            **about,
            "crops": [split for split in SPLITS if (split, True) in kinds and (split, False) not in kinds],
        }
    begin(out, about, records)
    return finish(out, records, class_names, about, drops)

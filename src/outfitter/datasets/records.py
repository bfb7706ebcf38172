"""What a reader yields: `Record`s, one per photo, as the source has them and unchecked.

    a source on disk → reader → Record → settle → Example

Records may be broken, which is what `check` is for; `Example`s may not. Readers list; they never decode a photo.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from outfitter.errors import DatasetError
from outfitter.registry import Registry
from outfitter.values import Example

SPLITS: Final = ("train", "val", "test")
SPLIT_ALIASES: Final = {
    **dict.fromkeys(("train", "training", "trainval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
Box: TypeAlias = tuple[float, float, float, float]


class Slice(NamedTuple):
    """A picture that lies inside another file, such as a record file. offset, length: in bytes."""

    path: Path
    offset: int
    length: int

    def read(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.length)


class Record(NamedTuple):
    """One photo of a source.

    name: its id within the source, unique. boxes: ``xyxy``, as annotated, in pixels, or in shares of the photo's
    sides if `normalised`. where: the annotation's file, and line where it has one. crowd: one flag per box, or empty.
    split: None if the source has no partition. stated_wh: the photo's size as the annotation has it. rejected: how many
    boxes more it was given that could not be read.
    """

    image: Path | Slice
    name: str
    boxes: tuple[Box, ...]
    labels: tuple[str, ...]
    where: str
    split: str | None = None
    crowd: tuple[bool, ...] = ()
    stated_wh: tuple[int, int] | None = None
    normalised: bool = False
    rejected: int = 0


def record_of(example: Example) -> Record:
    """An example as a settled record."""
    truth = example.annotations
    assert truth.crowd is not None
    boxes = tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in truth.boxes_xyxy.tolist())
    crowd = tuple(truth.crowd.tolist())
    return Record(example.image, example.name, boxes, truth.labels, "", example.split, crowd, truth.size_wh)


class Drop(NamedTuple):
    """Something left out. reason: one of few words, counted by; box: its index within the photo, from 0."""

    reason: str
    where: str
    box: int | None
    detail: str


class Drops(list[Drop]):
    """Everything that was left out, in the order met."""

    def add(self, reason: str, where: str, detail: str, box: int | None = None) -> None:
        self.append(Drop(reason, where, box, detail))

    def counts(self) -> dict[str, int]:
        return dict(Counter(drop.reason for drop in self).most_common())


@dataclass(frozen=True)
class Source:
    """An opened source. Iterate `records` once; `drops` is complete when they are used up.

    class_names: as the source declares them, in its order; empty if it does not.
    levels: ready-made mappings of its labels by the level's name, ``broad`` or ``slots``. remarks: what `check` should
    tell though nothing was left out for it; complete when the records are used up. canonical: it is loaded as it lies.
    """

    records: Iterable[Record]
    class_names: tuple[str, ...] = ()
    levels: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    licence: str = ""
    drops: Drops = field(default_factory=Drops)
    remarks: Drops = field(default_factory=Drops)
    canonical: bool = False


Reader: TypeAlias = Callable[[Path], Source]
READERS: Final = Registry[Reader]("dataset format")


def natural(name: str) -> list[str | int]:
    """A sort key that puts 2 before 10."""
    pieces = re.split(r"(\d+)", name)
    return [int(piece) if i % 2 else piece for i, piece in enumerate(pieces)]


def split_in(name: str) -> str | None:
    """The split that a file or folder name speaks of: ``instances_val2017`` → ``val``; None if none."""
    found = {SPLIT_ALIASES[word] for word in re.findall(r"[a-z]+", name.lower()) if word in SPLIT_ALIASES}
    return found.pop() if len(found) == 1 else None


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The file's lines with their numbers from 1, without line ends of any system and without a byte-order mark.

    Raises:
        DatasetError: there is no such file, or it is not UTF-8.
    """
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:  # universal newlines: \r\n and \r read as \n
            for number, line in enumerate(file, 1):
                yield number, line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}: line {number + 1} or a little below is not UTF-8: byte {error.object[error.start]:#04x}. "
            f"Convert the file: iconv -f latin1 -t utf-8 {path.name}"
        ) from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}. Check the path.") from None


def size_of(width: Any, height: Any) -> tuple[int, int] | None:
    """The size that an annotation states, where 400.0, as pandas writes it, is 400; None if it states none, or 0."""
    try:
        sides = float(width), float(height)
    except (TypeError, ValueError, OverflowError):
        return None
    whole = all(side > 0 and side.is_integer() for side in sides)
    return (int(sides[0]), int(sides[1])) if whole else None


def file_of(record: Record) -> Path:
    """The file that holds the record's picture."""
    return record.image.path if isinstance(record.image, Slice) else record.image


def told_apart(records: Sequence[Record]) -> list[Record]:
    """The records, where photos of one name that lie in different files get names by their paths.

    As much of the paths is taken as tells them apart. What has one name in one file is one photo, listed twice.
    """
    first: dict[str, Path] = {}
    files: dict[str, set[Path]] = {}
    for record in records:
        file = file_of(record)
        before = first.setdefault(record.name, file)
        if before is not file and before != file:
            files.setdefault(record.name, {before}).add(file)
    return [
        record._replace(name=_longer(record, files[record.name])) if record.name in files else record
        for record in records
    ]


def _longer(record: Record, files: Collection[Path]) -> str:
    inside = isinstance(record.image, Slice)
    depth = 1 if inside else record.name.count("/") + 1
    while len({path.parts[-depth:] for path in files}) < len(files):
        depth += 1
    title = "/".join(file_of(record).parts[-depth:])
    return f"{title}/{record.name}" if inside else title


def is_utf8(record: Record) -> bool:
    """Whether the names of a record's photo can be written as UTF-8; a file's name is any bytes."""
    return printable(text := f"{record.name}{file_of(record)}") == text


def printable(text: str) -> str:
    """The text with bytes that are no UTF-8 spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def remark_gaps(ids: Iterable[int], file: Path, what: str, remarks: Drops) -> None:
    """Remark on ids of classes or photos that are not consecutive."""
    found = sorted(ids)
    if found and found[-1] - found[0] >= len(found):
        gap = next(a + 1 for a, b in itertools.pairwise(found) if b > a + 1)
        remarks.add(
            "id gaps",
            str(file),
            f"{what} run from {found[0]} to {found[-1]}, and there are {len(found)}; {gap} is not there",
        )


def is_name(text: str) -> bool:
    """Whether a class may be called so: it can be a line of ``classes.txt``."""
    return bool(text.strip()) and "\n" not in text and "\r" not in text


def check_names(names: Iterable[str], where: str, remedy: str) -> None:
    """Raises DatasetError if a class has a name that is none."""
    for name in names:
        if not is_name(name):
            raise DatasetError(f"{where}: has a class named {name!r}; need text of one line. {remedy}")


def known(label: str, names: Sequence[str], where: str) -> str:
    """Return `label` if it is among `names`, else raise DatasetError listing them."""
    from outfitter.errors import nearest

    if label not in names:
        raise DatasetError(
            f"{where}: unknown class {label!r}; the classes are {', '.join(names)}{nearest(label, names)}"
        )
    return label

"""Everything that is wrong with a data set, before a night of training is lost to it.

Each problem names its file, its box and what to do. Those that `harm` make training worse or stop it; others are worth
knowing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from outfitter.datasets.likeness import Prints, find_again, print_of
from outfitter.datasets.pool import Progress, at_most, in_order, silent
from outfitter.datasets.records import SPLITS, Record, Slice, Source, is_utf8, printable, told_apart
from outfitter.datasets.settle import annotated_size, clip, faults_of, header_of, pixels, show, turn
from outfitter.errors import PhotoError
from outfitter.photo import Header
from outfitter.system import cores

IMBALANCE: Final = 100
"""A class this many times rarer than the commonest is worth a remark."""

_PREPARE: Final = "'outfitter datasets prepare' drops it"
REMEDIES: Final[Mapping[str, tuple[bool, str]]] = {
    "zero-area box": (True, f"Draw it again or delete it; {_PREPARE}."),
    "inverted box": (
        True,
        "Swap its corners if that is the garment, or delete it; 'outfitter datasets prepare' drops it.",
    ),
    "box outside the photo": (True, f"It was made for another photo or size; {_PREPARE}."),
    "box over the edge": (False, "'outfitter datasets prepare' cuts it at the edge."),
    "malformed box": (True, f"Write four finite numbers; {_PREPARE}."),
    "box in shares": (True, f"Multiply by the photo's width and height; {_PREPARE}."),
    "box in pixels": (True, "Divide by the photo's width and height; 'outfitter datasets prepare' drops it."),
    "malformed line": (True, f"Correct or delete the line; {_PREPARE}."),
    "malformed annotation": (True, "Export the file again; 'outfitter datasets prepare' drops the photo."),
    "malformed record": (True, f"Write the records again; {_PREPARE}."),
    "unreadable mask": (True, "Save it as an 8-bit PNG of label ids; 'outfitter datasets prepare' drops the photo."),
    "duplicate box": (True, f"Delete one; {_PREPARE}."),
    "missing image": (True, "Copy the file to its place; 'outfitter datasets prepare' drops the photo."),
    "unreadable image": (True, "Copy or save it again; 'outfitter datasets prepare' drops the photo."),
    "size differs": (
        True,
        "Its boxes belong to another size: bring back that file; 'outfitter datasets prepare' drops it.",
    ),
    "no size stated": (
        True,
        "Write the upright photo's width and height, in pixels; 'outfitter datasets prepare --format coco' does it.",
    ),
    "boxes not turned": (
        True,
        "The photo is turned by EXIF, its boxes are not; 'outfitter datasets prepare' turns them.",
    ),
    "turned by EXIF": (False, "Look whether its boxes are turned with it: 'outfitter datasets draw'."),
    "unknown class": (True, "Add the class, or rename the label with 'outfitter datasets remap'."),
    "annotation without image": (True, f"Its image_id is wrong, or the image's entry is lost; {_PREPARE}."),
    "missing annotation": (False, "Annotate the photo, or take it out."),
    "duplicate image id": (True, "Give the image an id of its own; 'outfitter datasets prepare' drops it."),
    "photo listed twice": (True, "Take one entry out; 'outfitter datasets prepare' drops the second."),
    "picture in two splits": (True, "Its score would be learnt by heart: 'outfitter datasets split --keep-similar'."),
    "empty split": (True, "Make one: 'outfitter datasets split'."),
    "no val split": (False, "Without one no training can be judged: 'outfitter datasets split'."),
    "class not in train": (True, "It cannot be learnt: 'outfitter datasets split' spreads classes evenly."),
    "class without boxes": (False, "Take it out of the classes: 'outfitter datasets remap'."),
    "class imbalance": (False, "Add photos of it, merge it into another class, or raise 'balance' in training."),
    "photo without boxes": (False, "Good, if there is no garment in it: it teaches where there is none."),
    "id gaps": (False, "Outfitter goes by names; other tools may count classes wrongly."),
    "in no split": (True, "Add it to a split; 'outfitter datasets prepare' drops it."),
    "name not UTF-8": (True, "Rename the file: convmv -f latin1 -t utf-8; 'outfitter datasets prepare' drops it."),
    "in no class": (False, "Move it to CLASS/ or SPLIT/CLASS/; 'outfitter datasets prepare' drops it."),
    "mask of two photos": (True, "Rename all photos of the name but one; 'outfitter datasets prepare' drops them."),
    "no plain ground": (False, "Its garment cannot be found without a model; 'outfitter datasets prepare' drops it."),
    "no category": (True, "Add its category; 'outfitter datasets prepare' drops it."),
    "no box": (False, "It is not listed."),
}
"""Kind of problem → whether it harms, and its remedy."""


class Problem(NamedTuple):
    """kind: a key of `REMEDIES`. box: its index within the photo, from 0."""

    kind: str
    harm: bool
    file: str
    box: int | None
    detail: str
    remedy: str


@dataclass
class Report:
    """What `check` found. photos, boxes: how many were looked at."""

    photos: int = 0
    boxes: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, kind: str, file: str, detail: str, box: int | None = None) -> None:
        harm, remedy = REMEDIES.get(kind, (True, _PREPARE + "."))
        self.problems.append(Problem(kind, harm, file, box, detail, remedy))

    @property
    def harms(self) -> bool:
        return any(problem.harm for problem in self.problems)

    def counts(self) -> dict[str, int]:
        return dict(Counter(problem.kind for problem in self.problems).most_common())


def check(source: Source, *, quick: bool = False, workers: int | None = None, progress: Progress = silent) -> Report:
    """List every problem of a source, canonical or of any format.

    quick: do not decode photos, which finds no damaged and no repeated ones.

    Raises:
        DatasetError: the source cannot be read at all.
    """
    report = Report()
    records: list[Record] = []
    with progress("listing", None) as advance, at_most(workers):
        for record in source.records:
            records.append(record)
            advance()
    for drop in (*source.drops, *source.remarks):
        report.add(drop.reason, drop.where, drop.detail, drop.box)
    if source.canonical:
        for record in records:
            if record.stated_wh is None:
                report.add("no size stated", _file(record), record.where)
    else:
        records = told_apart(records)
    report.photos, report.boxes = len(records), sum(len(record.boxes) for record in records)
    prints: list[Prints] = []
    printed: list[int] = []
    with progress("photos", len(records)) as advance:
        work = _look_quickly if quick else _look
        begin = 0
        for done, (problems, found) in in_order(work, records, workers or cores()):
            for problem in problems:
                report.add(*problem)
            prints += [print_ for print_ in found if print_ is not None]
            printed += [begin + i for i, print_ in enumerate(found) if print_ is not None]
            begin += done
            advance(done)
    _names(records, report)
    _classes(source, records, report)
    _splits(records, report)
    _repeats(records, np.array(printed, np.intp), Prints.join(prints), report, progress)
    report.problems.sort(key=lambda problem: (not problem.harm, list(REMEDIES).index(problem.kind)))
    return report


# --- one photo, in the workers

_Found = tuple[list[tuple[Any, ...]], list[Prints | None]]


def _look(records: Sequence[Record]) -> _Found:
    return _look_at(records, _decode)


def _look_quickly(records: Sequence[Record]) -> _Found:
    return _look_at(records, None)


def _look_at(records: Sequence[Record], decode: Callable[[Record], Prints] | None) -> _Found:
    found: list[tuple[Any, ...]] = []
    prints: list[Prints | None] = []
    for record in records:
        prints.append(None)
        name = _file(record)
        try:
            header = header_of(record.image)
            if decode:
                prints[-1] = decode(record)
        except PhotoError as error:
            missing = isinstance(record.image, Path) and not record.image.exists()
            found.append(
                ("missing image" if missing else "unreadable image", name, f"{error} Annotated in {record.where}.")
            )
            continue
        found += [(kind, name, detail, box) for kind, detail, box in look_at_boxes(record, header)]
        if not record.boxes and not record.rejected:
            found.append(("photo without boxes", name, record.where))
    return found, prints


def look_at_boxes(record: Record, header: Header) -> Iterator[tuple[str, str, int | None]]:
    """(kind, detail, box) of everything wrong with a record's boxes in a photo of such a header."""
    size = header.size_wh
    across = "{} × {}".format(*size)
    boxes = pixels(record, size)
    stated = annotated_size(record, header)
    if stated is not None and stated != size:
        if stated != header.stored_wh:
            yield "size differs", f"annotated as {stated[0]} × {stated[1]}, the file has {across}; {record.where}", None
            return
        yield (
            "boxes not turned",
            f"boxes are for {stated[0]} × {stated[1]}, upright it is {across}; {record.where}",
            None,
        )
        boxes = [turn(box, header) for box in pixels(record, header.stored_wh)]
    elif header.orientation != 1 and (stated is None or header.stored_wh == size):
        yield (
            "turned by EXIF",
            f"orientation {header.orientation}, and nothing tells if its boxes are; {record.where}",
            None,
        )
    seen: dict[Any, int] = {}
    faults = faults_of(record, boxes, size)
    for i, (box, label, fault) in enumerate(zip(boxes, record.labels, faults, strict=True)):
        if fault:
            yield fault, f"{label} {show(box)} in {across}; {record.where}", i
            continue
        if clip(box, size) != box:
            yield "box over the edge", f"{label} {show(box)} in {across}; {record.where}", i
        first = seen.setdefault((box, label), i)
        if first != i:
            yield "duplicate box", f"{label} {show(box)} is box {first} already; {record.where}", i


def _decode(record: Record) -> Prints:
    return print_of(record.image.read() if isinstance(record.image, Slice) else record.image, _file(record))


def _file(record: Record) -> str:
    return str(record.image) if isinstance(record.image, Path) else record.name


# --- the data set as a whole


def _names(records: Sequence[Record], report: Report) -> None:
    first: dict[str, Record] = {}
    for record in records:
        if not is_utf8(record):
            report.add("name not UTF-8", printable(_file(record)), printable(record.where))
        if (before := first.setdefault(record.name, record)) is not record:
            report.add("photo listed twice", _file(record), f"{record.where}, and before in {before.where}")


def _classes(source: Source, records: Sequence[Record], report: Report) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        counts[record.split or "train"].update(record.labels)
        for i, label in enumerate(record.labels):
            if source.class_names and label not in source.class_names:
                allowed = ", ".join(source.class_names[:50])
                report.add("unknown class", _file(record), f"{label!r}; the classes are {allowed}; {record.where}", i)
    total = sum(counts.values(), Counter[str]())
    names = source.class_names or tuple(sorted(total))
    for name in names:
        elsewhere = total[name] - counts["train"][name]
        if not total[name]:
            report.add("class without boxes", name, "no photo has a box of it")
        elif not counts["train"][name]:
            report.add("class not in train", name, f"its {elsewhere} boxes are all in other splits")
    most = max(counts["train"].values(), default=0)
    for name in names:
        if 0 < counts["train"][name] * IMBALANCE < most:
            commonest = counts["train"].most_common(1)[0][0]
            report.add("class imbalance", name, f"{counts['train'][name]} boxes in train; {commonest} has {most}")


def _splits(records: Sequence[Record], report: Report) -> None:
    sizes = Counter(record.split for record in records)
    if not records or (None not in sizes and not sizes["train"]):
        report.add("empty split", "train", "there are no photos in it")
    elif None not in sizes and not sizes["val"]:
        report.add("no val split", "val", "there are no photos in it")


def _repeats(records: Sequence[Record], printed: Any, prints: Prints, report: Report, progress: Progress) -> None:
    """The same or nearly the same picture in two splits."""
    split_of = np.array([SPLITS.index(records[i].split or "train") for i in printed], np.intp)
    pairs = [(late, early) for late in range(1, len(SPLITS)) for early in range(late)]
    with progress("looking for repeats", len(pairs)) as advance:
        for late, early in pairs:
            these, those = np.flatnonzero(split_of == late), np.flatnonzero(split_of == early)
            for i, j, alike in find_again(prints[these], prints[those]):
                one, other = records[printed[these[i]]], records[printed[those[j]]]
                detail = f"in {SPLITS[late]}, and in {SPLITS[early]} as {_file(other)} (likeness {alike:.3f})"
                report.add("picture in two splits", _file(one), detail)
            advance()

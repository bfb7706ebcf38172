"""A data set in canonical form → the files that other tools train on. Pictures go along, upright.

Many tools ignore EXIF, so a picture that is stored turned is written anew; others keep their bytes.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from outfitter.datasets import tfexample, voc, yolo
from outfitter.datasets.dataset import UNFINISHED_FILE, Dataset, write_splits
from outfitter.datasets.output import begin, extension, stems, write_manifest, write_whole
from outfitter.datasets.pool import Progress, in_order, silent
from outfitter.datasets.records import SPLITS, Drops, record_of
from outfitter.photo import encode_jpeg, load_photo, read_header
from outfitter.registry import Registry
from outfitter.system import cores
from outfitter.values import Example

Task: TypeAlias = tuple[Example, str]
Spread: TypeAlias = Callable[[Callable[[Sequence[Task]], Any]], Iterator[Any]]


@dataclass(frozen=True)
class Job:
    """What a writer gets. tasks: every example and a file name for it, by split; spread: works on all, in parallel."""

    data: Dataset
    tasks: Sequence[Task]
    out: Path
    spread: Spread


Writer: TypeAlias = Callable[[Job], None]
WRITERS: Final = Registry[Writer]("output format")
QUALITY: Final = 95
"""JPEG's, of pictures that are written anew."""


def convert(
    data: Dataset, out: Path, format: str, *, workers: int | None = None, progress: Progress = silent
) -> dict[str, int]:
    """Write `data` as `format` into a new folder; returns how many boxes of which class were left out.

    Interrupted, the same call goes on where it stopped; only record files start again.

    Raises:
        DatasetError: the folder is not empty.
        PhotoError: a picture cannot be read.
        ConfigError: no such format.
    """
    write = WRITERS[format]
    plan = {"convert": format, "photos": len(data.examples), "class_names": data.class_names}
    begin(out, plan, map(record_of, data.examples))
    names = stems((example.name for example in data.examples), flat=format == "voc")
    tasks = sorted(zip(data.examples, names, strict=True), key=lambda task: SPLITS.index(task[0].split))
    with progress("photos", len(tasks)) as advance:

        def spread(work: Callable[[Sequence[Task]], Any]) -> Iterator[Any]:
            for done, result in in_order(work, tasks, workers or cores()):
                yield result
                advance(done)

        write(Job(data, tasks, out, spread))
    (out / UNFINISHED_FILE).unlink()
    left_out: Counter[str] = Counter()
    if format == "yolo":
        for example in data.examples:
            left_out.update(label for label, crowd in zip(*_crowd(example), strict=True) if crowd)
    return dict(left_out)


def _crowd(example: Example) -> tuple[tuple[str, ...], list[bool]]:
    assert example.annotations.crowd is not None
    return example.annotations.labels, example.annotations.crowd.tolist()


def picture(image: Path) -> bytes:
    """The bytes of an upright JPEG or PNG of the photo: its own where they are that.

    Raises:
        PhotoError: it cannot be read.
    """
    if read_header(image).orientation == 1:
        data = image.read_bytes()
        if extension(data) == ".png" or data.startswith(b"\xff\xd8"):
            return data
    return encode_jpeg(load_photo(image).pixels, QUALITY)


@WRITERS.register("coco")
def _coco(job: Job) -> None:
    """The canonical form itself, with its pictures."""
    images = [image for images in job.spread(partial(_coco_files, out=job.out)) for image in images]
    pairs = zip(job.tasks, images, strict=True)
    moved = [record_of(example)._replace(image=image) for (example, _), image in pairs]
    data = job.data
    write_splits(job.out, moved, data.class_names)
    about = {"licence": data.licence, "options": {"verb": "convert"}, "crops": data.crops}
    write_manifest(job.out, moved, data.class_names, about, Drops())


def _coco_files(tasks: Sequence[Task], out: Path) -> list[Path]:
    return [_put(example, out / "images" / example.split / stem) for example, stem in tasks]


@WRITERS.register("yolo")
def _yolo(job: Job) -> None:
    class_names = job.data.class_names
    deque(job.spread(partial(_yolo_files, out=job.out, class_names=class_names)), maxlen=0)
    splits = [split for split in SPLITS if job.data.split(split)]
    (job.out / "data.yaml").write_text(yolo.data_yaml(splits, class_names), encoding="utf-8")


def _yolo_files(tasks: Sequence[Task], out: Path, class_names: Sequence[str]) -> None:
    for example, stem in tasks:
        image = _put(example, out / "images" / example.split / stem)
        write_whole(yolo.label_file(image), yolo.label_lines(example, class_names).encode())


@WRITERS.register("voc")
def _voc(job: Job) -> None:
    deque(job.spread(partial(_voc_files, out=job.out)), maxlen=0)
    for split in SPLITS:
        if names := [stem for example, stem in job.tasks if example.split == split]:
            text = "".join(f"{name}\n" for name in names)
            write_whole(job.out / "ImageSets" / "Main" / f"{split}.txt", text.encode())


def _voc_files(tasks: Sequence[Task], out: Path) -> None:
    for example, stem in tasks:
        image = _put(example, out / "JPEGImages" / stem)
        write_whole(out / "Annotations" / f"{stem}.xml", voc.annotation(example, image.name).encode())


@WRITERS.register("tfexample")
def _tfexample(job: Job) -> None:
    class_names = job.data.class_names
    parts = job.spread(partial(_tf_records, class_names=class_names))
    framed = (record for part in parts for record in part)
    for split, count in Counter(example.split for example, _ in job.tasks).items():
        unfinished = job.out / f".{split}.part"
        with unfinished.open("wb") as file:
            file.writelines(itertools.islice(framed, count))
        unfinished.replace(job.out / f"{split}.record")
    deque(framed, maxlen=0)
    (job.out / tfexample.LABEL_MAP_FILE).write_text(tfexample.label_map(class_names), encoding="utf-8")


def _tf_records(tasks: Sequence[Task], class_names: Sequence[str]) -> list[bytes]:
    return [tfexample.encode(example, picture(example.image), class_names) for example, _ in tasks]


def _put(example: Example, place: Path) -> Path:
    """Write an example's picture to `place` and its extension, unless it is there; returns where."""
    data = picture(example.image)
    path = place.with_name(place.name + extension(data))
    if not path.exists():
        write_whole(path, data)
    return path

"""``outfitter datasets``: from annotated photos in any format to something that can be trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from outfitter.cli.output import emit, progress, say
from outfitter.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from outfitter.datasets.check import Report

FORMATS: Final = "class-folders, coco, csv, deepfashion, deepfashion2, labelme, masks, tfexample, voc or yolo"
SHOWN: Final = 8
"""Problems of a kind that `check` shows in its table; the JSON lines have all."""
Data = Annotated[Path, typer.Argument(metavar="DIR", help="A data set as 'outfitter datasets prepare' writes it.")]
Out = Annotated[Path, typer.Option(help="The new data set's folder.")]
Picture = Annotated[Path, typer.Option(help="The new .png file.")]
Seed = Annotated[int, typer.Option(min=0, help="Another number, another choice; the same, the same.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one per core by default.")]
Share = Annotated[float, typer.Option(min=0, max=1)]

app = typer.Typer(no_args_is_help=True)


@app.command()
def prepare(
    source: Annotated[Path, typer.Argument(help="A folder, or for some formats a file.")],
    format: Annotated[str, typer.Option("--format", help=f"{FORMATS}.")],
    out: Out,
    categories: Annotated[
        str, typer.Option(help="fine (the source's own), broad (top, bottom, long), slots, or a MAP.yaml.")
    ] = "fine",
    crop: Annotated[
        str, typer.Option(help="Cut each box of train and val out with margins between these shares of it.")
    ] = "none",
    seed: Seed = 0,
    images: Annotated[str, typer.Option(help="reference: leave photos where they are; or copy.")] = "reference",
    val: Annotated[float | None, typer.Option(help="Share of photos, if the source has no partition. [0.15]")] = None,
    test: Annotated[float | None, typer.Option(help="The same for test. [0]")] = None,
    block: Annotated[int | None, typer.Option(help="Consecutive photos that stay in one split then. [20]")] = None,
    workers: Workers = None,
) -> None:
    """Make a data set of a source: classes renamed, splits made, every box checked, what is wrong dropped and counted.

    The original system's preparation of DeepFashion is --format deepfashion --categories broad --crop 0.05,0.20.
    DeepFashion and DeepFashion2 must be applied for; without their files, this says where.

    MAP.yaml has a line 'label: class' for every label of the source, and 'label: null' to drop one.
    """
    from outfitter import datasets
    from outfitter.config import parse

    given = {"val": val, "test": test, "block": block}
    values: dict[str, Any] = {
        "format": format,
        "categories": categories,
        "crop": margins(crop),
        "seed": seed,
        "images": images,
        **{key: value for key, value in given.items() if value is not None},
    }
    options = parse(datasets.PrepareOptions, values, "command line")
    done = datasets.prepare(source, out, options, workers=workers, progress=progress)
    emit({"dataset": str(out), "splits": done.counts, "dropped": done.dropped, "mended": done.notes})
    for split, counts in done.counts.items():
        classes = ", ".join(f"{name} {number}" for name, number in counts["classes"].items() if number)
        say(f"{split}: {counts['photos']} photos, {counts['boxes']} boxes: {classes}")
    for note, number in done.notes.items():
        say(f"Mended: {number} × {note}.")
    _tell_dropped(done.dropped, out)


def _tell_dropped(dropped: Mapping[str, int], out: Path) -> None:
    if dropped:
        counted = ", ".join(f"{number} × {reason}" for reason, number in dropped.items())
        say(f"Dropped: {counted}; each is in {out / 'dropped.jsonl'}.")


def margins(text: str) -> tuple[float, float] | None:
    """``0.05,0.20`` → (0.05, 0.2); ``none`` → None."""
    if text == "none":
        return None
    try:
        least, most = (float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"--crop is {text!r}; need two shares, as in 0.05,0.20, or none.") from None
    return least, most


@app.command()
def check(
    folder: Data,
    format: Annotated[str | None, typer.Option("--format", help=f"For a source not prepared yet: {FORMATS}.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not decode photos: finds no damaged or repeated ones.")
    ] = False,
    workers: Workers = None,
) -> None:
    """List everything that is wrong, with file, box and remedy: JSON lines on stdout, a table on stderr.

    The exit code is 1 if training would be harmed. The last line on stdout sums up.
    """
    from outfitter.datasets import READERS, check, dataset

    source = READERS[format](folder) if format else dataset.open_canonical(folder)
    report = check.check(source, quick=quick, workers=workers, progress=progress)
    for problem in report.problems:
        emit(problem._asdict())
    emit({"dataset": str(folder), "photos": report.photos, "boxes": report.boxes, "problems": report.counts()})
    tell(folder, report)
    if report.harms:
        raise typer.Exit(1)


def tell(folder: Path, report: Report) -> None:
    """The report as a table, its kinds in order, with what to do."""
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=True)
    if report.problems:
        table = Table("problem", "file", "box", "detail", show_edge=False, pad_edge=False, header_style="bold")
        shown: dict[str, int] = {}
        counts = report.counts()
        for problem in report.problems:
            shown[problem.kind] = shown.get(problem.kind, 0) + 1
            if shown[problem.kind] > SHOWN:
                continue
            kind = f"[red]{problem.kind}[/]" if problem.harm else problem.kind
            file = problem.file.removeprefix(f"{folder.resolve()}/").removeprefix(f"{folder}/")
            table.add_row(kind, _plain(file), "" if problem.box is None else str(problem.box), _plain(problem.detail))
            if shown[problem.kind] == SHOWN < counts[problem.kind]:
                table.add_row("", f"… and {counts[problem.kind] - SHOWN} more", "", "")
        console.print(table)
        say()
        remedies = {problem.kind: problem.remedy for problem in report.problems}
        for kind, remedy in remedies.items():
            say(f"{counts[kind]} × {kind}: {remedy}")
        say()
    harmful = sum(problem.harm for problem in report.problems)
    verdict = f"{harmful} problems harm training" if harmful else "nothing harms training"
    say(f"{folder}: {report.photos} photos, {report.boxes} boxes: {verdict}, {len(report.problems) - harmful} remarks.")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text.encode("utf-8", "backslashreplace").decode())


@app.command()
def split(
    folder: Data,
    out: Out,
    val: Share = 0.15,
    test: Share = 0.0,
    seed: Seed = 0,
    block: Annotated[int, typer.Option(min=1, help="Photos with consecutive names that stay together.")] = 1,
    group_by: Annotated[
        str | None, typer.Option(help="Instead: photos whose names match this expression alike stay together.")
    ] = None,
    keep_similar: Annotated[
        bool, typer.Option("--keep-similar", help="Photos that look nearly the same stay together, too.")
    ] = False,
) -> None:
    """Deal the photos to train, val and test anew: whole groups, class shares alike."""
    from outfitter.datasets import combine

    shares = {"val": val, "test": test}
    counts = combine.resplit(
        folder, out, shares, seed, block=block, group_by=group_by, keep_similar=keep_similar, progress=progress
    )
    emit({"dataset": str(out), "splits": counts})


@app.command()
def merge(folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Data sets.")], out: Out) -> None:
    """Make one data set of several, by the names of their classes."""
    from outfitter.datasets import combine

    emit({"dataset": str(out), "splits": combine.merge(folders, out)})


@app.command()
def remap(folder: Data, mapping: Annotated[Path, typer.Argument(metavar="MAP.yaml")], out: Out) -> None:
    """Rename classes; MAP.yaml has a line 'old: new' for each, and 'old: null' to drop its boxes."""
    from outfitter.datasets import combine

    counts, dropped = combine.remap(folder, mapping, out)
    emit({"dataset": str(out), "splits": counts, "dropped": dropped})
    _tell_dropped(dropped, out)


@app.command()
def convert(
    folder: Data,
    to: Annotated[str, typer.Option(help="coco, yolo, voc or tfexample.")],
    out: Annotated[Path, typer.Option(help="The new folder.")],
    workers: Workers = None,
) -> None:
    """Write a data set, with its pictures, in another format."""
    from outfitter import datasets
    from outfitter.datasets.convert import convert as write

    data = datasets.load(folder)
    left_out = write(data, out, to, workers=workers, progress=progress)
    emit({"folder": str(out), "format": to, "photos": len(data.examples), "boxes_left_out": left_out})
    if left_out:
        say(f"{to} cannot mark groups (crowd); left out: {', '.join(f'{n} × {name}' for name, n in left_out.items())}.")


@app.command()
def draw(
    folder: Data,
    out: Picture,
    count: Annotated[int, typer.Option(min=1, help="Photos on the sheet.")] = 24,
    split: Annotated[str | None, typer.Option(help="Only of train, val or test.")] = None,
    label: Annotated[str | None, typer.Option(help="Only photos with a box of this class.")] = None,
    seed: Seed = 0,
) -> None:
    """Draw a contact sheet of photos with their boxes."""
    from outfitter import datasets
    from outfitter.datasets.draw import choose, contact_sheet
    from outfitter.datasets.records import known

    data = datasets.load(folder)
    examples = list(data.examples) if split is None else data.split(split)
    if label is not None:
        known(label, data.class_names, "--label")
    chosen = choose(examples, count, seed, label)
    if not chosen:
        raise ConfigError(f"{folder}: has no such photos to draw; see 'outfitter datasets stats {folder}'.")
    save(contact_sheet(chosen, data.class_names), out)
    emit({"picture": str(out), "photos": [example.name for example in chosen]})


@app.command()
def stats(
    folder: Data, picture: Annotated[Path | None, typer.Option(help="Also draw it, into this new .png file.")] = None
) -> None:
    """Count photos and boxes, their sizes and aspects, per class: JSON on stdout, a table on stderr."""
    from rich.console import Console
    from rich.table import Table

    from outfitter import datasets
    from outfitter.datasets import stats

    data = datasets.load(folder)
    measured = stats.measure(data)
    if picture is not None:
        save(stats.picture(data), picture)
    emit({"dataset": str(folder), **measured})
    header, *rows = stats.table(measured)
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i else "left")
    for row in rows:
        table.add_row(*map(_plain, row))
    Console(stderr=True).print(table)
    say("width and height in pixels, share of photo and aspect (width / height): medians")


def save(pixels: NDArray[np.uint8], path: Path) -> None:
    """Write a picture. Raises ConfigError if the file is there: nothing is ever overwritten."""
    from PIL import Image

    if path.suffix.lower() != ".png":
        raise ConfigError(f"{path}: need a name that ends in .png.")
    if path.exists():
        raise ConfigError(f"{path}: is there already, and nothing is overwritten. Name a new file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)

"""``outfitter compare``: which differences between results are real."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outfitter.cli.output import emit, progress, say, wide_console
from outfitter.errors import ConfigError

if TYPE_CHECKING:
    from outfitter.evaluation.bootstrap import Difference
    from outfitter.evaluation.result import Stored


def command(
    results: Annotated[
        list[Path], typer.Argument(metavar="A B [C]...", help="Folders that 'outfitter evaluate' wrote.")
    ],
    resamples: Annotated[
        int | None,
        typer.Option(min=100, help="Of the paired bootstrap; by default 1000, or 200 from 10 000 samples on."),
    ] = None,
) -> None:
    """Put results of the same protocol and data side by side. Each is compared with the first, A.

    One JSON line a score and result: the difference to A, its 95 % interval over resampled photos (the same resamples
    for both), and whether it is real, that is, holds no 0.
    """
    from outfitter.evaluation.bootstrap import differences, json_number, plain, replicates_for
    from outfitter.evaluation.result import comparable, read

    if len(results) < 2:
        raise ConfigError("compare needs at least two results: outfitter compare A B.")
    stored = [read(folder) for folder in results]
    comparable(stored, [str(folder) for folder in results])
    found = []
    resamples = replicates_for(stored[0].evidence.samples, resamples)
    with progress("resamples", resamples * (len(stored) - 1)) as advance:
        for other in stored[1:]:
            found.append(differences(stored[0].evidence, other.evidence, resamples, progress=advance))
    values = [{name: json_number(value) for name, value in plain(one.evidence).items()} for one in stored]
    for folder, its, moved in zip(results[1:], values[1:], found, strict=True):
        for name, difference in moved.items():
            emit(
                {
                    "score": name,
                    "a": {"result": str(results[0]), "value": values[0][name]},
                    "b": {"result": str(folder), "value": its[name]},
                    **difference.as_dict(),
                }
            )
    _tell(results, stored[0], values, found)


def _tell(
    results: list[Path],
    first: Stored,
    values: list[dict[str, float | None]],
    found: list[dict[str, Difference]],
) -> None:
    from rich.table import Table

    terms = first.terms
    table = Table(title=f"{terms.protocol} on {terms.data}, {terms.samples} samples; * marks a real difference to A")
    table.add_column("")
    for letter, folder in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", results, strict=False):
        table.add_column(f"{letter} {folder.name}", justify="right")
    for name in found[0]:
        if ": " in name:  # slices are among the JSON lines
            continue
        cells = [_number(values[0][name])]
        for its, moved in zip(values[1:], found, strict=True):
            if name not in moved:
                cells.append("–")
                continue
            one = moved[name]
            mark = "*" if one.real else " "
            between = "no interval" if isnan(one.low) else f"{one.low:+.3f} to {one.high:+.3f}"
            cells.append(f"{_number(its[name])} {one.value:+.3f} ({between}){mark}")
        table.add_row(name, *cells)
    wide_console().print(table)
    real = sum(one.real for moved in found for one in moved.values())
    tried = sum(not isnan(one.low) for moved in found for one in moved.values())
    say(f"{real} of {tried} differences are real at 95 %; about {tried * 0.05:.0f} would seem so by luck alone.")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"

"""``outfitter adapt``: the detector taught on a shop's own pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.inputs import new_folder
from outfitter.cli.output import emit, progress, say


def command(
    feed: Annotated[
        str, typer.Argument(help="The shop's feed, as for 'catalogue build'; its category column names the garments.")
    ],
    work: Annotated[Path, typer.Option(help="A folder for labels and the run; interrupted, name it again to go on.")],
    out: Annotated[Path, typer.Option(help="The new model folder.")],
    detector: Annotated[
        Path | None, typer.Option(help="The detector's model folder to start from instead of the shipped one.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps, 300 by default.")] = None,
) -> None:
    """Label the pictures of a feed by its categories, train on them, and write the detector unless it got worse.

    Some products are kept aside to judge by. Prints one JSON line: what was labelled, and the share of pictures with
    the right garment in the right place before and after.
    """
    from outfitter.artifact import SHIPPED
    from outfitter.evaluation.report.page import span
    from outfitter.learn import adapt

    new_folder(out, "--out")
    with progress("products") as labelled, progress("steps", steps or adapt.OPTIONS.steps) as trained:
        done = adapt.adapt(
            feed,
            work,
            out,
            base=detector or SHIPPED / "detector",
            steps=steps,
            labelling=labelled,
            training=lambda _step, _steps, _loss: trained(),
        )
    for reason, count in done.labelled.left_out.items():
        say(f"left out: {count} × {reason}")
    say(
        f"{done.labelled.train} pictures taught it; of {done.labelled.val} others, {done.after.value:.3f} "
        f"({span(done.after)}) are right now, {done.before.value:.3f} ({span(done.before)}) were before."
    )
    emit(
        {
            "model": str(out),
            "pictures": {"train": done.labelled.train, "val": done.labelled.val, **done.labelled.per_slot},
            "left_out": done.labelled.left_out,
            "before": done.before.as_dict(),
            "after": done.after.as_dict(),
            **done.moved.as_dict(),
        }
    )

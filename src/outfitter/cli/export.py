"""``outfitter export``: a model folder from a training run, or from a frozen backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.output import emit


def command(
    run: Annotated[str, typer.Argument(help="A run's folder, or 'efficientnet-lite2' for the frozen embedder.")],
    out: Annotated[Path, typer.Option(help="The new model folder.")],
    on: Annotated[Path, typer.Option(help="The data set whose val photos prove the export.")],
    card: Annotated[Path, typer.Option(help="A YAML file with the model's name, recipe and sources.")],
    precision: Annotated[str, typer.Option(help="How weights are stored: fp32 or fp16.")] = "fp16",
) -> None:
    """Write a model folder, if it equals the torch model on the val photos. Prints its manifest as one JSON line."""
    from outfitter import datasets
    from outfitter.learn.card import read_card

    stated = read_card(card)
    examples = datasets.load(on).split("val")
    if run == "efficientnet-lite2":
        from outfitter.learn.embedder import LiteAndColour, crops_of, export_embedder

        manifest = export_embedder(LiteAndColour(2), out, crops_of(examples), stated)
    else:
        from outfitter.learn.export import Precision, export_detector
        from outfitter.learn.train import load_trained

        stored: Precision = "fp32" if precision == "fp32" else "fp16"
        manifest = export_detector(load_trained(Path(run))[0], out, examples, stated, precision=stored)[0]
    emit({"model": str(out), **manifest.model_dump(mode="json", exclude_none=True)})

"""``outfitter export``: a model folder from a training run, or from a frozen backbone."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.output import emit


class Precision(StrEnum):
    fp32 = "fp32"
    fp16 = "fp16"


def command(
    run: Annotated[str, typer.Argument(help="A run's folder, or 'efficientnet-lite2' for the frozen embedder.")],
    out: Annotated[Path, typer.Option(help="The new model folder.")],
    on: Annotated[Path, typer.Option(help="The data set whose val photos prove the export.")],
    card: Annotated[Path, typer.Option(help="A YAML file with the model's name, recipe and sources.")],
    precision: Annotated[Precision, typer.Option(help="How weights are stored.")] = Precision.fp16,
) -> None:
    """Write a model folder, if it equals the torch model on the val photos. Prints its manifest as one JSON line."""
    from outfitter import datasets
    from outfitter.learn import embedder, export, train
    from outfitter.learn.card import read_card

    stated = read_card(card)
    examples = datasets.load(on).split("val")
    if run == "efficientnet-lite2":
        manifest = embedder.export_embedder(embedder.LiteAndColour(2), out, embedder.crops_of(examples), stated)
    else:
        trained = train.load_trained(Path(run))[0]
        manifest = export.export_detector(trained, out, examples, stated, precision=precision.value)[0]
    emit({"model": str(out), **manifest.model_dump(mode="json", exclude_none=True)})

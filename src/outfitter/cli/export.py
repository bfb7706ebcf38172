"""``outfitter export``: a model folder from a training run, or from a frozen backbone."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from outfitter.artifact import DetectorInput
from outfitter.cli.output import emit, say
from outfitter.errors import ConfigError
from outfitter.photo import list_photos

FROZEN: Final = "efficientnet-lite2"
"""In place of a run: the embedder that was never trained on garments."""


class Precision(StrEnum):
    fp32 = "fp32"
    fp16 = "fp16"
    int8 = "int8"


def at_area(trained: DetectorInput, area: int) -> DetectorInput:
    """The input at another area. Raises ConfigError where its size is given otherwise."""
    if trained.area is None:
        way = "a fixed size" if trained.fixed_wh else "sides"
        raise ConfigError(f"--area is for models whose input has an area; this one has {way}. Leave it out.")
    return trained.model_copy(update={"area": area})


def command(
    run: Annotated[str, typer.Argument(help="A run's folder, or 'efficientnet-lite2' for the frozen embedder.")],
    out: Annotated[Path, typer.Option(help="The new model folder.")],
    on: Annotated[
        Path, typer.Option(help="The data set whose val photos prove the export; for an embedder also a CSV.")
    ],
    also: Annotated[
        list[Path] | None,
        typer.Option(
            help="A further run, a checkpoint, or the model folder it began at: the mean of their weights is exported."
        ),
    ] = None,
    card: Annotated[
        Path | None, typer.Option(help="A YAML file with the model's name, recipe and sources; else the run's own.")
    ] = None,
    precision: Annotated[
        Precision, typer.Option(help="fp16 stores weights in half; int8 also computes the backbone in 8 bits.")
    ] = Precision.fp16,
    area: Annotated[
        int | None, typer.Option(min=1, help="Pixels at which photos are served, if not those of the training.")
    ] = None,
    empty: Annotated[
        Path | None,
        typer.Option(help="A folder of photos without a garment: on few of them will any be found, see --max-alarms."),
    ] = None,
    max_alarms: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of the --empty photos that may show one; 0.02 by default.")
    ] = None,
    max_drop: Annotated[
        float | None, typer.Option(min=0, max=1, help="AP that int8 may lose against torch; 0.005 by default.")
    ] = None,
) -> None:
    """Write a model folder, if it equals the torch model on the val photos. Prints its manifest as one JSON line."""
    from outfitter import datasets
    from outfitter.learn import embedder, export, garments, metric, train
    from outfitter.learn.card import Card, read_card

    if max_drop is not None and precision is not Precision.int8:
        raise ConfigError(f"--max-drop is for int8; {precision.value} must not lose more than {export.MAX_DROP}.")
    embeds = metric.is_embedder_run(Path(run))
    if max_alarms is not None and empty is None:
        raise ConfigError("--max-alarms is a share of photos without a garment. Name their folder with --empty.")
    for option, given, why in (
        ("--area", area, "an embedder's crops have the side it was trained at"),
        ("--empty", empty, "an embedder has no threshold"),
        ("--also", also or None, "an embedder is exported as it was trained"),
    ):
        if given is not None and (embeds or run == FROZEN):
            raise ConfigError(f"{option} is for detectors; {why}. Leave it out.")
    if embeds:
        if precision is not Precision.fp16:
            raise ConfigError(f"an embedder is exported with --precision fp16, weights in half; got {precision.value}.")
        model, made = metric.load_embedder(Path(run))
        proof = garments.plain_crops(garments.read_proof(on), made.options.side)
        stated = read_card(card) if card else Card.of_embedder(made.options.backbone, made.data)
        manifest = embedder.export_embedder(
            model, out, proof, stated, parts=model.parts, parts_in_photo=model.parts_in_photo
        )
        emit({"model": str(out), **manifest.model_dump(mode="json", exclude_none=True)})
        return
    data = datasets.load(on)
    if run == FROZEN:
        if card is None:
            raise ConfigError("the frozen embedder needs a --card with its name, recipe and sources.")
        crops = embedder.crops_of(data.split("val"))
        manifest = embedder.export_embedder(embedder.LiteAndColour(2), out, crops, read_card(card))
    else:
        trained, info = train.load_trained(Path(run), also or ())
        if area is not None:
            trained.input = at_area(trained.input, area)
        stated = read_card(card) if card else Card.of_run(info.options.model, info.data)
        manifest, parity = export.export_detector(
            trained,
            out,
            data.split("val"),
            stated,
            precision=precision.value,
            max_drop=export.MAX_DROP if max_drop is None else max_drop,
            calibration=data.split("train"),
            empty=list_photos(empty) if empty else (),
            max_alarms=export.FALSE_ALARMS if max_alarms is None else max_alarms,
        )
        say(f"AP {parity.torch.ap:.4f} in torch, {parity.exported.ap:.4f} exported ({precision.value}).")
    emit({"model": str(out), **manifest.model_dump(mode="json", exclude_none=True)})

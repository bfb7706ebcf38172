"""``outfitter adopt``: an embedder's model folder from an image encoder that others trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.output import emit
from outfitter.errors import ConfigError


def command(
    source: Annotated[
        str,
        typer.Argument(
            help="fashion-clip, marqo-fashion-siglip, siglip2, dinov2, or timm:NAME, transformers:NAME or "
            "open-clip:NAME, NAME being on the Hugging Face hub, or a folder."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The new model folder.")],
    weights: Annotated[
        Path | None, typer.Option(help="timm only: a file of weights, else the hub's or the folder's.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Of the weights; needed where no short name is used.")] = None,
) -> None:
    """Make an embedder of a published image encoder, for 'catalogue build --embedder'. Prints its manifest."""
    from outfitter.artifact import Source
    from outfitter.learn import adopt
    from outfitter.learn.card import Card
    from outfitter.learn.embedder import export_embedder

    adopt.find_source(source, weights)  # a wrong name is told before a licence is asked for
    known = adopt.KNOWN.get(source)
    if licence is None and known is None:
        raise ConfigError("need --licence: a model folder says under which licence its weights came.")
    model = adopt.adopt(source, weights)
    spelled = known.source if known else source
    name = spelled.partition(":")[2].rstrip("/").rpartition("/")[2].lower()
    stated = licence or (known.licence if known else "")
    origin = f"{spelled}{f' with weights from {weights.name}' if weights else ''}"
    card = Card(name=name, recipe=f"outfitter adopt {source}", sources=(Source(name=origin, licence=stated),))
    manifest = export_embedder(model, out, adopt.drawn_crops(model.side), card)
    emit({"model": str(out), **manifest.model_dump(mode="json", exclude_none=True)})

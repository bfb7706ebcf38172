"""``outfitter evaluate``: how good a detector or an embedder is, with intervals, beside guesses, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.inputs import cores
from outfitter.cli.output import emit
from outfitter.errors import ConfigError, nearest

DETECTION = ("photo", "seed-crop", "packshot")
PRODUCTS = ("retrieval", "end-to-end")
PROTOCOLS = (*DETECTION, *PRODUCTS, "ranking")


def command(
    model: Annotated[
        str,
        typer.Argument(help="A model folder, a training run, a .json or .jsonl file of predictions, or 'shipped'."),
    ],
    out: Annotated[Path, typer.Option(help="The result's new folder, or one whose evaluation was interrupted.")],
    on: Annotated[Path | None, typer.Option(help="A data set as 'outfitter datasets prepare' writes it.")] = None,
    split: Annotated[str, typer.Option(help="Which of its splits: val, test or train.")] = "val",
    protocol: Annotated[
        str | None,
        typer.Option(
            help="photo, seed-crop, packshot, retrieval, end-to-end or ranking; else what the data set is for."
        ),
    ] = None,
    shown_from: Annotated[
        float | None, typer.Option(min=0, max=1, help="Score from which detections are shown; the model has its own.")
    ] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", help="A YAML file of 'predicted class: class of the data set' (or null).")
    ] = None,
    tags: Annotated[
        Path | None, typer.Option(help="A CSV of photo,tag (worn, flat, …): scores for each tag alone.")
    ] = None,
    queries: Annotated[
        Path | None,
        typer.Option(help="retrieval, end-to-end: a CSV of image,group and, if known, kind,x1,y1,x2,y2."),
    ] = None,
    gallery: Annotated[
        Path | None, typer.Option(help="retrieval: a CSV like --queries; without, each query against the others.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="end-to-end, ranking: the folder of the catalogue that is recommended from.")
    ] = None,
    embedder: Annotated[
        Path | None, typer.Option(help="end-to-end: the model folder that the catalogue was made with.")
    ] = None,
    where: Annotated[str | None, typer.Option(help="end-to-end: filters, as in 'outfitter recommend'.")] = None,
    events: Annotated[
        Path | None, typer.Option(help="ranking: a CSV of user,product,time and, if known, kind (view, purchase, …).")
    ] = None,
    split_at: Annotated[
        str | None,
        typer.Option(help="ranking: the moment of the split; else the latest fifth of the events is held out."),
    ] = None,
    repeats: Annotated[
        bool, typer.Option("--repeats", help="ranking: what people had met before counts as a choice too.")
    ] = False,
    resamples: Annotated[
        int | None, typer.Option(min=100, help="Of the bootstrap; by default 1000, or 200 from 10 000 samples on.")
    ] = None,
) -> None:
    """Score a detector or an embedder. Prints the scores as one JSON line; writes metrics.json and report.html.

    The protocols photo, seed-crop and packshot score a detector --on a data set; retrieval scores an embedder on
    --queries (and a --gallery); end-to-end a detector on --queries and a --catalogue, group being the product's id and
    kind its slot; ranking lists of products, a .jsonl file of {"user": "…", "products": ["…"]} or the words popular or
    random, on --events. 'outfitter compare' puts results side by side.
    """
    if protocol is not None and protocol not in PROTOCOLS:
        raise ConfigError(
            f"--protocol is {protocol!r}; choose from {', '.join(PROTOCOLS)}{nearest(protocol, PROTOCOLS)}"
        )
    if protocol == "ranking":
        from outfitter.cli.evaluate_ranking import ranking

        if events is None or on is not None or queries is not None:
            raise ConfigError("--protocol ranking needs --events, and no --on or --queries.")
        emit(ranking(model, events, catalogue, split_at, repeats, out, resamples))
        return
    if protocol in PRODUCTS:
        from outfitter.cli.evaluate_products import end_to_end, retrieval

        if queries is None or on is not None:
            raise ConfigError(f"--protocol {protocol} needs --queries, and no --on.")
        if protocol == "retrieval":
            emit(retrieval(model, queries, gallery, out, resamples))
            return
        if catalogue is None:
            raise ConfigError("--protocol end-to-end needs the --catalogue in which the products are looked for.")
        emit(end_to_end(model, queries, catalogue, embedder, where, out, resamples))
        return

    from outfitter.cli.evaluate_detection import Asked, evaluate

    if on is None:
        raise ConfigError("need --on DATASET to score a detector, or --queries for the protocols of products.")
    emit(evaluate(model, on, out, Asked(split, protocol, shown_from, map_, tags, resamples), workers=cores()))

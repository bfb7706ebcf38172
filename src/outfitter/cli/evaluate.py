"""``outfitter evaluate``: how good a detector, an embedder or a recommender is, how surely, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from outfitter.cli.output import emit
from outfitter.errors import ConfigError, nearest
from outfitter.system import cores

DETECTION = ("photo", "seed-crop", "packshot")
PRODUCTS = ("retrieval", "end-to-end")
PROTOCOLS = (*DETECTION, *PRODUCTS, "ranking")

OPTIONS: Final = {
    "on": DETECTION,
    "shown-from": DETECTION,
    "map": DETECTION,
    "tags": DETECTION,
    "queries": PRODUCTS,
    "gallery": ("retrieval",),
    "catalogue": ("end-to-end", "ranking"),
    "embedder": ("end-to-end",),
    "where": ("end-to-end",),
    "events": ("ranking",),
    "split-at": ("ranking",),
    "repeats": ("ranking",),
}
"""The protocols that each option is for."""

NEEDED: Final = {
    **dict.fromkeys(DETECTION, ("on",)),
    "retrieval": ("queries",),
    "end-to-end": ("queries", "catalogue"),
    "ranking": ("events",),
}
"""The options that each protocol cannot do without."""


def command(
    model: Annotated[
        str,
        typer.Argument(
            help="A model folder, a detector's training run, a file of predictions (.json, .jsonl), or 'shipped'. "
            "ranking: a file of lists, or popular, or random."
        ),
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
        typer.Option(
            help="retrieval, end-to-end: a CSV of image,group and, if known, kind,tag,x1,y1,x2,y2; end-to-end needs "
            "kind and box."
        ),
    ] = None,
    gallery: Annotated[
        Path | None, typer.Option(help="retrieval: a CSV like --queries; without, each query against the others.")
    ] = None,
    catalogue: Annotated[
        str | None, typer.Option(help="end-to-end, ranking: the folder of the catalogue that is recommended from.")
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
    """Score a detector, an embedder or recommended lists.

    Prints the scores as one JSON line; writes metrics.json and report.html.

    The protocols photo, seed-crop and packshot score a detector --on a data set; retrieval scores an embedder on
    --queries (and a --gallery); end-to-end a detector on --queries and a --catalogue, group being the product's id and
    kind its slot; ranking scores lists of products on --events. The forms of all files: docs/evaluation.md.
    'outfitter compare' puts results side by side.
    """
    if protocol is not None and protocol not in PROTOCOLS:
        raise ConfigError(
            f"--protocol is {protocol!r}; choose from {', '.join(PROTOCOLS)}{nearest(protocol, PROTOCOLS)}"
        )
    given: dict[str, object] = {"on": on, "shown-from": shown_from, "map": map_, "tags": tags}
    given |= {"queries": queries, "gallery": gallery, "catalogue": catalogue, "embedder": embedder, "where": where}
    given |= {"events": events, "split-at": split_at, "repeats": repeats or None}
    _check({name for name, value in given.items() if value is not None}, protocol)
    if events is not None:
        from outfitter.cli.evaluate_ranking import ranking

        emit(ranking(model, events, catalogue, split_at, repeats, out, resamples))
    elif queries is not None and protocol == "retrieval":
        from outfitter.cli.evaluate_products import retrieval

        emit(retrieval(model, queries, gallery, out, resamples))
    elif queries is not None and catalogue is not None:
        from outfitter.cli.evaluate_products import end_to_end

        emit(end_to_end(model, queries, catalogue, embedder, where, out, resamples))
    elif on is not None:
        from outfitter.cli.evaluate_detection import Asked, evaluate

        emit(evaluate(model, on, out, Asked(split, protocol, shown_from, map_, tags, resamples), workers=cores()))


def _check(given: set[str], protocol: str | None) -> None:
    """Raise ConfigError if an option is missing, or given that does not go with the protocol."""
    mine = DETECTION if protocol is None else (protocol,)
    told = f"--protocol {protocol}" if protocol else "a data set"
    for name in sorted(given):
        if not set(mine) & set(OPTIONS[name]):
            raise ConfigError(f"--{name} does not go with {told}; it is for {', '.join(OPTIONS[name])}.")
    if missing := [name for name in NEEDED[mine[0]] if name not in given]:
        raise ConfigError(
            f"--protocol {protocol} needs --{' and --'.join(missing)}."
            if protocol
            else "need --on DATASET to score a detector, or the --protocol of something else."
        )

"""``outfitter catalogue``: a shop's products and every garment in their pictures, ready to be asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from outfitter.cli.output import Advance, emit, progress, say
from outfitter.errors import ConfigError, nearest

if TYPE_CHECKING:
    from outfitter.catalogue import Report
    from outfitter.catalogue.taking import Engine

FEED: Final = (
    "CSV, JSON lines or Parquet with id, title and image; Google Merchant XML or TSV; a Shopify export; a folder of "
    "pictures; or - for standard input. Compressed by gzip or not, on disk or at s3://BUCKET/KEY."
)
Format = Annotated[
    str | None,
    typer.Option(
        help="csv, jsonl, parquet, folder, google-tsv, google-xml or shopify; told by the content if not given."
    ),
]
Detector = Annotated[Path | None, typer.Option(help="A detector's model folder instead of the shipped one.")]
Embedder = Annotated[Path | None, typer.Option(help="An embedder's model folder instead of the shipped one.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Pictures worked on at once; one per core by default.")]
EngineName = Annotated[
    str, typer.Option("--engine", help="local: the cores of this machine; ray: a Ray cluster, or Ray on this machine.")
]
Address = Annotated[
    str | None,
    typer.Option(
        envvar="RAY_ADDRESS", help="With --engine ray: host:port of the cluster that this machine is a node of."
    ),
]
Gpus = Annotated[float, typer.Option("--gpus-per-worker", min=0, help="With --engine ray: what each worker takes.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def build(
    feed: Annotated[str, typer.Argument(help=FEED)],
    out: Annotated[
        str, typer.Option(help="The new catalogue's folder or s3://BUCKET/NAME, or one whose build was interrupted.")
    ],
    format: Format = None,
    detector: Detector = None,
    embedder: Embedder = None,
    workers: Workers = None,
    engine: EngineName = "local",
    address: Address = None,
    gpus: Gpus = 0,
) -> None:
    """Make a catalogue from a feed. Interrupted and run again, it goes on where it stopped."""
    from outfitter import catalogue

    with engine_of(engine, workers, address, gpus) as where, progress("products") as advance:
        report = catalogue.build(
            feed,
            out,
            format=format,
            engine=where,
            progress=steps(advance),
            **models(detector, embedder),
        )
    tell(report)


@app.command()
def add(
    feed: Annotated[str, typer.Argument(help=FEED)],
    to: Annotated[str, typer.Option(help="The catalogue's folder, or s3://BUCKET/NAME.")],
    format: Format = None,
    detector: Detector = None,
    embedder: Embedder = None,
    workers: Workers = None,
    engine: EngineName = "local",
    address: Address = None,
    gpus: Gpus = 0,
) -> None:
    """Add the products of a feed, replacing those whose id is there; what has not changed is skipped."""
    from outfitter import catalogue

    with engine_of(engine, workers, address, gpus) as where, progress("products") as advance:
        report = catalogue.add(
            feed,
            to,
            format=format,
            engine=where,
            progress=steps(advance),
            **models(detector, embedder),
        )
    tell(report)


@app.command()
def sync(
    feed: Annotated[str, typer.Argument(help=FEED)],
    catalogue_: Annotated[
        str, typer.Option("--catalogue", help="The catalogue's folder, or s3://BUCKET/NAME; made if it is not there.")
    ],
    allow_removals: Annotated[
        bool, typer.Option(help="Let more than half of the products go, or any while rows tell no id.")
    ] = False,
    format: Format = None,
    detector: Detector = None,
    embedder: Embedder = None,
    workers: Workers = None,
    engine: EngineName = "local",
    address: Address = None,
    gpus: Gpus = 0,
) -> None:
    """Make a catalogue what today's feed says: only new and changed pictures are embedded, removed products go."""
    from outfitter import catalogue

    with engine_of(engine, workers, address, gpus) as where, progress("products") as advance:
        done = catalogue.sync(
            feed,
            catalogue_,
            format=format,
            allow_removals=allow_removals,
            engine=where,
            progress=steps(advance),
            **models(detector, embedder),
        )
    counts = dataclasses.asdict(done)
    rejects = str(done.rejects) if done.rejected else None
    emit({"catalogue": str(counts.pop("folder")), **counts, "changes": str(done.changes), "rejects": rejects})
    say(
        f"{done.added} added, {done.changed} changed ({done.changed_pictures} in their pictures), "
        f"{done.removed} removed, {done.unchanged} unchanged; {done.embedded} pictures embedded. "
        f"{done.changes} lists them."
    )
    if done.kept:
        say(f"{done.kept} products stay as they were: their rows or pictures cannot be used, or tell no id.")
    if done.rejected:
        say(f"{done.rejected} rows or pictures were rejected; {done.rejects} says why.")
        raise typer.Exit(1)


@app.command()
def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Products to take out.")],
    from_: Annotated[str, typer.Option("--from", help="The catalogue's folder, or s3://BUCKET/NAME.")],
) -> None:
    """Take products out. Ids that are not there are listed, and the exit code is 1."""
    from outfitter import catalogue

    removal = catalogue.remove(ids, from_)
    emit({"catalogue": str(from_), **dataclasses.asdict(removal)})
    if removal.unknown:
        say(f"Not in the catalogue: {', '.join(removal.unknown)}.")
        raise typer.Exit(1)


@app.command()
def status(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The catalogue's folder, or s3://BUCKET/NAME.")],
) -> None:
    """What is in a catalogue, finished or not, and which models made it."""
    from outfitter import catalogue

    found = dataclasses.asdict(catalogue.status(folder))
    slots = {slot or "whole picture": count for slot, count in found.pop("slots").items()}
    emit({"catalogue": str(found.pop("folder")), **found, "slots": slots})


def steps(advance: Advance) -> Callable[[int, int], None]:
    """What the builder reports, (done, in all), as steps of a progress bar."""
    last = 0

    def step(done: int, total: int) -> None:
        nonlocal last
        advance(done - last, total=total)
        last = done

    return step


def models(detector: Path | None, embedder: Path | None) -> dict[str, Any]:
    """The models named on the command line, one core each: the builder runs them on all cores at once."""
    loaded: dict[str, Any] = {}
    if detector:
        from outfitter.detections import Detector

        loaded["detector"] = Detector(detector, threads=1)
    if embedder:
        from outfitter.embeddings import Embedder

        loaded["embedder"] = Embedder(embedder, threads=1)
    return loaded


def engine_of(name: str, workers: int | None, address: str | None, gpus: float) -> Engine:
    """The engine named on the command line. Raises ConfigError."""
    from outfitter.catalogue.taking import LocalEngine

    if name == "ray":
        from outfitter.distributed import ray_engine

        return ray_engine(address, workers, gpus)
    if name != "local":
        raise ConfigError(f"there is no engine {name!r}; need 'local' or 'ray'{nearest(name, ('local', 'ray'), '.')}")
    if gpus:
        raise ConfigError(f"--gpus-per-worker is {gpus:g}, and the engine 'local' uses no GPU. Add --engine ray.")
    return LocalEngine(workers)


def tell(report: Report) -> None:
    """Print what a build did; exit code 1 if something was rejected."""
    counts = {name: getattr(report, name) for name in ("added", "updated", "unchanged", "rejected")}
    emit({"catalogue": str(report.folder), **counts, "rejects": str(report.rejects) if report.rejected else None})
    if report.rejected:
        say(f"{report.rejected} rows or pictures were rejected; {report.rejects} says why.")
        raise typer.Exit(1)

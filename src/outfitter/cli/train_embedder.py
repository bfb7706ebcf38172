"""``outfitter train-embedder``: an embedder from garments in groups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.train import read_options, run_to_the_end
from outfitter.config import parse
from outfitter.errors import ConfigError


def command(
    data: Annotated[
        list[Path] | None,
        typer.Argument(
            help="CSVs of image,group[,kind,x1,y1,x2,y2], pictures of a group being alike (a product, or a style in "
            "all its colours); or data sets, each garment of which is a group of its own."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The new run's folder.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of options; see --print-config.")] = None,
    weights: Annotated[
        str | None, typer.Option(help="A file of the backbone's weights, or 'none'; else ImageNet's.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run, to --steps if given.")] = None,
    print_config: Annotated[bool, typer.Option("--print-config", help="Print every option as YAML and stop.")] = False,
) -> None:
    """Train an embedder, or go on with a run. Prints one JSON line: the last evaluation."""
    import yaml

    from outfitter.learn.garments import EmbedderOptions, read_garments
    from outfitter.learn.metric import EmbedderRun, read_embedder_run, resume_embedder, start_embedder

    named = {"steps": steps, "weights": weights}
    given = read_options(config) | {key: value for key, value in named.items() if value is not None}
    options = parse(EmbedderOptions, given, str(config or "command line"))
    if print_config:
        typer.echo(yaml.safe_dump(options.model_dump(mode="json"), sort_keys=False), nl=False)
        return
    if resume is not None:
        if config or weights or out:
            raise ConfigError("--resume takes its options from the run; besides it only DATA and --steps can be given.")
        info = read_embedder_run(resume)
        sources = data or [Path(one) for one in info.data]
        run = resume_embedder(resume, read_garments(sources, info.options), steps)
        run_to_the_end(run, resume)
        return
    if not data or out is None:
        raise ConfigError("need DATA and --out RUN to train, or --resume RUN to go on.")
    info = EmbedderRun(options, tuple(str(one.resolve()) for one in data))
    run_to_the_end(start_embedder(out, info, read_garments(data, options)), out)

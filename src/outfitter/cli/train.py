"""``outfitter train``: a detector from annotated photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from outfitter.cli.output import emit, progress, say
from outfitter.errors import ConfigError, OutfitterError


def command(
    data: Annotated[Path | None, typer.Argument(help="A data set as 'outfitter datasets prepare' writes it.")] = None,
    out: Annotated[Path | None, typer.Option(help="The new run's folder.")] = None,
    model: Annotated[str | None, typer.Option(help="Architecture.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of options; see --print-config.")] = None,
    init: Annotated[Path | None, typer.Option(help="Start from the best weights of this run's folder.")] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, bf16 or fp16.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run, to --steps if given.")] = None,
    print_config: Annotated[bool, typer.Option("--print-config", help="Print every option as YAML and stop.")] = False,
) -> None:
    """Train a detector, or go on with a run. Prints one JSON line: the last evaluation."""
    import yaml

    from outfitter.config import parse
    from outfitter.learn.options import TrainOptions

    given: dict[str, Any] = {}
    if config is not None:
        try:
            given = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(
                f"{config}: cannot be read: {error}. Need a YAML file as --print-config prints."
            ) from error
        if not isinstance(given, dict):
            raise ConfigError(f"{config}: holds a {type(given).__name__}; need options as --print-config prints them")
    named = {"model": model, "steps": steps, "precision": precision}
    given |= {key: value for key, value in named.items() if value is not None}
    options = parse(TrainOptions, given, str(config or "command line"))
    if print_config:
        typer.echo(yaml.safe_dump(json.loads(options.model_dump_json()), sort_keys=False), nl=False)
        return

    from outfitter import datasets
    from outfitter.learn import train

    if resume is not None:
        if out is not None or config is not None or model is not None or init is not None:
            raise ConfigError("--resume takes its options from the run; besides it only --steps and DATA can be given.")
        folder = resume
        loaded = datasets.load(data or Path(train.read_run(folder).data))
        run = train.resume(folder, loaded.split("train"), loaded.split("val"), steps)
    else:
        if data is None or out is None:
            raise ConfigError("need DATA and --out RUN to train, or --resume RUN to go on.")
        folder = out
        loaded = datasets.load(data)
        info = train.RunInfo(options, tuple(loaded.class_names), str(data.resolve()))
        run = train.start(folder, info, loaded.split("train"), loaded.split("val"), init)
    say(f"{folder}: step {run.step} of {run.info.options.steps}; its log is {folder / 'train.log'}")
    with progress("steps", run.info.options.steps) as advance:
        advance(run.step)
        try:
            scores = run(lambda _step, _steps, _loss: advance())
        except OutfitterError:
            say(f"'outfitter train --resume {folder}' goes on from the last checkpoint.")
            raise
    emit({"run": str(folder), **scores})

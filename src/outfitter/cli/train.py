"""``outfitter train``: a detector from annotated photos."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outfitter.cli.inputs import new_folder
from outfitter.cli.output import emit, progress, say
from outfitter.errors import ConfigError, OutfitterError
from outfitter.system import cores

if TYPE_CHECKING:
    from outfitter.learn.loop import Run

MODELS = (
    "faster_rcnn_lite, faster_rcnn_lite2, faster_rcnn_inception_resnet_v2, faster_rcnn_resnet50_fpn_v2, "
    "ssd300_vgg16, ssdlite320_mobilenet_v3 or rt_detr_v2"
)


def command(
    data: Annotated[Path | None, typer.Argument(help="A data set as 'outfitter datasets prepare' writes it.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The new run's folder; with --resume, where a copy of the run goes on.")
    ] = None,
    model: Annotated[str | None, typer.Option(help=f"Architecture: {MODELS}.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of options; see --print-config.")] = None,
    weights: Annotated[
        str | None, typer.Option(help="A file of pretrained weights, or 'none'; else the architecture's own.")
    ] = None,
    init: Annotated[
        Path | None, typer.Option(help="Start from a run's best weights, or from a model folder's.")
    ] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, bf16 or fp16.")] = None,
    devices: Annotated[int, typer.Option(min=1, help="Processes: GPUs where there are any, else cores.")] = 1,
    preflight: Annotated[
        bool, typer.Option("--preflight", help="First see whether it can learn eight photos.")
    ] = False,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run, to --steps if given.")] = None,
    print_config: Annotated[bool, typer.Option("--print-config", help="Print every option as YAML and stop.")] = False,
) -> None:
    """Train a detector, or go on with a run. Prints one JSON line: the last evaluation."""
    import yaml

    from outfitter.learn.options import train_options

    named = {"model": model, "steps": steps, "precision": precision, "weights": weights}
    given = read_options(config) | {key: value for key, value in named.items() if value is not None}
    options = train_options(given, str(config or "command line"))
    if print_config:
        typer.echo(yaml.safe_dump(options.model_dump(mode="json"), sort_keys=False), nl=False)
        return
    if resume is not None and any(value is not None for value in (config, model, init, weights, precision)):
        raise ConfigError(
            "--resume takes its options from the run; besides it only DATA, --steps and --out can be given."
        )
    if resume is None and (data is None or out is None):
        raise ConfigError("need DATA and --out RUN to train, or --resume RUN to go on.")
    if devices > 1 and "RANK" not in os.environ:
        raise SystemExit(_in_parallel(devices))

    from outfitter import datasets
    from outfitter.learn import train
    from outfitter.learn.preflight import overfit

    if resume is not None:
        folder = resume if out is None else _copied(resume, out)
        loaded = datasets.load(data or Path(train.read_run(folder).data))
        run = train.resume(folder, loaded.split("train"), loaded.split("val"), steps)
    else:
        assert data is not None
        assert out is not None
        folder = out
        loaded = datasets.load(data)
        info = train.RunInfo(options, tuple(loaded.class_names), str(data.resolve()))
        if preflight:
            say(f"preflight: AP50 {overfit(info, loaded.split('train')):.2f} on the eight photos it was trained on.")
        run = train.start(folder, info, loaded.split("train"), loaded.split("val"), init)
    run_to_the_end(run, folder)


def run_to_the_end(run: Run, folder: Path) -> None:
    """Train with a progress bar, and print the last evaluation."""
    if not run.accelerator.is_main_process:
        run()
        return
    for note in run.notes:
        say(note)
    say(f"{folder}: step {run.step} of {run.options.steps}; its log is {folder / 'train.log'}")
    with progress("steps", run.options.steps) as advance:
        advance(run.step)
        try:
            row = run(lambda _step, _steps, loss: advance(label=f"loss {loss:.3f}"))
        except OutfitterError:
            say(f"'{run.task.resumed_by} {folder}' goes on from the last checkpoint.")
            raise
    emit({"run": str(folder), **row})


def _copied(run: Path, out: Path) -> Path:
    """A copy of a run to go on in, where the run itself may not be written to. The first process makes it."""
    from outfitter.learn.train import read_run

    read_run(run)
    if os.environ.get("RANK", "0") == "0":
        new_folder(out, "--out")
        shutil.copytree(run, out, dirs_exist_ok=True)
    return out


def read_options(config: Path | None) -> dict[str, Any]:
    """The options that a YAML file gives; none without a file."""
    import yaml

    if config is None:
        return {}
    try:
        given = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{config}: cannot be read: {error}. Need a YAML file as --print-config prints.") from error
    if not isinstance(given, Mapping):
        raise ConfigError(f"{config}: holds a {type(given).__name__}; need options as --print-config prints them")
    return dict(given)


def _in_parallel(devices: int) -> int:
    """Run this command line again in as many processes, by torchrun. Returns its exit code."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
    threads = str(max(1, cores() // devices))
    environment = {"OMP_NUM_THREADS": threads, "ACCELERATE_USE_CPU": "true"} if not _has_gpu() else {}
    command += ["-m", "outfitter.cli", *sys.argv[1:]]
    with subprocess.Popen(command, env={**os.environ, **environment}) as processes:
        try:
            return processes.wait()
        except KeyboardInterrupt:  # which they have heard, too
            processes.wait()
            raise


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()

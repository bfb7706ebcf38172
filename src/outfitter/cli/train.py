"""``outfitter train``: a detector from annotated photos."""

from __future__ import annotations

import logging
import os
import shutil
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
    if resume is not None and (preflight or any(one is not None for one in (config, model, init, weights, precision))):
        raise ConfigError(
            "--resume takes its options from the run; besides it only DATA, --steps, --devices and --out can be given."
        )
    if resume is None and (data is None or out is None):
        raise ConfigError("need DATA and --out RUN to train, or --resume RUN to go on.")

    from outfitter import datasets
    from outfitter.learn import train
    from outfitter.learn.preflight import overfit

    alone = devices == 1 or "RANK" in os.environ
    if resume is not None:
        folder = resume if out is None else _copied(resume, out)
        if not alone:
            raise SystemExit(_in_parallel(devices, data, {"resume": folder, "steps": steps}))
        loaded = datasets.load(data or Path(train.read_run(folder).data))
        run = train.resume(folder, loaded.split("train"), loaded.split("val"), steps)
    else:
        assert data is not None
        assert out is not None
        folder = out
        loaded = datasets.load(data)
        info = train.RunInfo(options, tuple(loaded.class_names), str(data.resolve()))
        if preflight:
            ap50 = overfit(info, loaded.split("train"), init=init)
            say(f"preflight: AP50 {ap50:.2f} on the eight photos it was trained on.")
        if not alone:
            raise SystemExit(_in_parallel(devices, data, {**named, "config": config, "init": init, "out": out}))
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
    """A copy of a run to go on in, where the run itself may not be written to."""
    from outfitter.learn.train import read_run

    read_run(run)
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


def _in_parallel(devices: int, data: Path | None, given: Mapping[str, Path | str | int | None]) -> int:
    """Train in as many processes, as torchrun does: this command with the options `given`. Returns its exit code."""
    import torch
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    os.environ["OMP_NUM_THREADS"] = str(max(1, cores() // devices))
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # of what a preflight took
    else:
        os.environ["ACCELERATE_USE_CPU"] = "true"
    logging.disable(logging.ERROR)  # a process that stops says itself why
    alike = LaunchConfig(
        1, 1, devices, run_id=str(os.getpid()), rdzv_backend="c10d", rdzv_endpoint="localhost:0", max_restarts=0
    )
    command = ["-m", "outfitter.cli", "train", *([] if data is None else [str(data)])]
    command += [f"--{name}={value}" for name, value in given.items() if value is not None]
    try:
        elastic_launch(alike, sys.executable)(*command)
    except ChildFailedError as error:  # the others stop since the first did, be it with 1 or by a signal
        code = max(failure.exitcode for failure in error.failures.values())
        if code < 0:
            say(f"one of the processes was ended by signal {-code}")
        return max(code, 1)
    except SignalException as stopped:  # which the processes have heard, too
        return 128 + stopped.sigval
    return 0

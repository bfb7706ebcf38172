"""What the training loop costs, beside the bare forward and backward passes, and beside a plain torchvision model.

    python benchmarks/training.py loop        ≤ 1.1 × the bare passes of the same model and batch
    python benchmarks/training.py light       ≥ 1.5 × as many photos a second as fasterrcnn_mobilenet_v3_large_320_fpn
    python benchmarks/training.py pool        steps of the light default, with its own RoIAlign and with torchvision's
    python benchmarks/training.py memory      steps of the light default, freed memory kept and given back
    python benchmarks/training.py devices     `outfitter train` by two processes, and by one
    python benchmarks/training.py original    Inception-ResNet-v2, one photo at 600 pixels: peak memory ≤ 12 GB

`loop` trains on drawn scenes, photos read, varied and put together by a worker beside; the bare passes get ready
batches of the same size. `light` compares bare steps at 256 × 384 in batches of 4, `pool` and `memory` in batches of
8. Parts take turns within one run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn
from torchvision.ops import MultiScaleRoIAlign

from outfitter.boutique import draw_scene
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.learn.memory import memory_kept
from outfitter.learn.models import build
from outfitter.learn.models.common import PixelsInPixelsOut, hold_batch_norm
from outfitter.learn.options import train_options
from outfitter.learn.samples import Samples
from outfitter.learn.train import RunInfo, start
from outfitter.photo import encode_jpeg
from outfitter.taxonomy import SLOTS
from outfitter.values import Example

SIZE = (256, 384)


def scenes(folder: Path, count: int) -> list[Example]:
    found = []
    for seed in range(count):
        photo, truth = draw_scene(seed)
        path = folder / f"{seed}.jpg"
        path.write_bytes(encode_jpeg(photo.pixels, 88))
        found.append(Example(path, path.stem, truth))
    return found


def step_of(model: nn.Module, batch: int, size_wh: tuple[int, int] = SIZE) -> Callable[[], None]:
    """A bare step of SGD on noise with three boxes a photo."""
    model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1e-6)
    images = [torch.rand(3, size_wh[1], size_wh[0]) * 255 for _ in range(batch)]
    w, h = size_wh
    boxes = torch.tensor([[0.1, 0.1, 0.6, 0.5], [0.2, 0.4, 0.7, 0.9], [0.3, 0.8, 0.6, 0.95]]) * torch.tensor(
        [w, h, w, h]
    )
    targets = [{"boxes": boxes, "labels": torch.tensor([1, 2, 4])} for _ in range(batch)]

    return lambda: bare_step(model, optimiser, images, targets)


def bare_step(model: nn.Module, optimiser: torch.optim.Optimizer, images: list[Tensor], targets: list[Any]) -> None:
    """Forward, backward and update, and nothing else."""
    model.train()
    hold_batch_norm(model)
    losses = model(images, targets)
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    optimiser.zero_grad()


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def loop(steps: int) -> dict[str, Any]:
    """Steps a run's own way, beside bare steps on its own batches."""
    with tempfile.TemporaryDirectory() as folder:
        examples = scenes(Path(folder), 24)
        given = {"steps": 3 * steps, "evaluate_every": 10**6, "save_every": 10**6, "empty_classes": "allow"}
        options = train_options(given, "benchmark")
        run = start(Path(folder) / "run", RunInfo(options, SLOTS, "drawn"), examples, ())
        samples = Samples(examples, SLOTS, options, 0, 1)
        ready = [samples[number] for number in range(3 * steps)]
        marks = [time.perf_counter()]
        run(lambda _step, _steps, _loss: marks.append(time.perf_counter()))
        ours = [b - a for a, b in zip(marks[steps:], marks[steps + 1 :], strict=False)]
        model = run.accelerator.unwrap_model(run.model)
        optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-6)

        def bare(number: int) -> None:
            bare_step(model, optimiser, ready[number].images, ready[number].targets)

        with memory_kept():
            plain = [seconds(lambda number=number: bare(number)) for number in range(steps, 3 * steps)]  # type: ignore[misc]
    ratio = statistics.median(a / b for a, b in zip(ours, plain, strict=False))
    return {"loop / bare": round(ratio, 3), "goal met": ratio <= 1.1}


def light(steps: int) -> dict[str, Any]:
    torch.manual_seed(0)
    ours = step_of(build("faster_rcnn_lite", SLOTS), 4)
    other = fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None, num_classes=len(SLOTS) + 1)
    other.transform = PixelsInPixelsOut(127.5, 127.5)
    theirs = step_of(other, 4)
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(steps)]
    ratio = statistics.median(b / a for a, b in pairs)
    return {"light / torchvision, photos a second": round(ratio, 3), "goal met": ratio >= 1.5}


def pool(steps: int) -> dict[str, Any]:
    torch.manual_seed(0)
    model: Any = build("faster_rcnn_lite", SLOTS)
    step, own = step_of(model, 8), model.roi_heads.box_roi_pool
    torchvisions = MultiScaleRoIAlign(own.featmap_names, own.output_size, own.sampling_ratio)

    def timed(chosen: nn.Module) -> float:
        model.roi_heads.box_roi_pool = chosen
        return seconds(step)

    timed(own), timed(torchvisions)
    ratio = statistics.median(timed(torchvisions) / timed(own) for _ in range(steps))
    return {"own RoIAlign / torchvision's, photos a second": round(ratio, 3), "goal met": ratio >= 1}


def memory(steps: int) -> dict[str, Any]:
    """Each turn in a process of its own: memory that was kept once is not laid out as before."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh:
        pairs = [[fresh.submit(median_step, kept, steps).result() for kept in (False, True)] for _ in range(2)]
    ratio = statistics.median(given_back / kept for given_back, kept in pairs)
    return {"kept / given back, photos a second": round(ratio, 3), "goal met": ratio >= 1}


def median_step(kept: bool, steps: int) -> float:
    """Seconds."""
    torch.manual_seed(0)
    step = step_of(build("faster_rcnn_lite", SLOTS), 8)
    with memory_kept() if kept else nullcontext():
        step()
        return statistics.median(seconds(step) for _ in range(steps))


def devices(steps: int) -> dict[str, Any]:
    """Six times as many steps as given, so that starting up counts for little."""
    with tempfile.TemporaryDirectory() as work:
        data = Path(work) / "data"
        data.mkdir()
        write_splits(data, [record_of(example) for example in scenes(data, 24)], SLOTS)
        config = Path(work) / "config.yaml"
        config.write_text(f"steps: {6 * steps}\nempty_classes: allow\n", encoding="utf-8")

        def photos_a_second(processes: int, turn: int) -> float:
            run = Path(work) / f"run-{turn}-{processes}"
            command = [sys.executable, "-m", "outfitter.cli", "train", str(data), "--out", str(run)]
            command += ["--config", str(config), "--devices", str(processes)]
            subprocess.run(command, check=True, capture_output=True)
            return float(re.findall(r"photos/s=([\d.]+)", (run / "train.log").read_text(encoding="utf-8"))[-1])

        ratios = [photos_a_second(2, turn) / photos_a_second(1, turn) for turn in range(2)]
    ratio = statistics.median(ratios)
    return {"two processes / one, photos a second": round(ratio, 3), "goal met": ratio >= 1}


def original(_: int) -> dict[str, Any]:
    torch.manual_seed(0)
    step = step_of(build("faster_rcnn_inception_resnet_v2", SLOTS, "none"), 1, (600, 904))
    took = seconds(step)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"peak_gb": round(peak, 2), "seconds a step": round(took, 1), "goal met": peak <= 12}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {part.__name__: part for part in (loop, light, pool, memory, devices, original)}
    parser.add_argument("what", choices=list(parts))
    parser.add_argument("--steps", type=int, default=12)
    given = parser.parse_args()
    if "OMP_WAIT_POLICY" not in os.environ:  # read when torch is loaded: begin again with it
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"})
    found = parts[given.what](given.steps)
    print(json.dumps(found))
    raise SystemExit(not found["goal met"])


if __name__ == "__main__":
    main()

"""How fast, and in how much memory, data sets are listed and prepared.

    python benchmarks/datasets.py list --count 300000
    python benchmarks/datasets.py crops --count 4000

``list`` makes a DeepFashion-shaped tree whose photos are hard links to a few real JPEG files of its size, then reads it
twice: the records alone, and the records with every photo's header, as `prepare` does. The goals are 60 s and 1 GB.

``crops`` prepares such a tree with the original's margins, beside the bare loop in as many processes,
``Image.open(photo).crop(window).save(file)``, with nothing checked, drawn or kept. They run in turns, and medians of
photos a second are compared, of wall-clock time and of processor time, which tells the same when other work shares the
machine. The goal is a ratio of at least 0.8.

Every part runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from outfitter.datasets import READERS, PrepareOptions, prepare
from outfitter.datasets.pool import CHUNK
from outfitter.datasets.records import Drops
from outfitter.datasets.settle import settle
from outfitter.system import cores

CATEGORIES = [("Blouse", 1), ("Jeans", 2), ("Dress", 3)]
SIZES = [(300, 300), (200, 300), (226, 300), (300, 233), (213, 300)]
"""DeepFashion's photos are at most 300 pixels a side."""


def photos(folder: Path) -> list[Path]:
    """One JPEG of each size, about as rich in detail as a photo: 20 to 30 kB."""
    rng = np.random.default_rng(0)
    made = []
    for i, (width, height) in enumerate(SIZES):
        pixels = np.zeros((height, width, 3))
        for cell in (64, 16, 4, 2):
            noise = Image.fromarray(rng.integers(0, 256, (height // cell + 2, width // cell + 2, 3), np.uint8))
            pixels += np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC)) * cell**0.5
        path = folder / f"{i}.jpg"
        Image.fromarray((pixels / pixels.max() * 255).astype(np.uint8)).save(path, quality=88)
        made.append(path)
    return made


def tree(root: Path, count: int) -> Path:
    """A DeepFashion tree of `count` photos, a garment each, in 1 : 0.2 : 0.2 of train, val and test."""
    rng = np.random.default_rng(1)
    (root / "originals").mkdir(parents=True)
    originals = photos(root / "originals")
    rows = []
    for i in range(count):
        name = f"img/Some_Long_Name_Of_A_Dress_{i // 50:05d}/img_{i % 50 + 1:08d}.jpg"
        path = root / "Img" / name
        if i % 50 == 0:
            path.parent.mkdir(parents=True)
        os.link(originals[i % len(SIZES)], path)
        width, height = SIZES[i % len(SIZES)]
        x1, y1 = rng.integers(0, width // 3), rng.integers(0, height // 3)
        box = (x1, y1, rng.integers(2 * width // 3, width), rng.integers(2 * height // 3, height))
        rows.append((name, box, i % 3 + 1, ("train", "train", "train", "train", "train", "val", "test")[i % 7]))
    files = {
        "Anno/list_category_cloth.txt": (
            "category_name category_type",
            [f"{name} {kind}" for name, kind in CATEGORIES],
        ),
        "Anno/list_category_img.txt": (
            "image_name category_label",
            [f"{name:<70} {label}" for name, _, label, _ in rows],
        ),
        "Anno/list_bbox.txt": (
            "image_name x_1 y_1 x_2 y_2",
            [f"{name:<70} {' '.join(f'{int(edge):03d}' for edge in box)}" for name, box, _, _ in rows],
        ),
        "Eval/list_eval_partition.txt": ("image_name evaluation_status", [f"{name:<70} {s}" for name, _, _, s in rows]),
    }
    for file, (header, lines) in files.items():
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text("\n".join([str(len(lines)), header, *lines, ""]))
    return root


# --- what is measured, each in a process of its own


def listed(root: Path) -> int:
    return len(list(READERS["deepfashion"](root).records))


def settled(root: Path) -> int:
    drops = Drops()
    found = [settle(record, drops) for record in READERS["deepfashion"](root).records]
    return len(found) - len(drops)


def prepared(root: Path, out: Path) -> int:
    options = PrepareOptions(format="deepfashion", categories="broad", crop=(0.05, 0.20), seed=1)
    return sum(counts["photos"] for split, counts in prepare(root, out, options).counts.items() if split != "test")


def bare(root: Path, out: Path) -> int:
    """Decode, cut, encode, in chunks and processes as `prepare` has them."""
    out.mkdir()
    records = [record for record in READERS["deepfashion"](root).records if record.split != "test"]
    tasks = [(str(record.image), [int(edge) for edge in record.boxes[0]]) for record in records]
    chunks = [tasks[i : i + CHUNK] for i in range(0, len(tasks), CHUNK)]
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("spawn")) as pool:
        return sum(pool.map(partial(_bare, out=out), range(len(chunks)), chunks))


def _bare(number: int, tasks: Sequence[tuple[str, list[int]]], out: Path) -> int:
    for i, (path, (x1, y1, x2, y2)) in enumerate(tasks):
        dx, dy = (x2 - x1) // 8, (y2 - y1) // 8  # the mean of the margins
        with Image.open(path) as image:
            window = (max(0, x1 - dx), max(0, y1 - dy), min(image.width, x2 + dx), min(image.height, y2 + dy))
            image.crop(window).save(out / f"{number}-{i}.jpg", quality=90)
    return len(tasks)


PARTS = {"listed": listed, "settled": settled}
WRITERS = {"prepared": prepared, "bare": bare}


def child(part: str, root: Path, out: Path) -> None:
    work = partial(WRITERS[part], root, out) if part in WRITERS else partial(PARTS[part], root)
    wall = time.perf_counter()
    count = work()
    wall = time.perf_counter() - wall
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    result = {
        "photos": count,
        "seconds": round(wall, 3),
        "processor_seconds": round(sum(used.ru_utime + used.ru_stime for used in spent), 3),
        "peak_mb": round(spent[0].ru_maxrss / 1024),
    }
    print(json.dumps(result))


def measured(part: str, root: Path, out: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "child", "--part", part, "--root", str(root), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    print(f"{part}: {result}", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["list", "crops", "child"])
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    for hidden in ("part", "root", "out"):
        parser.add_argument(f"--{hidden}", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.what == "child":
        child(given.part, Path(given.root), Path(given.out))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = tree(Path(folder) / "tree", given.count)
        if given.what == "list":
            results = [measured(part, root, Path(folder)) for part in ("listed", "settled")]
            good = all(result["seconds"] < 60 and result["peak_mb"] < 1000 for result in results)
        else:
            ratios: dict[str, list[float]] = {"seconds": [], "processor_seconds": []}
            for i in range(given.rounds):
                ours, loop = (measured(part, root, Path(folder) / f"{part}{i}") for part in WRITERS)
                for unit, found in ratios.items():
                    found.append((ours["photos"] / ours[unit]) / (loop["photos"] / loop[unit]))
            middles = {unit: round(statistics.median(found), 3) for unit, found in ratios.items()}
            print(f"prepared / bare, photos a second: {middles}; cores: {cores()}")
            good = max(middles.values()) >= 0.8
    print("goal met" if good else "GOAL MISSED")
    raise SystemExit(not good)


if __name__ == "__main__":
    main()

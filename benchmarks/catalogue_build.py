"""Pictures a second of ``catalogue build``, beside the bare onnxruntime passes of the same pictures on all cores.

    python benchmarks/catalogue_build.py --photos DIR --count 200

The bare passes get their inputs ready made: no file is read, decoded, resized or cropped, and nothing is written.
They run both ways that use all cores, one picture a thread or one picture on all threads, and the faster counts.
Every part runs in a process of its own, in turns, `--rounds` times, and medians are compared: of wall-clock seconds,
and of processor seconds, which tell the same when other work shares the machine. The goals are a ratio of at least
0.85 and a peak under 700 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from outfitter.artifact import SHIPPED, open_session
from outfitter.catalogue import build, status
from outfitter.crops import crop, crop_whole
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.photo import list_photos, load_photo
from outfitter.system import cores


def chosen(folder: Path, count: int) -> list[Path]:
    """`count` pictures spread over the folder."""
    pictures = list_photos(folder)
    if len(pictures) < count:
        raise SystemExit(f"{folder}: holds {len(pictures)} pictures; --count asks for {count}")
    return [pictures[i] for i in np.linspace(0, len(pictures) - 1, count).astype(int)]


def timed(work: Callable[[], object]) -> dict[str, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}


def bare(pictures: list[Path], threads: int | None) -> dict[str, float]:
    """threads: of one run of a model; 1 runs as many at once as there are cores, None one at a time on all cores."""
    detector, embedder = Detector(threads=threads), Embedder(threads=threads)
    inputs = []
    for path in pictures:
        photo = load_photo(path)
        found = detector(photo)
        side = embedder.input.side
        crops = crop(photo, found.boxes_xyxy, side) if len(found) else crop_whole(photo, side)
        resized = Image.fromarray(photo.pixels).resize(detector.input.size_for(photo.size_wh))
        inputs.append((np.asarray(resized)[None], crops.pixels))
    finds, embeds = open_session(SHIPPED / "detector", threads), open_session(SHIPPED / "embedder", threads)

    def passes(one: tuple[np.ndarray, np.ndarray]) -> None:
        finds.run(None, {"pixels": one[0]})
        for start in range(0, len(one[1]), 16):
            embeds.run(None, {"pixels": one[1][start : start + 16]})

    with ThreadPoolExecutor(cores() if threads == 1 else 1) as pool:
        list(pool.map(passes, inputs[:8]))  # warm
        return timed(lambda: list(pool.map(passes, inputs)))


def whole(pictures: list[Path]) -> dict[str, float]:
    """The build of a feed of these pictures. Loading of models and of lancedb is done before the clock starts."""
    import lancedb  # noqa: F401

    detector, embedder = Detector(threads=1), Embedder(threads=1)
    with tempfile.TemporaryDirectory() as folder:
        feed = Path(folder, "feed.csv")
        rows = (f'{number},Picture {number},"{path.absolute()}"\n' for number, path in enumerate(pictures))
        feed.write_text("id,title,image\n" + "".join(rows))
        out = Path(folder, "shop")
        cost = timed(lambda: build(feed, out, detector=detector, embedder=embedder))
        garments = status(out).garments
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return cost | {"garments": garments, "peak_mb": peak}


PARTS: dict[str, Callable[[list[Path]], dict[str, float]]] = {
    "bare, a picture a core": lambda pictures: bare(pictures, 1),
    "bare, a picture on all cores": lambda pictures: bare(pictures, None),
    "catalogue build": whole,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of pictures")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(PARTS[options.part](chosen(options.photos, options.count))))
        return
    results: dict[str, list[dict[str, float]]] = {part: [] for part in PARTS}
    for _ in range(options.rounds):
        for part, found in results.items():
            command = [sys.executable, __file__, "--photos", str(options.photos), "--count", str(options.count)]
            done = subprocess.run([*command, "--part", part], stdout=subprocess.PIPE, check=True)
            found.append(json.loads(done.stdout))
    median = {
        part: {clock: statistics.median(one[clock] for one in found) for clock in ("wall", "processor")}
        for part, found in results.items()
    }
    for part, seconds in median.items():
        rates = ", ".join(f"{options.count / value:.2f} pictures/s of {clock} time" for clock, value in seconds.items())
        print(f"{part:30} {rates}")
    built = results["catalogue build"]
    for clock in ("wall", "processor"):
        fastest = min(seconds[clock] for part, seconds in median.items() if part != "catalogue build")
        print(f"build / bare, {clock}: {fastest / median['catalogue build'][clock]:.3f}")
    print(f"{built[0]['garments']:.0f} garments; peak {max(one['peak_mb'] for one in built):.0f} MB; {cores()} cores")


if __name__ == "__main__":
    main()

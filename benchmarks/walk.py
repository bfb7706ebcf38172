"""A photo → its recommendations, beside the bare sum of its decode and its onnxruntime passes.

    python benchmarks/walk.py --catalogue boutique/catalogue --photos boutique/shop/looks

The catalogue, as 'outfitter demo' builds it, is first copied and grown to `--garments` by repeating its products with
vectors moved a little. The bare passes get their inputs ready made. Both run in one process, in turns, and medians
over the photos are compared. The goals: a ratio of at most 1.3, a peak under 700 MB, `import outfitter` under 0.2 s.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import outfitter
from outfitter.crops import crop, crop_whole
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.photo import list_photos, load_photo

K = 10


def grow(catalogue: Path, out: Path, garments: int) -> int:
    """Copy a catalogue and repeat its products until it has at least `garments`; returns how many it has."""
    import lancedb
    import pyarrow as pa

    shutil.copytree(catalogue, out)
    tables = lancedb.connect(str(out))
    products, seen = tables.open_table("products"), tables.open_table("garments")
    product_rows, garment_rows = products.to_arrow().to_pylist(), seen.to_arrow()
    vectors = np.stack(garment_rows["vector"].to_numpy(zero_copy_only=False))
    rng = np.random.default_rng(0)
    for copy in range(1, -(-garments // len(garment_rows))):
        moved = vectors + rng.normal(0, 0.3 / vectors.shape[1] ** 0.5, vectors.shape).astype(np.float32)
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        again = garment_rows.to_pylist()
        for row, vector in zip(again, moved, strict=True):
            row |= {"picture": f"{row['picture']}-{copy}", "vector": vector.tolist()}
        seen.add(pa.Table.from_pylist(again, schema=garment_rows.schema))
        renamed = [
            row
            | {
                "id": f"{row['id']}-{copy}",
                "pictures": [p | {"sha256": f"{p['sha256']}-{copy}"} for p in row["pictures"]],
            }
            for row in product_rows
        ]
        products.add(pa.Table.from_pylist(renamed, schema=products.schema))
    return int(seen.count_rows())


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bare(path: Path, detector: Detector, embedder: Embedder) -> Callable[[], object]:
    """Decode and the two models' passes of a photo, everything else done beforehand."""
    photo = load_photo(path)
    found = detector(photo)
    size = detector.input.size_for(photo.size_wh)
    pixels = np.asarray(Image.fromarray(photo.pixels).resize(size, Image.Resampling.BILINEAR))[None]
    side = embedder.input.side
    crops = crop(photo, found.boxes_xyxy, side) if len(found) else crop_whole(photo, side)

    def work() -> None:
        load_photo(path)
        detector._session.run(None, {"pixels": pixels})
        embedder._session.run(None, {"pixels": crops.pixels})

    return work


def measure(catalogue: Path, photos: list[Path], rounds: int) -> dict[str, float]:
    shop = outfitter.open(catalogue)
    for path in photos:
        shop.recommend(path, k=K)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # before the bare passes load models of their own
    detector, embedder = Detector(), Embedder()
    walk: dict[Path, list[float]] = {path: [] for path in photos}
    passes: dict[Path, list[float]] = {path: [] for path in photos}
    works = {path: bare(path, detector, embedder) for path in photos}
    for turn in range(rounds + 1):
        for path in photos:
            one, other = seconds(lambda path=path: shop.recommend(path, k=K)), seconds(works[path])  # type: ignore[misc]
            if turn:  # the first warms up
                walk[path].append(one)
                passes[path].append(other)
    ratios = [statistics.median(walk[path]) / statistics.median(passes[path]) for path in photos]
    return {
        "photos": len(photos),
        "walk_seconds": statistics.median(statistics.median(times) for times in walk.values()),
        "bare_seconds": statistics.median(statistics.median(times) for times in passes.values()),
        "ratio": statistics.median(ratios),
        "worst_ratio": max(ratios),
        "peak_mb": peak,
    }


def import_seconds(rounds: int = 7) -> float:
    """What ``import outfitter`` adds to starting Python, the least of several tries."""

    def start(code: str) -> float:
        return min(seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True)) for _ in range(rounds))

    return start("import outfitter") - start("pass")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--garments", type=int, default=10_000)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--grown", type=Path, help=argparse.SUPPRESS)  # the measuring process, of known memory
    options = parser.parse_args()
    if options.grown:
        print(json.dumps(measure(options.grown, list_photos(options.photos)[: options.count], options.rounds)))
        return
    with tempfile.TemporaryDirectory(prefix="outfitter-benchmark-") as scratch:
        grown = Path(scratch) / "catalogue"
        garments = grow(options.catalogue, grown, options.garments)
        command = [sys.executable, *sys.argv, "--grown", str(grown)]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(json.dumps({"garments": garments, "import_seconds": round(import_seconds(), 3), **measured}))


if __name__ == "__main__":
    main()

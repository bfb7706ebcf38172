"""Draw annotated scenes of the boutique as a data set: ``python recipes/detector/draw_scenes.py COUNT OUT``."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from outfitter.boutique import draw_scene
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.photo import encode_jpeg
from outfitter.taxonomy import SLOTS
from outfitter.values import Example


def draw(folder: Path, seed: int) -> Example:
    """Scene `seed`, written as a JPEG of varying quality."""
    photo, annotations = draw_scene(seed)
    path = folder / f"{seed:05d}.jpg"
    path.write_bytes(encode_jpeg(photo.pixels, quality=70 + seed % 25))
    return Example(path, path.stem, annotations, "train")


def main() -> None:
    count, out = int(sys.argv[1]), Path(sys.argv[2])
    photos = out / "photos"
    photos.mkdir(parents=True)  # never into a folder that exists
    with ProcessPoolExecutor() as pool:
        examples = list(pool.map(partial(draw, photos), range(count), chunksize=8))
    write_splits(out, [record_of(example) for example in examples], SLOTS)


if __name__ == "__main__":
    main()

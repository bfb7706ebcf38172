"""Street photos in other clothes: ``python recipes/detector/reclad_scenes.py COUNT STREET OUT``.

By CCP's masks each garment gets another colour, or a cloth of the boutique's patterns with the light and folds of the
photo; the shapes and boxes stay. So a dress has one cloth from shoulder to hem and a top and a skirt have two, which is
how people tell them apart; some dresses get a belt. STREET is CCP as prepared, of which only the train photos are used,
those with dresses and skirts three times as often.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from draw_negatives import mask_of
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from outfitter.boutique.canvas import blurred
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.palette import COLOURS, contrast, shade_of
from outfitter.boutique.patterns import PATTERNS
from outfitter.colour import from_lab, to_lab
from outfitter.datasets import load
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.photo import encode_jpeg, load_photo
from outfitter.taxonomy import CCP_TO_SLOT, SLOTS
from outfitter.values import Example

OFTEN = ("dress", "romper", "skirt")
KEPT, PATTERNED, BELTED = 0.2, 0.4, 0.3
"""Shares of garments that stay as they are, of the others that get a patterned cloth, of dresses that get a belt."""
HEAD = 70.0
"""Pixels to a head, by which the patterns are measured; the photos are 550 × 830."""
LEATHERS = ("black", "brown", "camel", "navy", "red", "white", "beige")
CLOTHS = tuple(name for name in PATTERNS if name not in ("solid", "tortoise"))


def main() -> None:
    count, street, out = int(sys.argv[1]), *(Path(argument) for argument in sys.argv[2:])
    (out / "photos").mkdir(parents=True)
    examples = load(street).split("train")
    with ProcessPoolExecutor(2) as pool:
        weights = np.array(list(pool.map(_weight, examples, chunksize=32)), np.float64)
        found = list(pool.map(partial(reclad, examples, weights, out / "photos"), range(count), chunksize=16))
    write_splits(out, [record_of(example) for example in found], SLOTS)


def _weight(example: Example) -> float:
    mask, names = mask_of(example.image)
    return 3.0 if {names[i] for i in np.unique(mask)} & set(OFTEN) else 1.0


def reclad(examples: list[Example], weights: NDArray[np.float64], folder: Path, seed: int) -> Example:
    rng = np.random.default_rng([17, seed])
    example = examples[int(rng.choice(len(examples), p=weights / weights.sum()))]
    pixels = load_photo(example.image).pixels
    mask, names = mask_of(example.image)
    picture = pixels.astype(np.float32)
    for value in np.unique(mask):
        slot = CCP_TO_SLOT.get(names[value])
        if slot is None or slot == "eyewear":  # lenses are no cloth
            continue
        own = mask == value
        left, top, right, bottom = Image.fromarray(own).getbbox() or (0, 0, 1, 1)
        window = slice(max(0, top - 3), bottom + 3), slice(max(0, left - 3), right + 3)
        own, part = own[window], picture[window]
        if rng.random() > KEPT:
            edge = Image.fromarray((own * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))
            part += np.asarray(edge, np.float32)[..., None] / 255 * (_clad(pixels[window], own, rng) - part)
        if names[value] in ("dress", "romper") and "long" in example.annotations.labels and rng.random() < BELTED:
            _belt(part, own, rng)
    path = folder / f"{seed:05d}.jpg"
    path.write_bytes(encode_jpeg(np.clip(picture, 0, 255).astype(np.uint8), quality=int(rng.integers(70, 95))))
    return Example(path, path.stem, example.annotations, "train")


def _clad(pixels: NDArray[np.uint8], own: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """A window of the photo as if all in it were of another cloth, float32 (H, W, 3) in 0–255. own: the garment."""
    lab = to_lab(pixels)
    middle = np.median(lab[own], 0)
    name = str(rng.choice(list(COLOURS)))
    if rng.random() >= PATTERNED:  # its own pattern in another colour
        wanted = to_lab(np.array(shade_of(name, rng), np.uint8))
        light = wanted[0] + (lab[..., 0] - middle[0]) * rng.uniform(0.7, 1.1)
        tints = wanted[1:] + (lab[..., 1:] - middle[1:]) * rng.uniform(0.3, 1)
        return from_lab(np.dstack([light.clip(2, 98), tints])).astype(np.float32)
    others = tuple(shade_of(contrast(name, rng), rng) for _ in range(3))
    cloth = Fabric(shade_of(name, rng), str(rng.choice(CLOTHS)), others, seed=int(rng.integers(64)))
    turn = rng.normal(0, 0.15)
    down, across = np.mgrid[: own.shape[0], : own.shape[1]].astype(np.float32) / HEAD
    u, v = across * np.cos(turn) - down * np.sin(turn), across * np.sin(turn) + down * np.cos(turn)
    folds = blurred(lab[..., 0].astype(np.float32), 4) / max(float(middle[0]), 12.0)
    return np.asarray(cloth.colours(u, v, HEAD) * (np.clip(folds, 0.35, 1.6) ** rng.uniform(0.6, 1))[..., None])


def _belt(part: NDArray[np.float32], own: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Draw a belt over the garment `own`, into `part`."""
    height, width = own.shape
    line = height * rng.uniform(0.27, 0.42) + rng.normal(0, 0.06) * (np.arange(width) - width / 2)
    away = np.abs(np.arange(height)[:, None] - line) / max(2.0, height * rng.uniform(0.012, 0.035))
    colour = np.array(shade_of(str(rng.choice(LEATHERS)), rng)) * rng.uniform(0.8, 1.1)
    part += (np.clip(1.5 - away, 0, 1) * own)[..., None] * (colour - part)


if __name__ == "__main__":
    main()

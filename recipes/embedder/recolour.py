"""Real garments in other colours, on other grounds: python recolour.py PACKSHOTS OUT SEED COUNT [SPLIT].

PACKSHOTS is a data set of photos on plain ground, as 'outfitter datasets prepare' writes it; at most COUNT garments of
its train split, or of SPLIT, are taken. Each becomes a group of OUT/items.csv: as it is, and twice in the colour of
another of them, its box moved a little, mirrored or not, on a white, light or coloured ground. Pattern and shading
stay: colours are turned around the main one and moved with it, in CIELAB. OUT/queries.csv holds one copy of each, to
find in OUT/gallery.csv, where they are as they are.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from outfitter import datasets
from outfitter.colour import from_lab, to_lab
from outfitter.datasets.plain_ground import find_mask
from outfitter.photo import encode_jpeg, load_photo

COLUMNS = ("image", "group", "kind", "x1", "y1", "x2", "y2")
FILL = 0.5
"""Share of its box that a believable mask covers at least."""
COPIES = 2
APART = 25.0
"""In CIELAB, at least, the colour of a copy from its garment's."""


@dataclass(frozen=True)
class Garment:
    """colour: the median of the mask in CIELAB, (3,)."""

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    colour: NDArray[np.float64]
    slot: str
    box: NDArray[np.float32]


def garments(folder: Path, split: str, count: int, rng: np.random.Generator) -> list[Garment]:
    examples = datasets.load(folder).split(split)
    found: list[Garment] = []
    for place in rng.permutation(len(examples)):
        one = examples[place]
        pixels = load_photo(one.image).pixels
        mask, box = find_mask(pixels), one.annotations.boxes_xyxy[0]
        left, top, right, bottom = np.rint(box).astype(int)
        if mask[top:bottom, left:right].mean() >= FILL:
            colour = np.median(to_lab(pixels[mask]), 0)
            found.append(Garment(pixels, mask, colour, one.annotations.labels[0], box))
        if len(found) == count:
            break
    return found


def recolour(one: Garment, colour: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The garment's pixels with `colour` for its main one; the ground as it comes."""
    apart = to_lab(one.pixels) - one.colour
    angle = np.arctan2(colour[2], colour[1]) - np.arctan2(one.colour[2], one.colour[1])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    light = colour[0] + apart[..., 0] * rng.uniform(0.7, 1.1)
    return from_lab(np.dstack([light.clip(2, 99), colour[1:] + apart[..., 1:] @ turn.T]))


def ground(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """White, light or coloured, the latter two with a slope of light and grain."""
    kind = rng.random()
    if kind < 0.4:
        return np.full(shape, 255.0)
    base = rng.uniform(200, 250) + rng.normal(0, 6, 3) if kind < 0.7 else rng.uniform(20, 240, 3)
    down, across = np.mgrid[-0.5 : 0.5 : shape[0] * 1j, -0.5 : 0.5 : shape[1] * 1j]
    slope = 1 + rng.uniform(-0.12, 0.12) * across + rng.uniform(-0.12, 0.12) * down
    return (base * slope[..., None] + rng.normal(0, rng.uniform(0, 6), (*shape[:2], 1))).clip(0, 255)


def copy(one: Garment, colour: NDArray[np.float64], rng: np.random.Generator) -> tuple[NDArray[np.uint8], list[float]]:
    """A copy in another colour on another ground, and where the garment is."""
    shrunk = Image.fromarray(one.mask.astype(np.uint8) * 255).filter(ImageFilter.MinFilter(3))
    alpha = np.asarray(shrunk.filter(ImageFilter.GaussianBlur(1)))[..., None] / 255
    pixels = alpha * recolour(one, colour, rng) + (1 - alpha) * ground(one.pixels.shape, rng)
    sides = np.tile(one.box[2:] - one.box[:2], 2)
    limit = np.tile(one.pixels.shape[1::-1], 2)
    box = (one.box + 0.04 * rng.uniform(-1, 1, 4) * sides).clip(0, limit)
    if rng.random() < 0.5:
        pixels, box = pixels[:, ::-1], np.array([limit[0] - box[2], box[1], limit[0] - box[0], box[3]])
    return np.asarray(np.rint(pixels), np.uint8), box.tolist()


def main(packshots: Path, out: Path, seed: int, count: int, split: str = "train") -> None:
    rng = np.random.default_rng(seed)
    found = garments(packshots, split, count, rng)
    colours = np.stack([one.colour for one in found])
    out.mkdir(parents=True)
    rows: list[list[list[object]]] = [[] for _ in range(1 + COPIES)]
    for number, one in enumerate(found):
        looks = [(one.pixels, one.box.tolist())]
        others = colours[np.linalg.norm(colours - one.colour, axis=1) > APART]
        for other in rng.choice(others, COPIES) if len(others) else ():
            looks.append(copy(one, other + rng.normal(0, 3, 3), rng))
        for place, (pixels, box) in enumerate(looks):
            name = f"{number:04}-{place}.jpg"
            (out / name).write_bytes(encode_jpeg(np.ascontiguousarray(pixels), 90))
            rows[place].append([name, number, one.slot, *box])
    parts = {"items": [row for part in rows for row in part], "gallery": rows[0], "queries": rows[1]}
    for name, part in parts.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *part])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])

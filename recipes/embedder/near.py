"""How many of the garments that an embedder finds near are of the same colour: python near.py GALLERY MODEL...

GALLERY is a CSV of garments on plain ground, as recolour.py and draw_products.py write it. A garment's colour is the
median of its mask in CIELAB; one is of the same if it is within 15 of it, light counting 0.7. Garments without a mask
are left out. Printed: the share among the ten nearest of each, and among all.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from outfitter.colour import to_lab
from outfitter.datasets.plain_ground import find_mask
from outfitter.embeddings import Embedder
from outfitter.evaluation.items import Item, read_items
from outfitter.learn.garments import plain_crops
from outfitter.photo import load_photo

NEAREST, SAME = 10, 15.0
WEIGHTS = np.array([0.7, 1, 1])


def colour(item: Item) -> NDArray[np.float64] | None:
    """float64 (3,) in CIELAB; None where plain ground shows no mask."""
    pixels = load_photo(item.image).pixels
    mask = find_mask(pixels)
    return np.median(to_lab(pixels[mask]), 0) * WEIGHTS if mask.any() else None


def main() -> None:
    gallery, *models = (Path(argument) for argument in sys.argv[1:])
    found = [(item, lab) for item in read_items(gallery) if (lab := colour(item)) is not None]
    labs = np.array([lab for _, lab in found])
    same = np.linalg.norm(labs[:, None] - labs, axis=2) <= SAME
    np.fill_diagonal(same, False)
    print(f"{gallery}: {len(labs)} garments, {same.sum() / (same.size - len(labs)):.3f} of all pairs are of one colour")
    for model in models:
        embedder = Embedder(model)
        vectors = embedder(plain_crops([item for item, _ in found], embedder.input.side)).vectors
        cosines = vectors @ vectors.T
        np.fill_diagonal(cosines, -np.inf)
        nearest = np.argsort(-cosines, 1, kind="stable")[:, :NEAREST]
        print(f"{model}: {np.take_along_axis(same, nearest, 1).mean():.3f} of the nearest {NEAREST}")


if __name__ == "__main__":
    main()

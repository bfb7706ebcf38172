"""Draws garments in pairs of colours, for training the embedder and for judging it: python draw_products.py OUT SEED.

    OUT/items.csv      image,group,kind,tag,x1,y1,x2,y2: group is the style, tag its colour and view (a1 a2 b1)
    OUT/queries.csv    the second colour of each style, to find in OUT/gallery.csv, the first colours
    OUT/again.csv      the first colour once more, to find in OUT/products.csv, which holds both colours as different

Different seeds share no style. Patterned and plain garments both come in a second colour.
"""

from __future__ import annotations

import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from outfitter.boutique import BoutiqueProduct, design, draw_packshot
from outfitter.photo import encode_jpeg

COLUMNS = ("image", "group", "kind", "tag", "x1", "y1", "x2", "y2")


def styles(seed: int, count: int) -> list[tuple[BoutiqueProduct, BoutiqueProduct]]:
    """Each style in two colours: the second is the main colour of another garment of its kind."""
    rng = np.random.default_rng([seed, 77])
    known: dict[int, BoutiqueProduct] = {}
    for product in design(count, 0, seed).products:
        known.setdefault(product.style, product)
    pairs = []
    for product in known.values():
        others = [p for p in known.values() if p.category == product.category and p.colour != product.colour]
        if others:
            rgb = others[int(rng.integers(len(others)))].rgb
            twin = replace(product, id=product.id + "x", rgb=rgb, fabric=replace(product.fabric, rgb=rgb))
            pairs.append((product, twin))
    return pairs


def draw(job: tuple[Path, BoutiqueProduct, int, str, str]) -> list[object]:
    folder, product, view, group, tag = job
    photo, truth = draw_packshot(product, view)
    name = f"{group}-{tag}.jpg"
    (folder / name).write_bytes(encode_jpeg(photo.pixels, 88))
    return [name, group, product.slot, tag, *truth.boxes_xyxy[0].tolist()]


def main(out: Path, seed: int, count: int = 600) -> None:
    out.mkdir(parents=True)
    jobs = [
        (out, product, view, f"{seed}-{one.id}", tag)
        for one, other in styles(seed, count)
        for product, view, tag in ((one, 0, "a1"), (one, 1, "a2"), (other, 1, "b1"))
    ]
    with ProcessPoolExecutor() as pool:
        rows = list(pool.map(draw, jobs, chunksize=8))
    products = [[row[0], f"{row[1]}-{str(row[3])[0]}", *row[2:]] for row in rows]
    parts = {"items": rows, "gallery": _of(rows, "a1"), "queries": _of(rows, "b1")}
    parts |= {"again": _of(products, "a2"), "products": _of(products, "a1", "b1")}
    for name, part in parts.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *part])


def _of(rows: list[list[object]], *tags: str) -> list[list[object]]:
    return [row for row in rows if row[3] in tags]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *(int(count) for count in sys.argv[3:]))

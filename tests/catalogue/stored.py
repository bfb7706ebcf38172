"""A finished catalogue written straight into its tables, of vectors that a test chooses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from outfitter.catalogue.store import Stamp, Tables, garment_schema, product_schema, write_stamp
from outfitter.crops import PROTOCOL

Pictures = Mapping[str, list[tuple[str | None, NDArray[np.float32]]]]
"""SHA-256 → its garments: slot, vector."""

Products = Mapping[str, tuple[float, list[str]]]
"""Id → price, pictures' SHA-256."""


def units(rng: np.random.Generator, count: int, dimensions: int = 6) -> NDArray[np.float32]:
    """Random directions: float32 (count, dimensions)."""
    vectors = rng.standard_normal((count, dimensions)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def store(folder: Path, products: Products, pictures: Pictures, dimensions: int = 6) -> Path:
    """A finished catalogue, its rows in a jumbled order."""
    folder.mkdir()
    stamp = Stamp(
        complete=True,
        embedder="e-1",
        detector="d-1",
        crop_protocol=PROTOCOL,
        dimensions=dimensions,
        feed=None,
        attributes={"fabric": "attribute_0"},
    )
    add(Tables(folder, stamp, make=True), stamp, products, pictures)
    write_stamp(folder, stamp)
    return folder


def add(tables: Tables, stamp: Stamp, products: Products, pictures: Pictures) -> None:
    """Rows after those that are there."""
    rows = [
        {
            "id": product_id,
            "title": f"Title {product_id}",
            "image": f"{shas[0]}.png",
            "price": price,
            "additional_images": [f"{sha}.png" for sha in shas[1:]],
            "base": "/feeds",
            "row": "",
            "pictures": [{"image": f"{sha}.png", "sha256": sha, "error": None} for sha in shas],
            "attribute_0": "wool" if price < 5 else None,
        }
        for product_id, (price, shas) in products.items()
    ]
    garments = [
        {
            "picture": sha,
            "number": number,
            "slot": slot,
            "box_xyxy": [number, 0, number + 10, 20],
            "score": 0.9 if slot else 0.0,
            "vector": vector,
        }
        for sha, seen in pictures.items()
        for number, (slot, vector) in enumerate(seen)
    ]
    tables.add_garments(pa.Table.from_pylist(garments[::-1], garment_schema(stamp.dimensions)))
    tables.put_products(pa.Table.from_pylist(rows[::-1], product_schema(stamp)), replace=False)

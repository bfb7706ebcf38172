"""The promise of the first page, on the drawn boutique with the models that ship: the right product comes first."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from outfitter.boutique import Boutique, design, draw_packshot
from outfitter.catalogue import build
from outfitter.photo import encode_jpeg
from outfitter.walk import Shop, open_shop


@pytest.fixture(scope="module")
def boutique() -> Boutique:
    return design(products=80, looks=0, seed=11)


@pytest.fixture(scope="module")
def shop(boutique: Boutique, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A catalogue of one packshot a product; the other packshot is in no feed."""
    folder = tmp_path_factory.mktemp("boutique")
    with (folder / "feed.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "title", "image", "category"])
        for product in boutique.products:
            photo, _ = draw_packshot(product, view=0)
            (folder / f"{product.id}.jpg").write_bytes(encode_jpeg(photo.pixels))
            table.writerow([product.id, product.title, f"{product.id}.jpg", product.category])
    build(folder / "feed.csv", folder / "shop")
    return open_shop(folder / "shop")


@pytest.mark.slow
def test_another_picture_of_a_product_finds_it_first(shop: Shop, boutique: Boutique, tmp_path: Path) -> None:
    missed = []
    for product in boutique.products:
        photo, _ = draw_packshot(product, view=1)
        file = tmp_path / f"{product.id}.jpg"
        file.write_bytes(encode_jpeg(photo.pixels))
        best = max(shop.recommend(file, k=1), key=lambda row: row.score)
        if best.product.id != product.id:
            missed.append(f"{product.title} → {best.product.title}")
    assert len(missed) <= 0.1 * len(boutique.products), f"Recall@1 below 0.9; missed: {'; '.join(missed)}"

"""The promise of the first page, on the drawn boutique with the models that ship: the right product comes first."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from outfitter.boutique import Boutique, design, draw_packshot
from outfitter.catalogue import build
from outfitter.errors import QueryError
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


@pytest.mark.slow
def test_by_shape_its_cut_is_found_in_another_colour_and_by_colour_its_colour(shop: Shop, boutique: Boutique) -> None:
    """Each of twelve products in the colour of another product of its kind."""
    named: dict[str, list[bool]] = {"shape": [], "both": [], "colour": []}
    coloured: dict[str, list[float]] = {part: [] for part in named}
    rgb = {product.id: np.array(product.rgb, float) for product in boutique.products}
    chosen = [
        product for product in boutique.products if product.slot in ("top", "bottom") and product.pattern == "solid"
    ]
    for number, product in enumerate(chosen[:12]):
        other = chosen[(number + 5) % len(chosen)].rgb
        photo, _ = draw_packshot(replace(product, rgb=other, fabric=replace(product.fabric, rgb=other)), view=1)
        look = shop.see(photo)
        for part in named:
            best = max(shop.recommend(look, k=1, similar_by=part), key=lambda row: row.score)
            named[part].append(best.product.id == product.id)
            coloured[part].append(float(np.linalg.norm(rgb[best.product.id] - other)))
            if part != "both":
                assert best.because.startswith(f"Has the {part} of your ")
    assert sum(named["shape"]) > max(sum(named["both"]), sum(named["colour"]))
    assert np.mean(coloured["colour"]) <= np.mean(coloured["both"]) < np.mean(coloured["shape"])


def test_a_part_that_is_not_there_is_told(shop: Shop, boutique: Boutique) -> None:
    with pytest.raises(QueryError, match="lite2-shape-and-colour tells apart shape, colour; .*did you mean 'colour'"):
        shop.recommend(product=boutique.products[0].id, similar_by="color")
    (best, *_) = shop.recommend(product=boutique.products[0].id, similar_by="shape", k=3)
    assert best.because == f"Has the shape of “{boutique.products[0].title}”."

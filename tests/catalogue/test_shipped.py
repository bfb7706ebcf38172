"""The catalogue with the models that come with Outfitter, on the drawn boutique: views 0 are the feed, views 1 ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from outfitter.boutique import design, draw_packshot
from outfitter.catalogue import Catalogue, build, status
from outfitter.crops import crop, crop_whole
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.photo import encode_jpeg
from outfitter.taxonomy import SLOTS
from tests.catalogue.conftest import write_csv

PRODUCTS = 30


@pytest.mark.slow
def test_another_picture_of_a_product_finds_it(tmp_path: Path) -> None:
    products = design(products=120, looks=8, seed=3).products[::4]
    assert len(products) == PRODUCTS
    rows = []
    for product in products:
        photo, _ = draw_packshot(product, view=0)
        (tmp_path / f"{product.id}.jpg").write_bytes(encode_jpeg(photo.pixels))
        rows.append({"id": product.id, "title": product.title, "image": f"{product.id}.jpg"})
    report = build(write_csv(tmp_path / "feed.csv", rows), tmp_path / "shop")
    assert (report.added, report.rejected) == (PRODUCTS, 0)

    detector, embedder = Detector(), Embedder()
    found = status(tmp_path / "shop")
    assert (found.detector, found.embedder) == (detector.manifest.model_id, embedder.manifest.model_id)
    assert set(found.slots) <= {*SLOTS, None}
    catalogue = Catalogue.open(tmp_path / "shop", embedder.manifest.model_id)
    first = 0
    for product in products:
        photo, _ = draw_packshot(product, view=1)
        boxes = detector(photo).boxes_xyxy[:1]
        crops = crop(photo, boxes, embedder.input.side) if len(boxes) else crop_whole(photo, embedder.input.side)
        (candidates,) = catalogue.search(embedder(crops).vectors, 5)
        assert len(candidates) == 5
        first += candidates[0].product_id == product.id
    assert first >= 0.9 * PRODUCTS

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from outfitter.candidates import CatalogueSource
from outfitter.catalogue import build
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import CatalogueError
from outfitter.recommendations import CandidateSource
from tests.conftest import ToyModels
from tests.toy import picture

REDS = {"a": (250, 30, 30), "b": (240, 40, 40), "c": (160, 20, 60), "d": (200, 90, 30)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, toy_models: ToyModels) -> Path:
    """Four tops in four reds; "b" also shows a bottom."""
    place = tmp_path_factory.mktemp("candidates")
    lines = ["id,title,image,price"]
    for price, (name, red) in enumerate(REDS.items()):
        garments = {"top": ((20, 10, 90, 60), red)}
        if name == "b":
            garments["bottom"] = ((30, 60, 70, 150), (20, 30, 220))
        picture((110, 170), **garments).save(place / f"{name}.png")
        lines.append(f"{name},Top {name},{name}.png,{price}")
    (place / "feed.csv").write_text("\n".join(lines))
    detector, embedder = Detector(toy_models.detector), Embedder(toy_models.embedder)
    build(place / "feed.csv", place / "shop", detector=detector, embedder=embedder)
    return place / "shop"


def test_a_catalogue_is_a_source_of_candidates(folder: Path, toy_models: ToyModels) -> None:
    embedder_id = Embedder(toy_models.embedder).manifest.model_id
    opened = CatalogueSource.open(folder, embedder_id)
    assert opened.embedder_id == embedder_id
    source: CandidateSource = opened
    (mine,) = source.garments("a")
    top, bottom = source.garments("b")
    found = source.find(np.stack([mine.vector, bottom.vector]), 2)
    first = [(row[0].product_id, row[0].slot, row[0].image) for row in found]
    assert first == [("a", "top", "a.png"), ("b", "bottom", "b.png")]
    assert [len(row) for row in found] == [2, 2]
    assert [one.product_id for one in source.find(mine.vector[None], 9, "price>0", {"d"}, "top")[0]] == ["b", "c"]
    assert [one.product_id for one in source.find(mine.vector[None], 9, slot="bottom")[0]] == ["b"]
    assert source.product("c").title == "Top c"
    assert [[(one.product_id, one.slot) for one in outfit] for outfit in source.worn_together()] == [
        [("b", top.slot), ("b", "bottom")]
    ]


def test_it_opens_only_what_its_embedder_made(folder: Path) -> None:
    with pytest.raises(CatalogueError, match="embedder toy-embedder-.*, and another-1 is in use"):
        CatalogueSource.open(folder, "another-1")

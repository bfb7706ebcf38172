"""What of a photo's detections is shown, and how models are opened."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import ModelError
from outfitter.values import Photo
from tests.conftest import ToyModels
from tests.toy import picture

OUTFIT = Photo(
    np.asarray(
        picture((160, 240), top=((40, 30, 120, 110), (200, 20, 30)), bottom=((50, 120, 110, 220), (40, 60, 200)))
    ),
    "outfit.jpg",
)
"""Both garments are found with score 0.9."""


@pytest.mark.parametrize(("threshold", "shown"), [(None, 2), (0.85, 2), (0.95, 0)])
def test_nothing_is_found_where_the_best_is_not_sure(
    toy_models: ToyModels, tmp_path: Path, threshold: float | None, shown: int
) -> None:
    model = tmp_path / "detector"
    shutil.copytree(toy_models.detector, model)
    manifest = json.loads((model / "manifest.json").read_text())
    (model / "manifest.json").write_text(json.dumps({**manifest, "photo_threshold": threshold}))
    assert len(Detector(model)(OUTFIT)) == shown
    assert len(Detector(model, min_score=0.5)(OUTFIT)) == 2, "who names a score gets all above it"


def test_a_model_folder_may_be_a_string_or_a_path(toy_models: ToyModels) -> None:
    assert Detector(str(toy_models.detector)).manifest == Detector(toy_models.detector).manifest
    assert Embedder(str(toy_models.embedder)).manifest == Embedder(toy_models.embedder).manifest


def test_a_manifest_that_does_not_fit_its_model_is_told(tmp_path: Path, toy_models: ToyModels) -> None:
    def changed(model: Path, **values: object) -> Path:
        folder = tmp_path / "-".join(values)
        shutil.copytree(model, folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**manifest, **values}))
        return folder

    with pytest.raises(ModelError, match=r"found class \d, from 0, and its manifest names 1\. Export the model again"):
        Detector(changed(toy_models.detector, class_names=["top"]))(OUTFIT)
    with pytest.raises(ModelError, match=r"says that dimensions is 7, its model 48"):
        Embedder(changed(toy_models.embedder, dimensions=7))
    given = {"side": 64, "crop_protocol": "letterbox-white-1"}
    with pytest.raises(ModelError, match=r"says that side is 64, its model \d+"):
        Embedder(changed(toy_models.embedder, embedder_input=given))

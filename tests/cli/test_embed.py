from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.cli.conftest import Outfitter
from tests.conftest import ToyModels


def test_a_vector_of_length_one_for_each_garment(outfitter: Outfitter, toy_models: ToyModels, photos: Path) -> None:
    models = ("--detector", toy_models.detector, "--embedder", toy_models.embedder)
    run = outfitter("embed", photos / "both.jpg", photos / "plain.png", *models)
    assert run.code == 0, run.err
    both, plain = run.rows
    assert [one["label"] for one in both["garments"]] == ["top", "bottom"]
    vectors = np.array([one["embedding"] for one in both["garments"]])
    assert vectors.shape == (2, 48)
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-4
    assert vectors[0] @ vectors[1] < 0.95
    assert plain == {"photo": str(photos / "plain.png"), "garments": []}


def test_whole_photos(outfitter: Outfitter, toy_models: ToyModels, photos: Path) -> None:
    run = outfitter("embed", photos / "plain.png", "gone.jpg", "--whole", "--embedder", toy_models.embedder)
    assert run.code == 1
    plain, gone = run.rows
    assert [(one["label"], one["box_xyxy"]) for one in plain["garments"]] == [(None, [0, 0, 200, 300])]
    assert gone["error"]["type"] == "PhotoError"

"""What is sent to the workers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from outfitter.detections import Detector
from outfitter.distributed.worker import is_there, ship
from outfitter.values import Photo
from tests.conftest import ToyModels
from tests.toy import picture


def test_a_detector_shows_on_the_workers_what_it_shows_here(toy_models: ToyModels, tmp_path: Path) -> None:
    model = tmp_path / "detector"
    shutil.copytree(toy_models.detector, model)
    manifest = json.loads((model / "manifest.json").read_text())
    (model / "manifest.json").write_text(json.dumps({**manifest, "photo_threshold": 0.95}))
    unsure = Photo(np.asarray(picture((96, 144), top=((20, 30, 80, 110), (200, 20, 30)))), "a top, 0.9")
    for number, (asked, shown) in enumerate([(None, 0), (0.5, 1)]):
        here = Detector(model, asked)
        sent = ship(here)
        there = Detector(sent.unpack(tmp_path / str(number)), sent.min_score)
        assert len(here(unsure)) == len(there(unsure)) == shown


def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path) -> None:
    assert is_there(tmp_path)
    assert not any(is_there(tmp_path / name) for name in ("none.jpg", "n" * 300, "nul\0.jpg"))

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from outfitter.artifact import MODEL_FILE, DetectorInput, Source, read_manifest
from outfitter.colour import to_lab
from outfitter.crops import PROTOCOL
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import ConfigError, ModelError, TrainingError
from outfitter.learn.card import Card, read_card
from outfitter.learn.embedder import Colours, LiteAndColour, crops_of, export_embedder
from outfitter.learn.export import best_threshold, export_detector, threshold_for_empty
from outfitter.learn.models import build
from outfitter.learn.predict import TorchDetector
from outfitter.learn.train import load_trained
from outfitter.values import Annotations, Crops, Detections, Example, Photo
from tests.conftest import ToyModels
from tests.learn.conftest import Learnt
from tests.toy import picture

CARD = Card(name="rectangles", recipe="tests", sources=(Source(name="drawn", licence="CC0"),))


@pytest.mark.slow
def test_eight_photos_are_learnt_by_heart(learnt: Learnt) -> None:
    assert learnt.row["AP50"] > 0.9


@pytest.mark.slow
def test_the_export_equals_torch(learnt: Learnt, tmp_path: Path) -> None:
    torch_detector = load_trained(learnt.run)[0]
    manifest, parity = export_detector(torch_detector, tmp_path / "model", learnt.others, CARD)
    assert parity.exported.ap50 > 0.9
    assert abs(parity.drop) <= 0.005
    assert parity.apart == 0
    assert manifest == read_manifest(tmp_path / "model", "detector")
    assert manifest.class_names == ("top", "bottom")
    assert "CC0" in (tmp_path / "model/NOTICE").read_text()
    wide = np.full((100, 300, 3), 180, np.uint8)
    wide[20:80, 110:190] = (200, 30, 40)
    found = Detector(tmp_path / "model")(Photo(wide, "wide"))
    assert found.size_wh == (300, 100), "photos of any shape fit"
    with pytest.raises(ModelError, match="never overwritten"):
        export_detector(torch_detector, tmp_path / "model", learnt.others, CARD)


@pytest.mark.slow
def test_half_precision_halves_the_file(learnt: Learnt, tmp_path: Path) -> None:
    torch_detector = load_trained(learnt.run)[0]
    sizes = {}
    for precision in ("fp32", "fp16"):
        export_detector(torch_detector, tmp_path / precision, learnt.others, CARD, precision=precision)
        sizes[precision] = (tmp_path / precision / MODEL_FILE).stat().st_size
    assert sizes["fp16"] < 0.55 * sizes["fp32"]


@pytest.mark.slow
def test_an_export_that_loses_precision_is_not_written(
    learnt: Learnt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(model: onnx.ModelProto) -> onnx.ModelProto:
        for tensor in model.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and values.ndim == 4:
                tensor.CopyFrom(onnx.numpy_helper.from_array(values * np.float32(0.7), tensor.name))
        return model

    monkeypatch.setattr("outfitter.learn.graphs.store_half", spoil)
    with pytest.raises(TrainingError, match="differs from torch.*Nothing was written"):
        export_detector(load_trained(learnt.run)[0], tmp_path / "model", learnt.examples, CARD)
    assert not (tmp_path / "model").exists()


def test_the_frozen_embedder_is_exported_exactly(rectangles: Callable[[int], list[Example]], tmp_path: Path) -> None:
    crops = crops_of(rectangles(2), side=96)
    assert len(crops) == 4
    manifest = export_embedder(LiteAndColour(0), tmp_path / "model", crops, CARD)
    assert manifest.dimensions == 1280 + Colours().dimensions
    embedder = Embedder(tmp_path / "model")
    vectors = embedder(crops).vectors
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1], "red is nearer to red than to blue"
    assert embedder(Crops(np.zeros((0, 96, 96, 3), np.uint8), PROTOCOL)).vectors.shape[0] == 0
    with pytest.raises(ModelError, match=r"cut by 'squashed'.*takes \(96, 96, 3\)"):
        embedder(Crops(np.zeros((1, 96, 96, 3), np.uint8), "squashed"))


def test_the_threshold_is_where_f1_is_highest() -> None:
    boxes = np.array([[0, 0, 30, 40], [50, 50, 90, 99]], np.float32)
    truth = {"a": Annotations(boxes[:1], ("top",), (100, 120))}
    found = {"a": Detections(boxes, ("top", "top"), np.array([0.62, 0.41], np.float32), (100, 120))}
    assert 0.41 < best_threshold(truth, found) <= 0.62


def test_a_crowd_moves_no_threshold() -> None:
    boxes = np.array([[0, 0, 30, 40], [50, 50, 90, 99]], np.float32)
    truth = {"a": Annotations(boxes, ("top", "top"), (100, 120), np.array([False, True]))}
    shown = np.concatenate([boxes[:1], [[50, 50, 65, 99]], boxes[1:]]).astype(
        np.float32
    )  # part of the crowd, and all of it
    scores = np.array([0.42, 0.93, 0.91], np.float32)
    found = {"a": Detections(shown, ("top",) * 3, scores, (100, 120))}
    assert best_threshold(truth, found) <= 0.42
    missed = {"a": found["a"][1:2]}
    assert best_threshold(truth, missed) == best_threshold(truth, {"a": found["a"][:0]})


def test_a_threshold_of_zero_is_kept(rectangles: Callable[[int], list[Example]], tmp_path: Path) -> None:
    names = ("top", "bottom")
    fresh = TorchDetector(build("faster_rcnn_lite", names, "none"), names, DetectorInput(area=6144, multiple_of=32))
    manifest, _ = export_detector(
        fresh, tmp_path / "model", rectangles(1), CARD, precision="fp32", max_drop=1, score_threshold=0.0
    )
    assert manifest.score_threshold == 0.0


def test_the_photo_threshold_keeps_empty_photos_empty(toy_models: ToyModels, tmp_path: Path) -> None:
    garment = {"top": ((20, 30, 80, 110), (200, 20, 30))}  # found with score 0.9
    for number in range(60):
        picture((96, 144), **(garment if number < 2 else {})).save(tmp_path / f"{number:02}.png")
    photos = sorted(tmp_path.iterdir())
    detector = Detector(toy_models.detector, min_score=0.0)
    assert threshold_for_empty(detector, photos) == 0.91, "two of 60 are too many"
    assert threshold_for_empty(detector, photos[1:]) == 0.01, "one of 59 is borne"
    assert threshold_for_empty(detector, photos, max_alarms=0.04) == 0.01, "two of 60 are borne by who asks for it"
    assert threshold_for_empty(detector, photos, max_alarms=1) == 0.01


def test_a_card_must_say_everything(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("name: x\nrecipe: y\nsource: []\n")
    with pytest.raises(ConfigError, match=r"sources: |unknown key 'source'.*did you mean 'sources'"):
        read_card(tmp_path / "card.yaml")
    (tmp_path / "card.yaml").write_bytes(b"name: \xff\n")
    with pytest.raises(ConfigError, match="cannot be read: .* Need YAML with name, recipe and sources"):
        read_card(tmp_path / "card.yaml")


def test_colours_are_those_of_the_garment_whatever_the_padding_and_the_light() -> None:
    def crop_of(rgb: tuple[int, int, int], padded: bool) -> np.ndarray:
        pixels = np.full((1, 112, 112, 3), 255, np.uint8)
        pixels[:, :, 28:84] = rgb
        return pixels if padded else np.full((1, 112, 112, 3), rgb, np.uint8)

    red, padded, darker, blue = (
        Colours()(torch.from_numpy(crop_of(rgb, wide)))[0]
        for rgb, wide in [((200, 30, 40), False), ((200, 30, 40), True), ((175, 25, 35), False), ((30, 60, 190), False)]
    )
    assert float(red @ padded) > 0.9
    assert float(red @ darker) > 0.85
    assert float(red @ blue) < 0.2


def test_the_lab_of_the_graph_is_ours() -> None:
    """Colours.forward writes CIELAB in traceable steps; a one-colour crop must fall into the cell nearest to it."""
    colours = Colours()
    for rgb in [(200, 30, 40), (30, 60, 190), (120, 120, 120), (240, 220, 60), (12, 10, 14)]:
        cell = colours(torch.from_numpy(np.full((1, 56, 56, 3), rgb, np.uint8)))[0].argmax()
        wanted = to_lab(np.array([rgb], np.uint8))[0]
        away = (((colours.cells.numpy() - wanted) * [0.7, 1, 1]) ** 2).sum(1)
        assert int(cell) == int(away.argmin())

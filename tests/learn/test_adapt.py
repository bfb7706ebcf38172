"""A shop's feed as a teacher: boxes without anybody drawing them, and a detector no worse for it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outfitter.artifact import MODEL_FILE, SHIPPED, DetectorInput, read_manifest, write_model_folder
from outfitter.boutique import design, draw_packshot
from outfitter.catalogue.feed import open_feed
from outfitter.datasets import load
from outfitter.detections import Detector
from outfitter.errors import TrainingError
from outfitter.geometry import as_boxes, iou
from outfitter.learn.adapt import SURE, adapt, architecture_of, box_of, label_feed
from outfitter.learn.graphs import to_onnx
from outfitter.learn.loop import Run
from outfitter.learn.models import build
from outfitter.learn.predict import TorchDetector
from outfitter.photo import encode_jpeg
from outfitter.values import Annotations, Detections, Photo
from tests.learn.test_export import CARD

SHIRT, BESIDE = (60.0, 40.0, 180.0, 200.0), (70.0, 230.0, 170.0, 290.0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Annotations]]:
    """A feed of 60 drawn packshots, a broken picture and a candle; and where the garments are."""
    folder = tmp_path_factory.mktemp("shop")
    truth = {}
    with (folder / "feed.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "title", "image", "category"])
        for product in design(products=60, looks=0, seed=2).products:
            photo, truth[product.id] = draw_packshot(product, view=0)
            (folder / f"{product.id}.jpg").write_bytes(encode_jpeg(photo.pixels))
            rows.writerow([product.id, product.title, f"{product.id}.jpg", product.category])
        (folder / "broken.jpg").write_bytes(b"no picture")
        rows.writerow(["broken", "Shirt", "broken.jpg", "shirt"])
        rows.writerow(["candle", "Candle", "broken.jpg", "home"])
    return folder / "feed.csv", truth


def test_a_feed_becomes_labels(shop: tuple[Path, dict[str, Annotations]], tmp_path: Path) -> None:
    feed, truth = shop
    detector = Detector(min_score=SURE)
    found = label_feed(open_feed(feed), tmp_path / "data", detector, detector.manifest.class_names, lambda: None)
    assert found.left_out["unreadable: PhotoError"] == 1
    assert found.left_out["neither category nor title names a garment that the detector knows"] == 1
    assert found.train + found.val + sum(found.left_out.values()) == 62
    assert found.train > found.val > 3
    examples = [example for example in load(tmp_path / "data").examples if not example.name.startswith("scene")]
    assert len(examples) == found.train + found.val >= 45
    wanted = {(one.labels, one.size_wh) for one in truth.values()}
    right = 0
    for example in examples:
        assert (example.annotations.labels, example.annotations.size_wh) in wanted
        alike = [one for one in truth.values() if one.labels == example.annotations.labels]
        right += max(iou(example.annotations.boxes_xyxy, one.boxes_xyxy).max() for one in alike) > 0.8
    assert right >= 0.9 * len(examples)


def picture(*boxes: tuple[float, float, float, float]) -> Photo:
    pixels = np.full((300, 240, 3), 235, np.uint8)
    for x1, y1, x2, y2 in boxes:
        pixels[int(y1) : int(y2), int(x1) : int(x2)] = (30, 60, 120)
    return Photo(pixels, "drawn")


def detections(*found: tuple[str, float, tuple[float, float, float, float]]) -> Detections:
    labels = tuple(label for label, _, _ in found)
    scores = np.array([score for _, score, _ in found], np.float32)
    return Detections(as_boxes([box for _, _, box in found]), labels, scores, (240, 300))


def test_plain_ground_needs_no_detector() -> None:
    box = box_of(picture(SHIRT), "top", detections())
    assert not isinstance(box, str)
    assert iou(as_boxes([box]), as_boxes([SHIRT]))[0, 0] > 0.9


def test_another_garment_leaves_a_picture_out() -> None:
    found = detections(("top", 0.9, SHIRT), ("bottom", 0.8, BESIDE))
    assert box_of(picture(SHIRT), "top", found) == "another garment is in the picture"


def test_busy_ground_needs_a_sure_detector() -> None:
    noise = Photo(np.random.default_rng(0).integers(0, 256, (300, 240, 3), np.uint8), "noise")
    assert box_of(noise, "top", detections(("top", 0.9, SHIRT))) == SHIRT
    assert "not plain" in str(box_of(noise, "top", detections(("top", 0.3, SHIRT))))


def test_too_few_pictures(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("id,title,image,category\n1,Shirt,none.jpg,shirt\n")
    with pytest.raises(TrainingError, match=r"0 pictures could be labelled.*need 40.*1 × unreadable: PhotoError"):
        adapt(tmp_path / "feed.csv", tmp_path / "work", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def model_folder(name: str, chosen: DetectorInput, folder: Path) -> Path:
    to_onnx(TorchDetector(build(name, ("top", "bottom"), "none"), ("top", "bottom"), chosen), folder / MODEL_FILE)
    manifest: dict[str, Any] = {"kind": "detector", **CARD.model_dump(), "metrics": {}, "score_threshold": 0.5}
    manifest |= {"class_names": ("top", "bottom"), "detector_input": chosen.model_dump()}
    write_model_folder(folder / name, folder / MODEL_FILE, manifest, "")
    return folder / name


def test_the_architecture_is_known_before_anything_is_labelled(tmp_path: Path) -> None:
    lite2 = model_folder("faster_rcnn_lite2", DetectorInput(area=96 * 128, multiple_of=32), tmp_path)
    assert architecture_of(lite2, ("top", "bottom")) == "faster_rcnn_lite2"
    other = model_folder("ssdlite320_mobilenet_v3", DetectorInput(fixed_wh=(96, 128)), tmp_path)
    with pytest.raises(TrainingError, match="Only detectors of faster_rcnn_lite and faster_rcnn_lite2 can be adapted"):
        adapt(tmp_path / "feed.csv", tmp_path / "work", tmp_path / "out", base=other)
    assert not (tmp_path / "work").exists()


@pytest.mark.slow
def test_killed_before_its_first_step_it_still_begins_at_the_base(
    shop: tuple[Path, dict[str, Annotations]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_args: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(Run, "_one_step", killed)
        with pytest.raises(MemoryError):
            adapt(shop[0], tmp_path / "work", tmp_path / "out", steps=2)
    with pytest.raises(TrainingError, match="was begun with steps 2, now 3. Name another --work, or remove this one"):
        adapt(shop[0], tmp_path / "work", tmp_path / "out", steps=3)
    done = adapt(shop[0], tmp_path / "work", tmp_path / "out", steps=2)
    assert done.after.value == pytest.approx(done.before.value, abs=0.2)


@pytest.mark.slow
def test_adapted_it_still_finds_garments(shop: tuple[Path, dict[str, Annotations]], tmp_path: Path) -> None:
    done = adapt(shop[0], tmp_path / "work", tmp_path / "out", steps=1)
    assert done.after.value == pytest.approx(done.before.value, abs=0.2)
    manifest = read_manifest(tmp_path / "out", "detector")
    shipped = read_manifest(SHIPPED / "detector", "detector")
    assert manifest.class_names == shipped.class_names
    assert manifest.sources[:-1] == shipped.sources
    # Called again, it neither labels nor trains anew.
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*") if path.is_file()}
    again = adapt(shop[0], tmp_path / "work", tmp_path / "again", steps=1)
    assert (again.labelled, again.after) == (done.labelled, done.after)
    assert made == {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("*") if path.is_file()}

"""The two model folders that come with Outfitter do what their manifests say, on real photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from outfitter.artifact import MODEL_FILE, SHIPPED, read_manifest
from outfitter.crops import PROTOCOL, crop
from outfitter.datasets import PrepareOptions, load, prepare
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.evaluation.detection import score_detections
from outfitter.photo import load_photo
from outfitter.taxonomy import SLOTS
from outfitter.values import Crops, Example


@pytest.fixture(scope="module")
def held_out(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """The val split of Clothing Co-Parsing, as the recipe makes it."""
    folder = tmp_path_factory.mktemp("ccp") / "data"
    prepare(data_dir / "ccp", folder, PrepareOptions(format="masks", categories="slots"))
    return load(folder).split("val")


@pytest.mark.parametrize("kind", ["detector", "embedder"])
def test_a_shipped_model_is_whole_small_and_documented(kind: str) -> None:
    folder = SHIPPED / kind
    manifest = read_manifest(folder, kind)  # type: ignore[arg-type]
    assert (folder / MODEL_FILE).stat().st_size <= 20 * 2**20
    assert manifest.recipe.startswith("recipes/")
    assert (Path(__file__).parents[1] / manifest.recipe.partition("#")[0]).is_file()
    notice = (folder / "NOTICE").read_text()
    assert all(source.name in notice and source.licence in notice for source in manifest.sources)
    assert manifest.metrics


@pytest.mark.slow
def test_the_detector_finds_garments_on_photos_it_has_not_seen(held_out: list[Example]) -> None:
    detector = Detector(min_score=0.0)
    assert detector.manifest.class_names == SLOTS
    assert len(held_out) == 120
    truth = {example.name: example.annotations for example in held_out}
    scores = score_detections(truth, {e.name: detector(load_photo(e.image)) for e in held_out}, SLOTS)
    assert scores.ap50 >= 0.70
    assert scores.ap50 == pytest.approx(detector.manifest.metrics["AP50"], abs=0.005), "as its manifest says"


@pytest.mark.slow
def test_the_embedder_knows_a_garment_again(held_out: list[Example]) -> None:
    """A garment cropped a little differently, mirrored and darker lies nearest to itself among all others."""
    embedder = Embedder()
    side = embedder.input.side
    query, gallery = [], []
    rng = np.random.default_rng(0)
    for example in held_out[:40]:
        photo, boxes = load_photo(example.image), example.annotations.boxes_xyxy
        sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
        moved = boxes + sides * rng.uniform(-0.06, 0.06, boxes.shape).astype(np.float32)
        gallery.append(embedder(crop(photo, boxes, side)).vectors)
        shaken = crop(photo, moved, side).pixels[:, :, ::-1]
        query.append(embedder(Crops((shaken * 0.85).astype(np.uint8), PROTOCOL)).vectors)
    similar = np.concatenate(query) @ np.concatenate(gallery).T
    assert (similar.argmax(1) == np.arange(len(similar))).mean() >= 0.9

"""Model folders: written whole, never overwritten, checked before they are believed."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfitter.artifact import (
    MANIFEST_FILE,
    MODEL_FILE,
    DetectorInput,
    Manifest,
    Source,
    open_session,
    read_manifest,
    sha256_of,
    write_model_folder,
)
from outfitter.errors import ConfigError, ModelError
from tests.conftest import ToyModels

VALUES: dict[str, Any] = {
    "kind": "embedder",
    "name": "colours",
    "embedder_input": {"side": 48, "crop_protocol": "letterbox-white-1"},
    "dimensions": 12,
    "recipe": "recipes/colours.yaml",
    "sources": [{"name": "Größen", "licence": "CC0"}],
    "metrics": {"recall@1": 0.25, "protocol": "retrieval"},
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "loose.onnx"
    path.write_bytes(b"weights " * 999)
    return path


@pytest.fixture
def folder(tmp_path: Path, weights: Path) -> Path:
    write_model_folder(tmp_path / "models" / "colours", weights, VALUES, "Größen: CC0\n")
    return tmp_path / "models" / "colours"


def test_round_trip(folder: Path, weights: Path) -> None:
    manifest = read_manifest(folder, "embedder")
    assert sorted(path.name for path in folder.iterdir()) == ["NOTICE", MANIFEST_FILE, MODEL_FILE]
    assert manifest == Manifest(**VALUES, sha256=sha256_of(weights))
    assert manifest.sources == (Source(name="Größen", licence="CC0"),)
    assert manifest.metrics == VALUES["metrics"]
    assert manifest.detector_input is None
    assert (folder / "NOTICE").read_text(encoding="utf-8") == "Größen: CC0\n"
    assert (folder / MODEL_FILE).read_bytes() == weights.read_bytes()


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # the first example of FIPS 180-2
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_model_id_follows_weights_and_input_only(folder: Path) -> None:
    manifest = read_manifest(folder, "embedder")

    def changed(**values: object) -> str:
        return manifest.model_copy(update=values).model_id

    assert re.fullmatch("colours-[0-9a-f]{12}", manifest.model_id)
    assert changed(metrics={}, recipe="another", sources=()) == manifest.model_id
    assert manifest.embedder_input is not None
    others = [
        changed(sha256="0" * 64),
        changed(embedder_input=manifest.embedder_input.model_copy(update={"side": 64})),
        changed(embedder_input=manifest.embedder_input.model_copy(update={"crop_protocol": "another-1"})),
        changed(name="colors"),
    ]
    assert len({manifest.model_id, *others}) == 5


def test_nothing_is_overwritten(folder: Path, weights: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ModelError, match=rf"{folder}: is not empty, .+ Name a new folder"):
        write_model_folder(folder, weights, VALUES, "")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    with pytest.raises(ModelError, match="is a file; a model is a folder"):
        write_model_folder(weights, weights, VALUES, "")
    (tmp_path / "empty").mkdir()
    write_model_folder(tmp_path / "empty", weights, VALUES, "")
    assert read_manifest(tmp_path / "empty", "embedder").name == "colours"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "embeder"}, "kind is 'embeder'"),
        ({"dimension": 12}, r"unknown key 'dimension'; .+ did you mean 'dimensions'\?"),
        ({"embedder_input": {"side": 0, "crop_protocol": "p"}}, r"embedder_input\.side is 0"),
        ({"score_threshold": 1.5}, r"score_threshold is 1\.5"),
        ({"sources": [{"name": "ccp"}]}, r"sources\.0\.licence"),
        ({"parts": {"a": 4, "b": 8}, "parts_in_photo": {"a": 1.0}}, r"need a share of each of \['a', 'b'\], 1 in all"),
        ({"parts": {"a": 4, "b": 8}, "parts_in_photo": {"a": 0.5, "b": 0.6}}, r"need a share of each"),
        ({"parts": {"a": 4, "b": 8}, "parts_in_photo": {"a": 1.5, "b": -0.5}}, r"parts_in_photo\.b is -0\.5"),
        ({"parts": {"a": 4, "b": 7}}, r"parts are .*; need all of the vector's dimensions, 12"),
        ({"parts": {"a": 16, "b": -4}}, r"parts\.b is -4"),
        ({"detector_input": {"fixed_wh": [0, 48]}}, r"detector_input\.fixed_wh\.0 is 0"),
    ],
)
def test_wrong_values_leave_nothing_behind(
    tmp_path: Path, weights: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^manifest: .*{message}"):
        write_model_folder(tmp_path / "new", weights, {**VALUES, **change}, "")
    assert not (tmp_path / "new").exists()


def test_values_that_do_not_fit_together_are_told_alone(tmp_path: Path, weights: Path) -> None:
    unfit = {"parts": {"a": 4, "b": 8}, "parts_in_photo": {"a": 0.5, "b": 0.6}}
    with pytest.raises(ConfigError, match=r"^manifest: parts_in_photo is .*; need a share of each of .*, 1 in all$"):
        write_model_folder(tmp_path / "new", weights, {**VALUES, **unfit}, "")


def test_an_interrupted_export_is_seen(folder: Path) -> None:
    (folder / MANIFEST_FILE).unlink()
    with pytest.raises(ModelError, match=r"has no manifest\.json \(an interrupted export\?\); need a model folder"):
        read_manifest(folder, "embedder")
    with pytest.raises(ModelError, match="nowhere: is not a folder; need a model folder"):
        read_manifest(folder / "nowhere", "embedder")


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "7", '"manifest"', "{}", '{"format": 2}', "\udcff"])
def test_a_damaged_manifest_is_a_model_error(folder: Path, text: str) -> None:
    (folder / MANIFEST_FILE).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=r"manifest\.json: cannot be read: .+\. Export the model again"):
        read_manifest(folder, "embedder")


def test_another_kind(folder: Path) -> None:
    with pytest.raises(ModelError, match="colours: holds kind 'embedder'; need 'detector'"):
        read_manifest(folder, "detector")


def test_a_damaged_model_is_seen(folder: Path) -> None:
    data = bytearray((folder / MODEL_FILE).read_bytes())
    data[4000] ^= 1
    (folder / MODEL_FILE).write_bytes(data)
    with pytest.raises(ModelError, match=r"model\.onnx: is damaged: sha256 is [0-9a-f]{12}, the manifest says"):
        read_manifest(folder, "embedder")
    (folder / MODEL_FILE).unlink()
    with pytest.raises(ModelError, match="is damaged: sha256 is no file"):
        read_manifest(folder, "embedder")


def test_a_file_that_is_no_model(folder: Path) -> None:
    """Its sha256 fits, but onnxruntime cannot load it."""
    with pytest.raises(ModelError, match=r"model\.onnx: onnxruntime cannot load it: .+ Export the model again"):
        open_session(folder, threads=1)


def test_a_session_is_shared_by_threads(toy_models: ToyModels) -> None:
    session = open_session(toy_models.embedder, threads=1)
    random = np.random.default_rng(5)
    batches = [random.integers(0, 256, (1 + i % 3, 32, 32, 3), np.uint8) for i in range(24)]
    alone = [session.run(None, {"pixels": batch})[0] for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda batch: session.run(None, {"pixels": batch})[0], batches))
    for one, other in zip(alone, together, strict=True):
        assert (one == other).all()


@given(st.integers(1, 9000), st.integers(1, 9000), st.sampled_from([8, 32]), st.integers(20_000, 400_000))
def test_detector_input_size(width: int, height: int, unit: int, area: int) -> None:
    """Whole units, about the area asked for, the photo's aspect up to 4 : 1, and turned when the photo is turned."""
    across, down = DetectorInput(area=area, multiple_of=unit).size_for((width, height))
    assert across % unit == down % unit == 0
    aspect = min(max(width / height, 1 / 4), 4)
    assert abs(across - (area * aspect) ** 0.5) <= unit / 2 + 1e-6 or across == unit
    assert abs(down - (area / aspect) ** 0.5) <= unit / 2 + 1e-6 or down == unit
    assert DetectorInput(area=area, multiple_of=unit).size_for((height, width)) == (down, across)


def test_detector_input_size_by_hand() -> None:
    sizes = DetectorInput(area=256 * 384, multiple_of=32)
    assert sizes.size_for((550, 825)) == (256, 384)
    assert sizes.size_for((825, 550)) == (384, 256)
    assert sizes.size_for((100, 4000)) == (160, 640)


def test_manifest_is_readable(folder: Path) -> None:
    """People read it: indented, letters as they are, nothing that is not set."""
    text = (folder / MANIFEST_FILE).read_text(encoding="utf-8")
    assert "Größen" in text
    assert "null" not in text
    assert list(json.loads(text))[:3] == ["format", "kind", "name"]
    assert text.count("\n") > 15


def test_a_gpu_that_onnxruntime_cannot_use(folder: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime-gpu is installed here")
    with pytest.raises(
        ModelError, match="cannot use a GPU. Run: pip uninstall onnxruntime && pip install 'onnxruntime-g"
    ):
        open_session(folder, 1, "cuda")

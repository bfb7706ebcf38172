from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from outfitter.datasets import PrepareOptions, load, prepare
from outfitter.datasets.class_folders import read
from outfitter.datasets.plain_ground import find_on_plain_ground
from outfitter.datasets.pool import in_order
from outfitter.errors import DatasetError, PhotoError


def photo(
    garment: tuple[int, int, int] = (40, 60, 120), box: tuple[int, int, int, int] = (60, 30, 180, 250)
) -> np.ndarray:
    """240 × 320 pixels: a garment with a light stripe on two-coloured, slightly noisy boards."""
    rng = np.random.default_rng(4)
    pixels = np.empty((320, 240, 3), np.uint8)
    pixels[:] = (196, 170, 140)
    pixels[:, ::40] = (150, 124, 100)
    x1, y1, x2, y2 = box
    pixels[y1:y2, x1:x2] = garment
    pixels[(y1 + y2) // 2 : (y1 + y2) // 2 + 8, x1 + 20 : x2 - 20] = (198, 172, 142)  # a print of the ground's colour
    return np.clip(pixels + rng.normal(0, 3, pixels.shape), 0, 255).astype(np.uint8)


def test_the_box_is_the_garments() -> None:
    box = find_on_plain_ground(photo())
    assert not isinstance(box, str), box
    np.testing.assert_allclose(box, (60, 30, 180, 250), atol=5)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.full((300, 200, 3), 210, np.uint8), "nothing stands out"),
        (photo(box=(110, 150, 130, 172)), "covers|nothing"),
        (photo(box=(0, 0, 230, 320)), "edge|scattered|nothing|covers"),
    ],
)
def test_a_box_that_cannot_be_trusted_is_refused_with_the_reason(pixels: np.ndarray, reason: str) -> None:
    found = find_on_plain_ground(pixels)
    assert isinstance(found, str)
    assert any(word in found for word in reason.split("|"))


def test_folders_become_records_and_the_rest_is_counted(tmp_path: Path) -> None:
    for place, pixels in {
        "train/dress/a.png": photo(),
        "train/hat/b.png": np.full((300, 200, 3), 210, np.uint8),
        "validation/dress/c.png": photo(box=(40, 60, 200, 200)),
    }.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / place)
    (tmp_path / "train/hat/broken.jpg").write_bytes(b"no picture")
    source = read(tmp_path)
    records = list(source.records)
    assert source.class_names == ("dress", "hat")
    assert [(r.name, r.split, r.labels) for r in records] == [
        ("train/dress/a", "train", ("dress",)),
        ("validation/dress/c", "val", ("dress",)),
    ]
    assert source.drops.counts() == {"no plain ground": 2}


def test_photos_in_no_class_are_counted_and_those_of_one_stem_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("dress/0.jpg", "dress/0.png", "dress/1.png", "shoes/boots/0.png", "loose.png"):
        (tmp_path / "src" / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo()).save(tmp_path / "src" / place)
    started = []

    def counted(work: Any, items: Any, workers: int) -> Any:
        started.append(workers)
        return in_order(work, items, 1)

    monkeypatch.setattr("outfitter.datasets.class_folders.in_order", counted)
    options = PrepareOptions(format="class-folders", val=0)
    done = prepare(tmp_path / "src", tmp_path / "out", options, workers=7)
    assert done.dropped == {"in no class": 2}
    assert [example.name for example in load(tmp_path / "out").examples] == ["dress/0.jpg", "dress/0.png", "dress/1"]
    assert started == [7]


def test_a_folder_without_class_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises((DatasetError, PhotoError)):
        read(tmp_path)
    Image.fromarray(photo()).save(tmp_path / "loose.png")
    with pytest.raises(DatasetError, match="CLASS/PHOTO"):
        read(tmp_path)


def test_the_clothing_dataset_is_known(data_dir: Path) -> None:
    source = read(data_dir / "clothing-small")
    assert source.licence == "CC0-1.0"
    assert source.levels["slots"]["dress"] == "long"

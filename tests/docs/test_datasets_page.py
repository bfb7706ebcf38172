"""Every command of docs/datasets.md runs, one after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from outfitter.datasets import load
from outfitter.taxonomy import CCP_TO_SLOT
from tests.cli.conftest import Outfitter, outfitter
from tests.datasets.sources import deepfashion, write_photo, write_text
from tests.docs.commands import commands

__all__ = ["outfitter"]

LABELS = ("null", *CCP_TO_SLOT, "hair")


def street(root: Path, first: int) -> Path:
    """44 photos with class masks of a shirt and of jeans, laid out as Clothing Co-Parsing is."""
    write_text(root / "labels.txt", "".join(f"{label}\n" for label in LABELS))
    (root / "masks").mkdir()
    for number in range(first, first + 44):
        write_photo(root / "photos" / f"{number:04d}.jpg", (81, 137), seed=number)
        mask = np.zeros((137, 81), np.uint8)
        mask[10 + number % 7 : 60, 20:60] = LABELS.index("shirt")
        mask[65:130, 25 : 55 + number % 9] = LABELS.index("jeans")
        Image.fromarray(mask).save(root / "masks" / f"{number:04d}.png")
    return root


def test_the_commands_run(outfitter: Outfitter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    street(tmp_path / "photos", 1)
    street(tmp_path / "more", 50)
    deepfashion(tmp_path / "deepfashion")
    made = outfitter("datasets", "prepare", "more", "--format", "masks", "--categories", "slots", "--out", "other")
    assert made.code == 0, made.err
    write_text(tmp_path / "map.yaml", "".join(f"{slot}: {slot}\n" for slot in load(tmp_path / "other").class_names))
    for words in commands("docs/datasets.md"):
        if "VERB" in words:
            continue
        done = outfitter(*words)
        # The two classes that no photo shows harm nothing here; `check` says so by its exit code.
        assert done.code == 0 or words[1] == "check", f"{' '.join(words)}: {done.err}"
    assert {path.name for path in tmp_path.iterdir()} >= {"data", "crops", "dealt", "both", "renamed", "yolo"}
    assert len(load(tmp_path / "both").examples) == 88
    with Image.open("sheet.png") as sheet:
        assert sheet.size[0] > 300

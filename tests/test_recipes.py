"""Scripts of `recipes/` that change labels, on real photos."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from outfitter.datasets import PrepareOptions, load, prepare
from outfitter.taxonomy import CCP_TO_SLOT, SLOTS

RECIPES = Path(__file__).parents[1] / "recipes" / "detector"
PHOTOS = ("0002", "0205", "0238")
"""A skirt called a dress; a dress; a skirt called a dress and a shirt called jeans."""


@pytest.fixture(scope="module")
def street(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos of CCP, prepared."""
    source = tmp_path_factory.mktemp("ccp")
    for folder, end in (("photos", "jpg"), ("masks", "png")):
        (source / folder).mkdir()
        for name in PHOTOS:
            shutil.copy(data_dir / "ccp" / folder / f"{name}.{end}", source / folder)
    shutil.copy(data_dir / "ccp" / "labels.txt", source)
    out = source / "prepared"
    prepare(source, out, PrepareOptions(format="masks", categories="slots", val=0), workers=1)
    return out


def test_skirts_are_called_skirts(street: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, RECIPES / "correct.py", street, tmp_path / "out"], check=True)
    before = {one.name: one.annotations for one in load(street).examples}
    after = {one.name: one.annotations for one in load(tmp_path / "out").examples}
    changed = {
        name: [pair for pair in zip(known.labels, after[name].labels, strict=True) if pair[0] != pair[1]]
        for name, known in before.items()
    }
    assert changed == {
        "0002": [("long", "bottom")],
        "0205": [],
        "0238": [("long", "bottom"), ("bottom", "top")],
    }
    assert all(np.array_equal(known.boxes_xyxy, after[name].boxes_xyxy) for name, known in before.items())


def test_every_correction_changes_the_slot_of_one_garment(data_dir: Path) -> None:
    with (RECIPES / "corrections.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({(row["photo"], row["label"]) for row in rows}) == len(rows) == 90
    for row in rows:
        assert row["slot"] in SLOTS
        assert CCP_TO_SLOT[row["label"]] != row["slot"]
        assert (data_dir / "ccp" / "masks" / f"{row['photo']}.png").is_file()

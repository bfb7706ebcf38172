"""``outfitter doctor`` tells a sound installation from one with a damaged model or catalogue."""

from __future__ import annotations

import shutil
from pathlib import Path

from outfitter.artifact import MODEL_FILE
from tests.cli.conftest import Outfitter
from tests.conftest import ToyModels


def test_a_sound_installation(outfitter: Outfitter, toy_models: ToyModels) -> None:
    done = outfitter("doctor", "--model", toy_models.detector, "--model", toy_models.embedder)
    assert done.code == 0, done.err
    parts = {row["part"]: row for row in done.rows}
    assert {"python", "machine", "disk", "packages", "extra learn", "gpu", "shipped detector"} <= set(parts)
    assert "numpy" in parts["packages"]["state"]
    assert "toy-embedder" in parts[f"model {toy_models.embedder}"]["state"]
    assert all(row["ok"] for row in done.rows)


def test_what_is_damaged_is_named_with_the_remedy(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path) -> None:
    shutil.copytree(toy_models.detector, tmp_path / "model")
    with (tmp_path / "model" / MODEL_FILE).open("ab") as file:
        file.write(b"x")
    done = outfitter("doctor", "--model", tmp_path / "model", "--catalogue", tmp_path / "none")
    assert done.code == 1
    bad = {row["part"]: row["fix"] for row in done.rows if not row["ok"]}
    assert set(bad) == {f"model {tmp_path / 'model'}", f"catalogue {tmp_path / 'none'}"}
    assert "is damaged" in bad[f"model {tmp_path / 'model'}"]

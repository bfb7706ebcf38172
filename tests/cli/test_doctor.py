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


def test_a_catalogue_of_another_embedder_and_its_events(
    outfitter: Outfitter, toy_models: ToyModels, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "log.csv").write_text("user,product,time\nann,top-red,1780000000\n")
    outfitter("events", "import", tmp_path / "log.csv", "--events", tmp_path / "events.db")
    whole = outfitter("doctor", "--catalogue", shop, "--model", toy_models.embedder, "--events", tmp_path / "events.db")
    assert whole.code == 0, whole.err
    assert "1 events of 1 users" in whole.err
    other = outfitter("doctor", "--catalogue", shop, "--events", tmp_path / "gone.db")
    bad = {row["part"]: row["fix"] for row in other.rows if not row["ok"]}
    assert "No embedder here is toy-embedder" in bad[f"catalogue {shop}"]
    assert "there is no such file" in bad["events"]

"""``outfitter doctor`` tells a sound installation from one with a damaged model or catalogue."""

from __future__ import annotations

import errno
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

from outfitter.artifact import MODEL_FILE
from outfitter.service.auth import Keys
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


def test_a_services_folder(outfitter: Outfitter, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    whole = outfitter("doctor", "--state", tmp_path)
    assert whole.code == 0, whole.err
    Keys.open(tmp_path)
    keys.chmod(0o644)
    seen = {row["part"]: row for row in outfitter("doctor", "--state", tmp_path).rows}
    assert seen["keys"]["fix"] == f"Others can read them. Run: chmod 600 {keys}"
    assert "can be written" in seen[f"state {tmp_path}"]["state"]
    keys.write_text("{")
    (tmp_path / "events.db").write_bytes(b"no database")
    bad = {row["part"]: row["fix"] for row in outfitter("doctor", "--state", tmp_path).rows if not row["ok"]}
    assert set(bad) == {"keys", "events"}
    assert "is damaged" in bad["keys"]
    gone = outfitter("doctor", "--state", tmp_path / "none")
    assert gone.code == 1
    assert "there is no such folder" in gone.err


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.EROFS, "is on a read-only disk"), (errno.EACCES, "cannot be written: Permission denied")],
)
def test_a_disk_that_cannot_be_written(
    outfitter: Outfitter, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    rows = {row["part"]: row for row in outfitter("doctor", "--state", tmp_path, "--catalogue", shop).rows}
    assert told in rows[f"state {tmp_path}"]["fix"]
    assert rows[f"disk of {shop}"]["ok"]  # it can be served
    assert told in rows[f"disk of {shop}"]["state"]


def test_little_space(outfitter: Outfitter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**8))
    rows = {row["part"]: row for row in outfitter("doctor", "--state", tmp_path).rows}
    for part in ("disk", f"state {tmp_path}"):
        assert (rows[part]["state"], rows[part]["ok"]) == ("0.1 GB free", False)
        assert "little space left" in rows[part]["fix"]


def test_versions_that_are_not_those_needed(outfitter: Outfitter, monkeypatch: pytest.MonkeyPatch) -> None:
    known = version
    versions = {"numpy": "1.26.4", "torch": "2.11.0"}
    monkeypatch.setattr("outfitter.cli.installed.version", lambda name: versions.get(name, known(name)))
    done = outfitter("doctor")
    assert done.code == 1
    rows = {row["part"]: row for row in done.rows}
    assert "numpy is 1.26.4; need >=2.0" in rows["packages"]["state"]
    assert rows["packages"]["fix"] == "Run: pip install --upgrade 'outfitter'"
    assert f"torchvision {known('torchvision')} needs torch" in rows["extra learn"]["state"]
    assert "and 2.11.0 is installed" in rows["extra learn"]["state"]
    assert rows["extra learn"]["fix"] == "Run: pip install --upgrade 'outfitter[learn]'"


def test_what_is_damaged_is_named_with_the_remedy(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path) -> None:
    shutil.copytree(toy_models.detector, tmp_path / "model")
    with (tmp_path / "model" / MODEL_FILE).open("ab") as file:
        file.write(b"x")
    done = outfitter("doctor", "--model", tmp_path / "model", "--catalogue", tmp_path / "none")
    assert done.code == 1
    bad = {row["part"]: row["fix"] for row in done.rows if not row["ok"]}
    assert set(bad) == {f"model {tmp_path / 'model'}", f"catalogue {tmp_path / 'none'}"}
    assert "is damaged" in bad[f"model {tmp_path / 'model'}"]


def test_a_manifest_that_is_no_text(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path) -> None:
    shutil.copytree(toy_models.detector, tmp_path / "model")
    (tmp_path / "model" / "manifest.json").write_bytes(b'{"name": "\xff"}')
    done = outfitter("doctor", "--model", tmp_path / "model")
    assert done.code == 1
    bad = {row["part"]: row["fix"] for row in done.rows if not row["ok"]}
    assert "manifest.json: cannot be read" in bad[f"model {tmp_path / 'model'}"]


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

"""``outfitter export``: options that do not fit are refused before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from outfitter.artifact import DetectorInput
from outfitter.cli.export import at_area
from outfitter.errors import ConfigError
from tests.cli.conftest import Outfitter


def test_another_area() -> None:
    trained = DetectorInput(area=124416, multiple_of=32)
    assert at_area(trained, 118784).size_for((2, 3)) == (288, 416)
    with pytest.raises(ConfigError, match="this one has a fixed size"):
        at_area(DetectorInput(fixed_wh=(300, 300)), 9000)
    with pytest.raises(ConfigError, match="this one has sides"):
        at_area(DetectorInput(short_side=600, long_side=1024), 9000)


def test_a_drop_is_for_int8(outfitter: Outfitter, tmp_path: Path) -> None:
    done = outfitter("export", tmp_path, "--on", tmp_path, "--out", tmp_path / "out", "--max-drop", 0.1)
    assert done.code == 2
    assert "--max-drop is for int8; fp16 must not lose more than 0.005" in done.err


def test_alarms_are_a_share_of_given_photos(outfitter: Outfitter, tmp_path: Path) -> None:
    done = outfitter("export", tmp_path, "--on", tmp_path, "--out", tmp_path / "out", "--max-alarms", 0.05)
    assert done.code == 2
    assert "--max-alarms is a share of photos without a garment. Name their folder with --empty." in done.err


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--area", "9000", "an embedder's crops have the side"),
        ("--empty", ".", "an embedder has no threshold"),
        ("--also", ".", "an embedder is exported as"),
    ],
)
def test_what_only_detectors_have(outfitter: Outfitter, tmp_path: Path, option: str, value: str, why: str) -> None:
    (tmp_path / "run.json").write_text('{"kind": "embedder"}')
    for run in ("efficientnet-lite2", tmp_path):
        done = outfitter("export", run, "--on", tmp_path, "--out", tmp_path / "out", option, value)
        assert done.code == 2
        assert f"{option} is for detectors; {why}" in done.err


def test_a_frozen_embedder_needs_a_card(outfitter: Outfitter, tmp_path: Path) -> None:
    done = outfitter("export", "efficientnet-lite2", "--on", tmp_path, "--out", tmp_path / "out")
    assert done.code == 2

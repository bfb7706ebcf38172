from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Outfitter
from tests.conftest import ToyModels
from tests.processes import interruptible


def test_one_line_a_photo_in_input_order(outfitter: Outfitter, toy_models: ToyModels, photos: Path) -> None:
    run = outfitter(
        "detect", photos / "plain.png", photos / "both.jpg", photos / "red.png", "--model", toy_models.detector
    )
    assert run.code == 0
    assert run.err == ""
    plain, both, red = run.rows
    assert plain == {"photo": str(photos / "plain.png"), "size_wh": [200, 300], "detections": []}
    assert both["size_wh"] == [300, 500]
    assert [one["label"] for one in both["detections"]] == ["top", "bottom"]
    (top,) = red["detections"]
    assert top["box_xyxy"] == pytest.approx([100, 60, 220, 200], abs=1.5)
    assert top["score"] == 0.9


def test_a_folder_is_its_photos_and_failures_do_not_stop_the_rest(
    outfitter: Outfitter, toy_models: ToyModels, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    run = outfitter(
        "detect", tmp_path / "empty", tmp_path / "broken.jpg", photos, "gone.png", "--model", toy_models.detector
    )
    assert run.code == 1
    assert run.err == "3 of 7 photos failed; their lines say why.\n"
    assert [Path(row["photo"]).name for row in run.rows] == [
        "empty",
        "broken.jpg",
        "both.jpg",
        "plain.png",
        "red.png",
        "red.png",
        "gone.png",
    ]
    assert [row.get("error", {}).get("type") for row in run.rows] == [
        "PhotoError",
        "PhotoError",
        *[None] * 4,
        "PhotoError",
    ]
    assert "no such file" in run.rows[-1]["error"]["message"]


def test_an_object_without_the_extra_for_it_fails_alone(
    outfitter: Outfitter, toy_models: ToyModels, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    run = outfitter("detect", "s3://bucket/a.jpg", photos / "red.png", "--model", toy_models.detector)
    assert run.code == 1
    assert "Run: pip install 'outfitter[s3]'" in run.rows[0]["error"]["message"]
    assert len(run.rows[1]["detections"]) == 1


def test_standard_input(outfitter_process: Outfitter, toy_models: ToyModels, photos: Path) -> None:
    run = outfitter_process("detect", "-", "--model", toy_models.detector, stdin=(photos / "red.png").read_bytes())
    assert run.code == 0, run.err
    assert run.rows[0]["photo"] == "-"
    assert run.rows[0]["detections"][0]["label"] == "top"
    empty = outfitter_process("detect", "-", "--model", toy_models.detector)
    assert empty.code == 1
    assert empty.rows[0]["error"]["type"] == "PhotoError"


def test_min_score_decides_what_is_printed(outfitter: Outfitter, toy_models: ToyModels, photos: Path) -> None:
    found = [
        outfitter("detect", photos / "red.png", "--model", toy_models.detector, "--min-score", score).rows[0][
            "detections"
        ]
        for score in (0.85, 0.95)
    ]
    assert [len(one) for one in found] == [1, 0]
    run = outfitter("detect", photos / "red.png", "--model", toy_models.detector, "--min-score", 1.5)
    assert run.code == 2
    assert "min_score is 1.5; need a number from 0 to 1" in run.err


def test_draw_and_crops_keep_photos_of_one_name_apart(
    outfitter: Outfitter, toy_models: ToyModels, photos: Path, tmp_path: Path
) -> None:
    arguments = ("--model", toy_models.detector, "--draw", tmp_path / "drawn", "--crops", tmp_path / "cut")
    assert outfitter("detect", photos, *arguments).code == 0
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        "both.jpg",
        "plain.jpg",
        "red-2.jpg",
        "red.jpg",
    ]
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == [
        "both-0-top.jpg",
        "both-1-bottom.jpg",
        "red-0-top.jpg",
        "red-2-0-footwear.jpg",
    ]
    cut = np.asarray(Image.open(tmp_path / "cut" / "red-0-top.jpg"))
    assert cut.shape == pytest.approx((140, 121, 3), abs=2)
    assert np.abs(cut[20:120, 20:100].astype(int) - [200, 20, 30]).max() < 12
    drawn = np.asarray(Image.open(tmp_path / "drawn" / "red.jpg")).astype(int)
    assert drawn.shape == (480, 321, 3)
    untouched = np.asarray(Image.open(photos / "red.png")).astype(int)
    changed = np.abs(drawn - untouched).max(-1) > 90
    assert changed[60:200, 97:104].any(1).all(), "no line along the left edge of the box"
    assert not changed[260:].any(), "something is drawn where there is no garment"

    again = outfitter("detect", photos, *arguments)
    assert again.code == 2
    assert "is not empty, and nothing is overwritten" in again.err


@pytest.mark.parametrize(
    ("label", "name"),
    [("bottom/shirt", "bottom_shirt"), ("../../out", ".._.._out"), ("..", ".."), ("Hüte & co", "Hüte___co")],
)
def test_a_class_may_be_called_anything(
    outfitter: Outfitter, toy_models: ToyModels, photos: Path, tmp_path: Path, label: str, name: str
) -> None:
    shutil.copytree(toy_models.detector, tmp_path / "model")
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    manifest["class_names"][0] = label
    (tmp_path / "model" / "manifest.json").write_text(json.dumps(manifest))
    run = outfitter(
        "detect", photos / "red.png", "--model", tmp_path / "model", "--crops", tmp_path / "a" / "b" / "cut"
    )
    assert run.code == 0, run.err
    assert run.rows[0]["detections"][0]["label"] == label
    written = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert written == [Path(f"b/cut/red-0-{name}.jpg")]


def test_a_reader_that_has_seen_enough_ends_it_quietly(toy_models: ToyModels, photos: Path) -> None:
    command = [sys.executable, "-m", "outfitter.cli", "detect", *[str(photos / "red.png")] * 300]
    command += ["--model", str(toy_models.detector)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"photo"')
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_ctrl_c_stops_between_lines_and_says_so(toy_models: ToyModels, photos: Path) -> None:
    command = [sys.executable, "-m", "outfitter.cli", "detect", *[str(photos / "both.jpg")] * 4000]
    command += ["--model", str(toy_models.detector)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=interruptible) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith('{"photo"')
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - started < 10
    assert err == "Stopped. What was printed so far is complete.\n"
    assert out.endswith("}\n") or out == ""

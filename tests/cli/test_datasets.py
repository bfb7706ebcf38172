"""``outfitter datasets`` from end to end, on small trees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from outfitter.datasets import READERS, load
from tests.cli.conftest import Outfitter
from tests.datasets.sources import coco, deepfashion, write_photo, write_text


@pytest.fixture
def prepared(outfitter: Outfitter, tmp_path: Path) -> Path:
    source = coco(tmp_path / "src")
    run = outfitter("datasets", "prepare", source, "--format", "coco", "--out", tmp_path / "set", "--workers", 1)
    assert run.code == 0, run.err
    return tmp_path / "set"


def test_the_originals_preparation(outfitter: Outfitter, tmp_path: Path) -> None:
    source = deepfashion(tmp_path / "df")
    arguments = ("--format", "deepfashion", "--categories", "broad", "--crop", "0.05,0.20", "--seed", 3, "--workers", 1)
    run = outfitter("datasets", "prepare", source, *arguments, "--out", tmp_path / "out")
    assert run.code == 0, run.err
    (row,) = run.rows
    assert row["splits"]["train"] == {"photos": 2, "boxes": 2, "classes": {"top": 1, "bottom": 0, "long": 1}}
    assert row["dropped"] == {}
    assert "train: 2 photos, 2 boxes: top 1, long 1" in run.err
    assert [example.split for example in load(tmp_path / "out").examples] == [
        "train",
        "train",
        "val",
        "val",
        "test",
        "test",
    ]


def test_what_is_dropped_is_said(outfitter: Outfitter, tmp_path: Path) -> None:
    source = coco(tmp_path / "src")
    (source / "train" / "a_01.jpg").unlink()
    run = outfitter("datasets", "prepare", source, "--format", "coco", "--out", tmp_path / "set", "--workers", 1)
    assert run.code == 0
    assert run.rows[0]["dropped"] == {"missing image": 1}
    assert f"Dropped: 1 × missing image; each is in {tmp_path / 'set' / 'dropped.jsonl'}" in run.err


def test_gated_data_sets_say_where_to_apply(outfitter: Outfitter, tmp_path: Path) -> None:
    run = outfitter("datasets", "prepare", tmp_path, "--format", "deepfashion", "--out", tmp_path / "out")
    assert run.code == 2
    assert "Apply at http://mmlab.ie.cuhk.edu.hk" in run.err
    assert "non-commercial" in run.err


@pytest.mark.parametrize("crop", ["0.05", "a,b", "0.2,0.05"])
def test_a_wrong_crop_exits_2(crop: str, outfitter: Outfitter, tmp_path: Path) -> None:
    run = outfitter("datasets", "prepare", tmp_path, "--format", "csv", "--out", tmp_path / "out", "--crop", crop)
    assert run.code == 2
    assert "crop" in run.err
    assert run.out == ""


def test_check_exits_0_and_1(prepared: Path, outfitter: Outfitter) -> None:
    run = outfitter("datasets", "check", prepared, "--workers", 1)
    assert run.code == 0
    assert [row.get("kind") for row in run.rows] == ["photo without boxes", None]
    assert run.rows[-1] == {"dataset": str(prepared), "photos": 4, "boxes": 5, "problems": {"photo without boxes": 1}}
    assert "nothing harms training, 1 remarks" in run.err

    content = json.loads((prepared / "train.json").read_text())
    content["annotations"][1]["bbox"] = [40, 10, 0, 80]
    (prepared / "train.json").write_text(json.dumps(content))
    run = outfitter("datasets", "check", prepared, "--workers", 1, "--quick")
    assert run.code == 1
    assert (run.rows[0]["kind"], run.rows[0]["harm"], run.rows[0]["box"]) == ("zero-area box", True, 1)
    assert run.rows[0]["file"].endswith("a_01.jpg")
    assert "1 × zero-area box: Draw it again or delete it" in run.err
    assert "1 problems harm training" in run.err


def test_check_of_a_source_that_is_not_prepared(outfitter: Outfitter, tmp_path: Path) -> None:
    run = outfitter("datasets", "check", coco(tmp_path / "src"), "--format", "coco", "--workers", 1)
    assert run.code == 0
    assert run.rows[-1]["photos"] == 4


def test_split_merge_and_remap(prepared: Path, outfitter: Outfitter, tmp_path: Path) -> None:
    run = outfitter("datasets", "split", prepared, "--out", tmp_path / "split", "--val", 0.25, "--test", 0.25)
    assert {split: found["photos"] for split, found in run.rows[0]["splits"].items()} == {
        "train": 2,
        "val": 1,
        "test": 1,
    }

    mapping = write_text(tmp_path / "m.yaml", "top: shirt\nlong: null\nbottom: trousers\n")
    run = outfitter("datasets", "remap", prepared, mapping, "--out", tmp_path / "renamed")
    assert run.rows[0]["splits"]["train"]["classes"] == {"shirt": 1, "trousers": 1}

    run = outfitter("datasets", "merge", prepared, tmp_path / "renamed", "--out", tmp_path / "merged")
    assert run.code == 2
    assert "would be there twice" in run.err


def test_what_remap_drops_is_said(outfitter: Outfitter, tmp_path: Path) -> None:
    write_photo(tmp_path / "src" / "p.jpg", (61, 97))
    rows = "image,x1,y1,x2,y2,label,split\np.jpg,1,2,30,40,shirt,train\np.jpg,1,2,30,40,jacket,train\n"
    source = write_text(tmp_path / "src" / "boxes.csv", rows)
    outfitter("datasets", "prepare", source, "--format", "csv", "--out", tmp_path / "set", "--workers", 1)
    mapping = write_text(tmp_path / "m.yaml", "shirt: top\njacket: top\n")
    run = outfitter("datasets", "remap", tmp_path / "set", mapping, "--out", tmp_path / "renamed")
    assert run.rows[0]["dropped"] == {"duplicate box": 1}
    assert f"Dropped: 1 × duplicate box; each is in {tmp_path / 'renamed' / 'dropped.jsonl'}" in run.err


def test_crops_stay_crops_when_they_are_evaluated(outfitter: Outfitter, tmp_path: Path) -> None:
    """The protocol is that of the data set, whatever verbs it went through."""
    source = deepfashion(tmp_path / "df")
    arguments = ("--format", "deepfashion", "--categories", "broad", "--crop", "0.05,0.20", "--workers", 1)
    outfitter("datasets", "prepare", source, *arguments, "--out", tmp_path / "crops")
    mapping = write_text(tmp_path / "m.yaml", "top: upper\nbottom: lower\nlong: whole\n")
    outfitter("datasets", "remap", tmp_path / "crops", mapping, "--out", tmp_path / "renamed")
    outfitter("datasets", "convert", tmp_path / "renamed", "--to", "coco", "--out", tmp_path / "moved", "--workers", 1)
    predictions = write_text(tmp_path / "none.json", "[]")
    for split, protocol in (("val", "seed-crop"), ("test", "photo")):
        where = ("--on", tmp_path / "moved", "--split", split, "--out", tmp_path / split)
        run = outfitter("evaluate", predictions, *where, "--resamples", 100)
        assert run.code == 0, run.err
        assert json.loads((tmp_path / split / "metrics.json").read_text())["protocol"] == protocol


def test_convert_draw_and_stats(prepared: Path, outfitter: Outfitter, tmp_path: Path) -> None:
    run = outfitter("datasets", "convert", prepared, "--to", "yolo", "--out", tmp_path / "yolo", "--workers", 1)
    assert run.rows == [{"folder": str(tmp_path / "yolo"), "format": "yolo", "photos": 4, "boxes_left_out": {}}]
    assert (tmp_path / "yolo" / "data.yaml").is_file()

    sheet = tmp_path / "sheet.png"
    run = outfitter("datasets", "draw", prepared, "--out", sheet, "--label", "top", "--count", 9)
    assert run.rows[0]["photos"] == ["a_01.jpg", "c_10.jpg"]
    with Image.open(sheet) as image:
        assert image.width > 600
    assert outfitter("datasets", "draw", prepared, "--out", sheet).code == 2
    assert (
        "'tops'; the classes are top, bottom, long; did you mean 'top'"
        in outfitter("datasets", "draw", prepared, "--out", tmp_path / "x.png", "--label", "tops").err
    )

    run = outfitter("datasets", "stats", prepared, "--picture", tmp_path / "stats.png")
    assert run.rows[0]["classes"]["bottom"]["boxes"] == 2
    assert "share of photo" in run.err
    assert (tmp_path / "stats.png").is_file()


def test_the_help_names_every_format(outfitter: Outfitter) -> None:
    from outfitter.cli.datasets import FORMATS

    assert set(FORMATS.replace(" or ", ", ").split(", ")) == set(READERS)
    assert outfitter("datasets", "prepare", "--help").code == 0


def test_processes_and_progress_work_from_a_real_command_line(outfitter_process: Outfitter, tmp_path: Path) -> None:
    source = deepfashion(tmp_path / "df")
    arguments = ("--format", "deepfashion", "--crop", "0.05,0.20", "--workers", 2, "--out", tmp_path / "out")
    run = outfitter_process("datasets", "prepare", source, *arguments)
    assert run.code == 0, run.err
    assert run.rows[0]["splits"]["val"]["photos"] == 2

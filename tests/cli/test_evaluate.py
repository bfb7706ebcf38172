"""``outfitter evaluate`` and ``compare`` on photos that the toy models understand."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from outfitter.datasets.coco import write
from outfitter.datasets.records import record_of
from outfitter.geometry import as_boxes
from outfitter.values import Annotations, Example
from tests.cli.conftest import Outfitter
from tests.conftest import ToyModels
from tests.toy import LABELS, picture

SIZE = (160, 240)
RGB = {"top": (210, 20, 30), "bottom": (20, 30, 200), "footwear": (10, 160, 20)}
CORNERS = {"top": (30, 20), "bottom": (40, 110), "footwear": (60, 190)}


def photo(file: Path, labels: tuple[str, ...], shift: int, split: str) -> Example:
    """A garment for each label, of its colour, a little elsewhere in each photo."""
    boxes = [
        (CORNERS[label][0] + shift, CORNERS[label][1], CORNERS[label][0] + 70, CORNERS[label][1] + 40)
        for label in labels
    ]
    picture(SIZE, **{label: (box, RGB[label]) for label, box in zip(labels, boxes, strict=True)}).save(file)
    return Example(file, file.name, Annotations(as_boxes(boxes), labels, SIZE), split)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 photos of one to three garments each in train, 12 in val; one of val shows a top that is not annotated."""
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "images").mkdir()
    for split in ("train", "val"):
        examples = [photo(folder / "images" / f"{split}-{n}.png", LABELS[: n % 3 + 1], n * 2, split) for n in range(12)]
        if split == "val":
            blank = Annotations(as_boxes([]), (), SIZE)
            extra = photo(folder / "images" / "val-false.png", ("top",), 5, split)
            examples.append(Example(extra.image, extra.name, blank, split))
        write(folder / f"{split}.json", [record_of(one) for one in examples], LABELS)
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in LABELS))
    return folder


def metrics(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "metrics.json").read_text()))


def test_a_model_folder(outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = outfitter("evaluate", toy_models.detector, "--on", dataset, "--out", out, "--resamples", 100)
    assert done.code == 0, done.err
    found = metrics(out)
    assert done.rows[0]["scores"] == found["scores"]
    assert (found["protocol"], found["samples"], found["items"]) == ("photo", 13, 24)
    assert found["data"] == f"{dataset.name} val"
    assert found["model"].startswith("toy-detector-")
    assert found["shown_from"] == 0.5
    assert found["scores"]["AP50/bottom"]["value"] == pytest.approx(1)
    assert found["baselines"]["constant box"]["AP50"] > 0
    assert found["mistakes"]["background"] == 1
    assert "mAP@0.5IOU" in done.err
    assert ">The worst photos</h2>" in (out / "report.html").read_text()
    assert not (out / "unfinished.json").exists()


def test_tensorboard_and_the_zip(outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = tmp_path / "out"
    outfitter("evaluate", toy_models.detector, "--on", dataset, "--out", out, "--resamples", 100)
    events = EventAccumulator(str(out / "tensorboard"), size_guidance={"images": 0})
    events.Reload()
    tag = "PascalBoxes_PerformanceByCategory/AP@0.5IOU/top"
    assert events.Scalars(tag)[0].value == pytest.approx(metrics(out)["scores"]["AP@0.5IOU/top"]["value"], abs=1e-6)
    image = events.Images("photos/val-false.png")[0]
    assert (image.width, image.height) == (2 * SIZE[0], SIZE[1])
    with zipfile.ZipFile(out / "eval_val.zip") as packed:
        assert packed.testzip() is None
        assert "eval_val/photos/val-false.png.jpg" in packed.namelist()
        assert any("tfevents" in name for name in packed.namelist())


def test_predictions_of_somebody_else(
    outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path
) -> None:
    """`detect`'s own lines, and the same as COCO's results, score as the model does."""
    first = outfitter("evaluate", toy_models.detector, "--on", dataset, "--out", tmp_path / "a", "--resamples", 100)
    lines = tmp_path / "a" / "predictions.jsonl"
    names = json.loads((dataset / "val.json").read_text())
    image_ids = {row["name"]: row["id"] for row in names["images"]}
    class_ids = {row["name"]: row["id"] for row in names["categories"]}
    results = []
    for row in map(json.loads, lines.read_text().splitlines()):
        for one in row["detections"]:
            x1, y1, x2, y2 = one["box_xyxy"]
            results.append(
                {
                    "image_id": image_ids[row["photo"]],
                    "category_id": class_ids[one["label"]],
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "score": one["score"],
                }
            )
    (tmp_path / "results.json").write_text(json.dumps(results))
    for file in (lines, tmp_path / "results.json"):
        again = outfitter("evaluate", file, "--on", dataset, "--out", tmp_path / file.stem, "--resamples", 100)
        assert again.code == 0, again.err
        assert again.rows[0]["scores"] == first.rows[0]["scores"]


def test_interrupted_it_goes_on(outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    command = ("evaluate", toy_models.detector, "--on", dataset, "--resamples", 100, "--out")
    outfitter(*command, whole)
    lines = (whole / "predictions.jsonl").read_text().splitlines(keepends=True)
    part = tmp_path / "part"
    part.mkdir()
    found = metrics(whole)
    stamp = {"model": found["model_hash"], "data": found["data_hash"], "split": "val"}
    (part / "unfinished.json").write_text(json.dumps(stamp))
    (part / "predictions.jsonl").write_text("".join(lines[:5]) + lines[5][:40])
    done = outfitter(*command, part)
    assert done.code == 0, done.err
    assert "5 of 13 photos were done already" in done.err
    assert (part / "metrics.json").read_text() == (whole / "metrics.json").read_text()
    assert (part / "predictions.jsonl").read_text() == (whole / "predictions.jsonl").read_text()


def test_it_overwrites_nothing(outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    done = outfitter("evaluate", toy_models.detector, "--on", dataset, "--out", tmp_path)
    assert done.code == 2
    assert "is not empty, and not an interrupted evaluation of this model and data" in done.err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_classes_that_do_not_match(outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path) -> None:
    command = ("evaluate", toy_models.detector, "--on", tmp_path / "two", "--resamples", 100)
    content = json.loads((dataset / "val.json").read_text())
    kept = {row["id"]: row["name"] for row in content["categories"] if row["name"] != "footwear"}
    content["categories"] = [{"id": number, "name": name} for number, name in kept.items()]
    content["annotations"] = [row for row in content["annotations"] if row["category_id"] in kept]
    for row in content["images"]:
        row["file_name"] = str(dataset / row["file_name"])
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "val.json").write_text(json.dumps(content))
    done = outfitter(*command, "--out", tmp_path / "a")
    assert done.code == 2
    assert "the predictions hold labels 'footwear'; the classes are top, bottom" in done.err
    (tmp_path / "map.yaml").write_text("top: top\nbottom: bottom\nfootwear: null\n")
    done = outfitter(*command, "--out", tmp_path / "b", "--map", tmp_path / "map.yaml")
    assert done.code == 0, done.err
    assert "the baselines learn from what they are scored on" in done.err


def test_packshots(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for split in ("train", "val"):
        examples = [photo(tmp_path / "data" / f"{split}{n}.png", (LABELS[n % 3],), n, split) for n in range(6)]
        write(tmp_path / "data" / f"{split}.json", [record_of(one) for one in examples], LABELS)
    out = tmp_path / "out"
    done = outfitter(
        "evaluate",
        toy_models.detector,
        "--on",
        tmp_path / "data",
        "--out",
        out,
        "--protocol",
        "packshot",
        "--resamples",
        100,
    )
    assert done.code == 0, done.err
    assert metrics(out)["scores"]["rank-1"]["value"] == 1
    assert metrics(out)["baselines"]["majority class"]["rank-1"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--protocol", "photos"],
            "choose from photo, seed-crop, packshot, retrieval, end-to-end, ranking; did you mean 'photo'",
        ),
        (
            ["--protocol", "retrieval"],
            "--on does not go with --protocol retrieval; it is for photo, seed-crop, packshot",
        ),
        (["--events", "e.csv"], "--events does not go with a data set; it is for ranking"),
        (["--repeats"], "--repeats does not go with a data set; it is for ranking"),
        (["--split", "test"], "its split 'test' is empty"),
        (["--split", "dev"], "unknown split 'dev'"),
    ],
)
def test_bad_usage(
    outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    done = outfitter("evaluate", toy_models.detector, "--on", dataset, "--out", tmp_path / "out", *options)
    assert done.code == 2
    assert message in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "need --on DATASET to score a detector, or the --protocol of something else"),
        (["--protocol", "packshot"], "--protocol packshot needs --on"),
        (["--protocol", "retrieval"], "--protocol retrieval needs --queries"),
        (["--protocol", "end-to-end"], "--protocol end-to-end needs --queries and --catalogue"),
        (["--protocol", "ranking"], "--protocol ranking needs --events"),
    ],
)
def test_what_a_protocol_needs(outfitter: Outfitter, tmp_path: Path, options: list[str], message: str) -> None:
    done = outfitter("evaluate", "shipped", "--out", tmp_path / "out", *options)
    assert done.code == 2
    assert message in done.err


def test_something_that_is_no_model(outfitter: Outfitter, dataset: Path, tmp_path: Path) -> None:
    done = outfitter("evaluate", tmp_path, "--on", dataset, "--out", tmp_path / "out")
    assert done.code == 2
    assert "neither a model folder (with manifest.json), a training run" in done.err


def test_compare(outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path) -> None:
    """The model beside itself without footwear: that class is really worse, the others are not."""
    for name in ("good", "bad"):
        model = toy_models.detector if name == "good" else tmp_path / "fewer.jsonl"
        done = outfitter("evaluate", model, "--on", dataset, "--out", tmp_path / name, "--resamples", 100)
        assert done.code == 0, done.err
        rows = map(json.loads, (tmp_path / "good" / "predictions.jsonl").read_text().splitlines())
        fewer = [
            {**row, "detections": [one for one in row["detections"] if one["label"] != "footwear"]} for row in rows
        ]
        (tmp_path / "fewer.jsonl").write_text("".join(json.dumps(row) + "\n" for row in fewer))
    done = outfitter("compare", tmp_path / "good", tmp_path / "bad", tmp_path / "good", "--resamples", 200)
    assert done.code == 0, done.err
    found = {(row["b"]["result"].rsplit("/", 1)[1], row["score"]): row for row in done.rows}
    worse = found["bad", "AP50/footwear"]
    assert (worse["a"]["value"], worse["b"]["value"], worse["real"]) == (1.0, 0.0, True)
    assert worse["high"] < 0
    assert not found["bad", "AP50/bottom"]["real"]
    assert not any(row["real"] for (name, _), row in found.items() if name == "good")
    assert "differences are real at 95 %" in done.err


def test_compare_refuses(outfitter: Outfitter, toy_models: ToyModels, dataset: Path, tmp_path: Path) -> None:
    for split in ("val", "train"):
        outfitter(
            "evaluate",
            toy_models.detector,
            "--on",
            dataset,
            "--split",
            split,
            "--out",
            tmp_path / split,
            "--resamples",
            100,
        )
    done = outfitter("compare", tmp_path / "val", tmp_path / "train")
    assert done.code == 2
    assert "was scored on other data" in done.err
    assert outfitter("compare", tmp_path / "val").code == 2
    done = outfitter("compare", tmp_path / "val", tmp_path)
    assert "holds no metrics.json" in done.err


def test_a_bad_file_of_predictions_leaves_no_folder(outfitter: Outfitter, dataset: Path, tmp_path: Path) -> None:
    """So that the same command works once it is mended; a box of half a pixel is drawn, not a crash."""
    names = [row["name"] for row in json.loads((dataset / "val.json").read_text())["images"]]
    tiny = {"box_xyxy": [5, 5, 5.4, 5.4], "label": "top", "score": 0.9}
    rows = [{"photo": name, "detections": [tiny]} for name in names]
    file, command = tmp_path / "p.jsonl", ("--on", dataset, "--resamples", 100, "--out", tmp_path / "out")
    for bad, message in (
        (rows[1:], "1 of 13 photos have no predictions"),
        ([{**row, "detections": [{**tiny, "label": "Top"}]} for row in rows], "hold labels 'Top'; the classes are"),
        ([{**row, "detections": [{**tiny, "score": float("nan")}]} for row in rows], "the score is nan"),
    ):
        file.write_text("".join(json.dumps(row) + "\n" for row in bad))
        done = outfitter("evaluate", file, *command)
        assert (done.code, (tmp_path / "out").exists()) == (2, False)
        assert message in done.err
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = outfitter("evaluate", file, *command)
    assert done.code == 0, done.err
    assert metrics(tmp_path / "out")["scores"]["AP50"]["value"] == 0
    assert "the best detection is the same on all photos" in done.err


def test_photos_that_are_gone_are_scored_and_not_drawn(outfitter: Outfitter, dataset: Path, tmp_path: Path) -> None:
    content = json.loads((dataset / "val.json").read_text())
    for row in content["images"]:
        row["file_name"] = "gone/" + row["file_name"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "val.json").write_text(json.dumps(content))
    (tmp_path / "p.json").write_text("[]")
    done = outfitter("evaluate", tmp_path / "p.json", "--on", tmp_path / "data", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "gone" in done.err
    assert "there is not one detection" in done.err
    assert metrics(tmp_path / "out")["mistakes"]["missed"] == 24


def test_packshots_that_are_gone_are_scored_and_not_drawn(outfitter: Outfitter, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    one = photo(tmp_path / "data" / "shot.png", ("top",), 0, "val")
    write(tmp_path / "data" / "val.json", [record_of(one)], LABELS)
    one.image.unlink()
    (tmp_path / "p.json").write_text("[]")
    command = ("--on", tmp_path / "data", "--protocol", "packshot", "--resamples", 100, "--out", tmp_path / "out")
    done = outfitter("evaluate", tmp_path / "p.json", *command)
    assert done.code == 0, done.err
    assert "shot.png" in done.err
    assert metrics(tmp_path / "out")["scores"]["rank-1"]["value"] == 0

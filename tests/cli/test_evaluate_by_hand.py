"""``outfitter evaluate`` and ``compare`` on data sets that somebody else's program wrote."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.cli.conftest import Outfitter
from tests.cli.test_evaluate import RGB, SIZE, metrics
from tests.toy import LABELS, picture


def folder_of(
    folder: Path, images: list[dict[str, Any]], boxes: list[tuple[int, str, list[int]]], first_class: int = 1
) -> Path:
    """A data set: its photos' rows; image id, class and [x, y, width, height] of each box."""
    folder.mkdir()
    ids = {name: number for number, name in enumerate(LABELS, first_class)}
    rows = [{"image_id": image, "category_id": ids[name], "bbox": box} for image, name, box in boxes]
    content = {
        "images": images,
        "annotations": rows,
        "categories": [{"id": n, "name": name} for name, n in ids.items()],
    }
    (folder / "val.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("protocol", ["photo", "packshot"])
def test_thumbnails_beside_a_truth_for_whole_photos(outfitter: Outfitter, tmp_path: Path, protocol: str) -> None:
    """Scores are by the truth's pixels, drawings by shares of the photo."""
    images = [{"id": n, "file_name": f"{n}.png", "width": 1600, "height": 2400} for n in (1, 2)]
    data = folder_of(tmp_path / "data", images, [(n, "top", [300, 200, 700, 400]) for n in (1, 2)])
    for number in (1, 2):
        picture(SIZE, top=((30, 20, 100, 60), RGB["top"])).save(data / f"{number}.png")
    found = [{"image_id": n, "category_id": 1, "bbox": [1400, 2200, 200, 200], "score": 0.9} for n in (1, 2)]
    (tmp_path / "p.json").write_text(json.dumps(found))
    command = ("--on", data, "--protocol", protocol, "--resamples", 100, "--out", tmp_path / "out")
    done = outfitter("evaluate", tmp_path / "p.json", *command)
    assert done.code == 0, done.err
    with zipfile.ZipFile(tmp_path / "out" / "eval_val.zip") as packed, packed.open("eval_val/photos/1.png.jpg") as file:
        drawn = np.asarray(Image.open(file))
    left, right = (changed(half) for half in np.split(drawn, [SIZE[0]], axis=1))
    assert left[left[:, 0] > 20].min(0).tolist() == pytest.approx([21, 30], abs=4)  # its label is above
    assert left.max(0).tolist() == pytest.approx([60, 100], abs=4)
    assert right[right[:, 0] > 70, 0].min() > 190  # of the label; above, JPEG blurs the garment's corners
    assert right.max(0).tolist() == pytest.approx([239, 159], abs=1)
    if protocol == "packshot":
        page = (tmp_path / "out" / "report.html").read_text()
        first = base64.b64decode(page.partition("data:image/jpeg;base64,")[2].partition('"')[0])
        there = changed(np.asarray(Image.open(io.BytesIO(first))))
        assert there.max(0).tolist() == pytest.approx([60 * 200 / 240, 100 * 200 / 240], abs=4)


def changed(drawn: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N, 2): y and x of pixels that are not those of the photo with a top, whatever its size."""
    plain = picture(SIZE, top=((30, 20, 100, 60), RGB["top"])).resize((drawn.shape[1], drawn.shape[0]))
    return np.argwhere(np.abs(drawn.astype(int) - np.asarray(plain)).max(2) > 60)


def test_photos_are_packed_under_names_of_their_own(outfitter: Outfitter, tmp_path: Path) -> None:
    names = ["x/1.png", "x-1.png", "x__1.png"]
    images = [{"id": n, "file_name": name, "width": 160, "height": 240} for n, name in enumerate(names)]
    data = folder_of(tmp_path / "data", images, [(n, "top", [30, 20, 70, 40]) for n in range(3)])
    (data / "x").mkdir()
    for name in names:
        picture(SIZE, top=((30, 20, 100, 60), RGB["top"])).save(data / name)
    (tmp_path / "p.json").write_text("[]")
    done = outfitter("evaluate", tmp_path / "p.json", "--on", data, "--resamples", 100, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    with zipfile.ZipFile(tmp_path / "out" / "eval_val.zip") as packed:
        photos = [name for name in packed.namelist() if "/photos/" in name]
    assert len(set(photos)) == 3
    assert "eval_val/photos/x-1.png.jpg" in photos


def test_a_truth_made_by_hand(outfitter: Outfitter, tmp_path: Path) -> None:
    """Names that are null, ids that are large; categories may be named in another split's file alone."""
    images = [{"id": 2**40, "file_name": "a.png", "name": None, "width": 160, "height": 240}]
    data = folder_of(tmp_path / "data", images, [(2**40, "bottom", [30, 20, 70, 40])], 2**31)
    row = {"image_id": 2**40, "category_id": 2**31 + 1, "bbox": [30, 20, 70, 40], "score": 0.9}
    (tmp_path / "p.json").write_text(json.dumps([row]))
    done = outfitter("evaluate", tmp_path / "p.json", "--on", data, "--resamples", 100, "--out", tmp_path / "a")
    assert done.code == 0, done.err
    assert metrics(tmp_path / "a")["scores"]["AP50/bottom"] == {"value": 1, "low": None, "high": None}
    (data / "val.json").rename(data / "train.json")
    (data / "val.json").write_text(json.dumps({"images": [{**images[0], "file_name": "b.png"}]}))
    done = outfitter("evaluate", tmp_path / "p.json", "--on", data, "--resamples", 100, "--out", tmp_path / "b")
    assert done.code == 2
    assert "p.json: entry 0: category_id is 2147483649; the classes are none" in done.err


def test_ties_go_by_image_id(outfitter: Outfitter, tmp_path: Path) -> None:
    """As in pycocotools, in whatever order the file names the photos; and the results can be compared."""
    found = {}
    for order in ("first", "last"):
        images = [{"id": n, "file_name": f"{9 - n}.png", "width": 160, "height": 240} for n in range(9)]
        boxes = [(n, "top", [30, 20, 70, 40]) for n in range(9)]
        data = folder_of(tmp_path / order, images if order == "first" else images[::-1], boxes)
        rows = [{"image_id": n, "category_id": 1, "bbox": box, "score": 0.5} for n, _, box in boxes[:4]]
        rows += [{"image_id": n, "category_id": 1, "bbox": [0, 99, 9, 9], "score": 0.5} for n in range(4, 9)]
        (tmp_path / "p.json").write_text(json.dumps(rows))
        out = tmp_path / f"{order}-out"
        done = outfitter("evaluate", tmp_path / "p.json", "--on", data, "--resamples", 100, "--out", out)
        assert done.code == 0, done.err
        found[order] = metrics(out)["scores"]
    assert found["first"] == found["last"]
    assert found["first"]["AP50/top"]["value"] == pytest.approx(45 / 101, abs=1e-6)  # the right four rank first
    done = outfitter("compare", tmp_path / "first-out", tmp_path / "last-out", "--resamples", 100)
    assert done.code == 0, done.err
    assert all(row["difference"] == 0 for row in done.rows)


def test_no_difference_is_real_on_one_photo(outfitter: Outfitter, tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.png", "width": 160, "height": 240}]
    data = folder_of(tmp_path / "data", images, [(1, "top", [30, 20, 70, 40])])
    right = {"image_id": 1, "category_id": 1, "bbox": [30, 20, 70, 40], "score": 0.9}
    for name, rows in (("good", [right]), ("bad", [])):
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
        out = tmp_path / name
        done = outfitter("evaluate", tmp_path / f"{name}.json", "--on", data, "--resamples", 100, "--out", out)
        assert done.code == 0, done.err
    done = outfitter("compare", tmp_path / "good", tmp_path / "bad", "--resamples", 100)
    assert done.code == 0, done.err
    ap50 = next(row for row in done.rows if row["score"] == "AP50")
    assert (ap50["difference"], ap50["low"], ap50["p"], ap50["real"]) == (-1, None, None, False)
    assert "0 of 0 differences are real" in done.err
    assert "nan" not in done.err

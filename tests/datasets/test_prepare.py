from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from outfitter.datasets import Dataset, Prepared, PrepareOptions, load, prepare
from outfitter.datasets.seed_crop import LazyPhoto, crop_window, is_whole
from outfitter.errors import ConfigError, DatasetError
from outfitter.photo import load_photo
from tests.datasets.sources import TRUTH, write_photo, write_text
from tests.datasets.sources import coco as coco_folder
from tests.datasets.sources import csv as csv_folder

SEED_CROP: dict[str, Any] = {"format": "deepfashion", "categories": "broad", "crop": (0.05, 0.20), "seed": 7}


def run(source: Path, out: Path, workers: int = 1, **options: Any) -> Prepared:
    return prepare(source, out, PrepareOptions(**options), workers=workers)


def shown(data: Dataset) -> list[tuple[object, ...]]:
    return [
        (e.name, e.split, e.annotations.size_wh, e.annotations.boxes_xyxy.tolist(), e.annotations.labels)
        for e in data.examples
    ]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def many(root: Path, number: int = 14) -> Path:
    """A DeepFashion tree of `number` photos, 300 × 240 to 320 × 266, boxes well inside, in turns train, val, test."""
    rows = []
    for i in range(number):
        write_photo(root / "Img" / "img" / "Some_Dress" / f"img_{i:08d}.jpg", (300 + i, 240 + 2 * i), i)
        rows.append((f"img/Some_Dress/img_{i:08d}.jpg", ("train", "val", "test")[i % 3], (60, 50 + i, 230, 190)))
    files = {
        "Anno/list_category_cloth.txt": ("category_name category_type", ["Dress 3"]),
        "Anno/list_category_img.txt": ("image_name category_label", [f"{name} 1" for name, *_ in rows]),
        "Anno/list_bbox.txt": ("image_name x_1 y_1 x_2 y_2", [f"{n} {' '.join(map(str, b))}" for n, _, b in rows]),
        "Eval/list_eval_partition.txt": ("image_name evaluation_status", [f"{n} {split}" for n, split, _ in rows]),
    }
    for file, (header, lines) in files.items():
        write_text(root / file, "\n".join([str(len(lines)), header, *lines, ""]))
    return root


# --- the original's crops


def test_train_and_val_are_cropped_with_the_originals_margins_and_test_is_not(tmp_path: Path) -> None:
    source = many(tmp_path / "df", 60)
    run(source, tmp_path / "out", **SEED_CROP)
    data = load(tmp_path / "out")
    assert data.class_names == ("top", "bottom", "long")
    shares = []
    for example in data.examples:
        number = int(example.name[-12:-4])
        (box,) = example.annotations.boxes_xyxy.tolist()
        w, h = box[2] - box[0], box[3] - box[1]
        assert (w, h) == (170, 140 - number)  # the garment itself is whole
        photo = load_photo(example.image)
        assert photo.size_wh == example.annotations.size_wh
        if example.split == "test":
            assert example.image == source / "Img" / example.name
            continue
        right, bottom = photo.size_wh[0] - box[2], photo.size_wh[1] - box[3]
        shares += [box[0] / w, box[1] / h, right / w, bottom / h]
        original = load_photo(source / "Img" / example.name).pixels
        left, top = 60 - int(box[0]), 50 + number - int(box[1])
        part = original[top : top + photo.size_wh[1], left : left + photo.size_wh[0]]
        assert np.abs(part.astype(int) - photo.pixels).mean() < 4  # JPEG's loss
    assert len(shares) == 160
    assert min(shares) >= 0.05 - 0.5 / 81  # margins are whole pixels
    assert max(shares) <= 0.20 + 0.5 / 81
    assert np.mean(shares) == pytest.approx(0.125, abs=0.012)
    assert np.std(shares) == pytest.approx(0.15 / 12**0.5, abs=0.008)


def test_a_seed_repeats_every_byte_for_any_number_of_workers(tmp_path: Path) -> None:
    source = many(tmp_path / "df", 40)  # more than one chunk
    for name, workers in (("one", 1), ("three", 3)):
        run(source, tmp_path / name / "out", workers=workers, **SEED_CROP)
    assert files(tmp_path / "one" / "out") == files(tmp_path / "three" / "out")
    run(source, tmp_path / "other", **{**SEED_CROP, "seed": 8})
    assert files(tmp_path / "one" / "out").keys() == files(tmp_path / "other").keys()
    assert shown(load(tmp_path / "one" / "out")) != shown(load(tmp_path / "other"))


def test_a_photos_crop_does_not_depend_on_the_others(tmp_path: Path) -> None:
    for number in (3, 9):
        run(many(tmp_path / f"df{number}", number), tmp_path / f"out{number}", **SEED_CROP)
    few, more = ({row[0]: row[2:] for row in shown(load(tmp_path / f"out{number}"))} for number in (3, 9))
    assert few == {name: more[name] for name in few}


def test_margins_are_cut_at_the_photos_edges() -> None:
    assert crop_window((5, 10, 105, 60), (0.2, 0.1, 0.05, 0.2), (120, 65)) == (0, 5, 110, 65)
    assert crop_window((20.5, 30.5, 60.5, 90.5), (0.05, 0.05, 0.05, 0.05), (200, 200)) == (18, 27, 63, 94)


def test_small_crops_and_extreme_boxes_are_dropped_and_counted(tmp_path: Path) -> None:
    boxes = {
        "small": (100, 100, 135, 180),  # at most 49 wide
        "fits": (100, 100, 160, 180),
        "thin": (0, 0, 20, 199),  # test: whole photo, 20/300 : 199/200
        "flat": (0, 90, 299, 100),
        "whole": (0, 0, 300, 200),
    }
    rows = ["image,x1,y1,x2,y2,label,split"]
    for seed, (name, box) in enumerate(boxes.items()):
        write_photo(tmp_path / "src" / f"{name}.jpg", (300, 200), seed)
        split = "train" if name in ("small", "fits") else "test"
        rows.append(f"{name}.jpg,{','.join(map(str, box))},top,{split}")
    write_text(tmp_path / "src" / "boxes.csv", "\n".join(rows))
    done = run(tmp_path / "src", tmp_path / "out", format="csv", crop=(0.05, 0.2))
    assert done.dropped == {"extreme aspect": 2, "crop too small": 1}
    assert [example.name for example in load(tmp_path / "out").examples] == ["fits.jpg", "whole.jpg"]
    lines = [json.loads(line) for line in (tmp_path / "out" / "dropped.jsonl").read_text().splitlines()]
    assert [(line["reason"], line["where"], line["box"]) for line in lines] == [
        ("crop too small", "small.jpg", 0),
        ("extreme aspect", "thin.jpg", 0),
        ("extreme aspect", "flat.jpg", 0),
    ]
    assert "boxes.csv: line 2" in lines[0]["detail"]


def test_each_garment_of_a_photo_becomes_its_own_crop(tmp_path: Path) -> None:
    write_photo(tmp_path / "src" / "p.jpg", (300, 200))
    rows = ["image,x1,y1,x2,y2,label,split", "p.jpg,10,10,100,90,top,train", "p.jpg,20,95,90,190,bottom,train"]
    write_text(tmp_path / "src" / "boxes.csv", "\n".join(rows))
    run(tmp_path / "src", tmp_path / "out", format="csv", crop=(0.05, 0.05))
    assert shown(load(tmp_path / "out")) == [
        ("p.jpg@0", "train", (98, 88), [[4, 4, 94, 84]], ("top",)),
        ("p.jpg@1", "train", (78, 105), [[4, 5, 74, 100]], ("bottom",)),
    ]
    assert (tmp_path / "out" / "images" / "train" / "p@1.jpg").is_file()


# --- whole photos


def test_without_crops_photos_keep_every_box_and_stay_where_they_are(tmp_path: Path) -> None:
    done = run(coco_folder(tmp_path / "src"), tmp_path / "out", format="coco")
    data = load(tmp_path / "out")
    assert [(e.image.stem, e.annotations.size_wh, e.split, e.annotations.labels) for e in data.examples] == [
        (t.stem, t.size_wh, t.split, t.labels) for t in TRUTH
    ]
    assert all(example.image.is_relative_to(tmp_path / "src") for example in data.examples)
    assert sorted(files(tmp_path / "out")) == [
        "classes.txt",
        "dataset.json",
        "dropped.jsonl",
        "test.json",
        "train.json",
        "val.json",
    ]
    assert done.counts["train"] == {"photos": 2, "boxes": 3, "classes": {"top": 1, "bottom": 1, "long": 1}}
    manifest = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert manifest["options"]["seed"] == 0
    assert manifest["splits"] == done.counts


def test_copied_pictures_let_the_folder_move(tmp_path: Path) -> None:
    source = coco_folder(tmp_path / "src")
    run(source, tmp_path / "out", format="coco", images="copy")
    before = {str(p.relative_to(source)): p.read_bytes() for p in source.rglob("*.jpg")}
    (tmp_path / "out").rename(tmp_path / "moved")
    for photo in source.rglob("*.jpg"):
        photo.unlink()
    data = load(tmp_path / "moved")
    assert {f"{e.split}/{e.image.name}": e.image.read_bytes() for e in data.examples} == before


def test_a_link_to_the_folder_finds_the_pictures(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    run(coco_folder(tmp_path / "src"), tmp_path / "deep" / "er" / "out", format="coco")
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er" / "out")
    assert all(example.image.is_file() for example in load(tmp_path / "link").examples)


def unsplit(root: Path, number: int) -> Path:
    """`number` photos in no split, a box each."""
    rows = ["image,x1,y1,x2,y2,label"]
    for i in range(number):
        write_photo(root / f"{i}.jpg", (60, 80), i)
        rows.append(f"{i}.jpg,1,2,30,{40 + i % 9},top")
    write_text(root / "boxes.csv", "\n".join(rows))
    return root


def test_a_source_without_splits_gets_them_in_blocks_of_neighbours(tmp_path: Path) -> None:
    source = unsplit(tmp_path / "src", 75)
    run(source, tmp_path / "out", format="csv", block=5, val=0.2, seed=3)
    data = load(tmp_path / "out")
    assert len(data.split("val")) == 15
    split_of = {int(example.image.stem): example.split for example in data.examples}
    assert all(len({split_of[i] for i in range(start, start + 5)}) == 1 for start in range(0, 75, 5))
    run(source, tmp_path / "again", format="csv", block=5, val=0.2, seed=3)
    assert shown(load(tmp_path / "again")) == shown(data)


def test_labels_are_mapped_and_null_drops_boxes_not_photos(tmp_path: Path) -> None:
    mapping = write_text(tmp_path / "m.yaml", "top: shirt\nbottom: null\nlong: dress\n")
    run(coco_folder(tmp_path / "src"), tmp_path / "out", format="coco", categories=str(mapping))
    data = load(tmp_path / "out")
    assert data.class_names == ("shirt", "dress")
    assert [example.annotations.labels for example in data.examples] == [("shirt",), ("dress",), ("shirt",), ()]


def test_turned_photos_are_mended_and_said(tmp_path: Path) -> None:
    write_photo(tmp_path / "src" / "p.jpg", (61, 97), orientation=6)
    write_text(
        tmp_path / "src" / "boxes.csv", "image,x1,y1,x2,y2,label,width,height,split\np.jpg,1,2,30,40,top,61,97,train\n"
    )
    done = run(tmp_path / "src", tmp_path / "out", format="csv")
    assert done.notes == {"boxes turned upright with their photo": 1}
    (example,) = load(tmp_path / "out").examples
    assert example.annotations.boxes_xyxy.tolist() == [[57, 1, 95, 30]]


def test_boxes_that_only_fit_the_stored_photo_are_turned_without_its_size(tmp_path: Path) -> None:
    write_photo(tmp_path / "src" / "p.jpg", (300, 100), orientation=6)
    write_photo(tmp_path / "src" / "q.jpg", (300, 100), 1, orientation=6)
    rows = "image,x1,y1,x2,y2,label,split\np.jpg,50,10,250,90,top,train\nq.jpg,50,10,101,90,top,train\n"
    write_text(tmp_path / "src" / "boxes.csv", rows)
    done = run(tmp_path / "src", tmp_path / "out", format="csv")
    assert done.notes == {"boxes turned upright with their photo": 1, "boxes cut at the photo's edge": 1}
    turned, rounded = load(tmp_path / "out").examples
    assert turned.annotations.boxes_xyxy.tolist() == [[10, 50, 90, 250]]
    assert rounded.annotations.boxes_xyxy.tolist() == [[50, 10, 100, 90]]  # a pixel over the edge tells nothing


# --- what goes wrong


def test_an_unreadable_photo_is_dropped_not_replaced(tmp_path: Path) -> None:
    root = csv_folder(tmp_path / "src")
    (root / "images" / "b_02.jpg").write_bytes(b"\xff\xd8 cut")
    done = run(root, tmp_path / "out", format="csv")
    assert done.dropped == {"unreadable image": 1}
    assert [example.image.stem for example in load(tmp_path / "out").examples] == ["a_01", "c_10", "d é"]


def test_a_photo_that_breaks_off_is_dropped_when_it_is_cropped(tmp_path: Path) -> None:
    source = many(tmp_path / "df", 6)
    photo = source / "Img" / "img" / "Some_Dress" / "img_00000000.jpg"
    photo.write_bytes(photo.read_bytes()[:700])
    done = run(source, tmp_path / "out", **SEED_CROP)
    assert done.dropped == {"unreadable image": 1}


def test_a_photo_listed_twice_and_a_name_that_is_no_utf8_are_dropped(tmp_path: Path) -> None:
    root = coco_folder(tmp_path / "src")
    content = json.loads((root / "annotations" / "instances_train.json").read_text())
    content["images"].append({**content["images"][0], "id": 99})
    (root / "annotations" / "instances_train.json").write_text(json.dumps(content))
    done = run(root, tmp_path / "out", format="coco")
    assert done.dropped == {"photo listed twice": 1}

    folder = tmp_path / "folders" / "Yolo"
    photo = write_photo(folder / "images" / "a.jpg", (61, 97))
    os.rename(photo, os.fsencode(folder / "images") + b"/caf\xe9.jpg")  # noqa: PTH104
    write_photo(folder / "images" / "b.jpg", (61, 97))
    write_text(folder / "data.yaml", "train: images\nnames: [top]\n")
    done = run(folder, tmp_path / "out2", format="yolo")
    assert done.dropped == {"name not UTF-8": 1}
    (line,) = (tmp_path / "out2" / "dropped.jsonl").read_text().splitlines()
    assert json.loads(line)["where"] == r"caf\udce9.jpg"


def test_a_split_of_nothing_new_and_boxes_in_pixels_is_an_error_that_names_a_line(tmp_path: Path) -> None:
    write_photo(tmp_path / "src" / "images" / "a.jpg", (61, 97))
    write_text(tmp_path / "src" / "labels" / "a.txt", "0 30 48 20 40\n0 0.5 0.5 0.2 0.3\n")
    write_text(tmp_path / "src" / "data.yaml", "train: images\nval: images\nnames: [top]\n")
    with pytest.raises(DatasetError, match=r"leaves nothing of val\..*2 × box in pixels.*a\.txt: line 1: '0 30 48"):
        run(tmp_path / "src", tmp_path / "out", format="yolo")


def test_nothing_to_train_on_says_why(tmp_path: Path) -> None:
    root = csv_folder(tmp_path / "src")
    for name in ("a_01", "b_02"):
        (root / "images" / f"{name}.jpg").unlink()
    with pytest.raises(DatasetError, match=r"nothing of train\. Dropped: 2 × missing image; the first is .*a_01\.jpg"):
        run(root, tmp_path / "out", format="csv")


@pytest.mark.parametrize("images", ["reference", "copy"])
def test_when_nothing_is_left_there_is_an_error_and_no_folder(images: str, tmp_path: Path) -> None:
    source = unsplit(tmp_path / "src", 3)
    for photo in source.glob("*.jpg"):
        photo.unlink()
    with pytest.raises(DatasetError, match=r"leaves nothing\. Dropped: 3 × missing image; the first is .*0\.jpg"):
        run(source, tmp_path / "out", format="csv", val=0, images=images)
    assert not (tmp_path / "out").exists()


def test_photos_that_were_dealt_must_leave_some_to_train_on(tmp_path: Path) -> None:
    source = unsplit(tmp_path / "src", 20)
    run(source, tmp_path / "whole", format="csv", block=5, val=0.5)
    for example in load(tmp_path / "whole").split("train"):
        example.image.unlink()
    with pytest.raises(DatasetError, match=r"leaves nothing of train\. Dropped: 10 × missing image"):
        run(source, tmp_path / "out", format="csv", block=5, val=0.5, images="copy")
    assert not (tmp_path / "out").exists()


def test_some_photos_without_a_split_is_an_error(tmp_path: Path) -> None:
    root = csv_folder(tmp_path / "src")
    text = (root / "boxes.csv").read_text().replace("val,c_10", ",c_10")
    (root / "boxes.csv").write_text(text)
    with pytest.raises(DatasetError, match=r"line 5: c_10\.jpg is in no split, and others are"):
        run(root, tmp_path / "out", format="csv")


def test_nothing_is_overwritten_and_a_failed_start_leaves_nothing(tmp_path: Path) -> None:
    root = csv_folder(tmp_path / "src")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="is not empty, and nothing is ever overwritten"):
        run(root, tmp_path / "full", format="csv")
    mapping = write_text(tmp_path / "m.yaml", "top: shirt\n")
    with pytest.raises(DatasetError, match="does not name 2 of the source's 3 labels"):
        run(root, tmp_path / "out", format="csv", categories=str(mapping))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": (0.3, 0.1)}, "crop is 0.3,0.1; need 0 <= least <= most <= 1"),
        ({"seed": -1}, "seed"),
        ({"images": "links"}, "images"),
        ({"croop": None}, "croop"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    from outfitter.config import parse

    with pytest.raises(ConfigError, match=message):
        parse(PrepareOptions, {"format": "csv", **options}, "test")


def test_an_unknown_format_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown dataset format 'yollo'; choose from .*; did you mean 'yolo'"):
        run(tmp_path, tmp_path / "out", format="yollo")


# --- interruption


class StopError(Exception):
    pass


def test_it_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = many(tmp_path / "df", 9)
    run(source, tmp_path / "whole", **SEED_CROP)

    decoded = []
    decode = LazyPhoto.pixels

    def counted(photo: LazyPhoto) -> Image.Image:
        decoded.append(photo)
        if len(decoded) == 5:
            raise StopError
        return decode(photo)

    monkeypatch.setattr(LazyPhoto, "pixels", counted)
    with pytest.raises(StopError):
        run(source, tmp_path / "out", **SEED_CROP)
    with pytest.raises(DatasetError, match="is unfinished. Run the same"):
        load(tmp_path / "out")
    with pytest.raises(DatasetError, match="was begun with other options"):
        run(source, tmp_path / "out", **{**SEED_CROP, "seed": 8})
    half = sorted((tmp_path / "out").rglob("*.jpg"))[0]
    half.write_bytes(half.read_bytes()[:300])
    run(source, tmp_path / "out", **SEED_CROP)
    assert len(decoded) == 5 + 3  # of six crops, four were there, one of them in half
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_it_does_not_go_on_with_other_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = many(tmp_path / "df", 9)

    def stop(*_: object) -> None:
        raise StopError

    with monkeypatch.context() as patched:
        patched.setattr("outfitter.datasets.output.write_splits", stop)
        with pytest.raises(StopError):
            run(source, tmp_path / "out", **SEED_CROP)
    boxes = source / "Anno" / "list_bbox.txt"
    boxes.write_text(boxes.read_text().replace("60 50 230 190", "60 50 200 190"))
    with pytest.raises(DatasetError, match="was begun with other options, or with other photos or boxes"):
        run(source, tmp_path / "out", **SEED_CROP)


def test_only_a_file_with_its_end_is_whole(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "p.jpg", (61, 97))
    assert is_whole(photo)
    photo.write_bytes(photo.read_bytes()[:-1])
    assert not is_whole(photo)
    photo.write_bytes(b"")
    assert not is_whole(photo)
    assert not is_whole(tmp_path / "none.jpg")

"""`check` lists every fault that was planted, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageEnhance

from outfitter.datasets import READERS, check
from outfitter.datasets.dataset import open_canonical
from outfitter.datasets.likeness import print_of
from outfitter.errors import DatasetError, PhotoError
from tests.datasets.sources import TRUTH, write_photo, write_text
from tests.datasets.sources import coco as coco_folder
from tests.datasets.sources import yolo as yolo_folder

SIZE = (121, 197)


class Planted:
    """A canonical data set that is sound: eight photos of two classes in two splits. Then faults are planted in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.splits: dict[str, dict[str, Any]] = {}
        for split, numbers in (("train", range(1, 7)), ("val", range(1, 3))):
            self.splits[split] = {"categories": [{"id": 1, "name": "top"}, {"id": 2, "name": "bottom"}]}
            self.splits[split] |= {"images": [], "annotations": []}
            for number in numbers:
                self.photo(split, number)
                self.box(split, number, [3 + number, 5, 90, 60])
                self.box(split, number, [10, 70, 55.5, 120], 2)

    def photo(self, split: str, number: int, size_wh: tuple[int, int] = SIZE, orientation: int = 1) -> Path:
        name = f"images/{split}/{number:03d}.jpg"
        width, height = size_wh
        self.splits[split]["images"].append({"id": number, "file_name": name, "width": width, "height": height})
        return write_photo(self.root / name, size_wh, seed=number + 100 * (split == "val"), orientation=orientation)

    def box(self, split: str, image_id: int, xywh: list[float], category: int = 1) -> None:
        rows = self.splits[split]["annotations"]
        rows.append({"id": len(rows) + 1, "image_id": image_id, "category_id": category, "bbox": xywh, "iscrowd": 0})

    def check(self, **options: Any) -> check.Report:
        for split, content in self.splits.items():
            write_text(self.root / f"{split}.json", json.dumps(content))
        write_text(self.root / "classes.txt", "top\nbottom\n")
        return check.check(open_canonical(self.root), workers=1, **options)


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def found(report: check.Report) -> list[tuple[str, str, int | None]]:
    return sorted(((p.kind, Path(p.file).name, p.box) for p in report.problems), key=str)


def test_a_sound_set_has_no_problem(planted: Planted) -> None:
    report = planted.check()
    assert found(report) == []
    assert not report.harms
    assert (report.photos, report.boxes) == (8, 16)


def test_every_planted_fault_is_listed_with_file_box_and_remedy(planted: Planted, tmp_path: Path) -> None:
    planted.box("train", 1, [40, 10, 0, 90])
    planted.box("train", 1, [40, 10, -9, 90])
    planted.box("train", 2, [130, 10, 20, 30])
    planted.box("train", 2, [100, 150, 30, 40])
    planted.box("train", 3, [6, 5, 90, 60])
    planted.box("train", 4, [1, 2, 3])
    planted.box("train", 5, [1, 2, 30, 40], category=9)
    planted.box("train", 77, [1, 2, 30, 40])
    planted.photo("train", 20).write_bytes(b"no picture")
    whole = planted.photo("train", 21)
    whole.write_bytes(whole.read_bytes()[:-300])
    planted.photo("train", 22).unlink()
    planted.photo("train", 23)
    planted.splits["train"]["images"][-1]["width"] = 100
    planted.photo("train", 24, orientation=6)
    planted.photo("train", 25)
    for number in range(20, 25):
        planted.box("train", number, [1, 2, 30, 40])
    planted.splits["train"]["images"].append({**planted.splits["train"]["images"][0], "id": 26})
    planted.splits["train"]["images"].append({**planted.splits["train"]["images"][1], "file_name": "other.jpg"})
    again = Image.open(tmp_path / "images" / "train" / "001.jpg").resize((80, 130))
    ImageEnhance.Brightness(again).enhance(1.1).save(planted.photo("val", 3, (80, 130)), quality=60)
    planted.box("val", 3, [1, 2, 30, 40])

    report = planted.check()
    assert found(report) == sorted(
        [
            ("zero-area box", "001.jpg", 2),
            ("inverted box", "001.jpg", 3),
            ("box outside the photo", "002.jpg", 2),
            ("box over the edge", "002.jpg", 3),
            ("duplicate box", "003.jpg", 2),
            ("malformed box", "train.json", None),
            ("unknown class", "train.json", None),
            ("annotation without image", "train.json", None),
            ("unreadable image", "020.jpg", None),
            ("unreadable image", "021.jpg", None),
            ("missing image", "022.jpg", None),
            ("size differs", "023.jpg", None),
            ("boxes not turned", "024.jpg", None),
            ("photo without boxes", "025.jpg", None),
            ("photo without boxes", "001.jpg", None),
            ("photo listed twice", "001.jpg", None),
            ("duplicate image id", "other.jpg", None),
            ("id gaps", "train.json", None),
            ("picture in two splits", "003.jpg", None),
        ],
        key=str,
    )
    assert report.harms
    assert all(problem.remedy and problem.detail for problem in report.problems)
    harmless = {problem.kind for problem in report.problems if not problem.harm}
    assert harmless == {"box over the edge", "photo without boxes", "id gaps"}
    assert [problem.harm for problem in report.problems] == sorted((p.harm for p in report.problems), reverse=True)


def test_a_class_outside_the_list_and_one_that_cannot_be_learnt(planted: Planted) -> None:
    for content in planted.splits.values():
        content["categories"] += [{"id": 3, "name": "kilt"}]
    planted.box("val", 1, [1, 2, 30, 40], category=3)
    for row in planted.splits["train"]["annotations"]:
        row["category_id"] = 1
    report = planted.check()
    assert found(report) == [("class not in train", "bottom", None), ("unknown class", "001.jpg", 2)]


def test_empty_splits(planted: Planted) -> None:
    planted.splits["val"] |= {"images": [], "annotations": []}
    assert found(planted.check()) == [("no val split", "val", None)]
    planted.splits = {"val": planted.splits["train"]}
    (planted.root / "train.json").unlink()
    report = planted.check()
    assert ("empty split", "train", None) in found(report)
    assert report.harms


def test_a_rare_and_an_absent_class_are_remarks(planted: Planted) -> None:
    for content in planted.splits.values():
        content["annotations"] = [row for row in content["annotations"] if row["category_id"] == 1]
    for i in range(101):
        planted.box("train", 1, [1, 2, 30 + i / 2, 40])
    planted.box("train", 2, [1, 2, 30, 40], category=2)
    write_text(planted.root / "classes.txt", "")
    report = planted.check()
    assert found(report) == [("class imbalance", "bottom", None)]
    assert "1 boxes in train; top has 107" in report.problems[0].detail
    assert not report.harms


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_a_turn_that_keeps_the_size_is_a_remark(orientation: int, planted: Planted) -> None:
    planted.photo("train", 7, orientation=orientation)
    planted.box("train", 7, [1, 2, 30, 40])
    assert found(planted.check()) == [("turned by EXIF", "007.jpg", None)]


def test_a_turned_photo_whose_boxes_are_turned_is_sound(planted: Planted) -> None:
    planted.photo("train", 7, orientation=8)
    planted.splits["train"]["images"][-1] |= {"width": SIZE[1], "height": SIZE[0]}
    planted.box("train", 7, [100, 2, 90, 40])
    assert found(planted.check()) == []


def test_boxes_that_only_fit_the_stored_photo_give_themselves_away(tmp_path: Path) -> None:
    write_photo(tmp_path / "p.jpg", SIZE, orientation=6)
    write_text(tmp_path / "boxes.csv", "image,x1,y1,x2,y2,label\np.jpg,10,20,50,190,top\n")
    report = check.check(READERS["csv"](tmp_path), workers=1)
    assert [problem.kind for problem in report.problems] == ["boxes not turned"]


@pytest.mark.parametrize("value", [None, 0, "wide"])
def test_a_photo_without_its_size_is_told_where_it_is_needed(value: Any, planted: Planted) -> None:
    planted.splits["train"]["images"][2]["width"] = value
    report = planted.check()
    assert found(report) == [("no size stated", "003.jpg", None)]
    assert report.harms
    assert check.check(READERS["coco"](planted.root), workers=1).problems == []


def test_a_photo_too_large_to_train_on_is_found_by_its_likeness_too(tmp_path: Path) -> None:
    Image.new("RGB", (9504, 6336)).save(tmp_path / "p.jpg", quality=10)
    with pytest.raises(PhotoError, match=r"has 9504 × 6336 = 60,217,344 pixels; the limit is 50,000,000"):
        print_of(tmp_path / "p.jpg", "p.jpg")


def test_quick_does_not_decode(planted: Planted) -> None:
    whole = planted.photo("train", 7)
    whole.write_bytes(whole.read_bytes()[:-300])
    planted.box("train", 7, [1, 2, 30, 40])
    (planted.root / "images" / "val" / "001.jpg").write_bytes(
        (planted.root / "images" / "train" / "001.jpg").read_bytes()
    )
    assert found(planted.check(quick=True)) == []
    assert [kind for kind, *_ in found(planted.check())] == ["picture in two splits", "unreadable image"]


def test_sources_of_any_format_can_be_checked(tmp_path: Path) -> None:
    root = yolo_folder(tmp_path / "yolo")
    write_text(root / "labels" / "train" / "a_01.txt", "0 30 40 20 10\n9 0.5 0.5 0.1 0.1\n")
    report = check.check(READERS["yolo"](root), workers=2)
    assert [(p.kind, Path(p.file).name) for p in report.problems if p.harm] == [
        ("box in pixels", "a_01.jpg"),
        ("unknown class", "a_01.jpg"),
        ("class not in train", "top"),
        ("class not in train", "bottom"),
    ]
    sound = check.check(READERS["coco"](coco_folder(tmp_path / "coco")), workers=1)
    assert [(p.kind, Path(p.file).stem) for p in sound.problems] == [("photo without boxes", TRUTH[3].stem)]


def test_every_reason_a_reader_drops_for_has_a_remedy() -> None:
    code = "".join(file.read_text() for file in Path(check.__file__).parent.glob("*.py"))
    reasons = set(re.findall(r'drops\.add\(\s*"([^"]+)"', code))
    decided_in_preparing = {"crowd box", "crop too small", "extreme aspect", "no good box left"}
    assert len(reasons) > 15
    assert reasons - decided_in_preparing <= set(check.REMEDIES)


def test_an_unfinished_set_is_refused(tmp_path: Path) -> None:
    write_text(tmp_path / "prepare.json", "{}")
    with pytest.raises(DatasetError, match="is unfinished"):
        open_canonical(tmp_path)

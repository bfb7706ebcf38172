from __future__ import annotations

from pathlib import Path

import pytest

from outfitter.datasets import boxes_csv
from outfitter.datasets.records import Record, Source
from outfitter.errors import DatasetError
from tests.datasets.sources import write_photo, write_text


def opened(root: Path, text: str) -> tuple[Source, list[Record]]:
    source = boxes_csv.read(write_text(root / "boxes.csv", text))
    return source, list(source.records)


@pytest.mark.parametrize(
    "text",
    [
        "image,x1,y1,x2,y2,label\np.jpg,3,5,40,60,hat\n",
        "label,h,w,y,x,path\nhat,55,37,5,3,p.jpg\n",
        "\ufeffFilename,Width,Height,Class,XMin,YMin,XMax,YMax\np.jpg,61,97,hat,3,5,40,60\n",
        'image_name,x_1,y_1,x_2,y_2,category_name\n"p.jpg", 3,5 ,40,60,hat\n',
        "image_id,file_name,category_id,category_name,x,y,w,h\n1,p.jpg,7,hat,3,5,37,55\n",
        "filename,label,name,x1,y1,x2,y2\np.jpg,hat,somebody,3,5,40,60\n",
        "filename,class,class_name,label,label_name,x1,y1,x2,y2\np.jpg,7,a hat,8,hat,3,5,40,60\n",
    ],
)
def test_columns_of_many_tools(text: str, tmp_path: Path) -> None:
    write_photo(tmp_path / "p.jpg", (61, 97))
    _, (record,) = opened(tmp_path, text)
    assert (record.image, record.boxes, record.labels) == (tmp_path / "p.jpg", ((3, 5, 40, 60),), ("hat",))
    assert record.stated_wh in (None, (61, 97))


def test_rows_of_a_photo_need_not_follow_each_other(tmp_path: Path) -> None:
    _, records = opened(tmp_path, "image,x1,y1,x2,y2,label\na,1,2,3,4,hat\nb,1,2,3,4,bag\n\na,5,6,7,8,bag\n")
    assert [(record.name, record.labels) for record in records] == [("a", ("hat", "bag")), ("b", ("bag",))]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,1,2,x,4,hat,train", "malformed box"),
        ("a,1,2,,4,hat,train", "malformed box"),
        ("a,1,2,3,4,,train", "unknown class"),
        ("a,1,2,3,4,hat,future", "malformed line"),
        (",1,2,3,4,hat,train", "malformed line"),
    ],
)
def test_a_broken_row_is_dropped_with_its_line(row: str, reason: str, tmp_path: Path) -> None:
    source, _ = opened(tmp_path, f"image,x1,y1,x2,y2,label,split\nb,1,2,3,4,hat,val\n{row}\n")
    assert [drop.reason for drop in source.drops] == [reason]
    assert "boxes.csv: line 3" in source.drops[0].detail


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has the columns none"),
        ("p.jpg,3,5,40,60,hat\n", "lacks image, label, x, y, w, h. Need image, label, and x1, y1, x2, y2"),
        (
            "image,x1,y1,x2,y2,label,split\na,1,2,3,4,hat,val\na,5,2,9,4,hat,train\n",
            "line 3: a is in train, and was in val",
        ),
    ],
)
def test_wrong_columns_and_two_splits_are_errors(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=message):
        opened(tmp_path, text)


def test_a_folder_must_hold_just_one(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_text(tmp_path / name, "")
    with pytest.raises(DatasetError, match=r"holds 2 \.csv files; name the one"):
        boxes_csv.read(tmp_path)

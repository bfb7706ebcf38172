from __future__ import annotations

from pathlib import Path

import pytest

from outfitter.datasets import deepfashion
from outfitter.datasets.categories import DEEPFASHION, DEEPFASHION2, FASHIONPEDIA
from outfitter.errors import DatasetError
from tests.datasets.sources import deepfashion as tree


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("images", ["Img", ""])
def test_the_four_files_are_joined(newline: str, images: str, tmp_path: Path) -> None:
    source = deepfashion.read(tree(tmp_path, newline, images))
    records = list(source.records)
    assert [(record.name, record.labels, record.split, record.boxes) for record in records[:3]] == [
        ("img/Red_Blouse/img_00000001.jpg", ("Blouse",), "train", ((3, 5, 58, 60),)),
        ("img/Blue_Jeans/img_00000002.jpg", ("Jeans",), "val", ((10, 1, 130, 53),)),
        ("img/Red_Blouse/img_00000003.jpg", ("Blouse",), "test", ((0, 0, 61, 97),)),
    ]
    assert all(isinstance(record.image, Path) and record.image.is_file() for record in records)
    assert source.class_names == ("Blouse", "Jeans", "Dress")
    assert source.levels["broad"] == {"Blouse": "top", "Jeans": "bottom", "Dress": "long"}
    assert "non-commercial" in source.licence
    assert not source.drops


def test_the_archives_own_folder_may_lie_in_between(tmp_path: Path) -> None:
    tree(tmp_path / "Category and Attribute Prediction Benchmark")
    assert len(list(deepfashion.read(tmp_path).records)) == 6


def test_without_the_files_it_says_where_to_apply(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        deepfashion.read(tmp_path)
    message = str(caught.value)
    assert f"{tmp_path}: there is no Anno/list_bbox.txt" in message
    assert "http://mmlab.ie.cuhk.edu.hk/projects/DeepFashion" in message
    assert "non-commercial" in message
    assert "Anno/, Eval/ and Img/" in message


def edit(root: Path, file: str, old: str, new: str) -> None:
    path = next(root.rglob(file))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("list_bbox.txt", "6\n", "7\n", "line 1 says 7 rows, there are 6. Copy the file again"),
        ("list_bbox.txt", "6\n", "image_name\n", "line 1 is 'image_name'; need the number of rows"),
        ("list_bbox.txt", " 003 005 058 060", "", "line 3 is .*; need the columns image_name  x_1"),
        (
            "list_category_img.txt",
            " 1\n",
            " 4\n",
            r"line 3: img/Red_Blouse/img_00000001\.jpg has category '4'; need 1 to 3",
        ),
        (
            "list_category_cloth.txt",
            "Jeans          2",
            "Jeans          5",
            "line 4: category 'Jeans' has type '5'; need 1 top",
        ),
        ("list_category_cloth.txt", "Jeans ", "Blouse", "line 4: category 'Blouse' is there twice"),
        (
            "list_eval_partition.txt",
            " val",
            " vla",
            "line 4: .* is in 'vla'; need train, val, test; did you mean 'val'",
        ),
    ],
)
def test_a_wrong_line_is_an_error_that_names_it(file: str, old: str, new: str, message: str, tmp_path: Path) -> None:
    root = tree(tmp_path)
    edit(root, file, old, new)
    with pytest.raises(DatasetError, match=f"{file}: {message}"):
        list(deepfashion.read(root).records)


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    root = tree(tmp_path)
    path = root / "Anno" / "list_bbox.txt"
    path.write_bytes(path.read_bytes().replace(b"img/Blue", b"img/Bl\xfce", 1))
    with pytest.raises(DatasetError, match=r"list_bbox\.txt: line \d or a little below is not UTF-8: byte 0xfc"):
        list(deepfashion.read(root).records)


def test_photos_that_a_file_lacks_are_counted(tmp_path: Path) -> None:
    root = tree(tmp_path)
    edit(root, "list_eval_partition.txt", "img/Blue_Jeans/img_00000002.jpg", "img/Blue_Jeans/img_99999999.jpg")
    edit(root, "list_category_img.txt", "img/Long_Dress/img_00000001.jpg", "img/Long_Dress/img_99999999.jpg")
    edit(root, "list_bbox.txt", "007 009 060 090", "007 009 060 9O0")
    source = deepfashion.read(root)
    assert len(list(source.records)) == 3
    assert [(drop.reason, drop.where) for drop in source.drops] == [
        ("in no split", "img/Blue_Jeans/img_00000002.jpg"),
        ("no category", "img/Long_Dress/img_00000001.jpg"),
        ("malformed box", "img/Blue_Jeans/img_00000001.jpg"),
        ("no box", "img/Long_Dress/img_99999999.jpg"),
    ]
    assert "list_bbox.txt, line 4 has a box, list_eval_partition.txt does not" in source.drops[0].detail


def test_the_tables_are_complete() -> None:
    assert [sum(slot == name for slot in DEEPFASHION.values()) for name in ("top", "bottom", "long")] == [20, 16, 14]
    assert len(DEEPFASHION2) == 13
    assert len(FASHIONPEDIA) == 46
    assert list(FASHIONPEDIA)[:2] == ["shirt, blouse", "top, t-shirt, sweatshirt"]
    assert list(DEEPFASHION2)[12] == "sling dress"

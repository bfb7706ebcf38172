"""Round trips: written in any format and read again, a data set is the same to the pixel."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from outfitter.datasets import Dataset, PrepareOptions, load, prepare
from outfitter.datasets.convert import WRITERS, convert
from outfitter.datasets.output import stems
from outfitter.errors import ConfigError, DatasetError, PhotoError
from outfitter.photo import load_photo, read_header
from outfitter.values import Annotations, Example
from tests.datasets.sources import pixels, write_photo

CLASSES = ("t-shirt & <top>", "Hose", 'men\'s "it" bag', "never seen")


def example(
    root: Path, name: str, size: tuple[int, int], split: str, boxes: Any, *labels: str, crowd: Any = None
) -> Example:
    image = write_photo(root / f"{name}.jpg", size, len(name))
    truth = Annotations(np.array(boxes, np.float32).reshape(-1, 4), labels, size, crowd)
    return Example(image, name, truth, split)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    """Lopsided photos, names with folders, spaces and accents, boxes at the edges and between pixels."""
    root = tmp_path / "photos"
    whole = [[3, 5, 40, 60], [0, 0, 61, 97], [60, 96, 61, 97]]
    return Dataset(
        CLASSES,
        (
            example(root, "a/1", (61, 97), "train", whole, CLASSES[1], CLASSES[0], CLASSES[0]),
            example(root, "b/1", (1201, 7), "train", [[1, 2, 1200, 6]], CLASSES[2]),
            example(root, "über uns", (75, 31), "val", [[1.25, 2.5, 30.75, 30.125]], CLASSES[1]),
            example(root, "no garment", (33, 121), "test", []),
        ),
    )


def rows(data: Dataset) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for e in data.examples:
        truth = e.annotations
        assert truth.crowd is not None
        boxes = [[round(value, 2) for value in box] for box in truth.boxes_xyxy.tolist()]
        picture = load_photo(e.image).pixels.tobytes()
        found.append((e.split, truth.size_wh, boxes, truth.labels, truth.crowd.tolist(), picture))
    return found


def crowded(root: Path) -> Dataset:
    """One photo, whose second box stands for a group."""
    boxes, crowd = [[3, 5, 40, 60], [0, 0, 61, 97]], np.array([False, True])
    return Dataset(("long", "top"), (example(root, "p", (61, 97), "train", boxes, "top", "long", crowd=crowd),))


def again(data: Dataset, format: str, root: Path, workers: int = 1) -> Dataset:
    """Written as `format`, read and prepared from that."""
    convert(data, root / "converted", format, workers=workers)
    prepare(root / "converted", root / "again", PrepareOptions(format=format), workers=1)
    return load(root / "again")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("format", list(WRITERS))
def test_a_round_trip_changes_nothing(format: str, workers: int, data: Dataset, tmp_path: Path) -> None:
    found = again(data, format, tmp_path, workers)
    assert rows(found) == rows(data)
    met = CLASSES if format != "voc" else tuple(sorted(CLASSES[:3]))  # VOC declares no classes
    assert found.class_names == met


@pytest.mark.parametrize("format", ["coco", "voc", "tfexample"])
def test_crowds_survive(format: str, tmp_path: Path) -> None:
    data = crowded(tmp_path)
    convert(data, tmp_path / "out", format, workers=1)
    prepare(tmp_path / "out", tmp_path / "again", PrepareOptions(format=format, val=0), workers=1)
    assert rows(load(tmp_path / "again")) == rows(data)


def test_yolo_says_what_it_cannot_mark(tmp_path: Path) -> None:
    assert convert(crowded(tmp_path), tmp_path / "out", "yolo", workers=1) == {"long": 1}
    assert (tmp_path / "out" / "labels" / "train" / "p.txt").read_text().split()[0] == "1"


@pytest.mark.parametrize("format", list(WRITERS))
def test_turned_photos_are_written_upright(format: str, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "p.jpg", (97, 61), orientation=8)
    truth = Annotations(np.array([[3, 5, 40, 60]], np.float32), ("top",), (61, 97))
    found = again(
        Dataset(("top",), (Example(photo, "p", truth, "train"), Example(photo, "q", truth, "val"))), format, tmp_path
    )
    for e in found.examples:
        header = read_header(e.image)
        assert (header.stored_wh, header.orientation) == ((61, 97), 1)
        difference = np.abs(load_photo(e.image).pixels.astype(int) - load_photo(photo).pixels)
        assert difference.mean() < 2


def test_pictures_that_tensorflow_cannot_decode_become_jpeg(tmp_path: Path) -> None:
    Image.fromarray(pixels((61, 97))).save(tmp_path / "p.webp", lossless=True)
    Image.fromarray(pixels((61, 97))).save(tmp_path / "q.png")
    truth = Annotations(np.zeros((0, 4), np.float32), (), (61, 97))
    names = ("p.webp", "q.png")
    data = Dataset(("top",), tuple(Example(tmp_path / name, name, truth, "train") for name in names))
    convert(data, tmp_path / "out", "yolo", workers=1)
    written = sorted((tmp_path / "out" / "images" / "train").iterdir())
    assert [path.read_bytes()[:4] for path in written] == [b"\xff\xd8\xff\xe0", b"\x89PNG"]
    assert written[1].read_bytes() == (tmp_path / "q.png").read_bytes()


def test_the_files_are_laid_out_as_the_tools_expect(data: Dataset, tmp_path: Path) -> None:
    for format in ("yolo", "voc", "tfexample"):
        convert(data, tmp_path / format, format, workers=1)
    yaml_file = yaml.safe_load((tmp_path / "yolo" / "data.yaml").read_text())
    assert yaml_file == {
        "path": ".",
        "train": "images/train",
        "val": "images/val",
        "test": "images/test",
        "names": dict(enumerate(CLASSES)),
    }
    first = (tmp_path / "yolo" / "labels" / "train" / "a" / "1.txt").read_text().splitlines()[0].split()
    assert first[0] == "1"
    assert [float(value) for value in first[1:]] == pytest.approx([21.5 / 61, 32.5 / 97, 37 / 61, 55 / 97])
    assert (tmp_path / "voc" / "ImageSets" / "Main" / "train.txt").read_text() == "a__1\nb__1\n"
    xml = ElementTree.parse(tmp_path / "voc" / "Annotations" / "a__1.xml")
    assert (tmp_path / "voc" / "JPEGImages" / str(xml.findtext("filename"))).is_file()
    assert xml.findtext("object/bndbox/xmin") == "4"
    names = sorted(path.name for path in (tmp_path / "tfexample").iterdir())
    assert names == ["label_map.pbtxt", "test.record", "train.record", "val.record"]


def test_names_that_differ_only_in_what_files_cannot_hold_stay_apart(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    truth = Annotations(np.zeros((0, 4), np.float32), (), (61, 97))
    names = ("../x:1", "x_1", "X_1", "a/b", "a__b")
    examples = tuple(
        Example(write_photo(root / f"{i}.jpg", (61, 97), i), n, truth, "train") for i, n in enumerate(names)
    )
    for format in ("yolo", "voc"):
        found = again(Dataset(("top",), examples), format, tmp_path / format)
        assert len(found.examples) == 5
    assert sorted(p.name for p in (tmp_path / "voc" / "converted" / "JPEGImages").iterdir()) == [
        "X_1~3.jpg",
        "a__b.jpg",
        "a__b~2.jpg",
        "x_1.jpg",
        "x_1~2.jpg",
    ]


def test_a_number_after_a_name_may_be_anothers_name(tmp_path: Path) -> None:
    truth = Annotations(np.zeros((0, 4), np.float32), (), (61, 97))
    names = ("shoe~2.png", "shoe.png", "shoe.jpg")
    examples = tuple(
        Example(write_photo(tmp_path / "photos" / f"{i}.jpg", (61, 97), i), name, truth, "train")
        for i, name in enumerate(names)
    )
    convert(Dataset(("top",), examples), tmp_path / "out", "coco", workers=1)
    for before, after in zip(examples, load(tmp_path / "out").examples, strict=True):
        assert after.image.read_bytes() == before.image.read_bytes()
    later = ["shoe.png", "shoe.jpg", "Shoe~2.png", "shoe.gif", "SHOE~2.jpg"]
    assert stems(later) == ["shoe", "shoe~3", "Shoe~2", "shoe~4", "SHOE~2~2"]


def test_names_that_lists_and_folders_would_lose_survive(tmp_path: Path) -> None:
    truth = Annotations(np.zeros((0, 4), np.float32), (), (61, 97))
    names = ("4 .jpeg", "4.jpeg", "\u00a05\u00a0.jpeg", ".hidden.jpg", ".folder/6.jpg", " a . /7.", "...")
    examples = tuple(
        Example(write_photo(tmp_path / "photos" / f"{i}.jpg", (61, 97), i), n, truth, "train")
        for i, n in enumerate(names)
    )
    for format in ("yolo", "voc"):
        assert len(again(Dataset(("top",), examples), format, tmp_path / format).examples) == len(names)
    assert stems(names) == ["4", "4~2", "5", "hidden", "folder/6", "a/7", "photo"]


def test_coco_keeps_the_licence(tmp_path: Path) -> None:
    data = replace(crowded(tmp_path), licence="CC0-1.0", crops=("train",))
    convert(data, tmp_path / "out", "coco", workers=1)
    found = load(tmp_path / "out")
    assert (found.licence, found.crops) == ("CC0-1.0", ("train",))
    convert(replace(data, crops=None), tmp_path / "unknown", "coco", workers=1)
    assert load(tmp_path / "unknown").crops is None


@pytest.mark.parametrize("change", ["splits", "boxes", "pictures"])
def test_what_was_begun_with_other_photos_is_not_gone_on_with(
    change: str, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = data.examples
    boxes = first.annotations.boxes_xyxy.copy()
    boxes[0] -= 1
    other: dict[str, Any] = {
        "splits": {"split": "val"},
        "boxes": {"annotations": replace(first.annotations, boxes_xyxy=boxes)},
        "pictures": {"image": write_photo(tmp_path / "other" / "1.jpg", (61, 97), 77)},
    }

    def stop(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr("outfitter.datasets.yolo.data_yaml", stop)
        with pytest.raises(InterruptedError):
            convert(data, tmp_path / "out", "yolo", workers=1)
    changed = replace(data, examples=(replace(first, **other[change]), *others))
    with pytest.raises(DatasetError, match="was begun with other options, or with other photos or boxes"):
        convert(changed, tmp_path / "out", "yolo", workers=1)
    convert(data, tmp_path / "out", "yolo", workers=1)


def test_what_goes_wrong(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"output format 'vok'; choose from coco, tfexample, voc, yolo; did you"):
        convert(data, tmp_path / "out", "vok")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(DatasetError, match="is not empty"):
        convert(data, tmp_path / "full", "voc")
    data.examples[0].image.write_bytes(b"no picture")
    with pytest.raises(PhotoError, match=r"1\.jpg: is no picture"):
        convert(data, tmp_path / "out", "voc", workers=1)

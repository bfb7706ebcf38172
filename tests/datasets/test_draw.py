from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from outfitter.datasets import Dataset
from outfitter.datasets.draw import TILE, choose, colours, contact_sheet, fit, font, ink_on, wrap
from outfitter.datasets.stats import measure, picture, table
from outfitter.taxonomy import SLOTS
from outfitter.values import Annotations, Example
from tests.datasets.sources import write_photo


def example(
    root: Path, name: str, split: str, size: tuple[int, int], *boxes: tuple[float, ...], label: str = "top"
) -> Example:
    truth = Annotations(np.array(boxes, np.float32).reshape(-1, 4), (label,) * len(boxes), size)
    return Example(write_photo(root / f"{name}.jpg", size, len(name)), name, truth, split)


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def test_boxes_are_drawn_where_they_are(tmp_path: Path) -> None:
    photo = example(tmp_path, "p", "train", (600, 800), (120, 200, 480, 700))
    sheet = contact_sheet([photo], ("top",))
    tile = sheet[14 : 14 + TILE[1], 14 : 14 + TILE[0]]  # 600 × 800 fills a tile of 300 × 400
    blue = (tile == rgb(colours(["top"])["top"])).all(-1)
    assert blue[100:350, 60].mean() > 0.9
    assert blue[100:350, 238].mean() > 0.9
    assert blue[349, 60:240].mean() > 0.9
    assert blue[90:99, 62:80].mean() > 0.5  # the label stands above
    assert not blue[120:330, 70:230].any()
    assert not blue[:, :58].any()


def test_photos_that_cannot_be_read_say_so_and_the_others_are_drawn(tmp_path: Path) -> None:
    photos = [example(tmp_path, name, "val", (90, 41), (1, 2, 80, 40)) for name in ("a", "bb", "ccc")]
    photos[1].image.write_bytes(b"no picture")
    sheet = contact_sheet(photos, ("top",))
    assert sheet.shape[1] == 14 + 2 * (TILE[0] + 14)
    assert (sheet == 255).mean() > 0.2


def test_a_choice_is_seeded_in_order_and_by_label(tmp_path: Path) -> None:
    photos = [
        example(tmp_path, f"p{i:02d}", "train", (41, 30), (1, 1, 9, 9), label="bag" if i % 3 else "top")
        for i in range(30)
    ]
    names = [photo.name for photo in choose(photos, 5, 1)]
    assert names == sorted(names)
    assert names == [photo.name for photo in choose(photos, 5, 1)] != [photo.name for photo in choose(photos, 5, 2)]
    assert {photo.annotations.labels for photo in choose(photos, 99, 0, "top")} == {("top",)}


def test_classes_have_colours_of_their_own_that_labels_can_be_read_on() -> None:
    names = [*SLOTS, *(f"class {i}" for i in range(43))]
    found = colours(names)
    assert len(set(found.values())) == 50
    assert found["top"] == "#4f8ff7"
    assert {ink_on("#ffffff"), ink_on("#101010")} == {"#000000", "#ffffff"}


def test_texts_are_made_to_fit() -> None:
    face = font(13)
    long = "street/2024/photo of somebody with a hat.jpg"
    assert face.getlength(fit(long, face, 120)) <= 120
    assert fit(long, face, 120).endswith(".jpg")
    assert fit("short", face, 120) == "short"
    assert all(face.getlength(line) <= 150 for line in wrap(f"{long} {'x' * 60}", face, 150).splitlines())


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return Dataset(
        ("top", "bag", "kilt"),
        (
            example(tmp_path, "a", "train", (100, 50), (0, 0, 20, 10), (50, 0, 70, 40)),
            example(tmp_path, "bb", "train", (200, 400), (0, 0, 100, 200), label="bag"),
            example(tmp_path, "ccc", "train", (300, 60)),
            example(tmp_path, "dddd", "val", (100, 80), (10, 10, 50, 30)),
        ),
    )


def test_numbers(data: Dataset) -> None:
    measured = measure(data)
    assert measured["splits"]["train"] == {
        "photos": 3,
        "boxes": 3,
        "photos_without_boxes": 1,
        "boxes_per_photo": 1.0,
        "width": [110.0, 200.0, 290.0],
        "height": [51.0, 60.0, 366.0],
    }
    assert list(measured["splits"]) == ["train", "val"]
    top = measured["classes"]["top"]
    assert (top["boxes"], top["train"], top["val"], top["photos"]) == (3, 2, 1, 2)
    assert top["width"][1] == 20
    assert top["aspect"][1] == 2.0
    assert top["area_share"][1] == 0.1
    assert measured["classes"]["kilt"] == {
        "boxes": 0,
        "photos": 0,
        "width": None,
        "height": None,
        "area_share": None,
        "aspect": None,
    }


def test_the_table_holds_medians(data: Dataset) -> None:
    header, top, bag, kilt = table(measure(data))
    assert header == ["class", "train", "val", "photos", "width", "height", "share of photo", "aspect"]
    assert top == ["top", "2", "1", "2", "20", "20", "10.0%", "2.00"]
    assert bag[4:] == ["100", "200", "25.0%", "0.50"]
    assert kilt[1:] == ["0", "0", "0", "-", "-", "-", "-"]


def test_the_picture_has_bars_in_proportion(data: Dataset) -> None:
    drawn = picture(data)
    found = colours(data.class_names)
    lengths = {}
    for i, name in enumerate(("top", "bag", "kilt")):
        row = drawn[76 + 30 * i + 15, 190:490]  # the middle of the class's bar
        lengths[name] = (
            int((row != 255).any(-1)[: 301 - 12].sum())
            if name == "top"
            else int((row == rgb(found[name])).all(-1).sum())
        )
    assert lengths["top"] > 280
    assert lengths["bag"] == pytest.approx(100, abs=2)  # one box to three
    assert lengths["kilt"] == 0

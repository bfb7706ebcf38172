from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from outfitter.datasets.check import look_at_boxes
from outfitter.datasets.records import Drops, Record, Slice
from outfitter.datasets.settle import settle, turn
from outfitter.photo import Header, load_photo
from tests.datasets.sources import write_photo

SIZE = (61, 97)
Box = tuple[float, float, float, float]


def record(image: Path | Slice, *boxes: Box, labels: tuple[str, ...] | None = None, **more: object) -> Record:
    names = labels or tuple("abcdefgh"[: len(boxes)])
    return Record(image, "p", boxes, names, "annotations.txt, line 7", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((40, 10, 40, 90), "zero-area box"),
        ((40, 10, 40.000001, 90), "zero-area box"),  # as float32
        ((40, 10, 30, 90), "inverted box"),
        ((40, 90, 50, 10), "inverted box"),
        ((61, 10, 80, 90), "box outside the photo"),
        ((-9, -9, 0, 50), "box outside the photo"),
        ((3, math.nan, 9, 50), "malformed box"),
        ((3, 4, math.inf, 50), "malformed box"),
    ],
)
def test_a_bad_box_is_dropped_and_named(box: Box, reason: str, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "p.jpg", SIZE)
    drops = Drops()
    found = settle(record(photo, (1, 2, 30, 40), box), drops)
    assert found is not None
    assert found.annotations.labels == ("a",)
    assert [(drop.reason, drop.where, drop.box) for drop in drops] == [(reason, str(photo), 1)]
    assert "annotations.txt, line 7" in drops[0].detail


def test_a_box_over_the_edge_is_cut_and_counted(tmp_path: Path) -> None:
    drops = Drops()
    found = settle(record(write_photo(tmp_path / "p.jpg", SIZE), (-3, 5, 70, 98.5)), drops)
    assert found is not None
    assert found.annotations.boxes_xyxy.tolist() == [[0, 5, 61, 97]]
    assert found.notes == ("boxes cut at the photo's edge",)
    assert not drops


def test_the_same_box_with_the_same_label_is_kept_once(tmp_path: Path) -> None:
    drops = Drops()
    box = (1, 2, 30, 40)
    photo = write_photo(tmp_path / "p.jpg", SIZE)
    found = settle(record(photo, box, box, box, labels=("a", "b", "a"), crowd=(False, True, False)), drops)
    assert found is not None
    assert found.annotations.labels == ("a", "b")
    assert found.annotations.crowd is not None
    assert found.annotations.crowd.tolist() == [False, True]
    assert [(drop.reason, drop.box) for drop in drops] == [("duplicate box", 2)]


def test_a_photo_that_lost_all_its_boxes_is_no_photo_without_garments(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "p.jpg", SIZE)
    drops = Drops()
    assert settle(record(photo, (5, 5, 5, 9)), drops) is None
    assert drops.counts() == {"zero-area box": 1, "no good box left": 1}
    found = settle(record(photo), Drops())
    assert found is not None
    assert len(found.annotations) == 0


def test_boxes_in_shares_are_no_pixels(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "p.jpg", SIZE)
    drops = Drops()
    shares = (0.1, 0.2, 0.8, 0.9)
    assert settle(record(photo, shares, (0, 0, 1.0, 1.0), (0, 0, 0, 0)), drops) is None
    assert drops.counts() == {"box in shares": 2, "zero-area box": 1, "no good box left": 1}
    kinds = [kind for kind, _, _ in look_at_boxes(record(photo, shares), Header(SIZE, 1))]
    assert kinds == ["box in shares"]
    for one in (record(photo, shares, normalised=True), record(photo, shares, (1, 2, 30, 40))):
        assert settle(one, Drops()) is not None
    tiny = write_photo(tmp_path / "tiny.jpg", (9, 7))
    assert settle(record(tiny, (0, 0, 1, 1)), Drops()) is not None


def test_missing_and_unreadable_photos_are_told_apart(tmp_path: Path) -> None:
    drops = Drops()
    (tmp_path / "text.jpg").write_text("no picture")
    assert settle(record(tmp_path / "none.jpg", (1, 1, 2, 2)), drops) is None
    assert settle(record(tmp_path / "text.jpg", (1, 1, 2, 2)), drops) is None
    assert [drop.reason for drop in drops] == ["missing image", "unreadable image"]


def test_boxes_of_another_size_are_not_believed(tmp_path: Path) -> None:
    drops = Drops()
    photo = write_photo(tmp_path / "p.jpg", SIZE)
    assert settle(record(photo, (1, 1, 9, 9), stated_wh=(122, 194)), drops) is None
    assert drops[0].reason == "size differs"
    assert "says 122 × 194 pixels, the file has 61 × 97" in drops[0].detail


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_made_on_the_stored_photo_turn_with_it(orientation: int, normalised: bool, tmp_path: Path) -> None:
    box = (7, 20, 25, 70)
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    pixels[box[1] : box[3], box[0] : box[2]] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "p.png", exif=exif)
    upright = load_photo(tmp_path / "p.png").pixels[..., 0]
    ys, xs = np.nonzero(upright)
    expected = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)

    assert turn(box, Header(SIZE, orientation)) == expected
    if orientation >= 5:  # the stated size tells
        given = (box[0] / 61, box[1] / 97, box[2] / 61, box[3] / 97) if normalised else box
        found = settle(record(tmp_path / "p.png", given, stated_wh=SIZE, normalised=normalised), Drops())
        assert found is not None
        assert tuple(found.annotations.boxes_xyxy[0].tolist()) == expected
        assert found.annotations.size_wh == (97, 61)
        assert found.notes == ("boxes turned upright with their photo",)


def test_shares_with_six_digits_come_back_to_whole_pixels(tmp_path: Path) -> None:
    photo = tmp_path / "wide.png"
    Image.new("L", (3999, 7)).save(photo)
    shares = tuple(round(value, 6) for value in (1234 / 3999, 2 / 7, 3998 / 3999, 1.0))
    found = settle(record(photo, shares, normalised=True), Drops())  # type: ignore[arg-type]
    assert found is not None
    assert found.annotations.boxes_xyxy.tolist() == [[1234, 2, 3998, 7]]


def test_a_picture_inside_another_file_is_found_by_its_place(tmp_path: Path) -> None:
    data = write_photo(tmp_path / "p.jpg", SIZE).read_bytes()
    (tmp_path / "both").write_bytes(b"before" + data + b"after")
    found = settle(record(Slice(tmp_path / "both", 6, len(data)), (1, 2, 3, 4)), Drops())
    assert found is not None
    assert found.annotations.size_wh == SIZE

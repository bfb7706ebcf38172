"""The crop protocol: where every pixel of a crop comes from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from outfitter.crops import MARGIN, PROTOCOL, crop, crop_whole
from outfitter.geometry import as_boxes
from outfitter.values import Photo

GREEN, RED = (10, 160, 70), (200, 40, 30)


def scene(width: int, height: int, box: tuple[int, int, int, int]) -> Photo:
    """A red box on green."""
    pixels = np.full((height, width, 3), GREEN, np.uint8)
    x1, y1, x2, y2 = box
    pixels[y1:y2, x1:x2] = RED
    return Photo(pixels, "scene")


def gradient(width: int, height: int) -> Photo:
    """Red grows to the right, green downwards, blue is low: every place has its own colour, and none is white."""
    y, x = np.mgrid[:height, :width]
    return Photo(np.stack([x * 200 // width, y * 200 // height, (x + y) % 9], -1).astype(np.uint8), "gradient")


def filled(square: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The part that is not white, as a box."""
    ys, xs = np.nonzero((square != 255).any(2))
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def test_tall_box_is_centred_on_white_with_its_margin() -> None:
    """A 50 × 100 box grows to 58 × 116 and fills a 232 px square's height: the box itself is then 100 × 200."""
    (square,) = crop(scene(300, 200, (120, 60, 170, 160)), as_boxes([[120, 60, 170, 160]]), 232).pixels
    assert filled(square) == (58, 0, 174, 232)
    red = (np.abs(square.astype(int) - RED) < 60).all(2)
    ys, xs = np.nonzero(red)
    assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == (66, 16, 166, 216)
    assert (square[:, :58] == 255).all()
    assert (square[8, 116] == GREEN).all()


def test_wide_box() -> None:
    (square,) = crop(scene(300, 200, (40, 60, 240, 110)), as_boxes([[40, 60, 240, 110]]), 100).pixels
    assert filled(square) == (0, 37, 100, 62)


def test_margin_stops_at_the_photos_edge() -> None:
    """Nothing outside the photo is shown, so a box in a corner gets its margin on two sides only."""
    photo = scene(90, 70, (0, 0, 50, 25))
    (square,) = crop(photo, as_boxes([[0, 0, 50, 25]]), 108).pixels
    assert filled(square) == (0, 27, 108, 81)
    assert (square[28, 1] == RED).all()
    assert (square[80, 107] == GREEN).all()


def test_whole_picture() -> None:
    photo = gradient(40, 90)
    whole = crop_whole(photo, 45)
    assert (whole.pixels == crop(photo, as_boxes([[0, 0, 40, 90]]), 45).pixels).all()
    (square,) = whole.pixels
    assert filled(square) == (12, 0, 32, 45)
    assert (square[0, 12, :2] < 8).all()
    assert (square[-1, 31, :2] > 190).all()


def test_many_boxes_keep_their_order_and_do_not_touch() -> None:
    photo = gradient(130, 80)
    boxes = as_boxes([[0.0, 0.0, 30.0, 20.0], [60.25, 10.5, 129.75, 79.0], [60.0, 60.0, 61.0, 61.0]])
    crops = crop(photo, boxes, 33)
    assert crops.pixels.shape == (3, 33, 33, 3)
    assert crops.protocol == PROTOCOL
    for i in range(3):
        assert (crop(photo, boxes[i : i + 1], 33).pixels[0] == crops.pixels[i]).all()
    assert len(crop(photo, as_boxes([]), 33)) == 0


def test_scaling_down_averages() -> None:
    """Black and white columns become gray; picking single pixels would leave stripes."""
    pixels = np.zeros((600, 900, 3), np.uint8)
    pixels[:, ::2] = 255
    (square,) = crop_whole(Photo(pixels, "stripes"), 60).pixels
    np.testing.assert_allclose(square[11:49].astype(int), 127, atol=3)


def test_large_photos_take_a_short_cut_nobody_sees() -> None:
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (30, 41, 3), np.uint8)
    pixels = np.asarray(Image.fromarray(small).resize((1640, 1200), Image.Resampling.BICUBIC))
    (square,) = crop_whole(Photo(pixels, "large"), 82).pixels
    exact = np.asarray(Image.fromarray(pixels).resize((82, 60), Image.Resampling.BILINEAR))
    assert np.abs(square[11:71].astype(int) - exact).mean() < 2


sides = st.integers(1, 300)
spans = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted).filter(lambda span: span[1] - span[0] > 1e-4)


@given(spans, spans, sides, sides, st.integers(1, 64))
@example([0, 1], [0, 1], 300, 1, 5)
def test_any_box_keeps_its_aspect_and_its_place(
    xs: list[float], ys: list[float], width: int, height: int, side: int
) -> None:
    x1, x2, y1, y2 = xs[0] * width, xs[1] * width, ys[0] * height, ys[1] * height
    (square,) = crop(gradient(width, height), as_boxes([[x1, y1, x2, y2]]), side).pixels
    across = min(width, x2 + MARGIN * (x2 - x1)) - max(0, x1 - MARGIN * (x2 - x1))
    down = min(height, y2 + MARGIN * (y2 - y1)) - max(0, y1 - MARGIN * (y2 - y1))
    left, top, right, bottom = filled(square)
    assert max(right - left, bottom - top) == side
    assert right - left == pytest.approx(max(1, side * across / max(across, down)), abs=0.51)
    assert bottom - top == pytest.approx(max(1, side * down / max(across, down)), abs=0.51)
    assert abs(left + right - side) <= 1
    assert abs(top + bottom - side) <= 1


@pytest.mark.parametrize("box", [[50, 10, 50, 20], [90, 10, 95, 20], [-9, 5, 0, 9], [30, 20, 10, 40]])
def test_a_box_without_area_is_our_own_bug(box: list[float]) -> None:
    with pytest.raises(ValueError, match=r"gradient: box 1 is \[.+\], no area in \(90, 70\)"):
        crop(gradient(90, 70), as_boxes([[0.0, 0.0, 9.0, 9.0], box]), 16)


def test_golden() -> None:
    """If this fails, crops changed: models and catalogues made before no longer fit. Give PROTOCOL a new id."""
    assert PROTOCOL == "letterbox-white-1"
    (square,) = crop(gradient(613, 407), as_boxes([[100.5, 50.25, 400, 333.3]]), 50).pixels
    assert filled(square) == (0, 1, 50, 48)
    np.testing.assert_allclose(
        square[[3, 10, 25, 40, 46], [1, 30, 25, 7, 48]].astype(int),
        [[28, 22, 4], [93, 46, 4], [82, 97, 4], [42, 149, 4], [135, 170, 4]],
        atol=1,
    )

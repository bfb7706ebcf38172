from __future__ import annotations

import numpy as np
import pytest

from outfitter.learn.augment import NONE, UNKNOWN, Augment, vary

RED = np.array([230, 20, 20])


def picture() -> tuple[np.ndarray, np.ndarray]:
    """A red garment on a blue ground, 120 × 200 pixels."""
    pixels = np.full((200, 120, 3), (20, 20, 230), np.uint8)
    pixels[60:140, 30:80] = RED
    return pixels, np.array([[30, 60, 80, 140]], np.float32)


def box_of_red(pixels: np.ndarray) -> np.ndarray:
    red = (pixels[..., 0].astype(int) - pixels[..., 2]) > 60
    y, x = np.nonzero(red)
    return np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], np.float32)


def test_without_variation_the_photo_is_fitted_and_centred() -> None:
    pixels, boxes = picture()
    result, moved, kept, _ = vary(pixels, boxes, (240, 200), NONE, np.random.default_rng(0))
    assert result.shape == (200, 240, 3)
    assert kept.tolist() == [0]
    np.testing.assert_allclose(moved, [[90, 60, 140, 140]], atol=1e-4)
    assert (result[:, :59] == 255).all(), "what the photo does not cover is white"


@pytest.mark.parametrize("seed", range(25))
def test_boxes_follow_the_pixels(seed: int) -> None:
    pixels, boxes = picture()
    options = Augment(colour=0, grey=0)
    result, moved, kept, _ = vary(pixels, boxes, (160, 224), options, np.random.default_rng(seed))
    if len(kept):
        np.testing.assert_allclose(moved[0], box_of_red(result), atol=1.6)


@pytest.mark.parametrize("seed", range(25))
def test_the_mask_follows_the_pixels(seed: int) -> None:
    pixels, boxes = picture()
    mask = np.where(pixels[..., 0] > 100, 7, 0).astype(np.uint8)
    options = Augment(colour=0, grey=0)
    varied = vary(pixels, boxes, (160, 224), options, np.random.default_rng(seed), mask=mask)
    assert varied.mask is not None
    assert varied.mask.shape == (56, 40)
    assert set(np.unique(varied.mask).tolist()) <= {0, 7, UNKNOWN}
    red = (varied.pixels[2::4, 2::4, 0].astype(int) - varied.pixels[2::4, 2::4, 2]) > 60
    assert (red == (varied.mask == 7)).mean() > 0.93, "only the edges may differ"
    without = vary(pixels, boxes, (160, 224), options, np.random.default_rng(seed))
    np.testing.assert_array_equal(without.pixels, varied.pixels)
    assert without.mask is None


def test_a_box_that_is_hardly_visible_is_dropped() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    boxes = np.array([[0, 0, 10, 10], [40, 40, 60, 60]], np.float32)
    options = NONE.model_copy(update={"zoom": 1.0, "keep": 0.9})
    dropped = [vary(pixels, boxes, (64, 96), options, np.random.default_rng(s))[2].tolist() for s in range(30)]
    assert [1] in dropped, "zooming in must lose the corner box"
    assert [0] not in dropped, "and never the middle one"


def test_the_same_generator_gives_the_same_picture() -> None:
    pixels, boxes = picture()
    first, second = (vary(pixels, boxes, (96, 128), Augment(), np.random.default_rng(5)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_colour_changes_and_stays_in_range() -> None:
    pixels, boxes = picture()
    options = NONE.model_copy(update={"colour": 1.0})
    result = vary(pixels, boxes, (120, 200), options, np.random.default_rng(3))[0]
    assert result.dtype == np.uint8
    assert not np.array_equal(result[100, 55], RED)

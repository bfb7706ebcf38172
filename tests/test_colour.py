from __future__ import annotations

import numpy as np

from outfitter.colour import from_lab, to_lab


def test_lab_of_known_colours() -> None:
    colours = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], np.uint8)
    wanted = np.array([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.2]])
    np.testing.assert_allclose(to_lab(colours), wanted, atol=0.5)


def test_every_colour_comes_back_from_lab() -> None:
    axis = np.arange(0, 256, 15).astype(np.uint8)
    colours = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(-1, 3)
    np.testing.assert_array_equal(from_lab(to_lab(colours)), colours)

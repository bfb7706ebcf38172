from __future__ import annotations

import numpy as np

from outfitter.colour import to_lab


def test_lab_of_known_colours() -> None:
    colours = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], np.uint8)
    wanted = np.array([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.2]])
    np.testing.assert_allclose(to_lab(colours), wanted, atol=0.5)

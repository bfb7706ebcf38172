from __future__ import annotations

import numpy as np
import pytest

from outfitter.colour import to_lab
from outfitter.recommendations.colour import NAMED, find_colour, harmony, name_colour


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Navy", "navy"),
        ("NAVY BLUE / white", "navy"),
        ("light-blue", "light blue"),
        ("off-white", "cream"),
        ("Gray", "grey"),
        ("Black/Red", "black"),
        ("blackberry", None),
        ("", None),
        (None, None),
    ],
)
def test_colours_in_a_feeds_words(text: str | None, name: str | None) -> None:
    assert find_colour(text) == name


def test_every_named_colour_is_called_by_its_name() -> None:
    for name, codes in NAMED.items():
        for code in codes.split():
            assert name_colour(np.full((3, 5, 3), list(bytes.fromhex(code[1:])), np.uint8)) == name


def test_most_pixels_name_the_colour() -> None:
    pixels = np.full((4, 5, 3), (200, 30, 40), np.uint8)
    pixels[:1] = 255
    assert name_colour(pixels) == "red"


def test_a_dark_violet_dress_is_not_navy() -> None:
    dress, navy = (37, 22, 103), (32, 38, 92)  # the dress is that of a street photo, in the middle
    assert [name_colour(np.full((2, 2, 3), rgb, np.uint8)) for rgb in (dress, navy)] == ["purple", "navy"]


def test_lab_of_known_colours() -> None:
    # Bruce Lindbloom's calculator, sRGB, D65.
    lab = to_lab(np.array([[255, 255, 255], [255, 0, 0], [0, 0, 0], [119, 119, 119]], np.uint8))
    assert lab == pytest.approx(np.array([[100, 0, 0], [53.24, 80.09, 67.20], [0, 0, 0], [50.03, 0, 0]]), abs=0.05)


def test_neutrals_go_with_everything_and_clashes_do_not() -> None:
    assert min(harmony(neutral, name) for neutral in ("black", "white", "grey") for name in NAMED) > 0.9
    assert all(harmony(name, name) == 1 for name in NAMED)
    assert harmony("red", "green") == 1  # contrast
    assert harmony("orange", "fuchsia") < 0.1
    assert harmony("orange", "fuchsia") == harmony("fuchsia", "orange")
    assert harmony("navy", "teal") > harmony("blue", "teal")  # a weak colour clashes less

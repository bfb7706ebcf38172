"""The error tree, and the name that was probably meant."""

from __future__ import annotations

import inspect
import re

import pytest

from outfitter import errors
from outfitter.errors import OutfitterError, nearest, reason


def test_tree_in_the_docstring_is_the_tree() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == sorted(kind.__name__ for kind in kinds if kind is not OutfitterError)
    assert all(issubclass(kind, OutfitterError) and kind.__doc__ for kind in kinds)


@pytest.mark.parametrize(
    ("got", "meant"),
    [("eyeware", "eyewear"), ("TOP", "top"), ("botom", "bottom"), ("EYEWEAR", "eyewear"), ("Bottom", "bottom")],
)
def test_nearest_name(got: str, meant: str) -> None:
    assert nearest(got, ["bottom", "eyewear", "top"]) == f"; did you mean {meant!r}?"


def test_nothing_near() -> None:
    assert nearest("socks", ["bottom", "eyewear"]) == ""
    assert nearest("socks", []) == ""
    assert nearest("", ["top"]) == ""


def test_any_iterable_will_do() -> None:
    assert nearest("topp", (name for name in ["long", "top"])) == "; did you mean 'top'?"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no room. "), "no room"),
        (ValueError("\n first of two\nlines"), "first of two"),
        (KeyError("x"), "'x'"),
        (OSError(), "OSError"),
        (RuntimeError("\n "), "RuntimeError"),
    ],
)
def test_what_another_library_said(error: Exception, told: str) -> None:
    assert reason(error) == told

"""Boxes against naive implementations, one pixel and one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from outfitter.geometry import (
    Boxes,
    areas,
    as_boxes,
    clip,
    grow,
    intersections,
    iou,
    non_maximum_suppression,
    scale,
)

WIDTH, HEIGHT = 13, 9


@st.composite
def lattice_boxes(draw: st.DrawFn, most: int = 6) -> Boxes:
    """Boxes with whole corners in a 13 × 9 photo, so that their pixels can be counted; some are empty."""
    xs = st.lists(st.integers(0, WIDTH), min_size=2, max_size=2).map(sorted)
    ys = st.lists(st.integers(0, HEIGHT), min_size=2, max_size=2).map(sorted)
    rows = draw(st.lists(st.tuples(xs, ys), max_size=most))
    return as_boxes([[float(x1), float(y1), float(x2), float(y2)] for (x1, x2), (y1, y2) in rows])


@st.composite
def any_boxes(draw: st.DrawFn, most: int = 8) -> Boxes:
    number = st.floats(-50, 900, width=32)
    side = st.floats(0, 300, width=32)
    rows = draw(st.lists(st.tuples(number, number, side, side), max_size=most))
    return as_boxes([[x, y, x + w, y + h] for x, y, w, h in rows])


def pixels(box: NDArray[np.float32]) -> set[tuple[int, int]]:
    x1, y1, x2, y2 = box.astype(int)
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


@given(lattice_boxes(), lattice_boxes())
def test_overlaps_count_shared_pixels(a: Boxes, b: Boxes) -> None:
    assert areas(a).tolist() == [len(pixels(box)) for box in a]
    shared = [[len(pixels(p) & pixels(q)) for q in b] for p in a]
    either = [[len(pixels(p) | pixels(q)) for q in b] for p in a]
    assert intersections(a, b).shape == iou(a, b).shape == (len(a), len(b))
    for i in range(len(a)):
        assert intersections(a, b)[i].tolist() == shared[i]
        np.testing.assert_allclose(iou(a, b)[i], [s / e if e else 0 for s, e in zip(shared[i], either[i], strict=True)])


@given(any_boxes(), any_boxes())
def test_iou_is_symmetric_and_bounded(a: Boxes, b: Boxes) -> None:
    forth = iou(a, b)
    assert forth.dtype == np.float32
    assert (forth == iou(b, a).T).all()
    assert ((forth >= 0) & (forth <= 1)).all()
    own = np.diag(iou(a, a))
    np.testing.assert_allclose(own, (areas(a) > 0).astype(float), rtol=1e-5)


def test_iou_by_hand() -> None:
    a = as_boxes([[10, 20, 50, 60], [0, 0, 8, 2]])
    b = as_boxes([[30, 40, 70, 60], [4, 1, 12, 3], [50, 20, 60, 60]])
    np.testing.assert_allclose(iou(a, b), [[400 / 2000, 0, 0], [0, 4 / 28, 0]])


def test_inverted_boxes_are_empty() -> None:
    inverted = as_boxes([[5, 1, 2, 9], [5, 9, 8, 1], [8, 9, 5, 1]])
    assert areas(inverted).tolist() == [0, 0, 0]
    assert not iou(inverted, inverted).any()


def test_as_boxes_copies_and_checks() -> None:
    given_ = np.arange(8, dtype=np.float32).reshape(2, 4)
    copy = as_boxes(given_)
    given_[:] = 0
    assert copy[1].tolist() == [4, 5, 6, 7]
    assert as_boxes(np.asfortranarray(copy)).flags.c_contiguous
    empties: list[ArrayLike] = [[], np.zeros((0, 4)), np.zeros(0)]
    for empty in empties:
        assert as_boxes(empty).shape == (0, 4)
    for wrong in ([1, 2, 3, 4], [[1, 2, 3]], [[[1, 2, 3, 4]]]):
        with pytest.raises(ValueError, match=r"boxes have shape .+; need \(N, 4\)"):
            as_boxes(wrong)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="box 1 is not finite"):
            as_boxes([[0.0, 0.0, 3.0, 4.0], [0.0, bad, 3.0, 4.0]])


@given(any_boxes())
def test_clip(boxes: Boxes) -> None:
    inside = clip(boxes, (WIDTH, HEIGHT))
    assert inside.dtype == np.float32
    assert ((inside >= 0) & (inside <= [WIDTH, HEIGHT, WIDTH, HEIGHT])).all()
    assert (clip(inside, (WIDTH, HEIGHT)) == inside).all()
    frame = as_boxes([[0, 0, WIDTH, HEIGHT]])
    np.testing.assert_allclose(areas(inside), intersections(boxes, frame)[:, 0], rtol=1e-5)


def test_grow_and_scale() -> None:
    boxes = as_boxes([[10, 20, 30, 100], [0, 0, 5, 1]])
    grown = np.array([[8, 12, 32, 108], [-0.5, -0.1, 5.5, 1.1]])
    np.testing.assert_allclose(grow(boxes, 0.1), grown, rtol=1e-6)
    assert scale(boxes, (2.0, 0.5)).tolist() == [[20, 10, 60, 50], [0, 0, 10, 0.5]]
    for result in (grow(boxes, 0.1), scale(boxes, (2.0, 0.5)), grow(as_boxes([]), 1), scale(as_boxes([]), (2, 3))):
        assert result.dtype == np.float32
        assert result.shape[1] == 4


@given(any_boxes(), st.floats(0, 1), st.tuples(st.floats(0.1, 9), st.floats(0.1, 9)))
def test_growing_back_and_scaling_back(boxes: Boxes, share: float, factor: tuple[float, float]) -> None:
    shrunk = grow(grow(boxes, share), -share / (1 + 2 * share))
    np.testing.assert_allclose(shrunk, boxes, atol=1e-3, rtol=1e-4)
    back = scale(scale(boxes, factor), (1 / factor[0], 1 / factor[1]))
    np.testing.assert_allclose(back, boxes, atol=1e-3, rtol=1e-4)


def naive_nms(boxes: Boxes, scores: NDArray[np.float32], max_iou: float) -> list[int]:
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if all(iou(boxes[[i]], boxes[[j]])[0, 0] <= max_iou for j in kept):
            kept.append(i)
    return kept


@given(st.data(), lattice_boxes(most=10), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_nms_against_naive(data: st.DataObject, boxes: Boxes, max_iou: float) -> None:
    few = st.sampled_from([0.1, 0.5, 0.9])  # ties are the point
    scores = np.array(data.draw(st.lists(few, min_size=len(boxes), max_size=len(boxes))), np.float32)
    assert non_maximum_suppression(boxes, scores, max_iou).tolist() == naive_nms(boxes, scores, max_iou)


def test_nms_by_hand() -> None:
    """The second box overlaps the first by 0.6, the third by 0.2, and the third is the second's neighbour."""
    boxes = as_boxes([[0, 0, 40, 10], [10, 0, 50, 10], [26, 0, 66, 10]])
    scores = np.array([0.7, 0.9, 0.8], np.float32)
    assert non_maximum_suppression(boxes, scores, 0.5).tolist() == [1, 2]
    assert non_maximum_suppression(boxes, scores, 0.61).tolist() == [1, 2, 0]
    assert non_maximum_suppression(boxes, scores, 0.4).tolist() == [1]
    assert non_maximum_suppression(as_boxes([]), np.zeros(0, np.float32), 0.5).tolist() == []

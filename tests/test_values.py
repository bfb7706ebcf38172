"""Values refuse to be wrong, copy what they are given, and cannot be changed afterwards."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outfitter.geometry import as_boxes
from outfitter.values import Annotations, Crops, Detections, Embeddings, Photo, Product

SIZE = (70, 40)
BOXES = as_boxes([[1, 2, 30, 20], [0, 0, 70, 40], [5, 5, 6, 6]])
LABELS = ("top", "long", "bag")
SCORES = np.array([0.3, 0.9, 0.5], np.float32)


def detections(**changes: Any) -> Detections:
    return Detections(**{"boxes_xyxy": BOXES, "labels": LABELS, "scores": SCORES, "size_wh": SIZE, **changes})


BAD_BOXES = {
    "left of the photo": [-1, 0, 9, 9],
    "above it": [0, -0.5, 9, 9],
    "right of it": [60, 0, 70.5, 9],
    "below it": [0, 30, 9, 41],
    "zero width": [40, 10, 40, 30],
    "zero height": [40, 10, 50, 10],
    "inverted": [40, 10, 30, 30],
}


@pytest.mark.parametrize("box", BAD_BOXES.values(), ids=BAD_BOXES)
def test_boxes_lie_in_the_photo(box: list[float]) -> None:
    boxes = as_boxes([[1.0, 2.0, 30.0, 20.0], box])
    message = r"box 1 is \[.+\]; need 0 <= x1 < x2 <= 70 and 0 <= y1 < y2 <= 40"
    with pytest.raises(ValueError, match=f"^annotations: {message}"):
        Annotations(boxes, ("top", "bag"), SIZE)
    with pytest.raises(ValueError, match=f"^detections: {message}"):
        Detections(boxes, ("top", "bag"), SCORES[:2], SIZE)


def test_lengths_agree() -> None:
    with pytest.raises(ValueError, match="3 boxes, 2 labels, 3 crowd flags"):
        Annotations(BOXES, LABELS[:2], SIZE)
    with pytest.raises(ValueError, match="3 boxes, 3 labels, 1 crowd flags"):
        Annotations(BOXES, LABELS, SIZE, np.array([True]))
    with pytest.raises(ValueError, match="3 boxes, 3 labels, 2 scores"):
        detections(scores=SCORES[:2])


@pytest.mark.parametrize("score", [-0.1, 1.1, np.nan])
def test_scores_are_probabilities(score: float) -> None:
    with pytest.raises(ValueError, match=r"scores must be within \[0, 1\]"):
        detections(scores=np.array([0.3, score, 0.5]))


def test_detections_are_sorted_best_first() -> None:
    found = detections()
    assert found.labels == ("long", "bag", "top")
    np.testing.assert_allclose(found.scores, [0.9, 0.5, 0.3])
    assert found.boxes_xyxy[2].tolist() == [1, 2, 30, 20]
    box, label, score = next(iter(found))
    assert (box, label) == ([0.0, 0.0, 70.0, 40.0], "long")
    assert score == pytest.approx(0.9)
    assert detections(scores=np.full(3, 0.5)).labels == LABELS  # ties keep their order


@given(st.lists(st.floats(0, 1, width=32), max_size=7), st.data())
def test_a_subset_keeps_rows_together(scores: list[float], data: st.DataObject) -> None:
    count = len(scores)
    boxes = as_boxes([[float(i), 0.0, i + 1.0, 2.0 + i] for i in range(count)])
    found = Detections(boxes, tuple(f"n{i}" for i in range(count)), np.array(scores, np.float32), SIZE)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), bool)
    for keep in (mask, np.flatnonzero(mask), np.flatnonzero(mask).tolist()):
        part = found[keep]
        assert len(part) == mask.sum()
        assert list(part) == [row for row, kept in zip(found, mask, strict=True) if kept]
    assert list(found[1:3]) == list(found)[1:3]
    for box, label, _ in found:
        assert label == f"n{int(box[0])}"


def test_nothing_found() -> None:
    none = Detections.none(SIZE)
    assert (len(none), list(none), none.boxes_xyxy.shape, none.size_wh) == (0, [], (0, 4), SIZE)
    assert len(none[none.scores > 0.5]) == 0
    assert len(Annotations(as_boxes([]), (), SIZE)) == 0


def test_values_copy_and_cannot_be_changed() -> None:
    boxes, scores, crowd = BOXES.copy(), SCORES.copy(), np.array([True, False, False])
    found = Detections(boxes, LABELS, scores, SIZE)
    truth = Annotations(boxes, LABELS, SIZE, crowd)
    boxes[:], scores[:], crowd[:] = 0, 0, False
    assert found.scores[0] == np.float32(0.9)
    assert truth.boxes_xyxy[0].tolist() == [1, 2, 30, 20]
    assert truth.crowd is not None
    assert truth.crowd.tolist() == [True, False, False]
    for array in (found.boxes_xyxy, found.scores, truth.boxes_xyxy, truth.crowd):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(FrozenInstanceError):
        found.labels = ()  # type: ignore[misc]


def test_crowd_is_no_by_default() -> None:
    truth = Annotations(BOXES, LABELS, SIZE)
    assert truth.crowd is not None
    assert truth.crowd.tolist() == [False, False, False]


@pytest.mark.parametrize(
    ("shape", "dtype"), [((4, 6), np.uint8), ((4, 6, 4), np.uint8), ((4, 6, 3), np.float32), ((0, 6, 3), np.uint8)]
)
def test_photo_is_rgb_bytes(shape: tuple[int, ...], dtype: type) -> None:
    with pytest.raises(ValueError, match=r"^shop/a\.jpg: (pixels are|the picture is empty)"):
        Photo(np.zeros(shape, dtype), "shop/a.jpg")


def test_photo_size_is_width_then_height() -> None:
    assert Photo(np.zeros((4, 6, 3), np.uint8), "a").size_wh == (6, 4)


def test_crops_are_rgb_bytes() -> None:
    assert len(Crops(np.zeros((2, 5, 5, 3), np.uint8), "p")) == 2
    for shape, dtype in (((5, 5, 3), np.uint8), ((2, 5, 5, 3), np.float32), ((2, 3, 5, 5), np.uint8)):
        with pytest.raises(ValueError, match=r"need uint8 \(N, S, S, 3\)"):
            Crops(np.zeros(shape, dtype), "p")


def test_crops_are_square() -> None:
    with pytest.raises(ValueError, match=r"need uint8 \(N, S, S, 3\)"):
        Crops(np.zeros((2, 5, 7, 3), np.uint8), "p")


def test_embeddings_have_length_one() -> None:
    vectors = np.array([[0.6, 0.8, 0.0], [0.0, 0.0, -1.0]], np.float32)
    assert len(Embeddings(vectors, "e")) == 2
    assert len(Embeddings(vectors[:0], "e")) == 0
    for wrong in (vectors * 1.01, vectors * 0, np.where(vectors == 0, np.nan, vectors).astype(np.float32)):
        with pytest.raises(ValueError, match="must have length 1, got"):
            Embeddings(wrong, "e")
    for wrong_kind in (vectors.astype(np.float64), vectors[0]):
        with pytest.raises(ValueError, match=r"need float32 \(N, D\)"):
            Embeddings(wrong_kind, "e")  # type: ignore[arg-type]


def test_product_needs_an_id_and_an_image() -> None:
    columns = {"fabric": "linen"}
    product = Product("7", "Shirt", "a.jpg", attributes=columns)
    columns["fabric"] = "silk"
    assert product.attributes == {"fabric": "linen"}
    with pytest.raises(TypeError, match="does not support item assignment"):
        product.attributes["fabric"] = "silk"  # type: ignore[index]
    assert replace(product, price=9.5).attributes == {"fabric": "linen"}
    with pytest.raises(ValueError, match="product: id is empty"):
        replace(product, id="")
    with pytest.raises(ValueError, match="product: image is empty"):
        replace(product, image="")

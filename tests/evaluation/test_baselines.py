"""Constant guesses: what they are, and that they earn what arithmetic says."""

from __future__ import annotations

import numpy as np
import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.baselines import constant_box, constant_box_right_labels, learn_prior, majority_class
from outfitter.evaluation.detection import score_detections
from tests.evaluation.scenes import annotated, detected

TRAIN = [
    annotated([[10, 20, 90, 180]], ["top"], (100, 200)),
    annotated([[0, 0, 60, 50], [60, 50, 300, 100]], ["top", "bag"], (300, 100)),
    annotated([[5, 0, 10, 20]], ["bottom"], (10, 40)),
    annotated([[0, 0, 8, 8], [2, 2, 10, 10]], ["top", "top"], (10, 10)),
    annotated([], [], (33, 44)),
]
SIZES = {"wide": (200, 100), "high": (50, 400)}


def test_prior() -> None:
    prior = learn_prior(TRAIN)
    assert prior.common == "top"
    assert prior.share == {"bag": 0.2, "bottom": 0.2, "top": 0.6}
    assert prior.box["bag"] == pytest.approx((0.2, 0.5, 1, 1))
    tops = [(0.1, 0.1, 0.9, 0.9), (0, 0, 0.2, 0.5), (0, 0, 0.8, 0.8), (0.2, 0.2, 1, 1)]
    assert prior.box["top"] == pytest.approx(np.mean(tops, axis=0))


def test_no_box_to_learn_from() -> None:
    with pytest.raises(EvaluationError, match="1 photos and no box; give the training split"):
        learn_prior(TRAIN[-1:])


def test_constant_box_scales_with_the_photo() -> None:
    found = constant_box(learn_prior(TRAIN), SIZES)
    assert list(found) == ["wide", "high"]
    assert found["wide"].labels[0] == "top"
    assert found["wide"].scores.tolist() == pytest.approx([0.6, 0.2, 0.2], abs=0.001)
    bag = found["high"].labels.index("bag")
    assert found["high"].boxes_xyxy[bag].tolist() == pytest.approx([10, 200, 50, 400])


def test_majority_class_earns_its_share_of_the_crops() -> None:
    """On crops, the constant box hits every box; AP is then a matter of classes alone."""
    labels = ["top"] * 600 + ["bottom"] * 300 + ["bag"] * 100  # in order of their class, as folders are
    truth = {f"{n}": annotated([[n % 9, 12, 110, 190 + n % 7]], [label], (120, 210)) for n, label in enumerate(labels)}
    prior = learn_prior(truth.values())
    sizes = {name: one.size_wh for name, one in truth.items()}
    scores = score_detections(truth, majority_class(prior, sizes), ("top", "bottom", "bag"))
    assert scores.voc_ap50 == {"top": pytest.approx(0.6, abs=0.05), "bottom": 0, "bag": 0}
    every = score_detections(truth, constant_box(prior, sizes), ("top", "bottom", "bag"))
    assert every.voc_ap50 == pytest.approx({"top": 0.6, "bottom": 0.3, "bag": 0.1}, abs=0.05)


def test_right_labels_at_constant_boxes() -> None:
    prior = learn_prior(TRAIN)
    boxes = [[1, 1, 9, 9], [2, 2, 60, 60], [3, 3, 80, 80], [4, 4, 90, 90]]
    found = detected(boxes, ["top", "bag", "top", "hat"], [0.5, 0.4, 0.9, 0.8], (200, 100))
    swapped = constant_box_right_labels(prior, {"a": found, "b": found[:0]})
    assert swapped["a"].labels == ("top", "bag")  # a class that training never showed has no box
    assert swapped["a"].scores.tolist() == pytest.approx([0.9, 0.4])
    assert swapped["a"].boxes_xyxy[1].tolist() == pytest.approx([40, 50, 200, 100])
    assert len(swapped["b"]) == 0

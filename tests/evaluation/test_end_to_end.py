from __future__ import annotations

from dataclasses import replace

import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.bootstrap import intervals
from outfitter.evaluation.end_to_end import Search, answering, outcome, score_end_to_end
from outfitter.values import Detections
from tests.evaluation.scenes import detected

BOX = (20.0, 30.0, 80.0, 130.0)
SIZE = (120, 200)
CORNERS = [[60, 30, 120, 190], [20, 30, 80, 120], [22, 30, 80, 130]]
FOUND = detected(CORNERS, ["bag", "top", "top"], [0.9, 0.5, 0.4], SIZE)
GOOD = Search(
    photo="p1.jpg",
    box_xyxy=BOX,
    slot="top",
    product="sku-1",
    detections=FOUND,
    shown=["sku-7", "sku-1", "sku-9"],
    unfiltered=["sku-7", "sku-1", "sku-9"],
)


def test_the_answer_is_the_detection_that_overlaps_most_not_the_surest() -> None:
    assert answering(BOX, GOOD.detections) == 2
    assert answering(BOX, GOOD.detections[:1]) is None
    assert answering(BOX, Detections.none(SIZE)) is None


LOST = {
    "found": GOOD,
    "missed box": replace(GOOD, detections=GOOD.detections[:1]),
    "wrong class": replace(GOOD, slot="long", shown=["sku-7"]),
    "filter": replace(GOOD, shown=["sku-7"]),
    "embedding": replace(GOOD, shown=["sku-7"], unfiltered=["sku-7", "sku-8"]),
}


@pytest.mark.parametrize("expected", LOST)
def test_each_loss(expected: str) -> None:
    assert outcome(LOST[expected], k=5) == expected


def test_a_product_past_k_is_lost() -> None:
    assert outcome(GOOD, k=1) == "embedding"
    assert outcome(replace(GOOD, unfiltered=["sku-1"]), k=1) == "filter"


def test_a_wrong_class_that_did_no_harm_is_no_loss() -> None:
    assert outcome(replace(GOOD, slot="long"), k=5) == "found"


def test_scores_and_losses_are_shares_of_all_searches() -> None:
    searches = [*LOST.values(), replace(GOOD, photo="p2.jpg", slot="bag", detections=Detections.none(SIZE))]
    evidence = score_end_to_end(searches, ks=(1, 3))
    assert evidence.names == ("p1.jpg", "p2.jpg")
    scores = {name: one.value for name, one in intervals(evidence, replicates=3).items()}
    assert scores["found@1"] == 0
    assert scores["found@3"] == pytest.approx(1 / 6)
    assert scores["lost to missed box"] == pytest.approx(2 / 6)
    losses = [value for name, value in scores.items() if name.startswith("lost to") and "/" not in name]
    assert sum(losses) + scores["found@3"] == pytest.approx(1)
    assert scores["lost to missed box/bag"] == 1
    assert scores["lost to missed box/top"] == pytest.approx(1 / 4)


def test_nothing_to_look_for() -> None:
    with pytest.raises(EvaluationError, match="no garment to look for"):
        score_end_to_end([])

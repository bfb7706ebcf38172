from __future__ import annotations

import numpy as np
import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.bootstrap import intervals
from outfitter.evaluation.packshot import score_packshots
from outfitter.values import Detections
from tests.evaluation.scenes import annotated, detected

SIZE = (90, 160)
BOX = [10, 20, 70, 150]
TRUTH = {
    "right": annotated([BOX], ["top"], SIZE),
    "second": annotated([BOX], ["top"], SIZE),
    "other slot": annotated([BOX], ["bag"], SIZE),
    "elsewhere": annotated([BOX], ["bag"], SIZE),
    "nothing": annotated([BOX], ["top"], SIZE),
    "mug": annotated([], [], SIZE),
    "lamp": annotated([], [], SIZE),
    "cat": annotated([], [], SIZE),
}
FOUND = {
    "right": detected([[10, 20, 70, 140], [0, 0, 9, 9]], ["top", "bag"], [0.3, 0.2], SIZE),
    "second": detected([BOX, BOX], ["bottom", "top"], [0.9, 0.8], SIZE),
    "other slot": detected([BOX], ["top"], [0.9], SIZE),
    "elsewhere": detected([[10, 20, 40, 80]], ["bag"], [0.9], SIZE),
    "nothing": Detections.none(SIZE),
    "mug": detected([BOX], ["bag"], [0.5], SIZE),
    "lamp": detected([BOX], ["bag"], [0.49], SIZE),
    "cat": Detections.none(SIZE),
}


def test_by_hand() -> None:
    scores = intervals(score_packshots(TRUTH, FOUND, ("top", "bottom", "bag"), shown_from=0.5), replicates=5)
    assert {name: score.value for name, score in scores.items()} == {
        "rank-1": pytest.approx(1 / 5),
        "right slot": pytest.approx(2 / 5),
        "right box": pytest.approx(3 / 5),
        "false alarm": pytest.approx(1 / 3),
        "rank-1/top": pytest.approx(1 / 3),
        "rank-1/bag": 0,
    }


def test_without_empty_pictures_there_is_no_false_alarm_rate() -> None:
    truth = {name: one for name, one in TRUTH.items() if len(one)}
    found = {name: FOUND[name] for name in truth}
    assert "false alarm" not in score_packshots(truth, found, ("top", "bottom", "bag"), 0.5).columns


def test_two_garments_are_no_packshot() -> None:
    two = annotated(np.array([BOX, BOX]), ["top", "bag"], SIZE)
    with pytest.raises(EvaluationError, match="right: 2 true boxes; a packshot shows one garment at most"):
        score_packshots({**TRUTH, "right": two}, FOUND, ("top", "bottom", "bag"), 0.5)

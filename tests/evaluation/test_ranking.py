from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.bootstrap import intervals
from outfitter.evaluation.ranking import score_ranking

ITEMS = [f"i{n}" for n in range(40)]
RECOMMENDED = {
    "ann": ["i3", "i0", "i7", "i1", "i2", "i9"],
    "bob": ["i5"],
    "cat": [],
    "dan": [f"i{n}" for n in range(10, 35)],
}
CHOSEN = {"ann": {"i0", "i9"}, "bob": {"i5"}, "cat": {"i0"}, "dan": {"i29", "i30", "i10", "i39"}}


def test_by_hand() -> None:
    vectors = {item: np.eye(40, dtype=np.float32)[n // 2] for n, item in enumerate(ITEMS)}
    evidence = score_ranking(
        RECOMMENDED, CHOSEN, ITEMS,
        popularity={"i5": 7, "i3": 1}, vectors=vectors, past={"ann": 0, "bob": 3, "cat": 0, "dan": 50},
    )  # fmt: skip
    columns = evidence.means.columns
    assert columns["Recall@5"].tolist() == [0.5, 1, 0, 0.25]
    assert columns["Recall@10"].tolist() == [1, 1, 0, 0.25]
    assert columns["Recall@20"].tolist() == [1, 1, 0, 0.5]
    ideal = 1 + 1 / np.log2(3)
    assert columns["NDCG@5"][0] == pytest.approx(1 / np.log2(3) / ideal)
    assert columns["NDCG@10"][0] == pytest.approx((1 / np.log2(3) + 1 / np.log2(7)) / ideal)
    assert columns["NDCG@20"][3] == pytest.approx((1 + 1 / np.log2(21)) / (1 / np.log2(np.arange(2, 6))).sum())
    # 8 events and 40 items: bob is shown one of (7 + 1) / 48.
    assert columns["novelty"][1] == pytest.approx(np.log2(6))
    assert np.isnan(columns["novelty"][2])
    # Items 2n and 2n + 1 are alike: of ann's 15 pairs (3, 2) and (0, 1) are.
    assert columns["diversity"][0] == pytest.approx(13 / 15)
    assert np.isnan(columns["diversity"][1])
    scores = intervals(evidence, replicates=20)
    assert scores["coverage"].value == pytest.approx((6 + 1 + 25) / 40)
    assert scores["Recall@10/past events: 0"].value == pytest.approx(0.5)
    assert scores["Recall@10/past events: 20 and more"].value == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("recommended", "chosen", "message"),
    [
        ({}, {}, "there is nobody to recommend to"),
        ({"ann": []}, {"bob": {"i1"}}, "2 people are on one side only, first 'ann'"),
        ({"ann": []}, {"ann": set()}, "ann: chose nothing after the split"),
        ({"ann": ["i1", "i2", "i1"]}, {"ann": {"i1"}}, "ann: 'i1' is recommended twice"),
        ({"ann": ["i1", "x9"]}, {"ann": {"i1"}}, "ann: 'x9' is recommended and is not among the 40 items"),
    ],
)
def test_bad_input(recommended: Any, chosen: Any, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        score_ranking(recommended, chosen, ITEMS)

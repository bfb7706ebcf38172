from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from outfitter.datasets.split import assign, blocks
from outfitter.errors import ConfigError


def test_blocks_hold_neighbours_in_natural_order() -> None:
    names = ["p10", "p2", "p1", "p9", "p11"]
    assert blocks(names, 2) == ["1", "0", "0", "1", "2"]


def crowd(number: int) -> tuple[list[str], list[list[str]]]:
    """Groups of one to five photos; one photo in ten has the rare class."""
    rng = np.random.default_rng(3)
    groups = [str(group) for group in range(number) for _ in range(int(rng.integers(1, 6)))]
    labels = [["top"] * int(rng.integers(0, 3)) + ["hat"] * int(rng.random() < 0.1) for _ in groups]
    return groups, labels


def test_groups_stay_whole_and_shares_are_met_for_photos_and_classes() -> None:
    groups, labels = crowd(300)
    splits = assign(groups, labels, {"val": 0.2, "test": 0.1}, seed=1)
    assert all(
        len({split for split, group in zip(splits, groups, strict=True) if group == one}) == 1 for one in set(groups)
    )
    for name in ("photos", "top", "hat"):
        counts = Counter[str]()
        for split, found in zip(splits, labels, strict=True):
            counts[split] += 1 if name == "photos" else found.count(name)
        assert counts["val"] / counts.total() == pytest.approx(0.2, abs=0.03)
        assert counts["test"] / counts.total() == pytest.approx(0.1, abs=0.03)


def test_a_seed_decides() -> None:
    groups, labels = crowd(60)
    first, again, other = (assign(groups, labels, {"val": 0.3}, seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_the_order_of_the_photos_does_not_matter() -> None:
    groups, labels = crowd(60)
    order = np.random.default_rng(0).permutation(len(groups))
    shuffled = assign([groups[i] for i in order], [labels[i] for i in order], {"val": 0.3}, 5)
    straight = assign(groups, labels, {"val": 0.3}, 5)
    assert shuffled == [straight[i] for i in order]


def test_few_groups_still_fill_every_split() -> None:
    assert sorted(assign(["a", "b", "c"], [[], [], []], {"val": 0.01, "test": 0.01}, 0)) == ["test", "train", "val"]
    assert assign(["a", "b"], [[], []], {"val": 0.0}, 0) == ["train", "train"]


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"val": 0.6, "test": 0.4}, "leave some for train"),
        ({"val": -0.1}, r"must be within \[0, 1\)"),
        ({"dev": 0.1}, "unknown split 'dev'"),
        ({"val": 0.1, "test": 0.1}, "2 photos in 2 groups cannot make 3 splits"),
    ],
)
def test_impossible_shares_are_errors(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        assign(["a", "b"], [[], []], shares, 0)

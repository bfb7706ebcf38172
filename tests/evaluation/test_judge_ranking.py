"""Lists read, guessed and judged on a log in which everybody sticks to the products of their own taste."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.bootstrap import differences
from outfitter.evaluation.event_log import EventLog, TemporalSplit, split_in_time
from outfitter.evaluation.judge_ranking import judge_ranking
from outfitter.evaluation.ranked_lists import at_random, popular, read_lists
from outfitter.evaluation.report import ranking_page
from outfitter.evaluation.result import read

ITEMS = [f"i{n:03}" for n in range(120)]


@pytest.fixture(scope="module")
def split() -> TemporalSplit:
    """60 people of 4 tastes; taste t likes items of number n % 4 == t. The last 10 come after the split."""
    rng, rows = np.random.default_rng(3), []
    for person in range(60):
        liked = [item for number, item in enumerate(ITEMS) if number % 4 == person % 4]
        for item in rng.choice(liked, 4 + person % 26, replace=True):
            when = rng.uniform(0, 100) if person < 50 else rng.uniform(80, 100)
            rows.append((f"u{person:02}", str(item), "view", float(when)))
    return split_in_time(EventLog.of(rows), 80.0, items=ITEMS)


def tasteful(split: TemporalSplit) -> dict[str, list[str]]:
    return {
        person: [
            item
            for number, item in enumerate(ITEMS)
            if number % 4 == int(person[1:]) % 4 and item not in split.seen.get(person, ())
        ]
        for person in split.chosen
    }


def test_popular(split: TemporalSplit) -> None:
    counts = split.past.counts()
    for person, listed in popular(split).items():
        assert len(listed) == 20
        assert not set(listed) & split.seen.get(person, frozenset())
        shown = [counts.get(item, 0) for item in listed]
        assert shown == sorted(shown, reverse=True)
        left = set(ITEMS) - set(listed) - split.seen.get(person, frozenset())
        assert max(counts.get(item, 0) for item in left) <= shown[-1]


def test_random(split: TemporalSplit) -> None:
    lists = at_random(split)
    assert lists == at_random(split)
    assert len({tuple(listed) for listed in lists.values()}) == len(lists)
    for person, listed in lists.items():
        assert len(set(listed)) == 20
        assert not set(listed) & split.seen.get(person, frozenset())


def test_judged(split: TemporalSplit, tmp_path: Path) -> None:
    vectors = {item: np.eye(4, dtype=np.float32)[number % 4] for number, item in enumerate(ITEMS)}
    result = judge_ranking(
        split, tasteful(split), model="taste", model_hash="t", data="toy", vectors=vectors, replicates=100
    )
    assert result.scores["Recall@20"].value > 2 * result.baselines["popular"]["Recall@20"]
    assert result.scores["diversity"].value == pytest.approx(0)
    assert result.baselines["random"]["diversity"] == pytest.approx(0.75, abs=0.05)
    # A random list of 20 of about 110 unseen items.
    assert result.baselines["random"]["Recall@20"] == pytest.approx(20 / 110, abs=0.06)
    assert {"past events: 0", "past events: 1 to 4", "past events: 5 to 19"} <= set(result.slices)
    assert result.more["differences"]["popular"]["Recall@20"]["real"]
    assert result.terms.samples == len(split.chosen)
    result.write(tmp_path)
    again = read(tmp_path)
    assert not any(one.real for one in differences(again.evidence, result.evidence, 20).values())
    page = ranking_page(result)
    assert "Really better than a guess?" in page
    assert "past events: 1 to 4" in page
    assert "diversity" in page


def test_of_two_people_nothing_is_sure() -> None:
    rows = [
        ("ann", "i1", "view", 1.0),
        ("bob", "i2", "view", 2.0),
        ("ann", "i2", "view", 8.0),
        ("bob", "i3", "view", 9.0),
    ]
    split, lists = split_in_time(EventLog.of(rows), 5.0), {"ann": ["i2"], "bob": ["i3"]}
    result = judge_ranking(split, lists, model="m", model_hash="1", data="d", replicates=20)
    moved = result.more["differences"]["popular"]["coverage"]
    assert (moved["low"], moved["high"], moved["p"], moved["real"]) == (None, None, None, False)
    page = ranking_page(result)
    assert "no interval" in page
    assert "– to –" not in page


def test_popular_is_not_better_than_itself(split: TemporalSplit) -> None:
    result = judge_ranking(split, popular(split), model="p", model_hash="", data="toy", replicates=50)
    assert not any(one["real"] for one in result.more["differences"]["popular"].values())
    assert "diversity" not in result.scores


def lines(path: Path, lists: dict[str, list[str]]) -> Path:
    path.write_text("".join(json.dumps({"user": user, "products": ids}) + "\n" for user, ids in lists.items()))
    return path


def test_lists_from_a_file(split: TemporalSplit, tmp_path: Path) -> None:
    lists = tasteful(split)
    silent = next(person for person in split.past.people if person not in split.chosen)
    path = lines(tmp_path / "l.jsonl", {silent: ["i001"], **lists})
    assert read_lists(path, split) == (lists, 1)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_lists(path, split) == (lists, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"user": "u1", "products": []}', r"the user 'u1' is not in the events; did you mean 'u\d+'"),
        ('{"user": "u01", "products": []}\n' * 2, r"l.jsonl:2: the user 'u01' has a line already"),
        ('{"user": "u01", "items": []}', r'l.jsonl:1: need \{"user": "…", "products"'),
        ('{"user": "u01", "products": [3]}', r"l.jsonl:1: need "),
        ("{", "l.jsonl:1: no JSON"),
        ("", r"l.jsonl: \d+ of the \d+ people who chose something after the split have no line, first 'u"),
    ],
)
def test_bad_lists(split: TemporalSplit, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "l.jsonl").write_text(text)
    with pytest.raises(EvaluationError, match=message):
        read_lists(tmp_path / "l.jsonl", split)

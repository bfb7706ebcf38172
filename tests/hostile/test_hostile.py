"""Over 3 000 hostile pictures and feeds: no crash, no hang, no more memory than the limits allow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SECONDS = 5.0
MEMORY = 1_200_000_000
"""Bytes: a picture of 50 megapixels with alpha, its copy on white, and everything that is imported."""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    work = tmp_path_factory.mktemp("hostile")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.hostile.feed_through", str(work)],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"hangs on {(work / 'now').read_text()}")
    assert done.returncode == 0, f"dies of {(work / 'now').read_text()}: {done.stderr[-2000:]}"
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_only_pictures_feeds_and_our_errors_come_out(outcome: dict[str, Any]) -> None:
    assert outcome["wrong"] == []
    found = outcome["found"]
    assert set(found) <= {"photo", "PhotoError", "feed", "feed without rows", "FeedError"}
    assert found["PhotoError"] > 1500
    assert found["photo"] > 500  # what is odd but whole is read
    assert found["FeedError"] > 100
    assert found["feed"] > 200
    assert sum(found.values()) > 3000


@pytest.mark.slow
def test_none_takes_longer_than_five_seconds(outcome: dict[str, Any]) -> None:
    assert outcome["slowest"][0][0] < SECONDS, outcome["slowest"]


@pytest.mark.slow
def test_memory_stays_bounded(outcome: dict[str, Any]) -> None:
    assert 0 < outcome["peak_bytes"] < MEMORY

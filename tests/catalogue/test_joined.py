"""Calls of several threads as one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.catalogue.joined import MOST, Joined, Remembered


def test_calls_that_arrive_during_a_run_are_answered_together_and_apart() -> None:
    matrix = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    runs, entered, gate = list[int](), threading.Semaphore(0), threading.Semaphore(0)

    def compare(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        runs.append(len(vectors))
        entered.release()
        gate.acquire()
        return vectors @ matrix.T

    joined = Joined(compare)
    sizes = [2, 3, MOST - 4, 1, 2]
    asked = [np.random.default_rng(n).normal(size=(size, 5)).astype(np.float32) for n, size in enumerate(sizes)]
    with ThreadPoolExecutor(len(sizes)) as pool:
        answers = []
        for number, vectors in enumerate(asked):
            answers.append(pool.submit(joined, vectors))
            if number == 0:
                assert entered.acquire(timeout=10)
            while number and len(joined._waiting) < number:
                threading.Event().wait(0.005)
        for _ in range(3):
            gate.release()
        for vectors, answer in zip(asked, answers, strict=True):
            np.testing.assert_allclose(answer.result(10), vectors @ matrix.T, rtol=1e-5)
    assert runs == [2, MOST, 2]  # 3 + 60 + 1 are as many as may go together


def test_an_error_is_everybodys_of_that_run_and_the_next_goes_on() -> None:
    def compare(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(vectors) == 3:
            raise ZeroDivisionError
        return vectors

    joined = Joined(compare)
    with pytest.raises(ZeroDivisionError):
        joined(np.zeros((3, 2), np.float32))
    assert joined(np.ones((1, 2), np.float32)).tolist() == [[1, 1]]


def test_what_was_asked_a_moment_ago_is_not_computed_again() -> None:
    matrix = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    asked = list[int]()

    def compare(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        asked.append(len(vectors))
        return vectors @ matrix.T

    remembered = Remembered(compare, most=4)
    vectors = np.random.default_rng(1).normal(size=(6, 5)).astype(np.float32)
    for rows, computed in (
        ([0, 1, 2], 3),
        ([2, 0], 0),  # a part of it, in another order
        ([1, 3, 1], 1),  # one of two is new
        ([4], 1),  # 2 is the one not asked for longest, and is forgotten
        ([0, 1, 3, 4], 0),
        ([2], 1),
        ([0, 1, 2, 3, 4, 5], 2),  # more than are kept
    ):
        before = sum(asked)
        np.testing.assert_allclose(remembered(vectors[rows]), vectors[rows] @ matrix.T, rtol=1e-5)
        assert sum(asked) - before == computed
    assert len(remembered._rows) == 4
    kept = next(iter(remembered._rows.values()))
    assert kept.base is None  # or it would keep all that was computed with it

from __future__ import annotations

import itertools

import pytest
import torch

from outfitter.learn.options import Optimiser
from outfitter.learn.schedule import factor, make_optimiser, set_learning_rate


def test_warm_up_then_cosine() -> None:
    options = Optimiser(warm_up=10)
    rates = [factor(options, step, 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) == pytest.approx(1, abs=0.03)
    assert rates[100] == pytest.approx(0.01)
    assert all(a > b for a, b in itertools.pairwise(rates[10:]))


def test_the_original_steps() -> None:
    options = Optimiser(kind="sgd", schedule="steps", warm_up=0)
    wanted = [1, 1, 0.1, 0.1, 0.01]
    steps = [0, 899_999, 900_000, 1_199_999, 1_200_000]
    assert [factor(options, step, 2_000_000) for step in steps] == pytest.approx(wanted)


def test_the_backbone_learns_slower_and_biases_do_not_decay() -> None:
    model = torch.nn.Module()
    model.backbone = torch.nn.Linear(3, 4)
    model.head = torch.nn.Linear(4, 2)
    options = Optimiser(learning_rate=0.5, backbone_factor=0.1, weight_decay=0.3, warm_up=0)
    optimiser = make_optimiser(model, options)
    assert set_learning_rate(optimiser, options, 0, 10) == pytest.approx(0.5)
    found = {id(p): (g["lr"], g["weight_decay"]) for g in optimiser.param_groups for p in g["params"]}
    assert found[id(model.backbone.weight)] == pytest.approx((0.05, 0.3))
    assert found[id(model.backbone.bias)] == pytest.approx((0.05, 0))
    assert found[id(model.head.weight)] == pytest.approx((0.5, 0.3))
    assert len(found) == 4

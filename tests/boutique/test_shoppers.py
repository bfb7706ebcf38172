from __future__ import annotations

import numpy as np
import pytest

from outfitter.boutique import design, simulate
from outfitter.errors import ConfigError


def test_people_do_what_they_like_and_the_same_numbers_give_the_same() -> None:
    shop = design(products=60, looks=0, seed=1)
    found = simulate(shop, people=20, looks_around=900, seed=3)
    assert found.events == simulate(shop, people=20, looks_around=900, seed=3).events
    assert found.events != simulate(shop, people=20, looks_around=900, seed=4).events
    likes = {
        (person, product): float(found.likes[i, j])
        for i, person in enumerate(found.people)
        for j, product in enumerate(found.products)
    }
    by_kind = {
        kind: np.mean([likes[person, product] for person, product, done, _ in found.events if done == kind])
        for kind in ("view", "purchase", "dismiss")
    }
    assert by_kind["purchase"] > by_kind["view"] > 0.5 > 0 > by_kind["dismiss"]
    times = [event[3] for event in found.events]
    assert times == sorted(times)


def test_nobody_meets_what_is_not_there_yet() -> None:
    found = simulate(design(products=60, looks=0, seed=1), people=20, looks_around=900)
    launched = dict(zip(found.products, found.launched.tolist(), strict=True))
    assert all(time >= launched[product] for _, product, _, time in found.events)
    assert sum(time > min(launched.values()) for time in launched.values()) == 6


def test_a_shop_without_people() -> None:
    with pytest.raises(ConfigError, match="people is 0"):
        simulate(design(products=60), people=0)

from __future__ import annotations

import numpy as np
import pytest

from outfitter.errors import ConfigError
from outfitter.evaluation.event_log import EventLog
from outfitter.recommendations import Garment, Interactions, Query, choose

TOP = Query((Garment(np.ones((1, 1), np.float32), "top", "your top"),))
KNOWN = Interactions.learn(EventLog.of([("ann", "p1", "view", 1.7e9), ("bob", "p2", "view", 1.7e9)]))


def test_it_makes_the_most_of_what_is_known_and_says_why() -> None:
    nothing = Interactions.none()
    assert choose(None, TOP, nothing).name == "similar"
    assert choose(None, TOP, nothing).why == "Look-alikes, since nothing but pictures is known."
    assert choose(None, TOP, KNOWN).name == "hybrid"
    assert choose(None, Query(met={"p1": 1.0}), nothing).name == "hybrid"
    assert choose(None, Query(met={"p1": 0.0}), KNOWN).name == "popular"
    assert choose(None, Query(), KNOWN).name == "popular"
    assert choose(None, Query(), nothing).name == "cold_start"


def test_a_strategy_that_cannot_help_says_what_it_lacks() -> None:
    assert choose("complementary", TOP).why == "'complementary' was asked for."
    assert "needs a photo or a product, so others answer" in choose("similar").why
    assert "needs events" in choose("popular", TOP).why


def test_unknown_strategy_names_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"'similer'; choose from .*similar.*; did you mean 'similar'\?"):
        choose("similer")

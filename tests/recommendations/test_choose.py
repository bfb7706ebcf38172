from __future__ import annotations

import pytest

from outfitter.errors import ConfigError
from outfitter.recommendations import choose
from outfitter.recommendations.complementary import Complementary
from outfitter.recommendations.similar import Similar


def test_look_alikes_unless_something_else_is_asked_for() -> None:
    assert isinstance(choose().strategy, Similar)
    assert choose().why == "Look-alikes, since nothing but pictures is known."
    assert isinstance(choose("complementary").strategy, Complementary)
    assert choose("complementary").why == "'complementary' was asked for."


def test_unknown_strategy_names_the_choices() -> None:
    with pytest.raises(ConfigError, match=r"'similer'; choose from complementary, similar; did you mean 'similar'\?"):
        choose("similer")

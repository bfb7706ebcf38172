"""Which strategy answers a question, and why."""

from __future__ import annotations

from dataclasses import dataclass

# Importing a strategy registers it.
from outfitter.recommendations import complementary, similar  # noqa: F401
from outfitter.recommendations.strategy import STRATEGIES, Strategy


@dataclass(frozen=True)
class Choice:
    """A strategy and one sentence on why it was chosen."""

    name: str
    strategy: Strategy
    why: str


def choose(name: str | None = None) -> Choice:
    """The strategy called `name`; without a name, look-alikes, the one answer that needs no history at all.

    Raises:
        ConfigError: no strategy has that name.
    """
    if name is None:
        why = "Look-alikes, since nothing but pictures is known."
        return Choice("similar", STRATEGIES["similar"](), why)
    return Choice(name, STRATEGIES[name](), f"'{name}' was asked for.")

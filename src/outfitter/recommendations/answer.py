"""An answer: recommendations, and what is to be told of them as a whole."""

from __future__ import annotations

import time
from collections.abc import Iterable
from uuid import uuid4

from outfitter.events.event import Shown
from outfitter.values import Recommendation


class Answer(list[Recommendation]):
    """A list of recommendations. id: send it back with events. strategy, why: which one answered, and why.

    note: what else to know, as that the user is unknown, or why nothing is recommended; empty if there is nothing.
    scenario, experiment, arm: where it was asked for.
    """

    def __init__(
        self,
        rows: Iterable[Recommendation],
        strategy: str,
        why: str,
        note: str = "",
        scenario: str | None = None,
        experiment: str | None = None,
        arm: str | None = None,
    ) -> None:
        super().__init__(rows)
        self.id = uuid4().hex
        self.strategy, self.why, self.note = strategy, why, note
        self.scenario, self.experiment, self.arm = scenario, experiment, arm

    def shown(self, user: str | None, visit: str | None) -> Shown:
        """That it is shown now, as an `outfitter.events.EventStore` remembers it."""
        products = tuple(one.product.id for one in self)
        about = (self.scenario, self.experiment, self.arm)
        return Shown(self.id, time.time(), self.strategy, products, *about, user, visit)

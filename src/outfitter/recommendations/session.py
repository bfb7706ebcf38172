"""What somebody is looking for just now: from the products of this visit, the latest counting most."""

from __future__ import annotations

from outfitter.recommendations.hybrid import Hybrid
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Query
from outfitter.values import Recommendation

FADES = 0.7
"""What each product of the visit counts, beside the one after it."""
LATEST = 12


@STRATEGIES.register("session")
class Session:
    """For whoever is here, known or not: more of what they looked at in this visit, and what others want beside it."""

    def __init__(self, interactions: Interactions) -> None:
        self._hybrid = Hybrid(interactions)

    def needs(self, query: Query) -> str | None:
        return None if query.session else "products of this visit"

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        return self._hybrid.for_person(faded(query.session), None, query, source, "you looked at in this visit")


def faded(session: tuple[str, ...]) -> dict[str, float]:
    """Product → weight; the latest has 1."""
    weights: dict[str, float] = {}
    for age, product in enumerate(reversed(session[-LATEST:])):
        weights[product] = weights.get(product, 0.0) + FADES**age
    return weights

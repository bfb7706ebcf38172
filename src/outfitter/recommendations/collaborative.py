"""What people of the same taste want: implicit feedback, factorised."""

from __future__ import annotations

from typing import Final

import numpy as np

from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.lists import Asked, Scores, asked, positive, ranked
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Query
from outfitter.values import Recommendation

TELLING: Final = 1e-6
"""Scores nearer to 0 say nothing: nobody wants both, or there were too few events to learn factors from."""


@STRATEGIES.register("collaborative")
class Collaborative:
    """For a product, what the people who want it want besides; for a person, what their taste foretells.

    It knows nothing of products without events or without a score, and gives none.
    """

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions

    def needs(self, query: Query) -> str | None:
        if not len(self.interactions.products):
            return "events"
        if positive(query.met) or any(garment.product for garment in query.garments):
            return None
        return "a person or a product that the events know"

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        known = self.interactions.aligned(self.interactions.events, source.ids) > 0
        rows = []
        for answer in asked(query, source):
            scores = taste(self.interactions, query, answer, source)
            told = known & (np.abs(scores) >= TELLING)
            rows += ranked({"collaborative": scores}, answer, query.k, source, why(answer), told)
        return rows


def taste(interactions: Interactions, query: Query, answer: Asked, source: CandidateSource) -> Scores:
    """What events foretell: for a product what is wanted beside it, else for the person."""
    garment = answer.garment
    if garment is not None and garment.product is not None:
        return interactions.aligned(interactions.beside(garment.product), source.ids)
    return interactions.aligned(interactions.taste(query.met, query.learnt_as), source.ids)


def why(answer: Asked) -> str:
    """In words."""
    if answer.garment is not None and answer.garment.product is not None:
        return f"Wanted by people who want {answer.garment.name}."
    return "Wanted by people whose taste is like yours."

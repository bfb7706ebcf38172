"""Pictures where there are no events, events where there are enough, and both in between.

For a person three things are weighed, and the weights are the score's parts:

- *looks*: how much a product looks like what they met;
- *popular*: how much others want it;
- *taste*: what people of their taste want, a product without events being judged by the taste that its looks foretell.

Taste counts met / (met + `HALF_PERSON`), so that somebody new moves smoothly from the first two to the third, and what
is popular counts as events / (events + products), so that in a new shop looks decide alone.

For a product's or photo's look-alikes events choose among the nearest, and count at most half: whoever asks for
something similar means its looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from outfitter.recommendations.collaborative import TELLING, taste
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.lists import Asked, Scores, asked, evened, positive, ranked
from outfitter.recommendations.looks import HALF_FACTORS, item_factors, looks_of
from outfitter.recommendations.similar import Similar
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Garment, Query
from outfitter.values import Recommendation

HALF_PERSON: Final = 3.0
"""Products met at which taste counts half."""
POPULAR: Final = 0.6
"""Most that popularity counts beside looks."""
MOST_BESIDE: Final = 0.5
"""Most that events count beside a garment."""
WIDE: Final = 5
LEAST: Final = 50
"""Look-alikes among which events choose: so many times k, and at least so many."""


@STRATEGIES.register("hybrid")
class Hybrid:
    """Look-alikes, popularity and taste, each counting as much as it knows."""

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions
        self._similar = Similar(interactions)

    def needs(self, query: Query) -> str | None:
        return None if query.garments or positive(query.met) else "a photo, a product, or somebody who met products"

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        if not query.garments:
            return self.for_person(positive(query.met), query.learnt_as, query, source, "you liked")
        if not len(self.interactions.products):
            return self._similar.recommend(query, source)
        rows = []
        for answer in asked(query, source):
            assert answer.garment is not None
            rows += self._for_garment(answer.garment, answer, replace(query, garments=(answer.garment,)), source)
        return rows

    def for_person(
        self, met: Mapping[str, float], person: str | None, query: Query, source: CandidateSource, what: str
    ) -> list[Recommendation]:
        """One answer, from what was met. what: how to call it, as in "you liked"."""
        (answer,) = asked(Query((), query.k, query.where, query.exclude), source)
        places = {place: weight for name, weight in met.items() if (place := source.place(name)) is not None}
        known = len(self.interactions.known & met.keys())
        if not (known or places) or not len(source.ids):
            return []
        nothing = np.zeros(len(source.ids), np.float32)
        looks = evened(looks_of(source).liked(places), answer.allowed) if places else nothing
        share = known / (known + HALF_PERSON)
        popular, popularity = self._popular(source) if len(self.interactions.products) else (nothing, 0.0)
        popularity = popularity if places else 1.0
        wanted = self._taste(met, person, looks, answer, source) if known else nothing
        parts = {
            "looks": np.float32((1 - share) * (1 - popularity)) * looks,
            "popular": np.float32((1 - share) * popularity) * evened(popular, answer.allowed),
            "taste": np.float32(share) * wanted,
        }
        reasons = {
            "looks": f"Looks like what {what}.",
            "popular": "Among the most wanted products of the shop.",
            "taste": "Wanted by people whose taste is like yours.",
        }

        told = [part for part, scores in parts.items() if (np.abs(scores) >= TELLING).any()] or ["looks"]

        def because(place: int) -> str:
            return reasons[max(told, key=lambda part: float(parts[part][place]))]

        return ranked(parts, answer, query.k, source, because)

    def _popular(self, source: CandidateSource) -> tuple[Scores, float]:
        """How popular each product is, by the root so that a few do not hide the rest; and how much that counts."""
        events = float(self.interactions.events.sum())
        share = POPULAR * events / (events + len(source.ids))
        return np.sqrt(self.interactions.aligned(self.interactions.popular, source.ids)), share

    def _taste(
        self, met: Mapping[str, float], person: str | None, looks: Scores, answer: Asked, source: CandidateSource
    ) -> Scores:
        if self.interactions.factors:
            factors = item_factors(self.interactions, source)
            return evened(np.asarray(factors @ self.interactions.user(met, person), np.float32), answer.allowed)
        events = self.interactions.aligned(self.interactions.events, source.ids)
        trust = events / (events + np.float32(HALF_FACTORS))
        wanted = self.interactions.aligned(self.interactions.taste(met, person), source.ids)
        both = trust * evened(wanted, answer.allowed & (events > 0)) + (1 - trust) * looks
        return np.asarray(both, np.float32)

    def _for_garment(
        self, garment: Garment, answer: Asked, query: Query, source: CandidateSource
    ) -> list[Recommendation]:
        """Look-alikes, those first that people want beside the garment, or that suit the person."""
        known = self.interactions.known
        product = garment.product if garment.product in known else None
        people = self.interactions.count(product) if product else len(known & positive(query.met).keys())
        share = MOST_BESIDE * people / (people + HALF_PERSON)
        if not share:
            return self._similar.recommend(query, source)
        wide = self._similar.recommend(replace(query, k=max(WIDE * query.k, LEAST)), source)
        places = np.array([source.place(one.product.id) for one in wide], np.intp)
        counts = self.interactions.aligned(self.interactions.events, source.ids)[places]
        trust = share * counts / (counts + HALF_FACTORS)
        wanted = taste(self.interactions, query, answer, source)[places]
        all_ = np.ones(len(wide), bool)
        looks = evened(np.array([one.score for one in wide], np.float32), all_)
        parts = {"looks": (1 - trust) * looks, "taste": trust * evened(wanted, all_)}
        order = np.argsort(-(parts["looks"] + parts["taste"]), kind="stable")[: query.k]
        beside = "wanted by people who want it" if product else "wanted by people whose taste is like yours"
        rows = []
        for rank, at in enumerate(order.tolist(), 1):
            one, own = wide[at], {name: float(scores[at]) for name, scores in parts.items()}
            reason = f"{one.because[:-1]}, and {beside}." if own["taste"] > 0 else one.because
            rows.append(replace(one, rank=rank, score=sum(own.values()), parts=own, because=reason))
        return rows

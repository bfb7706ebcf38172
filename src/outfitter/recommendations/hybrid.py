"""Pictures where there are no events, events where there are enough, and both in between.

How much events count is the product of two shares, each n / (n + half): of how many products somebody has met, and of
how many events a product has. So a new product is judged by its pictures for everybody, a new person by pictures for
every product, and both move from one to the other as events come. For a product's look-alikes events count at most
half: whoever asks for something similar means its looks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from outfitter.recommendations.collaborative import taste
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.lists import Asked, asked, evened, positive, ranked
from outfitter.recommendations.profile import profile
from outfitter.recommendations.similar import Similar
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Garment, Query
from outfitter.values import Product, Recommendation

HALF_PERSON: Final = 3.0
"""Products met at which events and pictures count the same for a product that everybody knows."""
HALF_PRODUCT: Final = 5.0
"""Events of a product at which they do for somebody whom everybody knows."""
MOST_BESIDE: Final = 0.5
"""Most that events count beside a garment."""
WIDE: Final = 5
LEAST: Final = 50
"""Look-alikes among which events choose: so many times k, and at least so many."""


@STRATEGIES.register("hybrid")
class Hybrid:
    """Look-alikes and taste, each counting as much as it knows."""

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions
        self._similar = Similar(interactions)

    def needs(self, query: Query) -> str | None:
        return None if query.garments or positive(query.met) else "a photo, a product, or somebody who met products"

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        if not query.garments:
            person = None if query.session else query.user
            return self.for_person(positive(query.met), person, query, source, "you liked")
        if not len(self.interactions.products):
            return self._similar.recommend(query, source)
        rows = []
        for answer in asked(query, source):
            assert answer.garment is not None
            rows += self._for_garment(answer.garment, answer, replace(query, garments=(answer.garment,)), source)
        return rows

    def for_person(
        self, met: dict[str, float], person: str | None, query: Query, source: CandidateSource, what: str
    ) -> list[Recommendation]:
        """One answer, from what was met. what: how to call it, as in "you liked"."""
        (answer,) = asked(Query((), query.k, query.where, query.exclude), source)
        wanted, trust = profile(met, source), self._trusts(met, source)
        if wanted is None and not trust.any():
            return []
        looks = np.zeros(len(source.ids), np.float32)
        if wanted is not None:
            looks = evened(source.nearness(wanted)[0], answer.allowed)
        events = self.interactions.aligned(self.interactions.taste(met, person), source.ids)
        known = answer.allowed & (trust > 0)
        parts = {"looks": (1 - trust) * looks, "taste": trust * evened(events, known)}

        def because(_: Product, place: int) -> str:
            by_taste = parts["taste"][place] > parts["looks"][place]
            return "Wanted by people whose taste is like yours." if by_taste else f"Looks like what {what}."

        return ranked(parts, answer, query.k, source, because)

    def _trusts(self, met: dict[str, float], source: CandidateSource) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """How much events count for each product: float32 (N,)."""
        known = sum(name in self.interactions.known for name in met)
        counts = self.interactions.aligned(self.interactions.events, source.ids)
        return np.asarray(known / (known + HALF_PERSON) * counts / (counts + HALF_PRODUCT), np.float32)

    def _for_garment(
        self, garment: Garment, answer: Asked, query: Query, source: CandidateSource
    ) -> list[Recommendation]:
        """Look-alikes, those first that people want beside the garment, or that suit the person."""
        known = self.interactions.known
        product = garment.product if garment.product in known else None
        people = self.interactions.count(product) if product else sum(name in known for name in positive(query.met))
        share = MOST_BESIDE * people / (people + HALF_PERSON)
        if not share:
            return self._similar.recommend(query, source)
        wide = self._similar.recommend(replace(query, k=max(WIDE * query.k, LEAST)), source)
        places = np.array([source.place(one.product.id) for one in wide], np.intp)
        counts = self.interactions.aligned(self.interactions.events, source.ids)[places]
        trust = share * counts / (counts + HALF_PRODUCT)
        wanted = taste(self.interactions, query, answer, source)[places]
        looks = evened(np.array([one.score for one in wide], np.float32), np.ones(len(wide), bool))
        parts = {"looks": (1 - trust) * looks, "taste": trust * evened(wanted, trust > 0)}
        order = np.argsort(-(parts["looks"] + parts["taste"]), kind="stable")[: query.k]
        beside = "wanted by people who want it" if product else "wanted by people whose taste is like yours"
        rows = []
        for rank, at in enumerate(order.tolist(), 1):
            one, own = wide[at], {name: float(scores[at]) for name, scores in parts.items()}
            reason = f"{one.because[:-1]}, and {beside}." if own["taste"] > 0 else one.because
            rows.append(replace(one, rank=rank, score=sum(own.values()), parts=own, because=reason))
        return rows

"""For somebody unknown in a shop without events: a bit of everything, so that whatever they choose tells something."""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256
from itertools import chain, zip_longest
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.lists import asked, ranked
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Query
from outfitter.values import Recommendation

_ORDERS: Final[WeakKeyDictionary[CandidateSource, NDArray[np.intp]]] = WeakKeyDictionary()


def _order(source: CandidateSource) -> NDArray[np.intp]:
    """Places of all products by a hash of their ids: (N,); computed once for a source."""
    known = _ORDERS.get(source)
    if known is None:
        places = sorted(range(len(source.ids)), key=lambda at: sha256(source.ids[at].encode()).digest())
        known = _ORDERS[source] = np.array(places, np.intp)
    return known


@STRATEGIES.register("cold_start")
class ColdStart:
    """One product of each slot in turn, in an order that is the same for everybody and favours nobody."""

    def __init__(self, interactions: Interactions) -> None:
        pass

    def needs(self, query: Query) -> str | None:  # noqa: ARG002
        return None

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        rows = []
        for answer in asked(query, source):
            of_slot: defaultdict[str, list[int]] = defaultdict(list)
            order = _order(source)
            for place in order[answer.allowed[order]].tolist():
                of_slot[source.slots[place] or ""].append(place)
            turns = chain.from_iterable(zip_longest(*(of_slot[slot] for slot in sorted(of_slot))))
            places = [place for place in turns if place is not None]
            scores = np.zeros(len(source.ids), np.float32)
            scores[places] = np.linspace(1, 0, len(places), endpoint=False)
            told = "From all over the shop, since nothing is known of you yet."
            rows += ranked({"anything": scores}, answer, query.k, source, told)
        return rows

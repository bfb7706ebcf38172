"""What everybody wants: for those of whom nothing is known, and as the mark that others must pass."""

from __future__ import annotations

from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.lists import asked, ranked
from outfitter.recommendations.slots import NOUNS
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Query
from outfitter.values import Recommendation


class _Counted:
    """Ranked by a score that the events give each product, the same for all people.

    part: which of what was learnt, a field of `Interactions`.
    """

    part: str
    told: str

    def __init__(self, interactions: Interactions) -> None:
        self.interactions = interactions

    def needs(self, query: Query) -> str | None:  # noqa: ARG002
        return None if len(self.interactions.products) else "events"

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        counts = self.interactions.aligned(getattr(self.interactions, self.part), source.ids)
        rows = []
        for answer in asked(query, source):
            kind = NOUNS.get(answer.garment.slot or "", "products") if answer.garment else "products"
            rows += ranked({self.part: counts}, answer, query.k, source, self.told.format(kind=kind), counts > 0)
        return rows


@STRATEGIES.register("popular")
class Popular(_Counted):
    """What most people did most with of late, an event of a month ago counting half."""

    part = "popular"
    told = "Among the most wanted {kind} of the shop."


@STRATEGIES.register("trending")
class Trending(_Counted):
    """What is wanted these days more than in the weeks before."""

    part = "trending"
    told = "Wanted more these days than before, among {kind}."

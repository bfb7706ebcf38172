"""Look-alikes: the nearest products, those of the garment's own slot pulled a little closer."""

from __future__ import annotations

from typing import Final

import numpy as np

from outfitter.recommendations.colour import find_colour
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.slots import ARTICLES, NOUNS, is_bystander
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Garment, Query
from outfitter.taxonomy import slot_of_category
from outfitter.values import Candidate, Product, Recommendation

SAME_SLOT: Final = 0.15
"""How much nearer, as a share of its distance, a product of the query's own slot counts.

A share and not a sum, so that the slot is a prior and never a gate: the nearer a product is, the less its slot
matters, and an identical picture (distance 0) comes first whatever the detector called it.
"""

CERTAIN: Final = 0.5
"""The same for a product of the shop, whose slot nobody has to guess."""

BYSTANDER: Final = 0.25
"""Taken off a product whose match is not itself but something worn beside it (the shoes in a skirt's picture)."""

SPARE: Final = 20
"""Candidates asked for beyond k, so that bystanders can drop out of the list rather than to its end."""


@STRATEGIES.register("similar")
class Similar:
    """For each garment, the k products that look most like it."""

    def __init__(self, interactions: Interactions) -> None:
        pass  # pictures are enough

    def needs(self, query: Query) -> str | None:
        return None if query.garments else "a photo or a product"

    def recommend(self, query: Query, source: CandidateSource) -> list[Recommendation]:
        # All vectors at once first, so that a source compares them with the catalogue once for all calls. The best k by
        # score are among the nearest k of any slot and the nearest k of the same slot: the pull keeps the order within
        # each of the two.
        ends = np.cumsum([len(garment.vectors) for garment in query.garments])
        vectors = np.concatenate([garment.vectors for garment in query.garments])
        asked = query.k + SPARE, query.where, query.exclude
        found = source.find(vectors, *asked)
        rows = []
        for garment, end in zip(query.garments, ends.tolist(), strict=True):
            lists = found[end - len(garment.vectors) : end]
            if garment.slot is not None:
                lists = [*lists, *source.find(garment.vectors, *asked, slot=garment.slot)]
            rows += self._rank(garment, [one for view in lists for one in view], query.k, source)
        return rows

    def _rank(self, garment: Garment, found: list[Candidate], k: int, source: CandidateSource) -> list[Recommendation]:
        scored: dict[str, tuple[float, Candidate, Product, dict[str, float]]] = {}
        share = SAME_SLOT if garment.product is None else CERTAIN
        bar = -np.inf  # of the k-th best so far
        for candidate in sorted(found, key=lambda one: (-one.similarity, one.product_id)):
            # Once k products stand above the most it could get, this candidate and all after it change nothing.
            if bar > candidate.similarity + share * (1 - candidate.similarity):
                break
            product = source.product(candidate.product_id)
            parts = {"similarity": candidate.similarity}
            if garment.slot is not None and garment.slot == (slot_of_category(product.category) or candidate.slot):
                parts["same_slot"] = share * (1 - candidate.similarity)
            known = scored[product.id][0] if product.id in scored else -np.inf
            if sum(parts.values()) <= known or sum(parts.values()) < bar:
                continue
            if is_bystander(source, candidate, product):
                parts["bystander"] = -BYSTANDER
            score = sum(parts.values())
            if score > known:
                scored[product.id] = (score, candidate, product, parts)
                if len(scored) >= k:
                    bar = sorted((row[0] for row in scored.values()), reverse=True)[k - 1]

        best = sorted(scored.values(), key=lambda row: (-row[0], row[2].id))[:k]
        return [
            Recommendation(
                garment=garment.index,
                slot=candidate.slot or garment.slot or "unknown",
                rank=rank,
                product=product,
                score=score,
                because=_because(garment, candidate, product, parts),
                parts=parts,
            )
            for rank, (score, candidate, product, parts) in enumerate(best, 1)
        ]


def _because(garment: Garment, candidate: Candidate, product: Product, parts: dict[str, float]) -> str:
    if "bystander" in parts:
        return f"Its picture shows something that looks like {garment.name}, worn with it."
    if garment.by is not None:
        return f"Has the {garment.by} of {garment.name}."
    if candidate.similarity > 0.999:
        return f"Looks exactly like {garment.name}."
    slot = slot_of_category(product.category) or candidate.slot
    if slot and garment.slot not in (None, slot):
        taken_for = f"{ARTICLES.get(slot, '')}{NOUNS.get(slot, slot)}"
        return f"Looks like {garment.name}, though it is {taken_for}."
    colour = find_colour(product.colour)
    if colour is None or garment.colour is None:
        return f"Looks like {garment.name}."
    return f"Looks like {garment.name}{', in the same colour' if colour == garment.colour else f', in {colour}'}."

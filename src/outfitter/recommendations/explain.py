"""Why a product is not among the recommendations, or where it stands."""

from __future__ import annotations

from dataclasses import replace

from outfitter.errors import QueryError, nearest
from outfitter.recommendations.arrange import GONE, Arrangement
from outfitter.recommendations.strategy import CandidateSource, Query, Strategy


def explain(
    product_id: str, strategy: Strategy, query: Query, arrangement: Arrangement, source: CandidateSource
) -> list[str]:
    """Every reason why a product is absent, the decisive one first; or one sentence on where it stands.

    Raises:
        QueryError: the catalogue has no such product, or the filter cannot be read.
    """
    place = source.place(product_id)
    if place is None:
        raise QueryError(
            f"there is no product {product_id!r} in the catalogue{nearest(product_id, source.ids, '.')} "
            "Check the id against the feed, and the catalogue's rejects.csv for why a row of it was refused."
        )
    product = source.product(product_id)
    shown = arrangement.recommend(strategy, query, source)
    for one in shown:
        if one.product.id == product_id:
            return [f"It is shown, at rank {one.rank} with score {one.score:.3f}. {one.because}"]
    reasons = []
    if not source.allowed(query.where)[place]:
        failed = [part for part in _conditions(query.where) if not source.allowed(part)[place]]
        reasons.append(f"The filter leaves it out: {' and '.join(failed) or query.where} does not hold for it.")
    if product_id in query.exclude:
        reasons.append("It was excluded: by the question, or because the person has met it.")
    if arrangement.in_stock and product.availability in GONE:
        reasons.append(f"It cannot be bought: its availability is {product.availability}.")
    if reasons:
        return reasons
    others = [
        one.product for one in shown if product.item_group_id and one.product.item_group_id == product.item_group_id
    ]
    if arrangement.grouped and others:
        return [f"Another of its style is shown: {others[0].id} “{others[0].title}”, and only one of each is."]
    everything = replace(arrangement, diversity=0.0).recommend(strategy, replace(query, k=len(source.ids)), source)
    for one in everything:
        if one.product.id == product_id:
            moved = [f"{name} {one.parts[name]:+.3f}" for name in ("bury", "less_like") if name in one.parts]
            why = f" ({', '.join(moved)})" if moved else ""
            last = next((row for row in reversed(shown) if (row.garment, row.slot) == (one.garment, one.slot)), None)
            beside = f"; the last one shown has {last.score:.3f}" if last else ""
            return [
                f"It comes at rank {one.rank}, after the first {query.k}: its score is {one.score:.3f}{beside}{why}."
            ]
    slot = source.slots[place]
    return [
        f"The question asks for other kinds of products: it is of {f'the slot {slot}' if slot else 'no known slot'}."
    ]


def _conditions(where: str | None) -> list[str]:
    """A filter's conditions one by one, where it can be told apart at its commas."""
    if not where or '"' in where or "'" in where:
        return [where] if where else []
    return [part.strip() for part in where.split(",") if part.strip()]

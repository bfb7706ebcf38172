"""Why a product is not among the recommendations, or where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from outfitter.errors import QueryError, nearest
from outfitter.recommendations.arrange import GONE, SPARE, Arrangement
from outfitter.recommendations.strategy import CandidateSource, Query, Strategy
from outfitter.values import Recommendation

SAME: Final = 1e-4
"""How far apart two scores may be that are one, told in three digits."""


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
    first: list[list[Recommendation]] | None = None
    for k in (query.k, SPARE * query.k, len(source.ids)):
        answers = arrangement.competing(strategy, replace(query, k=k), source)
        first = answers if first is None else first
        for rows, before in zip_longest(answers, first, fillvalue=()):
            if any(one.product.id == product_id for one in rows):
                if _begins_with(rows, before):
                    return [_standing(product_id, rows, shown, query.k, arrangement)]
                if k == len(source.ids):
                    return [
                        f"It comes after the first {query.k}. At which rank cannot be told: asked for more products, "
                        "the strategy weighs all of them anew."
                    ]
    slot = source.slots[place]
    return [
        f"The question asks for other kinds of products: it is of {f'the slot {slot}' if slot else 'no known slot'}."
    ]


def _begins_with(rows: Sequence[Recommendation], first: Sequence[Recommendation]) -> bool:
    """Whether more of an answer was told: the same products, with the same scores."""
    return 0 < len(first) <= len(rows) and all(
        more.product.id == one.product.id and abs(more.score - one.score) < SAME
        for more, one in zip(rows, first, strict=False)
    )


def _standing(
    product_id: str, rows: Sequence[Recommendation], shown: Sequence[Recommendation], k: int, arrangement: Arrangement
) -> str:
    """Where a product that is not shown stands among all of its answer."""
    own = next(one for one in rows if one.product.id == product_id)
    kept = arrangement.kept(rows)
    rank = next((rank for rank, one in enumerate(kept, 1) if one.product.id == product_id), None)
    if rank is None:
        other = next(one.product for one in kept if one.product.item_group_id == own.product.item_group_id)
        return f"Another of its style comes before it, {other.id} “{other.title}”, and only one of each competes."
    ids = {one.product.id for one in shown if one.garment == own.garment}
    if arrangement.diversity and any(one.product.id in ids for one in kept[rank:]):
        return f"By its score of {own.score:.3f} it comes at rank {rank}; variety brought others before it."
    if rank <= k:
        return f"By its score of {own.score:.3f} it comes at rank {rank}; what the shop chose is shown in its place."
    moved = [f"{name} {own.parts[name]:+.3f}" for name in ("bury", "less_like") if name in own.parts]
    why = f" ({', '.join(moved)})" if moved else ""
    last = next((one for one in reversed(kept[: rank - 1]) if one.product.id in ids), None)
    beside = f"; the last one shown has {last.score:.3f}" if last else ""
    return f"It comes at rank {rank}, after the first {k}: its score is {own.score:.3f}{beside}{why}."


def _conditions(where: str | None) -> list[str]:
    """A filter's conditions one by one, where it can be told apart at its commas."""
    if not where or '"' in where or "'" in where:
        return [where] if where else []
    return [part.strip() for part in where.split(",") if part.strip()]

"""What a strategy would have recommended to people at a moment of the past, for the protocol ``ranking``."""

from __future__ import annotations

from collections.abc import Iterator

from outfitter.evaluation.event_log import EventLog, TemporalSplit
from outfitter.evaluation.ranked_lists import LENGTH
from outfitter.recommendations.choose import choose
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.session import LATEST
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Query


def replay(
    name: str,
    split: TemporalSplit,
    source: CandidateSource,
    interactions: Interactions | None = None,
    *,
    alone: bool = False,
    where: str | None = None,
    k: int = LENGTH,
) -> Iterator[tuple[str, list[str]]]:
    """(person, k product ids, best first) for everybody in ``split.chosen``, from the events before the split alone.

    What somebody had met is left out, unless repeats count. Their latest products are taken for their visit.

    Args:
        interactions: learnt from ``split.past``; None learns them.
        alone: the strategy itself, with fewer than k where it has no more to say; else as `choose` serves it.
        where: recommend only of what a filter matches.
    """
    interactions = interactions or Interactions.learn(split.past)
    latest = _latest(split.past)
    for person in split.chosen:
        hidden = frozenset() if split.repeats else split.seen.get(person, frozenset())
        session = latest.get(person, ()) if name == "session" else ()
        query = Query((), k, where, hidden, person, interactions.met(person), session)
        strategy = STRATEGIES[name](interactions) if alone else choose(name, query, interactions).strategy
        rows = [] if strategy.needs(query) else strategy.recommend(query, source)
        yield person, [row.product.id for row in rows]


def _latest(log: EventLog) -> dict[str, tuple[str, ...]]:
    """Person → the last products they met, the latest last."""
    met: dict[str, dict[str, None]] = {}
    for person, product, _, _ in log[log.wanted()].rows():
        own = met.setdefault(person, {})
        own.pop(product, None)
        own[product] = None
    return {person: tuple(own)[-LATEST:] for person, own in met.items()}

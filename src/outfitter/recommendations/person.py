"""Who asks: what they have met, as far as it was learnt, and what they did since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from outfitter.errors import QueryError, nearest
from outfitter.evaluation.event_log import AGAINST
from outfitter.recommendations.interactions import WEIGHTS, Interactions
from outfitter.recommendations.session import faded
from outfitter.recommendations.strategy import CandidateSource

HIDE: Final = ("seen", "bought", "nothing")
PURCHASE: Final = "purchase"


class Happened(Protocol):
    """As much of an event as is looked at."""

    @property
    def kind(self) -> str: ...

    @property
    def product(self) -> str: ...


class History(Protocol):
    """Where the events of a person are."""

    def recent(self, user: str | None = None, session: str | None = None, limit: int = 50) -> Sequence[Happened]:
        """The latest events, the newest first."""

    def last_words(self, user: str | None = None, session: str | None = None) -> Sequence[Happened]:
        """Of all events the latest of each kind that each product met with, the oldest first."""


@dataclass(frozen=True)
class Person:
    """met: product → weight, 0 for what was dismissed; of what was not learnt, the latest only.

    seen, bought: products, however long ago. session: of this visit, the latest last. note: what to tell, or nothing.
    """

    met: Mapping[str, float]
    seen: frozenset[str]
    bought: frozenset[str]
    session: tuple[str, ...]
    note: str

    def hidden(self, hide: str, of_visit: bool = False) -> frozenset[str]:
        """What not to show. of_visit: nor what was looked at in this visit. Raises QueryError for an unknown word."""
        if hide not in HIDE:
            raise QueryError(f"hide is {hide!r}; need {', '.join(HIDE)}{nearest(hide, HIDE)}")
        if hide == "nothing":
            return frozenset()
        dismissed = frozenset(name for name, weight in self.met.items() if not weight)
        looked_at = frozenset(self.session) if of_visit else frozenset()
        return dismissed | looked_at | (self.seen if hide == "seen" else self.bought)


def meet(
    interactions: Interactions,
    history: History | None,
    user: str | None,
    visit: str | None,
    session: Sequence[str],
    source: CandidateSource,
) -> Person:
    """What is known of somebody, and what was looked at in a visit, of which the events know more than `session`.

    A user whom nobody knows is told so, and is answered as the visit alone allows.

    Raises:
        QueryError: a product of the visit is not in the catalogue.
    """
    for product in session:
        source.product(product)
    met: dict[str, float] = {}
    bought: set[str] = set()
    if user is not None:
        met |= interactions.met(user)
        bought |= interactions.bought_by(user)
        # The latest events may have been learnt from: each raises what is known to at least its weight.
        for event in reversed(history.recent(user=user) if history is not None else ()):
            if event.kind in AGAINST:
                met[event.product] = 0.0
            else:
                met[event.product] = max(met.get(event.product, 0.0), WEIGHTS.get(event.kind, 1.0))
    note = f"The user {user!r} is unknown, and is answered as somebody new." if user is not None and not met else ""
    earlier = reversed(history.recent(session=visit) if history is not None and visit is not None else ())
    looked_at = [event.product for event in earlier if event.kind not in AGAINST]
    last: dict[str, str] = {}
    for event in history.last_words(user, visit) if history is not None else ():
        last[event.product] = event.kind
        if event.kind == PURCHASE:
            bought.add(event.product)
    for product, kind in last.items():
        if kind in AGAINST:
            met[product] = 0.0
        elif not met.get(product, 1.0):
            del met[product]  # dismissed once, and looked at since
    looked_at += session
    for product, weight in faded(tuple(looked_at)).items():
        met[product] = max(met.get(product, weight), weight) if met.get(product, 1.0) else 0.0
    return Person(met, frozenset(met) | frozenset(last), frozenset(bought), tuple(looked_at), note)

"""What people do in the shop: stored in SQL, read as columns, and what came of what was recommended."""

from outfitter.events.event import KINDS, Event, Shown
from outfitter.events.store import Added, EventStore

__all__ = ["KINDS", "Added", "Event", "EventStore", "Shown"]

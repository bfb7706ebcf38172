"""A shop's products, and every garment found in their pictures: build it from a feed, then ask it.

build("feed.csv", "shop/")          a folder: a table of products, a table of garments with vectors
Catalogue.open("shop/").search(…)   the nearest products
"""

from outfitter.catalogue.build import Removal, Status, add, build, remove, status
from outfitter.catalogue.feed import Feed, Reject, open_feed
from outfitter.catalogue.index import Catalogue
from outfitter.catalogue.intake import Report
from outfitter.catalogue.sync import Sync, sync

__all__ = [
    "Catalogue",
    "Feed",
    "Reject",
    "Removal",
    "Report",
    "Status",
    "Sync",
    "add",
    "build",
    "open_feed",
    "remove",
    "status",
    "sync",
]

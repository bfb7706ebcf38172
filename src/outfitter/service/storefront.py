"""The catalogue that is served and the models beside it: what the routes ask, and where a new catalogue comes in."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import numpy as np

from outfitter.candidates import CatalogueSource
from outfitter.catalogue import Catalogue, Report, add, open_feed, remove
from outfitter.catalogue.feed import Reject, Row
from outfitter.catalogue.place import open_place
from outfitter.catalogue.store import STAMP
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import CatalogueError, EventError, FeedError, OutfitterError, QueryError
from outfitter.events import EventStore
from outfitter.photo import is_web, load_photo, read_bytes
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.merchandising import read_merchandising
from outfitter.service import wire
from outfitter.service.auth import Keys
from outfitter.service.batching import BatchedEmbedder, BoundedDetector
from outfitter.service.fetch import PublicFetch
from outfitter.service.looks import AGAIN, Looks
from outfitter.service.metrics import Metrics
from outfitter.service.remembered import Remembered
from outfitter.service.rules import require_filters
from outfitter.service.schema import ProductOut
from outfitter.service.settings import Settings
from outfitter.service.thumbnails import thumbnail
from outfitter.values import Candidate, Detections, Photo, Product
from outfitter.walk import Look, Shop

WIDTHS: Final = (160, 360, 720, 1200)
"""Pixels: the widths in which pictures are shown."""

PICTURES_KEPT: Final = 500
LINKS_KEPT: Final = 50_000
PRODUCTS_KEPT: Final = 10_000
LOOKS_KEPT: Final = 128

_log = logging.getLogger("outfitter.service")


@dataclass(frozen=True, eq=False)
class Served:
    """One catalogue with all that belongs to it. A request holds on to the one it began with.

    show: a product's id → the product as it goes over the wire. Raises QueryError. loaded: when, seconds since 1970.
    """

    catalogue: Catalogue
    shop: Shop
    looks: Looks
    show: Callable[[str], ProductOut]
    signature: object
    loaded: float


class _Picture(NamedTuple):
    place: str | Path
    width: int
    version: str


class MeasuredSource(CatalogueSource):
    """Tells how long comparing with the catalogue takes."""

    def __init__(self, catalogue: Catalogue, metrics: Metrics) -> None:
        super().__init__(catalogue)
        self._metrics = metrics

    def find(self, *question: Any, **options: Any) -> list[list[Candidate]]:
        with self._metrics.stage("search"):
            return super().find(*question, **options)


class Storefront:
    """Thread-safe. Loads models and catalogue when made.

    Raises:
        CatalogueError, ModelError, EventError: as `outfitter.walk.open_shop`.
        ConfigError: rules that cannot be read, contradict each other, or do not fit the catalogue.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        metrics: Metrics,
        store: EventStore,
        fetch: Callable[[str], bytes] | None = None,
    ) -> None:
        self.settings, self.keys, self.metrics = settings, keys, metrics
        self.store = store
        self._fetch = fetch or PublicFetch()
        self._merchandising = read_merchandising(settings.merchandising) if settings.merchandising else None
        self._troubles: dict[str, str] = {}
        self._interactions = self._learn()
        self.detector = Detector(settings.detector, threads=1)
        self.embedder = Embedder(settings.embedder, threads=1)
        cores = BoundedSemaphore(settings.workers)
        self._bounded = BoundedDetector(self.detector, cores, metrics)
        self._batched = BatchedEmbedder(self.embedder, settings.workers, cores, metrics)
        self._seen: OrderedDict[object, Look] = OrderedDict()
        self._lock, self._reloading = Lock(), Lock()
        self._link = lru_cache(LINKS_KEPT)(self._sign_link)
        self._thumbnails: Remembered[_Picture, bytes] = Remembered(PICTURES_KEPT)
        self._served = self._load()
        self._bounded(Photo(np.full((96, 64, 3), 127, np.uint8), "warm-up"))

    @property
    def served(self) -> Served:
        return self._served

    @property
    def trouble(self) -> str | None:
        """What has changed and cannot be read, so that the old stays."""
        return " ".join(self._troubles.copy().values()) or None

    def close(self) -> None:
        self._batched.close()

    # --- the catalogue

    def _load(self) -> Served:
        signature = self._signature()
        catalogue = Catalogue.open(self.settings.catalogue)
        if self._merchandising and self.settings.merchandising:
            require_filters(self._merchandising, catalogue, self.settings.merchandising)
        source = MeasuredSource(catalogue, self.metrics)
        shop = Shop(
            source,
            self._bounded,
            self._batched,
            source.embedder_id,
            self._interactions,
            self.store,
            self._merchandising,
        )

        def link(product_id: str, number: int) -> str:
            image = picture_names(catalogue.product(product_id))[number]
            return self._link(product_id, number, looks.version(image))

        def link_named(product_id: str, image: str, _: int) -> str:
            return link(product_id, picture_names(catalogue.product(product_id)).index(image))

        @lru_cache(PRODUCTS_KEPT)
        def show(product_id: str) -> ProductOut:
            return wire.product(catalogue.product(product_id), link)

        looks = Looks(shop, catalogue, self.fetch, link_named)
        served = Served(catalogue, shop, looks, show, signature, time.time())
        self.metrics.loaded(len(catalogue))
        return served

    def _signature(self) -> object:
        """The stamp: another one whenever a writer has published, or another folder lies in the catalogue's place."""
        try:
            return open_place(self.settings.catalogue).read(STAMP)
        except CatalogueError as error:
            return str(error)

    def reload(self) -> bool:
        """Load the catalogue if it has changed, and serve it from then on; requests under way finish with the old.

        A catalogue that cannot be loaded is reported in `trouble`, and the old one stays.
        """
        with self._reloading:
            return self._reload()

    def _reload(self) -> bool:
        trouble = self._troubles.get("catalogue")
        if self._signature() == self._served.signature and trouble is None:
            return False
        try:
            self._served = self._load()
        except OutfitterError as error:
            if trouble != str(error):
                _log.error("the catalogue has changed and cannot be loaded; the old one stays: %s", error)
                self.metrics.swaps.labels("failed").inc()
            self._troubles["catalogue"] = str(error)
            return False
        self._troubles.pop("catalogue", None)
        _log.info("serving a new state of the catalogue: %d products", len(self._served.catalogue))
        return True

    def _learn(self) -> Interactions:
        source, now = self._source(), time.time()
        if self.settings.learnt:
            learnt = Interactions.load(self.settings.learnt)
            now = self.settings.learnt.stat().st_mtime
        else:
            learnt = Interactions.learn(self.store.log())
        self.learnt, self._learnt_from = now, source
        self.metrics.learnt.set(self.learnt)
        return learnt

    def _source(self) -> object:
        """What there is to learn from: something else whenever there is more, or another file."""
        if self.settings.learnt is None:
            return len(self.store)
        try:
            stat = self.settings.learnt.stat()
        except OSError as error:
            return str(error)
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def relearn(self) -> bool:
        """Learn tastes anew if there are new events, or another file of --learnt, and recommend with them from then on.

        What cannot be read is reported in `trouble`, and the old tastes stay.
        """
        trouble = self._troubles.get("tastes")
        if self._source() == self._learnt_from and trouble is None:
            return False
        try:
            self._interactions = self._learn()
        except EventError as error:
            if trouble != str(error):
                _log.error("there is more to learn and it cannot be read; the old tastes stay: %s", error)
            self._troubles["tastes"] = str(error)
            return False
        self._troubles.pop("tastes", None)
        with self._reloading:
            self._served.shop.interactions = self._interactions
        return True

    # --- changing it

    def put(self, rows: Sequence[Mapping[str, object]]) -> tuple[Report, list[Reject]]:
        """Add or replace products, as rows of a feed, and serve them; returns what was rejected, too.

        Raises:
            FeedError: none of the rows can be used, or one names a picture that is no URL.
            CatalogueError: another process is writing, or the catalogue was made by other models.
        """
        state = self.settings.state_folder
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        rejects: list[Reject] = []
        # Of this request's own: other services may share the folder, and only the catalogue's lock keeps them apart.
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=state, prefix="put-", suffix=".jsonl") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
            file.flush()
            feed = Path(file.name)
            for row in open_feed(feed, "jsonl"):
                if isinstance(row, Row):
                    _require_urls(row.product)
            report = add(
                feed,
                self.settings.catalogue,
                format="jsonl",
                detector=self.detector,
                embedder=self.embedder,
                workers=1,  # shoppers come first
                fetch=self.fetch,
                rejected=rejects.extend,
            )
        self.reload()
        return report, rejects

    def delete(self, product_id: str) -> bool:
        """Take a product out; False if there is none. Raises CatalogueError: another process is writing."""
        removal = remove([product_id], self.settings.catalogue)
        self.reload()
        return bool(removal.removed)

    # --- photos

    def fetch(self, url: str) -> bytes:
        """The file of a picture. Raises PhotoError."""
        with self.metrics.stage("fetch"):
            return self._fetch(url)

    def detect(self, data: bytes) -> Detections:
        """The garments of a photo. Raises PhotoError."""
        return self._bounded(self._decoded(data))

    def see(self, data: bytes, region: Sequence[float] | None = None) -> Look:
        """A photo through the models, or as it was seen a moment ago: a page asks several questions about one photo.

        Raises:
            PhotoError, QueryError: as `Shop.see`.
        """
        shop = self._served.shop
        key = (hashlib.sha256(data).digest(), None if region is None else tuple(region))
        with self._lock:
            known = self._seen.get(key)
            if known is not None:
                self._seen.move_to_end(key)
                return known
        look = shop.see(self._decoded(data), region=region)
        # Kept without its pixels, which are most of it.
        look = replace(look, photo=Photo(np.zeros((1, 1, 3), np.uint8), look.photo.name))
        with self._lock:
            self._seen[key] = look
            if len(self._seen) > LOOKS_KEPT:
                self._seen.popitem(last=False)
        return look

    def _decoded(self, data: bytes) -> Photo:
        with self.metrics.stage("decode"):
            return load_photo(data, name="the photo")

    # --- pictures

    def _sign_link(self, product_id: str, number: int, version: str) -> str:
        """Where a product's picture is shown from, signed, since an <img> sends no key.

        version: of its content, so that browsers ask for it anew when it changes.
        """
        path = self.picture_path(product_id, number)
        return f"{path}?v={version}&s={self.keys.sign_path(path)}"

    @staticmethod
    def picture_path(product_id: str, number: int) -> str:
        return f"/v1/products/{quote(product_id, safe='')}/pictures/{number}"

    def thumbnail(self, product: Product, number: int, width: int) -> bytes:
        """A picture of a product as JPEG, at most `width` wide.

        Raises:
            QueryError: it has no such picture.
            PhotoError: it cannot be had any more.
        """
        names = picture_names(product)
        if number >= len(names):
            raise QueryError(f"product {product.id!r} has {len(names)} pictures, from 0; there is no {number}.")
        picture = self._picture(product.id, names[number], width)
        return self._thumbnails.get(picture, lambda: self._make_thumbnail(picture), AGAIN)

    def thumbnail_at_hand(self, product_id: str, number: int, width: int) -> bool:
        """Whether `thumbnail` asks no other host. Takes no time."""
        catalogue = self._served.catalogue
        names = () if catalogue.place(product_id) is None else picture_names(catalogue.product(product_id))
        if number >= len(names):
            return True
        picture = self._picture(product_id, names[number], width)
        return isinstance(picture.place, Path) or self._thumbnails.at_hand(picture, AGAIN)

    def _picture(self, product_id: str, name: str, width: int) -> _Picture:
        served = self._served
        return _Picture(served.catalogue.picture(product_id, name), width, served.looks.version(name))

    def _make_thumbnail(self, picture: _Picture) -> bytes:
        # What lies at s3://… was named by the shop's own feed: `_require_urls` lets no other product have it.
        fetch = self.fetch if is_web(str(picture.place)) else None
        with self.metrics.stage("picture"):
            data = read_bytes(picture.place, name="the picture", fetch=fetch)
            return thumbnail(data, "the picture", picture.width)


def _require_urls(product: Product) -> None:
    for image in picture_names(product):
        if not is_web(image):  # a path or s3://… would be read as this service
            raise FeedError(f"product {product.id!r}: image is {image!r}; need http://host/… or https://host/….")


def picture_names(product: Product) -> tuple[str, ...]:
    """A product's pictures as the feed names them, the main one first."""
    return (product.image, *product.additional_images)

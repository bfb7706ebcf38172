"""What Prometheus reads at /metrics, and the status page shows.

A label is named for what it tells: `desk` is a queue of requests, `queue` anything that waits, `stage` a step of the
walk or beside it. Times are seconds; of moments, since 1970, so that ``time() - x`` is an age.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SHORT = (0.0001, 0.0005, 0.001, 0.0025, *_SECONDS)

Queue = Literal["photo", "search", "write", "picture", "fetch", "core", "embedder", "lists"]
"""photo, search, write, picture, fetch: requests for a thread; at the last two other hosts are waited for. core: photos
for a core of the detector's. embedder: crops for a run. lists: those that were shown, for the database."""

Stage = Literal["fetch", "decode", "detect", "embed", "search", "recommend", "events", "lists", "picture"]
"""fetch: a photo by URL. detect, embed: one run of the model. recommend: the whole answer, `search` within it. events,
lists: one write to the database. picture: a thumbnail made."""

RECENT: Final = 1000
"""Answers of each route from which its latency is told."""


class Metrics:
    """One registry an app, so that several apps in a process do not count into each other. Thread-safe."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "outfitter_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "outfitter_request_seconds", "Time to answer.", ["route"], buckets=_SECONDS, registry=registry
        )
        self._problems = Counter(
            "outfitter_problems", "Requests refused or failed, by the kind of problem.", ["kind"], registry=registry
        )
        self._queue = Gauge("outfitter_queue", "What is being worked on or waits.", ["queue"], registry=registry)
        self._waits = Histogram(
            "outfitter_queue_wait_seconds", "Time in a queue.", ["queue"], buckets=_SHORT, registry=registry
        )
        self._stages = Histogram(
            "outfitter_stage_seconds", "Time of a step.", ["stage"], buckets=_SHORT, registry=registry
        )
        self.crops = Histogram(
            "outfitter_embedder_crops", "Crops per run of the embedder.", buckets=(1, 2, 4, 8, 16), registry=registry
        )
        self.lists = Histogram(
            "outfitter_lists_per_write", "Lists per write.", buckets=(1, 5, 20, 100, 500), registry=registry
        )
        self.lost = Counter("outfitter_lists_lost", "Lists that could not be written.", registry=registry)
        self.events = Counter("outfitter_events", "Events stored.", registry=registry)
        self.products = Gauge("outfitter_products", "Products of the catalogue served.", registry=registry)
        self.swaps = Counter(
            "outfitter_catalogue_swaps", "Times the catalogue was loaded.", ["outcome"], registry=registry
        )
        self.catalogue = Gauge(
            "outfitter_catalogue_loaded_timestamp_seconds", "When the state that is served was read.", registry=registry
        )
        self.learnt = Gauge(
            "outfitter_learnt_timestamp_seconds", "When tastes were learnt that are used.", registry=registry
        )
        self._recent: dict[str, deque[float]] = {}

    def stage(self, name: Stage) -> AbstractContextManager[object]:
        """``with metrics.stage("decode"): …`` measures a step."""
        timer: AbstractContextManager[object] = self._stages.labels(name).time()
        return timer

    def waits(self, name: Queue) -> Callable[[float], None]:
        """To be told how many seconds something waited."""
        observe: Callable[[float], None] = self._waits.labels(name).observe
        return observe

    def watch(self, name: Queue, length: Callable[[], float]) -> None:
        """Ask for a queue's length whenever the metrics are read."""
        self._queue.labels(name).set_function(length)

    def loaded(self, products: int) -> None:
        """A state of the catalogue is served from now on."""
        self.products.set(products)
        self.swaps.labels("loaded").inc()
        self.catalogue.set(time.time())

    def record(self, method: str, route: str, status: int, seconds: float, problem: str | None = None) -> None:
        """Count an answer. Only to be called in the event loop's thread."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if problem is not None:
            self._problems.labels(problem).inc()
        self._recent.setdefault(route, deque(maxlen=RECENT)).append(seconds)

    def latency(self) -> dict[str, dict[str, float]]:
        """Of the last answers of each route: how many, their median and 99th percentile, in seconds."""
        rows = {}
        for route, recent in sorted(self._recent.items()):
            times = sorted(recent)
            at = [times[min(int(share * len(times)), len(times) - 1)] for share in (0.5, 0.99)]
            rows[route] = {"count": len(times), "p50": round(at[0], 4), "p99": round(at[1], 4)}
        return rows

    def text(self) -> bytes:
        return generate_latest(self.registry)

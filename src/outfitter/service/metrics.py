"""What Prometheus reads at /metrics, and the status page shows."""

from __future__ import annotations

from collections import deque
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

RECENT: Final = 1000
"""Answers of each route from which its latency is told."""


class Metrics:
    """One registry an app, so that several apps in a process do not count into each other."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "outfitter_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "outfitter_request_seconds",
            "Time to answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.queue = Gauge("outfitter_queue", "Requests being worked on or waiting.", ["desk"], registry=self.registry)
        self.batch = Histogram(
            "outfitter_embedder_crops",
            "Crops per run of the embedder.",
            buckets=(1, 2, 4, 8, 16),
            registry=self.registry,
        )
        self.products = Gauge("outfitter_products", "Products of the catalogue served.", registry=self.registry)
        self.swaps = Counter(
            "outfitter_catalogue_swaps", "Times the catalogue was loaded.", ["outcome"], registry=self.registry
        )

        self._recent: dict[str, deque[float]] = {}

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer. Only to be called in the event loop's thread."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)
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

"""Every queue, stage and refusal can be seen at /metrics."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from outfitter.catalogue import remove
from tests.service.conftest import Serve, outfit
from tests.service.test_catalogue_changes import until
from tests.service.test_events import event


def told(client: TestClient) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus reads them."""
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def count(samples: dict[str, float], stage: str) -> float:
    return samples.get(f'outfitter_stage_seconds_count{{stage="{stage}"}}', 0)


def test_every_stage_is_timed(serve: Serve) -> None:
    client = serve(fetch=lambda _: outfit("red", "blue"))
    before = told(client)
    client.post("/v1/recommend", json={"product": "top-red"})
    client.post("/v1/recommend", files={"photo": ("a.png", outfit())})
    client.post("/v1/detect", json={"url": "https://shop.example/a.png"})
    client.post("/v1/events", json={"events": [event(1), event(2)]})
    client.get(client.get("/v1/products/top-red").json()["picture"])
    until(lambda: count(told(client), "lists") >= 1)
    after = told(client)
    grew = {stage: count(after, stage) - count(before, stage) for stage in ("fetch", "decode", "detect", "embed")}
    assert grew == {"fetch": 1, "decode": 2, "detect": 2, "embed": 1}
    assert count(after, "recommend") - count(before, "recommend") == 2
    assert count(after, "search") - count(before, "search") >= 2
    assert count(after, "events") == 1
    assert count(after, "picture") == 1
    assert after["outfitter_events_total"] == 2
    assert sum(value for name, value in after.items() if name.startswith("outfitter_lists_per_write_sum")) >= 1
    waited = {name: value for name, value in after.items() if name.startswith("outfitter_queue_wait_seconds_count")}
    assert {re.findall('"(.+)"', name)[0] for name, value in waited.items() if value} >= {
        "photo",
        "search",
        "fetch",
        "core",
        "embedder",
        "lists",
    }


def test_the_length_of_every_queue(client: TestClient) -> None:
    samples = told(client)
    for queue in ("photo", "search", "write", "picture", "fetch", "core", "embedder", "lists"):
        assert samples[f'outfitter_queue{{queue="{queue}"}}'] == 0


@pytest.mark.parametrize(
    ("path", "body", "headers", "kind"),
    [
        ("/v1/looks", None, {"Authorization": "Bearer ofk_no"}, "key"),
        ("/v1/recommend", b"{", {"Content-Type": "application/json"}, "json"),
        ("/v1/recommend", b"x", {"Content-Type": "text/html"}, "type"),
        ("/v1/detect", b"x", {"Content-Type": "image/png"}, "photo"),
        ("/v1/detect", b"x" * 30_000, {"Content-Type": "image/png"}, "too-long"),
    ],
)
def test_refusals_are_counted_by_their_reason(
    serve: Serve, path: str, body: bytes | None, headers: dict[str, str], kind: str
) -> None:
    client = serve(body_bytes=20_000)
    client.request("GET" if body is None else "POST", path, content=body, headers=headers)
    assert told(client)[f'outfitter_problems_total{{kind="{kind}"}}'] == 1


def test_invented_methods_are_counted_as_one(client: TestClient) -> None:
    for method in ("FROB1", "FROB2", "PATCH"):
        assert client.request(method, "/v1/looks").status_code == 405
    counted = [name for name in told(client) if name.startswith("outfitter_requests_total") and 'status="405"' in name]
    assert sorted(re.findall(r'method="(\w+)"', " ".join(counted))) == ["PATCH", "other"]


def test_too_many_requests_are_counted(serve: Serve) -> None:
    client = serve(rate=0.001, burst=3)
    for _ in range(5):
        client.get("/v1/looks")
    front = client.app.state.front  # type: ignore[attr-defined]
    assert front.metrics.registry.get_sample_value("outfitter_problems_total", {"kind": "rate"}) == 2


def test_how_old_the_catalogue_and_what_was_learnt_are(serve: Serve, catalogue: Path) -> None:
    client = serve()
    now = time.time()
    samples = told(client)
    for name in ("outfitter_catalogue_loaded_timestamp_seconds", "outfitter_learnt_timestamp_seconds"):
        assert now - 60 < samples[name] <= now
    storefront = client.app.state.front.storefront  # type: ignore[attr-defined]
    assert not storefront.reload()
    remove(["top-red"], catalogue)
    client.post("/v1/events", json={"events": [event(1, product="bottom-navy")]})
    assert storefront.reload()
    assert storefront.relearn()
    later = told(client)
    assert (
        later["outfitter_catalogue_loaded_timestamp_seconds"] > samples["outfitter_catalogue_loaded_timestamp_seconds"]
    )
    assert later["outfitter_learnt_timestamp_seconds"] > samples["outfitter_learnt_timestamp_seconds"]
    assert later["outfitter_products"] == 6
    shutil.move(catalogue, catalogue.with_name("gone"))
    assert not storefront.reload()
    assert told(client)['outfitter_catalogue_swaps_total{outcome="failed"}'] == 1
    status = client.get("/v1/status").json()
    assert status["loaded"].startswith(
        time.strftime("%Y-%m-%dT", time.gmtime(later["outfitter_learnt_timestamp_seconds"]))
    )
    assert status["learnt"].endswith("Z")

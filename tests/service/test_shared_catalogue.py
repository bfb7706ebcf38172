"""Two processes serve one catalogue in an object store while a third writes it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path

import pytest

from outfitter.catalogue import sync
from outfitter.errors import ConfigError
from outfitter.service.settings import Settings
from tests.catalogue.conftest import draw, write_csv
from tests.conftest import ToyModels
from tests.faults.children import Child, models, serving, syncing
from tests.service.conftest import outfit
from tests.stores import Store

WITHIN = 20.0
"""Seconds until both serve a new state. They look every two; the machine may be busy."""


@pytest.mark.slow
def test_both_see_each_night_within_seconds_and_none_of_it_before(
    tmp_path: Path, toy_models: ToyModels, bucket: str, object_store: Store
) -> None:
    place, folders, environment = f"{bucket}/shop", (toy_models.detector, toy_models.embedder), object_store.environment
    rows = draw(tmp_path, 18)
    nights = [
        write_csv(tmp_path / f"night-{number}.csv", [{**row, "price": number} for row in rows[: 8 + 3 * number]])
        for number in range(3)
    ]
    sync(nights[0], place, **models(folders))
    served = [
        Child(serving, place, tmp_path / f"state-{number}", folders, outfit(), environment=environment)
        for number in range(2)
    ]
    ports = [child.hear() for child in served]
    stop = threading.Event()
    seen: list[set[tuple[int, float, float]]] = [set(), set()]

    def watch(number: int) -> None:
        while not stop.is_set():
            found = ask(ports[number], {"strategy": "popular", "k": 50})
            prices = [pick["product"]["price"] for pick in found["picks"]]
            seen[number].add((len(prices), min(prices), max(prices)))

    watching = [threading.Thread(target=watch, args=(number,)) for number in range(2)]
    for thread in watching:
        thread.start()
    try:
        for number in (1, 2):
            assert Child(syncing, nights[number], place, folders, environment=environment).wait() == 0
            end = time.monotonic() + WITHIN
            while not all((8 + 3 * number, number, number) in one for one in seen):
                assert time.monotonic() < end, seen
                time.sleep(0.05)
    finally:
        stop.set()
        for thread in watching:
            thread.join()
        for child in served:
            child.kill()
    states = {(8 + 3 * number, float(number), float(number)) for number in range(3)}
    assert seen == [states, states]  # never half of one


def ask(port: int, question: dict[str, object]) -> dict[str, list[dict[str, dict[str, float]]]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/v1/recommend", json.dumps(question), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status == 200, text
    found: dict[str, list[dict[str, dict[str, float]]]] = json.loads(text)
    return found


def test_keys_and_events_need_a_folder() -> None:
    from outfitter.config import parse

    with pytest.raises(ConfigError, match=r"need state \(--state DIR\): an object store has no folder beside it"):
        parse(Settings, {"catalogue": "s3://bucket/shop"}, "outfitter serve")
    assert Settings(catalogue="s3://bucket/shop", state=Path("keys")).state_folder == Path("keys")

"""kill -9 of whoever writes, at moments that nobody chose."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from outfitter.catalogue import Catalogue, build, sync
from outfitter.catalogue.place import Where
from outfitter.catalogue.store import Tables, column, read_stamp
from outfitter.errors import CatalogueError
from outfitter.events import EventStore
from tests.catalogue.conftest import contents, draw, write_csv
from tests.databases import new_database
from tests.events.killing import kill_postgres, kill_writers
from tests.faults.children import Child, building, models, serving, syncing
from tests.faults.outcome import Outcome, World, differences
from tests.service.conftest import outfit

PRODUCTS = 20
SOON = 0.2
"""Seconds within which a kill strikes after a step that was chosen by chance; a step takes about a tenth of it."""


def killed_build(world: World) -> Outcome:
    """What lay in the tables before a kill is there after the next, and the end is what it would have been."""
    feed, folders = write_csv(world.folder / "feed.csv", draw(world.folder, PRODUCTS)), (world.detector, world.embedder)
    build(feed, world.folder / "whole", **models(folders))
    expected = contents(world.folder / "whole")
    chance, trials, lost, kept, shops = random.Random(1), 0, 0, 0, 0
    place, before = world.folder / "shop-0", set[str]()
    while trials < world.trials or place.exists():
        child = Child(building, feed, str(place), folders)
        if trials < world.trials:
            killed = child.kill_after(chance.randint(0, PRODUCTS), chance.uniform(0, SOON))
        else:
            killed = child.wait() != 0
        if killed:
            trials += 1
            there = set(_products(place))
            lost += len(before - there)
            kept += len(before)
            before = there
        else:
            lost += differences(contents(place), expected)
            kept += PRODUCTS
            shops += 1
            place, before = world.folder / f"shop-{shops}", set()
    return Outcome(trials, f"{kept} products written before", lost, f"{shops} builds ended, all as if never struck")


def _products(place: Path) -> list[Any]:
    with suppress(CatalogueError):  # it had only just begun
        return column(Tables(place, read_stamp(place)).products, "id")
    return []


def killed_sync(world: World) -> Outcome:
    """Readers see the day before or the night's end and nothing between, and the next sync ends it."""
    return _killed_sync(world, world.folder / "shop", {})


def killed_sync_in_an_object_store(world: World) -> Outcome:
    """The same; the next writer waits for the lease of the dead."""
    store = world.store()
    with patch.dict(os.environ, store.environment):
        return _killed_sync(world, f"{store.new_prefix()}/shop", store.environment)


def _killed_sync(world: World, place: Where, environment: dict[str, str]) -> Outcome:
    rows, folders = draw(world.folder, PRODUCTS), (world.detector, world.embedder)
    changed = [{**row, "price": 7} if number % 3 else row for number, row in enumerate(rows) if number % 5]
    feeds = [write_csv(world.folder / "old.csv", rows[:15]), write_csv(world.folder / "new.csv", changed)]
    states = []
    for name, feed in zip(("old", "new"), feeds, strict=True):
        sync(feed, world.folder / name, **models(folders))
        states.append(contents(world.folder / name))
    for feed in feeds:
        _finish(Child(syncing, feed, str(place), folders, environment=environment))
    chance, trials, lost, kept, now, published = random.Random(2), 0, 0, 0, 1, 0
    while trials < world.trials:
        to = 1 - now
        child = Child(syncing, feeds[to], str(place), folders, environment=environment)
        killed = child.kill_after(chance.randint(0, len(states[to]["products"])), chance.uniform(0, SOON))
        trials += killed
        seen = _part(contents(place))
        at = to if differences(seen, _part(states[to])) == 0 else now
        lost += differences(seen, _part(states[at]))
        kept += len(states[at]["products"])
        published += killed and at == to
        if trials % 4 == 0:  # else the next one goes on
            _finish(Child(syncing, feeds[to], str(place), folders, environment=environment))
            lost += differences(contents(place), states[to])
            at = to
        now = at
    note = f"{published} of them when all but tidying was done; readers saw the one state or the other"
    return Outcome(trials, f"{kept} products as readers saw them", lost, note)


def _finish(child: Child) -> None:
    assert child.wait() == 0
    assert child.heard[-1] == "done", child.heard


def _part(state: dict[str, Any]) -> dict[str, Any]:
    """What readers see; rejects are the last writer's, whatever became of it."""
    return {name: state[name] for name in ("products", "garments", "stamp")}


def killed_serve(world: World) -> Outcome:
    """Products that were put and events that were sent, each answered with a success, are there."""
    feed, folders = write_csv(world.folder / "feed.csv", draw(world.folder, 5)), (world.detector, world.embedder)
    place, state = world.folder / "shop", world.folder / "state"
    build(feed, place, **models(folders))
    chance = random.Random(3)
    products, events = list[str](), list[str]()
    for trial in range(world.trials):
        child = Child(serving, str(place), state, folders, outfit())
        port = child.hear()
        clients = [
            threading.Thread(target=_put, args=(port, trial, products)),
            threading.Thread(target=_report, args=(port, trial, events)),
        ]
        told = len(events)
        for client in clients:
            client.start()
        while len(events) < told + 5:
            assert all(client.is_alive() for client in clients), "it answered with an error"
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.7))
        assert child.kill()
        for client in clients:
            client.join(60)
    there = set(Catalogue.open(place).all_ids)
    with EventStore(state / "events.db") as store:
        stored = {event.id for event in store}
    lost = len(set(products) - there) + len(set(events) - stored)
    return Outcome(world.trials, f"{len(products)} products put, {len(events)} events", lost)


def _put(port: int, trial: int, answered: list[str]) -> None:
    for number in range(10_000):
        row = {"id": f"put-{trial}-{number}", "title": "New", "image": f"https://shop.example/{number}.png"}
        if not _said_yes(port, "PUT", "/v1/products", {"products": [row]}):
            return
        answered.append(row["id"])


def _report(port: int, trial: int, answered: list[str]) -> None:
    for number in range(100_000):
        event = {"id": f"e-{trial}-{number}", "kind": "view", "product": "p1", "session": "s"}
        if not _said_yes(port, "POST", "/v1/events", {"events": [event]}):
            return
        answered.append(event["id"])


def _said_yes(port: int, method: str, path: str, body: object) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert 200 <= answer.status < 300, text
        return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def killed_event_writers(world: World) -> Outcome:
    """Two at once, to SQLite."""
    told, there = kill_writers(str(world.folder / "events.db"), world.folder, world.trials)
    return Outcome(world.trials, f"{len(told)} events", len(told - there))


def killed_event_writers_to_postgresql(world: World) -> Outcome:
    """Two at once."""
    told, there = kill_writers(new_database(world.postgres().url), world.folder, world.trials)
    return Outcome(world.trials, f"{len(told)} events", len(told - there))


def killed_postgresql(world: World) -> Outcome:
    """The server and all of its processes, while events are written; then it is started again."""
    told, there = kill_postgres(world.postgres(), world.trials)
    return Outcome(world.trials, f"{len(told)} events", len(told - there))

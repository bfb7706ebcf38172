"""Several writers, and an object store that fails."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Mapping
from unittest.mock import patch

from outfitter.catalogue import Catalogue, add, build, remove, sync
from outfitter.catalogue.place import Where
from tests.catalogue.conftest import Row, contents, draw, write_csv
from tests.faults.children import LEASE_SECONDS, Child, adding, models, syncing
from tests.faults.outcome import Outcome, World, differences
from tests.stores import failing

PRODUCTS = 20


def two_writers(world: World) -> Outcome:
    """Both add products to one folder; who comes second is told so, tries again, and both's are there."""
    return _two_writers(world, world.folder / "shop", {})


def two_writers_in_an_object_store(world: World) -> Outcome:
    """The same, where a lease is what lets one in."""
    store = world.store()
    return _two_writers(world, f"{store.new_prefix()}/shop", store.environment)


def _two_writers(world: World, place: Where, environment: Mapping[str, str]) -> Outcome:
    rows, folders = draw(world.folder, PRODUCTS), (world.detector, world.embedder)
    expected, refused = {str(row["id"]) for row in rows[:2]}, 0
    with patch.dict(os.environ, environment):
        build(write_csv(world.folder / "feed.csv", rows[:2]), place, **models(folders))
        for trial in range(world.trials):
            children = []
            for part in range(2):
                new: list[Row] = [{**rows[2 + (2 * trial + part) % (PRODUCTS - 2)], "id": f"new-{trial}-{part}"}]
                feed = write_csv(world.folder / f"new-{part}.csv", new)
                children.append(Child(adding, feed, str(place), folders, environment=environment))
            for part, child in enumerate(children):
                assert child.wait() == 0
                refused += child.heard[-1][1]
                expected.add(f"new-{trial}-{part}")
        there = set(Catalogue.open(place).all_ids)
    lost = len(expected ^ there)
    return Outcome(world.trials, f"{len(expected)} products", lost, f"{refused} times one was told to wait")


def paused_writer(world: World) -> Outcome:
    """A writer is stopped for longer than its lease lasts, another writes, the first wakes: it may not do harm."""
    store = world.store()
    place, folders = f"{store.new_prefix()}/shop", (world.detector, world.embedder)
    rows = draw(world.folder, PRODUCTS)
    feeds = [
        write_csv(world.folder / "old.csv", rows[:4]),
        write_csv(world.folder / "night.csv", [*rows[:3], *({**row, "price": 9} for row in rows[4:])]),
    ]
    chance, trials, lost, refused = random.Random(8), 0, 0, 0
    with patch.dict(os.environ, store.environment):
        sync(feeds[0], place, **models(folders))
        while trials < world.trials:
            child = Child(syncing, feeds[1], place, folders, environment=store.environment)
            at = chance.randint(0, 10)
            while at and child.heard[-1] != at and child.hear() is not None:
                pass
            child.signal(signal.SIGSTOP)
            time.sleep(LEASE_SECONDS / 2)
            feed = write_csv(world.folder / "new.csv", [{**rows[5], "id": f"new-{trials}", "price": 1}])
            other = Child(adding, feed, place, folders, environment=store.environment)
            assert other.wait() == 0
            before = contents(place)
            child.signal(signal.SIGCONT)
            code = child.wait()
            assert code == 0, child.heard
            said = child.heard[-1]
            if (
                said == "done"
            ):  # it had ended before it was stopped, or began after the other: the night is what is there
                assert {row["id"] for row in contents(place)["products"]} >= {str(row["id"]) for row in rows[4:]}
            else:
                trials += 1
                refused += 1
                lost += differences(contents(place), before)
                lost += f"new-{trials - 1}" not in Catalogue.open(place).all_ids
            sync(feeds[0], place, allow_removals=True, **models(folders))
            lost += len(Catalogue.open(place)) != 4
    return Outcome(
        trials, f"{trials} products added meanwhile", lost, f"{refused} woke to be told that it was too late"
    )


def failing_store(world: World) -> Outcome:
    """10 % of the calls fail: everything is written all the same, and is what it would be in a folder."""
    rows, folders = draw(world.folder, PRODUCTS), (world.detector, world.embedder)
    feed = write_csv(world.folder / "feed.csv", rows[:12])
    night = write_csv(
        world.folder / "night.csv", [{**row, "price": 9} if n % 2 else row for n, row in enumerate(rows[2:])]
    )
    more = write_csv(world.folder / "more.csv", [{**rows[0], "id": "more"}])
    lost, requests, failures = 0, 0, 0
    for trial in range(world.trials):
        with failing(world.store(), 0.1, seed=trial) as (store, faults), patch.dict(os.environ, store.environment):
            states = []
            for place in (str(world.folder / f"shop-{trial}"), f"{store.new_prefix()}/shop"):
                build(feed, place, **models(folders))
                sync(night, place, **models(folders))
                add(more, place, **models(folders))
                remove(["p5"], place)
                states.append(contents(place))
                Catalogue.open(place)
            lost += differences(*states)
            requests += faults.requests
            failures += faults.failed.total()
    kept = f"{4 * world.trials} builds, syncs, additions and removals"
    return Outcome(
        failures, kept, lost, f"of {requests} requests: 503, 500, dropped before or after they were carried out"
    )

"""Disks that are full or read-only, files that were cut short, a model that fails in the middle."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from outfitter.catalogue import Catalogue, build, status, sync
from outfitter.detections import Detector
from outfitter.errors import CatalogueError, EventError, ModelError
from outfitter.events import EventStore
from outfitter.values import Crops, Embeddings
from tests.catalogue.conftest import contents, draw, write_csv
from tests.events.conftest import event
from tests.events.killing import LATER
from tests.faults.children import models
from tests.faults.outcome import Outcome, World, differences

PRODUCTS = 40


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A file system of its own in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True, capture_output=True)


def fill(disk: Path, free_bytes: int) -> Path:
    """Leave so many bytes free; the file that takes the rest."""
    found = os.statvfs(disk)
    filler = disk / ".filler"
    with filler.open("wb") as file:
        file.write(b"x" * max(found.f_bavail * found.f_frsize - free_bytes, 0))
    return filler


def full_disk(world: World) -> Outcome:
    """A sync meets a disk that is full after more or less of it: readers go on, and the same command ends it later."""
    feeds, folders = _two_feeds(world), (world.detector, world.embedder)
    for name, feed in zip(("old", "new"), feeds, strict=True):
        sync(feed, world.folder / name, **models(folders))
    states = [contents(world.folder / name) for name in ("old", "new")]
    chance, trials, lost, kept, got_through = random.Random(4), 0, 0, 0, 0
    with small_disk(world.folder / "disk", 6_000_000) as disk:
        while trials < world.trials:
            shop = Path(shutil.copytree(world.folder / "old", disk / "shop"))
            filler = fill(disk, round(chance.uniform(0, 1) ** 2 * 150_000))
            try:
                sync(feeds[1], shop, **models(folders))
                got_through += 1
            except CatalogueError as error:
                trials += 1
                lost += "See whether the disk is full or read-only" not in str(error)
                lost += differences(contents(shop), {**states[0], "rejects": contents(shop)["rejects"]})
                kept += len(states[0]["products"])
            filler.unlink()
            sync(feeds[1], shop, **models(folders))
            lost += differences(contents(shop), states[1])
            shutil.rmtree(shop)
    return Outcome(trials, f"{kept} products as readers saw them", lost, f"{got_through} more syncs had room enough")


def _two_feeds(world: World) -> list[Path]:
    rows = draw(world.folder, PRODUCTS)
    changed = [{**row, "price": 7} if number % 3 else row for number, row in enumerate(rows)]
    return [write_csv(world.folder / "old.csv", rows[:25]), write_csv(world.folder / "new.csv", changed)]


def full_disk_of_events(world: World) -> Outcome:
    """Whatever was acknowledged before the disk was full is there, and after it has room, events are taken again."""
    told, trials = list[str](), 0
    with small_disk(world.folder / "disk", 3_000_000) as disk:
        where = str(disk / "events.db")
        with EventStore(where) as store:
            store.add([event(0)], LATER)
        for trial in range(world.trials):
            filler = fill(disk, 150_000 + 30_000 * trial)
            with suppress(EventError), EventStore(where) as store:
                for number in range(1, 100_000):
                    one = event(number, id=f"e-{trial}-{number}", product="p" * 190)
                    store.add([one], LATER)
                    told.append(one.id)
            trials += 1
            filler.unlink()
        with EventStore(where) as store:
            store.add([event(1, id="after")], LATER)
            there = {one.id for one in store}
    return Outcome(trials, f"{len(told) + 2} events", len({*told, "e0", "after"} - there))


def read_only_disk(world: World) -> Outcome:
    """Every writer is told so, readers read, and nothing has changed."""
    feeds, folders, lost = _two_feeds(world), (world.detector, world.embedder), 0
    with small_disk(world.folder / "disk", 6_000_000) as disk:
        shop = disk / "shop"
        build(feeds[0], shop, **models(folders))
        with EventStore(disk / "events.db") as store:
            store.add([event(1)], LATER)
        before = contents(shop)
        remount(disk, "ro")
        for write in (
            lambda: sync(feeds[1], shop, **models(folders)),
            lambda: build(feeds[1], disk / "other", **models(folders)),
            lambda: build(feeds[0], shop, **models(folders)),
        ):
            with pytest.raises(CatalogueError, match="Read-only file system"):
                write()
        with (
            pytest.raises(EventError, match=r"readonly|read-only|unable to open"),
            EventStore(disk / "events.db") as store,
        ):
            store.add([event(2)], LATER)
        lost += differences(contents(shop), before) + (len(Catalogue.open(shop)) != 25)
        remount(disk, "rw")
        with EventStore(disk / "events.db") as store:
            lost += [one.id for one in store] != ["e1"]
        sync(feeds[1], shop, **models(folders))
        lost += len(Catalogue.open(shop)) != PRODUCTS
    return Outcome(4, "25 products, 1 event", lost)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True, capture_output=True)


def truncated_catalogue(world: World) -> Outcome:
    """Any one file cut short: refused with the remedy, or it was a file that nothing needs."""
    feed, folders = write_csv(world.folder / "feed.csv", draw(world.folder, PRODUCTS)), (world.detector, world.embedder)
    whole = world.folder / "whole"
    build(feed, whole, **models(folders))
    expected, chance, lost, refused = contents(whole), random.Random(5), 0, 0
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file() and path.stat().st_size)
    files = [path for path in files if path.name != "rejects.csv"]
    for trial in range(world.trials):
        shop = Path(shutil.copytree(whole, world.folder / "shop"))
        file = shop / files[trial % len(files)]
        os.truncate(file, chance.randrange(file.stat().st_size))
        try:
            status(shop)
            Catalogue.open(shop)
            lost += differences(contents(shop), expected)
        except CatalogueError as error:
            refused += 1
            lost += "Build it again with 'outfitter catalogue build" not in str(error)
        shutil.rmtree(shop)
    note = f"{refused} refused, with what rebuilds it; the others hold what no reader needs"
    return Outcome(world.trials, f"{PRODUCTS} products each", lost, note)


def truncated_model(world: World) -> Outcome:
    """Refused by its SHA-256, before a byte of it is used."""
    chance, lost = random.Random(6), 0
    for _ in range(world.trials):
        folder = Path(shutil.copytree(world.detector, world.folder / "model"))
        os.truncate(folder / "model.onnx", chance.randrange((folder / "model.onnx").stat().st_size))
        try:
            Detector(folder)
            lost += 1
        except ModelError as error:
            lost += "sha256 is" not in str(error)
        shutil.rmtree(folder)
    return Outcome(world.trials, "every model", lost)


def failing_worker(world: World) -> Outcome:
    """A model that fails in the middle of a build: what was finished stays, and the build goes on from there."""
    feed, folders = write_csv(world.folder / "feed.csv", draw(world.folder, PRODUCTS)), (world.detector, world.embedder)
    build(feed, world.folder / "whole", **models(folders))
    expected, chance, lost, kept = contents(world.folder / "whole"), random.Random(7), 0, 0
    for trial in range(world.trials):
        shop, fails_at = world.folder / f"shop-{trial}", chance.randrange(1, PRODUCTS)
        loaded = models(folders)
        with pytest.raises(RuntimeError, match="out of memory"):
            build(feed, shop, detector=loaded["detector"], embedder=_Failing(loaded["embedder"], fails_at), workers=1)
        kept += status(shop).products
        lost += max(fails_at - 10 - status(shop).products, 0)  # rows that were on their way
        again = _Failing(loaded["embedder"], 10**9)
        build(feed, shop, detector=loaded["detector"], embedder=again, workers=1)
        lost += differences(contents(shop), expected)
        lost += max(again.calls - (PRODUCTS - fails_at) - 10, 0)
    return Outcome(world.trials, f"{kept} products written before", lost)


class _Failing:
    """An embedder whose call number `at` fails."""

    def __init__(self, inner: Any, at: int) -> None:
        self._inner, self._at, self.calls, self.manifest = inner, at, 0, inner.manifest

    def __call__(self, crops: Crops) -> Embeddings:
        self.calls += 1
        if self.calls == self._at:
            raise RuntimeError("out of memory")
        found: Embeddings = self._inner(crops)
        return found

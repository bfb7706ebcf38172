"""kill -9 and Ctrl-C, for real: a build in a process of its own, ended at points that nobody chose."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from outfitter.catalogue import Catalogue, build, status
from outfitter.catalogue.store import Tables, column, read_stamp
from tests.catalogue.conftest import Models, contents, draw, write_csv
from tests.conftest import ToyModels
from tests.processes import interruptible

PRODUCTS = 150
KILLS = 8

CHILD = """
import os, signal, sys, threading, time
from pathlib import Path
import lancedb  # slow to load, and not what is to be interrupted
from outfitter.catalogue import build, intake
from outfitter.detections import Detector
from outfitter.embeddings import Embedder

feed, out, detector, embedder, log, delay = sys.argv[1:]
intake.BATCH = 7  # so that much of the time goes into writing
ledger = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
inner = Embedder(Path(embedder), threads=1)

class Logged:
    manifest = inner.manifest
    def __call__(self, crops):
        os.write(ledger, b"%d\\n" % hash(crops.pixels.tobytes()))
        return inner(crops)

def end():
    time.sleep(float(delay))
    os.kill(os.getpid(), signal.SIGKILL)

if float(delay) > 0:
    threading.Thread(target=end, daemon=True).start()
print("begun", flush=True)
build(feed, out, detector=Detector(Path(detector), threads=1), embedder=Logged(),
      progress=lambda done, total: print(done, flush=True))
"""


def start(feed: Path, out: Path, models: ToyModels, log: Path, delay: float) -> subprocess.Popen[str]:
    """A build in a process of its own, which kills itself after `delay` seconds of work; 0: never."""
    arguments = [feed, out, models.detector, models.embedder, log, delay]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", CHILD, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        preexec_fn=interruptible,
    )


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Products, some with a second picture, one that is shared by all of those, and some broken."""
    rows = [
        {**row, "additional_images": "pictures/3.png|none.png" if number % 20 == 7 else ""}
        for number, row in enumerate(draw(tmp_path, PRODUCTS))
    ]
    rows.insert(50, {"id": "gone", "title": "Gone", "image": "gone.png"})
    return write_csv(tmp_path / "feed.csv", rows)


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_and_ends_the_same(
    feed: Path, tmp_path: Path, models: Models, toy_models: ToyModels
) -> None:
    build(feed, tmp_path / "whole", **models)
    expected = contents(tmp_path / "whole")
    assert len(expected["products"]) == PRODUCTS

    out, log = tmp_path / "shop", tmp_path / "embedded.log"
    with start(feed, tmp_path / "timed", toy_models, tmp_path / "timed.log", 0) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        began = time.monotonic()
        child.communicate(timeout=120)
    longest = time.monotonic() - began
    chance = random.Random(20)
    killed, got_on, finished = 0, 0, set[str]()
    for _ in range(20 * KILLS):
        if killed == KILLS:
            break
        child = start(feed, out, toy_models, log, longest * chance.uniform(0.001, 0.6))
        _, said = child.communicate(timeout=120)
        check_nothing_was_embedded_twice(log, finished)
        if child.returncode == 0:  # it was quicker than its end: begin anew, beside
            assert contents(out) == expected
            out, finished = tmp_path / f"shop-{killed}", set()
            continue
        assert child.returncode == -signal.SIGKILL, said
        killed += 1
        if (out / "catalogue.json").exists() and status(out).products:
            got_on += 1
            there = set(column(Tables(out, read_stamp(out)).products, "id"))
            assert finished <= there  # what was finished stays
            finished = there
    assert (killed, got_on > 0) == (KILLS, True)

    with start(feed, out, toy_models, log, 0) as child:
        _, said = child.communicate(timeout=120)
    assert child.returncode == 0, said
    check_nothing_was_embedded_twice(log, finished)
    assert contents(out) == expected
    assert len(Catalogue.open(out)) == PRODUCTS


def check_nothing_was_embedded_twice(log: Path, finished: set[str]) -> None:
    """A run embeds at most the pictures of products that were not finished before it; each has one of its own."""
    embedded = log.read_text().split() if log.exists() else []
    assert len(embedded) <= PRODUCTS - len(finished)
    log.unlink(missing_ok=True)


def test_interrupted_by_ctrl_c_it_keeps_what_is_finished(
    feed: Path, tmp_path: Path, models: Models, toy_models: ToyModels
) -> None:
    out = tmp_path / "shop"
    child = start(feed, out, toy_models, tmp_path / "log", 0)
    assert child.stdout is not None
    while child.stdout.readline() != "40\n":
        pass
    child.send_signal(signal.SIGINT)
    rest, said = child.communicate(timeout=60)
    assert child.returncode != 0
    assert said.rstrip().endswith("KeyboardInterrupt")
    done = max([40, *map(int, rest.split())])
    found = status(out)
    assert not found.complete
    assert found.products >= done - 1 - 7  # the row that is rejected, and at most the batch being written
    build(feed, out, **models)
    assert len(Catalogue.open(out)) == PRODUCTS

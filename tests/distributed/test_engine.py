"""The Ray engine on a cluster of three nodes, against the local one."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest

from outfitter.catalogue import Catalogue, build
from outfitter.detections import Detector
from outfitter.distributed import ray_engine
from outfitter.embeddings import Embedder
from tests.catalogue.conftest import Row, contents, write_csv
from tests.distributed.conftest import PRODUCTS, REJECTED, Nodes
from tests.distributed.gate import Gate


@pytest.mark.slow
def test_a_node_and_a_worker_die_and_the_index_is_the_local_one(
    nodes: Nodes, rows: list[Row], gate: Gate, tmp_path: Path, models: tuple[Detector, Embedder]
) -> None:
    feed = write_csv(tmp_path / "feed.csv", rows)
    detector, embedder = models
    local = build(feed, tmp_path / "local", detector=detector, embedder=embedder)
    gate.shut_after(25)

    def kill() -> None:
        gate.wait_for(2)  # of three workers two are killed, so one of them in the middle of its rows
        nodes.kill_worker()
        nodes.kill()
        gate.open()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    seen: list[int] = []
    with ray_engine(nodes.address) as engine:
        report = build(
            feed,
            tmp_path / "ray",
            detector=detector,
            embedder=embedder,
            engine=engine,
            progress=lambda done, _: seen.append(done),
        )
    killer.join()
    nodes.add()
    assert gate.asked > PRODUCTS // 2  # pictures that were on the way to the dead were asked for again
    assert seen == list(range(1, PRODUCTS + 3))
    assert dataclasses.replace(report, folder=local.folder) == local
    assert (report.added, report.rejected) == (PRODUCTS, REJECTED)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert len(Catalogue.open(tmp_path / "ray")) == PRODUCTS

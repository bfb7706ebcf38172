"""The command on a cluster of three nodes, and what a cluster cannot do."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outfitter.catalogue import build, status
from outfitter.detections import Detector
from outfitter.distributed import ray_engine
from outfitter.embeddings import Embedder
from outfitter.errors import CatalogueError, ConfigError
from tests.catalogue.conftest import CountingEmbedder, Row, contents, write_csv
from tests.conftest import ToyModels
from tests.distributed.conftest import PRODUCTS, REJECTED, Nodes
from tests.distributed.gate import Gate
from tests.docs.commands import commands

pytestmark = pytest.mark.slow


def test_killed_itself_the_command_goes_on_with_a_feed_and_pictures_in_an_object_store(
    nodes: Nodes,
    rows: list[Row],
    gate: Gate,
    bucket: str,
    tmp_path: Path,
    models: tuple[Detector, Embedder],
    toy_models: ToyModels,
) -> None:
    from obstore import put
    from obstore.store import S3Store

    name, _, prefix = bucket.removeprefix("s3://").partition("/")
    store = S3Store(name, client_options={"allow_http": True})
    for number, row in enumerate(rows):
        image = str(row["image"])
        if (tmp_path / image).is_file():
            put(store, f"{prefix}/{image}", (tmp_path / image).read_bytes())
            rows[number] = {**row, "image": f"{bucket}/{image}" if number % 4 else image}
    put(store, f"{prefix}/pictures/3.png", (tmp_path / "pictures/3.png").read_bytes())
    packed = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), packed, row_group_size=50)
    put(store, f"{prefix}/feed.parquet", packed.getvalue())
    options = ["--detector", str(toy_models.detector), "--embedder", str(toy_models.embedder)]

    # What docs/distributed.md shows, here.
    (shown,) = commands("docs/distributed.md")
    here = {"feed.csv": f"{bucket}/feed.parquet", "shop/": str(tmp_path / "ray"), "10.0.0.1:6379": nodes.address}
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "outfitter.cli",
        *(here.get(word, word) for word in shown),
        *options,
    ]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    detector, embedder = models
    local = build(f"{bucket}/feed.parquet", tmp_path / "local", detector=detector, embedder=embedder)
    assert (local.added, local.rejected) == (PRODUCTS, REJECTED)

    gate.shut_after(PRODUCTS // 2 - 3)  # so that a batch of products is written, and some are on the way
    with start() as child:
        while not gate.held.wait(1):
            assert child.poll() is None, child.communicate()
        while not (tmp_path / "ray/products.lance").exists() or not status(tmp_path / "ray").products:
            assert child.poll() is None, child.communicate()
            time.sleep(0.1)
        child.send_signal(signal.SIGKILL)
    there = status(tmp_path / "ray")
    assert not there.complete
    gate.open()
    with start() as child:
        out, said = child.communicate(timeout=300)
    assert child.returncode == 1, said
    again = json.loads(out)
    assert (again["unchanged"], again["added"]) == (there.products, PRODUCTS - there.products)
    # Ray's core writes a remark on how Ray Data makes its actors, which no setting keeps it from.
    *remarks, last = said.splitlines()
    assert last == f"{REJECTED} rows or pictures were rejected; {tmp_path}/ray/rejects.csv says why."
    assert all("core_worker.cc" in remark for remark in remarks), said
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")


def test_what_a_cluster_cannot_do_is_told(
    nodes: Nodes,
    rows: list[Row],
    tmp_path: Path,
    models: tuple[Detector, Embedder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detector, embedder = models
    feed = write_csv(tmp_path / "feed.csv", [row for row in rows if str(row["image"]).startswith("pictures")][:20])
    for workers, gpus, need in ((50, 0, "3 workers of 1 CPU; need 50"), (None, 0.5, "0 workers of 1 CPU and 0.5 GPU")):
        with pytest.raises(ConfigError, match=f"has 3 CPUs and 0 GPUs on 3 nodes, room for {need}"):
            ray_engine(nodes.address, workers, gpus).__enter__()

    out = tmp_path / "shop"
    with ray_engine(nodes.address) as engine:
        counting = CountingEmbedder(embedder)
        with pytest.raises(ConfigError, match="sends model folders to its workers, and CountingEmbedder has none"):
            build(feed, out, detector=detector, embedder=counting, engine=engine)

        # A path that leads elsewhere in each process, as one does on each machine.
        monkeypatch.chdir(tmp_path)
        lost = write_csv(
            tmp_path / "lost.csv", [{**row, "image": f"/proc/self/cwd/{row['image']}"} for row in rows[::2]]
        )
        with pytest.raises(
            CatalogueError, match=r"/proc/self/cwd/pictures/\d+.png: is here, and the node .* has no su"
        ):
            build(lost, out, detector=detector, embedder=embedder, engine=engine)

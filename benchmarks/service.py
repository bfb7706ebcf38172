"""The service under load, beside what it is made of: the bare vector search, and the bare models.

    python benchmarks/service.py --catalogue boutique/catalogue --photos boutique/shop/looks

The catalogue is grown to `--garments` as in benchmarks/walk.py. A server process runs the app with the shipped models
and one more route, which only searches for a product's vectors and answers with ids; a client process asks over
loopback, `--clients` connections at once, each its next question when the last is answered. Search and recommendation
are asked in turns. Every photo sent is another file to the service, so no answer about one is remembered. The bare
models' passes get their inputs ready made and run one a core. The goals: recommend ≥ 0.8 × search; photos ≥ 0.85 ×
bare models; p99 ≤ 4 × p50 at half load; memory flat over 10 000 requests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from outfitter.photo import list_photos

K = 10


# --- the server process


def serve(catalogue: Path) -> None:
    """Print the port, then serve for ever."""
    from fastapi import Response

    from outfitter.service.app import create_app
    from outfitter.service.auth import Keys
    from outfitter.service.server import listen
    from outfitter.service.settings import Settings

    settings = Settings(catalogue=catalogue, insecure_local=True, rate=0, reload_seconds=0)
    app = create_app(settings, Keys.ephemeral())
    front = app.state.front

    @app.get("/bare/search/{product_id}")
    async def search(product_id: str) -> Any:
        def work() -> Response:
            opened = front.storefront.served.catalogue
            vectors = np.stack([garment.vector for garment in opened.garments(product_id)])
            found = opened.search(vectors, K, exclude=(product_id,))
            rows = [[one.product_id, one.similarity] for view in found for one in view]
            return Response(json.dumps(rows), media_type="application/json")

        return await front.searches.run(work)

    server, sock = listen(app, settings, "127.0.0.1", 0)
    print(sock.getsockname()[1], flush=True)
    server.run(sockets=[sock])


@contextmanager
def server(catalogue: Path) -> Iterator[tuple[int, int]]:
    """The port and the process of a server."""
    process = subprocess.Popen([sys.executable, __file__, "--serve", str(catalogue)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait(60)


def megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def processor(pid: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- the client


class Connection:
    """One kept-alive connection; as little HTTP as will do, so that the client's share of the cores is small."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> None:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        body = await self._reader.readexactly(length)
        assert head[9:12] == b"200", body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: bytes, kind: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def closed_loop(port: int, clients: int, requests: Iterator[bytes], count: int) -> tuple[float, list[float]]:
    """Answers a second, and every answer's seconds, of `count` requests by so many clients."""
    left, times = iter(range(count)), list[float]()

    async def client() -> None:
        connection = await Connection.open(port)
        for _ in left:
            started = time.perf_counter()
            await connection.ask(next(requests))
            times.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return count / (time.perf_counter() - started), times


async def open_loop(port: int, rate: float, requests: Iterator[bytes], count: int) -> list[float]:
    """Seconds of answers to `count` requests that arrive at random, `rate` a second on average, answered or not."""
    waits = np.random.default_rng(0).exponential(1 / rate, count)
    free: list[Connection] = []

    async def one(request: bytes) -> float:
        started = time.perf_counter()
        connection = free.pop() if free else await Connection.open(port)
        try:
            await connection.ask(request)
        except asyncio.IncompleteReadError:  # it had been idle for so long that the server closed it
            connection = await Connection.open(port)
            await connection.ask(request)
        free.append(connection)
        return time.perf_counter() - started

    tasks = []
    for wait in waits:
        await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(next(requests))))
    return list(await asyncio.gather(*tasks))


def repeated(make: Callable[[int], bytes]) -> Iterator[bytes]:
    number = 0
    while True:
        yield make(number)
        number += 1


def bare_models(photos: list[Path], seconds: float) -> tuple[float, float]:
    """Photos a second through the two models alone, inputs ready made, one a core; and a photo's processor seconds."""
    from outfitter.catalogue.intake import cores
    from outfitter.crops import crop, crop_whole
    from outfitter.detections import Detector, as_input
    from outfitter.embeddings import Embedder
    from outfitter.photo import load_photo

    detector, embedder = Detector(threads=1), Embedder(threads=1)
    ready = []
    for path in photos:
        photo = load_photo(path)
        found = detector(photo)
        side = embedder.input.side
        crops = crop(photo, found.boxes_xyxy, side) if len(found) else crop_whole(photo, side)
        ready.append((as_input(photo, detector.input), crops.pixels))
    end = time.perf_counter() + seconds

    def work(first: int) -> int:
        done = 0
        while time.perf_counter() < end:
            pixels, crops = ready[(first + done) % len(ready)]
            detector._session.run(None, {"pixels": pixels})
            embedder._session.run(None, {"pixels": crops})
            done += 1
        return done

    with ThreadPoolExecutor(cores()) as pool:
        started, computed = time.perf_counter(), time.process_time()
        done = sum(pool.map(work, range(cores())))
        return done / (time.perf_counter() - started), (time.process_time() - computed) / done


async def measure(port: int, pid: int, ids: list[str], photos: list[Path], options: Any) -> dict[str, Any]:
    asked = repeated(
        lambda n: post("/v1/recommend", json.dumps({"product": ids[n % len(ids)], "k": K}).encode(), "application/json")
    )
    searched = repeated(lambda n: get(f"/bare/search/{ids[n % len(ids)]}"))
    files = [path.read_bytes() for path in photos]
    # A few bytes after a JPEG's end are another file, and the same picture.
    seen = repeated(lambda n: post(f"/v1/recommend?k={K}", files[n % len(files)] + str(n).encode(), "image/jpeg"))

    for warm in (asked, searched):
        await closed_loop(port, options.clients, warm, 100)
    ratios, rates, computed = [], [], []
    for _ in range(options.rounds):
        marks = [processor(pid)]
        bare, _ = await closed_loop(port, options.clients, searched, options.count)
        marks.append(processor(pid))
        full, _ = await closed_loop(port, options.clients, asked, options.count)
        marks.append(processor(pid))
        ratios.append(full / bare)
        computed.append((marks[1] - marks[0]) / (marks[2] - marks[1]))
        rates.append((bare, full))
    capacity = statistics.median(full for _, full in rates)
    half = await open_loop(port, capacity / 2, asked, 2 * options.count)
    p50, p99 = (float(np.percentile(half, share)) for share in (50, 99))
    before = megabytes(pid)
    if options.flat:
        await closed_loop(port, options.clients, asked, options.flat)
    after = megabytes(pid)

    photo_rates, model_rates, photo_computed = [], [], []
    await closed_loop(port, options.clients, seen, 16)
    for _ in range(options.rounds):
        mark = processor(pid)
        rate, _ = await closed_loop(port, options.clients, seen, options.photo_count)
        photo_rates.append(rate)
        each = (processor(pid) - mark) / options.photo_count
        rate, bare_each = await asyncio.to_thread(bare_models, photos, 5)
        model_rates.append(rate)
        photo_computed.append(bare_each / each)
    photo_half = await open_loop(port, statistics.median(photo_rates) / 2, seen, options.photo_count)
    return {
        "search_per_second": round(statistics.median(bare for bare, _ in rates), 1),
        "recommend_per_second": round(capacity, 1),
        "recommend_over_search": [round(ratio, 3) for ratio in sorted(ratios)],
        "the_same_by_processor": round(statistics.median(computed), 3),
        "half_load_ms": {"p50": round(1000 * p50, 1), "p99": round(1000 * p99, 1), "ratio": round(p99 / p50, 2)},
        "photos_per_second": [round(rate, 2) for rate in photo_rates],
        "models_per_second": [round(rate, 2) for rate in model_rates],
        "photos_over_models": sorted(round(a / b, 3) for a, b in zip(photo_rates, model_rates, strict=True)),
        "photos_by_processor": round(statistics.median(photo_computed), 3),
        "photo_half_load_ratio": round(float(np.percentile(photo_half, 99) / np.percentile(photo_half, 50)), 2),
        "memory_mb": {
            "before": round(before),
            f"after_{options.flat}_more": round(after),
            "after_photos": round(megabytes(pid)),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--garments", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument(
        "--rounds", type=int, default=8, help="Turns; many short ones, since other work may run beside."
    )
    parser.add_argument("--count", type=int, default=160, help="Requests of each measurement by product.")
    parser.add_argument("--photo-count", type=int, default=32)
    parser.add_argument("--flat", type=int, default=10_000, help="Requests over which memory is compared.")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)  # the server process
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    from walk import grow  # the benchmark beside this one

    with tempfile.TemporaryDirectory(prefix="outfitter-benchmark-") as scratch:
        grown = Path(scratch) / "catalogue"
        garments = grow(options.catalogue, grown, options.garments)
        from outfitter.catalogue import Catalogue

        ids = Catalogue.open(grown).ids()
        np.random.default_rng(0).shuffle(ids)
        with server(grown) as (port, pid):
            measured = asyncio.run(measure(port, pid, ids, list_photos(options.photos), options))
    print(json.dumps({"garments": garments, "products": len(ids), "clients": options.clients, **measured}))


if __name__ == "__main__":
    main()

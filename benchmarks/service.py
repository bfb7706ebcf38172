"""The service under load, beside what it is made of: the bare vector search, and the bare models.

    python benchmarks/service.py --catalogue boutique/catalogue --photos boutique/shop/looks

The catalogue is grown to `--garments` as in benchmarks/walk.py. A server process runs the app with the shipped models,
logging every request as 'outfitter serve' does, and one more route, which only searches for a product's vectors and
answers with ids; a client process asks over loopback, `--clients` connections at once, each its next question when the
last is answered. Every photo sent is another file to the service, so no answer about one is remembered. The bare
models' passes get their inputs ready made and run one a core.

The two of a pair are measured in turns, and every other round begins with the other one. What counts is what is
finished within a window, in which nothing starts or ends. The ratio told is the median of the rounds', with the 95 %
interval of a bootstrap over rounds. The goals: recommend ≥ 0.8 × search; photos ≥ 0.85 × bare models; p99 ≤ 4 × p50 at
half load; memory flat over 10 000 requests.
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
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from outfitter.photo import list_photos

K = 10
PARTS = ("product", "memory", "photo")


class Window(NamedTuple):
    """What was finished in a window: how many a second, and the processor's seconds for each."""

    per_second: float
    processor: float


Measure: TypeAlias = Callable[[], Awaitable[Window]]


# --- the server process


def serve(catalogue: Path) -> None:
    """Print the port, then serve for ever."""
    from fastapi import Response

    from outfitter.service.app import create_app
    from outfitter.service.auth import Keys
    from outfitter.service.log import log_to
    from outfitter.service.server import listen
    from outfitter.service.settings import Settings

    log_to()
    settings = Settings(catalogue=catalogue, insecure_local=True, rate=0, reload_seconds=0, seconds=300)
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
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(catalogue)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
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


def window(ends: list[float], started: float, computed: float) -> Window:
    """ends: when each was finished. started: when the window began; it ends now. computed: seconds, meanwhile."""
    stopped = time.perf_counter()
    count = sum(started < end <= stopped for end in ends)
    return Window(count / (stopped - started), computed / max(count, 1))


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


async def closed_loop(port: int, clients: int, requests: Iterator[bytes], count: int) -> None:
    """Ask `count` requests, so many clients at once."""
    left = iter(range(count))

    async def client() -> None:
        connection = await Connection.open(port)
        for _ in left:
            await connection.ask(next(requests))

    await asyncio.gather(*(client() for _ in range(clients)))


async def sustained(port: int, pid: int, clients: int, requests: Iterator[bytes], seconds: float) -> Window:
    """Answers of a server to clients that have all been answered before the window and go on after it."""
    ends, under_way = list[float](), True
    answered = [asyncio.Event() for _ in range(clients)]

    async def client(once: asyncio.Event) -> None:
        connection = await Connection.open(port)
        while under_way:
            await connection.ask(next(requests))
            ends.append(time.perf_counter())
            once.set()

    tasks = [asyncio.create_task(client(once)) for once in answered]
    await asyncio.gather(*(once.wait() for once in answered))
    started, before = time.perf_counter(), processor(pid)
    await asyncio.sleep(seconds)
    measured = window(ends, started, processor(pid) - before)
    under_way = False
    await asyncio.gather(*tasks)
    return measured


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


class BareModels:
    """The two models alone: inputs ready made, one photo a core at once, threads waiting for nobody."""

    def __init__(self, photos: list[Path]) -> None:
        from outfitter.crops import crop, crop_whole
        from outfitter.detections import Detector, as_input
        from outfitter.embeddings import Embedder
        from outfitter.photo import load_photo

        self._detector, self._embedder = Detector(threads=1), Embedder(threads=1)
        self._ready = []
        for path in photos:
            photo = load_photo(path)
            found = self._detector(photo)
            side = self._embedder.input.side
            crops = crop(photo, found.boxes_xyxy, side) if len(found) else crop_whole(photo, side)
            self._ready.append((as_input(photo, self._detector.input), crops.pixels))

    def sustain(self, seconds: float) -> Window:
        """Photos in a window, which begins when every thread has done one and ends before they do."""
        from outfitter.system import cores

        ends, under_way, warm = list[float](), True, [threading.Event() for _ in range(cores())]

        def work(number: int) -> None:
            at = number
            while under_way:
                pixels, crops = self._ready[at % len(self._ready)]
                self._detector._session.run(None, {"pixels": pixels})
                self._embedder._session.run(None, {"pixels": crops})
                ends.append(time.perf_counter())
                warm[number].set()
                at += 1

        with ThreadPoolExecutor(len(warm)) as pool:
            working = [pool.submit(work, number) for number in range(len(warm))]
            for one in warm:
                one.wait()
            started, before = time.perf_counter(), time.process_time()
            time.sleep(seconds)
            measured = window(ends, started, time.process_time() - before)
            under_way = False
        for one_ in working:
            one_.result()
        return measured


@dataclass
class Turns:
    """Two things measured in turns."""

    first: list[Window] = field(default_factory=list)
    second: list[Window] = field(default_factory=list)

    async def take(self, rounds: int, first: Measure, second: Measure) -> None:
        for number in range(rounds):
            order = [(self.first, first), (self.second, second)]
            for windows, measure in order if number % 2 == 0 else reversed(order):
                windows.append(await measure())
            one, other = self.first[-1], self.second[-1]
            print(f"round {number + 1}: {one.per_second:.1f} / {other.per_second:.1f} a second", file=sys.stderr)

    @property
    def capacity(self) -> float:
        """What the first sustained, a second."""
        return statistics.median(one.per_second for one in self.first)

    @property
    def told(self) -> dict[str, Any]:
        """first over second, by the clock and by the processor's time for each, which other work disturbs less."""
        (rates, computed), (others, computed_others) = (np.array(each).T for each in (self.first, self.second))
        return {
            "per_second": [round(float(np.median(each)), 2) for each in (rates, others)],
            "processor_ms": [round(1000 * float(np.median(each)), 2) for each in (computed, computed_others)],
            "ratio": _median(rates / others),
            "ratio_by_processor": _median(computed_others / computed),
            "rounds": np.sort(rates / others).round(3).tolist(),
        }


def _median(ratios: NDArray[np.float64]) -> list[float]:
    """The median of the rounds, and the ends of the 95 % interval of a bootstrap over them."""
    drawn = np.random.default_rng(0).choice(ratios, (10_000, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return [round(float(value), 3) for value in (np.median(ratios), low, high)]


async def measure(port: int, pid: int, ids: list[str], photos: list[Path], options: Any) -> dict[str, Any]:
    asked = repeated(
        lambda n: post("/v1/recommend", json.dumps({"product": ids[n % len(ids)], "k": K}).encode(), "application/json")
    )
    searched = repeated(lambda n: get(f"/bare/search/{ids[n % len(ids)]}"))
    files = [path.read_bytes() for path in photos]
    # A few bytes after a JPEG's end are another file, and the same picture.
    seen = repeated(lambda n: post(f"/v1/recommend?k={K}", files[n % len(files)] + str(n).encode(), "image/jpeg"))

    def asking(requests: Iterator[bytes], seconds: float) -> Measure:
        return lambda: sustained(port, pid, options.clients, requests, seconds)

    told: dict[str, Any] = {}
    if "product" in options.parts:
        for warm in (asked, searched):
            await closed_loop(port, options.clients, warm, 200)
        turns = Turns()
        await turns.take(options.rounds, asking(asked, options.seconds), asking(searched, options.seconds))
        told["recommend_over_search"] = turns.told
        half = await open_loop(port, turns.capacity / 2, asked, round(turns.capacity / 2 * 8))
        told["half_load_ms"] = percentiles(half)
    if "memory" in options.parts:
        await closed_loop(port, options.clients, asked, 500)
        before = megabytes(pid)
        await closed_loop(port, options.clients, asked, options.flat)
        told["memory_mb"] = {"before": round(before), f"after_{options.flat}_more": round(megabytes(pid))}
    if "photo" in options.parts:
        bare = await asyncio.to_thread(BareModels, photos)
        await closed_loop(port, options.clients, seen, 32)
        turns = Turns()
        await turns.take(
            options.photo_rounds,
            asking(seen, options.photo_seconds),
            lambda: asyncio.to_thread(bare.sustain, options.photo_seconds),
        )
        told["photos_over_models"] = turns.told
        half = await open_loop(port, turns.capacity / 2, seen, round(turns.capacity / 2 * 15))
        told["photo_half_load_ms"] = percentiles(half)
        told["memory_mb_after_photos"] = round(megabytes(pid))
    return told


def percentiles(seconds: list[float]) -> dict[str, float]:
    p50, p99 = (1000 * float(np.percentile(seconds, share)) for share in (50, 99))
    return {"p50": round(p50, 1), "p99": round(p99, 1), "ratio": round(p99 / p50, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--garments", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="Each takes one to two minutes.")
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=1.5, help="Of a window by product.")
    parser.add_argument("--photo-rounds", type=int, default=10)
    parser.add_argument("--photo-seconds", type=float, default=5, help="Of a window with photos.")
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

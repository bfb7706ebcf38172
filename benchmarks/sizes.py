"""What a catalogue costs and gives at several sizes, and the plots of docs/scaling.md.

    python benchmarks/sizes.py measure --real shop/ --sizes 10000 100000 1000000 --work /tmp/sizes --out sizes.jsonl
    python benchmarks/sizes.py plot sizes.jsonl --out docs/

`measure` writes a catalogue of that many products of one garment each, straight into its tables; opens it in a process
of its own; asks it for the 20 nearest to vectors it does not hold, unfiltered and filtered to 50, 10, 1 and 0.1 %,
beside the exact answer; and adds 1 % more. A line of JSON for each size.

Vectors are drawn around the garments of a real catalogue: one of them, moved along the differences to 4 of its 16
nearest neighbours by normally distributed shares, with a little noise in all directions, at length 1. `--check` prints
how near the nearest neighbours are in as many drawn vectors as there are real ones, beside the real ones'.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from outfitter.catalogue import Catalogue, store, vector_index
from outfitter.catalogue.garments import read_vectors
from outfitter.catalogue.place import open_place
from outfitter.catalogue.store import Stamp, Tables, garment_schema, product_schema, publish, read_stamp, write_stamp
from outfitter.crops import PROTOCOL

Vectors = NDArray[np.float32]

NEIGHBOURS, STEPS, MOVED, NOISE = 16, 4, 0.7, 0.3
BATCH: Final = 8192
QUERIES: Final = 200
K: Final = 20
SHARES: Final = (1.0, 0.5, 0.1, 0.01, 0.001)
SLOTS: Final = ("top", "bottom", "long", "footwear", "bag", "headwear", "eyewear")


class Drawn:
    """Vectors like those of a real catalogue."""

    def __init__(self, real: Vectors, seed: int) -> None:
        self.real, self._rng = real, np.random.default_rng(seed)
        alike = real @ real.T
        np.fill_diagonal(alike, -1)
        self._near = np.argpartition(-alike, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]

    def __call__(self, count: int) -> Vectors:
        rng = self._rng
        own = rng.integers(len(self.real), size=count)
        vectors = self.real[own].copy()
        for _ in range(STEPS):
            other = self._near[own, rng.integers(NEIGHBOURS, size=count)]
            share = rng.standard_normal((count, 1), np.float32) * np.float32(MOVED / STEPS**0.5)
            vectors += share * (self.real[other] - self.real[own])
        vectors += rng.standard_normal(vectors.shape, np.float32) * np.float32(NOISE / vectors.shape[1] ** 0.5)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def real_vectors(folder: Path) -> Vectors:
    return read_vectors(Tables(folder, read_stamp(folder)))


def check(real: Vectors) -> dict[str, list[float]]:
    """The 10 %, 50 % and 90 % quantiles of the cosine to the nearest and to the 20th neighbour."""
    told = {}
    for name, vectors in (("real", real), ("drawn", Drawn(real, 1)(len(real)))):
        alike = np.sort(vectors[:1000] @ vectors.T, axis=1)
        for rank in (1, 20):
            quantiles = np.quantile(alike[:, -1 - rank], (0.1, 0.5, 0.9))
            told[f"{name}, neighbour {rank}"] = [round(float(one), 3) for one in quantiles]
    return told


def rows(drawn: Drawn, start: int, count: int, stamp: Stamp) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Garments and products, a batch at a time."""
    rng = np.random.default_rng(start)
    for first in range(start, start + count, BATCH):
        names = [f"{at:09d}" for at in range(first, min(first + BATCH, start + count))]
        pictures = [f"{name:0>64}" for name in names]
        size = len(names)
        boxes = np.tile(np.array([8, 9, 90, 120], np.float32), size)
        vectors = drawn(size).reshape(-1)
        garments = [
            pa.array(pictures),
            pa.array(np.zeros(size, np.int16)),
            pa.array([SLOTS[int(slot)] for slot in rng.integers(len(SLOTS), size=size)]),
            pa.FixedSizeListArray.from_arrays(pa.array(boxes), 4),
            pa.array(np.full(size, 0.9, np.float32)),
            pa.FixedSizeListArray.from_arrays(pa.array(vectors), stamp.dimensions),
        ]
        products = [
            {
                "id": name,
                "title": f"Garment number {name}",
                "image": f"https://shop.example/pictures/{name}.jpg",
                "price": price,
                "category": "Clothing > Tops",
                "availability": "in_stock",
                "additional_images": [],
                "base": "/feeds",
                "row": sha,
                "pictures": [{"image": f"https://shop.example/pictures/{name}.jpg", "sha256": sha, "error": None}],
            }
            for name, sha, price in zip(names, pictures, (rng.random(size) * 1000).tolist(), strict=True)
        ]
        yield (
            pa.Table.from_arrays(garments, schema=garment_schema(stamp.dimensions)),
            pa.Table.from_pylist(products, product_schema(stamp)),
        )


def put(tables: Tables, drawn: Drawn, start: int, count: int, stamp: Stamp) -> float:
    """Seconds that writing takes, without the drawing."""
    took = 0.0
    for garments, products in rows(drawn, start, count, stamp):
        began = time.perf_counter()
        tables.add_garments(garments)
        tables.put_products(products, replace=False)
        took += time.perf_counter() - began
    return took


def tidied(tables: Tables, readers: bool) -> tuple[float, float]:
    """Seconds of `tidy` without the index, and of the index."""
    spent = [0.0]

    def timed(*args: Any) -> None:
        began = time.perf_counter()
        vector_index.keep_index(*args)
        spent[0] += time.perf_counter() - began

    vars(store)["keep_index"] = timed  # where `tidy` looks for it
    began = time.perf_counter()
    tables.tidy(readers=readers)
    return time.perf_counter() - began - spent[0], spent[0]


def disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def make(folder: Path, drawn: Drawn, count: int) -> dict[str, Any]:
    place = open_place(folder)
    folder.mkdir(parents=True)
    with place.writing():
        dimensions = drawn.real.shape[1]
        stamp = Stamp(
            complete=False, embedder="e", detector="d", crop_protocol=PROTOCOL, dimensions=dimensions, feed=None
        )
        write_stamp(place, stamp)
        tables = Tables(place, stamp, make=True)
        wrote = put(tables, drawn, 0, count, stamp)
        tidy, index = tidied(tables, readers=False)
        publish(place, stamp.model_copy(update={"complete": True}), tables)
    return {"write_s": wrote, "tidy_s": tidy, "index_s": index, "disk_mb": disk(folder) / 1e6}


def extend(folder: Path, drawn: Drawn, count: int) -> dict[str, Any]:
    """Add 1 %."""
    place, more = open_place(folder), count // 100
    with place.writing():
        stamp = read_stamp(place)
        tables = Tables(place, stamp, write=True)
        wrote = put(tables, drawn, count, more, stamp)
        tidy, index = tidied(tables, readers=True)
        publish(place, stamp, tables)
        began = time.perf_counter()
        tables.clean(stamp.versions)
        clean = time.perf_counter() - began
    return {"add_write_s": wrote, "add_tidy_s": tidy + clean, "add_index_s": index}


def truth(folder: Path, queries: Vectors) -> tuple[list[list[list[str]]], dict[str, float]]:
    """For each share the ids of the nearest, by one product over all; and how long that takes for one vector."""
    tables = Tables(folder, read_stamp(folder))
    matrix = read_vectors(tables)
    pictures = np.array(store.column(tables.garments, "picture"))
    ids, own = (store.column(tables.products, name) for name in ("id", "price"))
    owners = dict(zip(ids, own, strict=True))
    names = np.array([picture[-9:] for picture in pictures])
    prices = np.array([owners[name] for name in names.tolist()])
    found: list[list[list[str]]] = []
    alike = np.concatenate([queries[at : at + 50] @ matrix.T for at in range(0, len(queries), 50)])
    for share in SHARES:
        allowed = np.flatnonzero(prices < share * 1000)
        some = []
        for row in alike:
            own = row[allowed]
            best = np.argpartition(-own, min(K, len(own) - 1))[:K]
            some.append(names[allowed[best]].tolist())
        found.append(some)
    times = []
    for query in queries[:20]:
        began = time.perf_counter()
        matrix @ query
        times.append(time.perf_counter() - began)
    return found, {"exact_product_ms": 1e3 * float(np.median(times))}


def resident(what: str = "VmRSS") -> float:
    """MB of this process; VmHWM is its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise RuntimeError(what)


def ask(folder: Path, queries: Vectors, expected: list[list[list[str]]]) -> dict[str, Any]:
    """In a process of its own: open, ask, and how much memory that takes."""
    Tables(folder, read_stamp(folder))  # so that lancedb is imported
    before, began = resident(), time.perf_counter()
    catalogue = Catalogue.open(folder)
    told: dict[str, Any] = {"open_s": time.perf_counter() - began, "open_mb": resident() - before}
    catalogue.own_slots  # noqa: B018
    told["indexed"] = bool(vector_index.partitions(Tables(folder, read_stamp(folder)).garments))
    for share, true in zip(SHARES, expected, strict=True):
        where = None if share == 1 else f"price<{share * 1000:g}"
        catalogue.search(queries[-1:], K, where)
        times, shared = [], 0
        for query, own in zip(queries, true, strict=True):
            # Other vectors each time: what was compared a moment ago is remembered.
            began = time.perf_counter()
            (found,) = catalogue.search(query[None], K, where)
            times.append(time.perf_counter() - began)
            shared += len({one.product_id for one in found} & set(own))
        told[f"{share:g}"] = {
            "p50_ms": 1e3 * float(np.median(times)),
            "p99_ms": 1e3 * float(np.quantile(times, 0.99)),
            "recall": shared / sum(map(len, true)),
        }
    began = time.perf_counter()
    for at in range(50):
        catalogue.garments(catalogue.all_ids[at * len(catalogue) // 50])
    told["garments_ms"] = 1e3 * (time.perf_counter() - began) / 50
    return told | {"asked_mb": resident() - before, "peak_mb": resident("VmHWM")}


def child(step: str, folder: Path, real: Path, count: int) -> dict[str, Any]:
    """A step in a process of its own, so that each one's memory and threads are its own."""
    command = [sys.executable, __file__, "step", step, str(folder), str(real), str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))


def step(name: str, folder: Path, real: Path, count: int) -> dict[str, Any]:
    vectors = real_vectors(real)
    if name == "make":
        return make(folder, Drawn(vectors, 0), count)
    if name == "extend":
        return extend(folder, Drawn(vectors, 2), count)
    queries = Drawn(vectors, 3)(QUERIES)
    beside = folder.with_suffix(".truth.json")
    if name == "truth":
        found, told = truth(folder, queries)
        beside.write_text(json.dumps(found))
        return told
    return ask(folder, queries, json.loads(beside.read_text()))


def measure(sizes: list[int], real: Path, work: Path, out: Path) -> None:
    for count in sizes:
        folder = work / f"catalogue-{count}"
        told: dict[str, Any] = {"garments": count}
        for name in ("make", "truth", "ask", "extend"):
            done = work / f"{count}-{name}.json"  # a step that is done is not done again
            if not done.exists():
                print(f"{count}: {name}", file=sys.stderr)
                done.write_text(json.dumps(child(name, folder, real, count)))
            told |= json.loads(done.read_text())
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")
        print(json.dumps(told), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    measured = commands.add_parser("measure")
    measured.add_argument("--real", type=Path, required=True, help="a catalogue of real garments")
    measured.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    measured.add_argument("--work", type=Path, required=True, help="where catalogues are made; they stay there")
    measured.add_argument("--out", type=Path, required=True)
    measured.add_argument("--check", action="store_true")
    steps = commands.add_parser("step")
    for name, kind in (("name", str), ("folder", Path), ("real", Path), ("count", int)):
        steps.add_argument(name, type=kind)
    plotted = commands.add_parser("plot")
    plotted.add_argument("lines", type=Path)
    plotted.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.command == "step":
        print(json.dumps(step(given.name, given.folder, given.real, given.count)))
    elif given.command == "plot":
        plot([json.loads(line) for line in given.lines.read_text().splitlines()], given.out)
    elif given.check:
        print(json.dumps(check(real_vectors(given.real))))
    else:
        given.work.mkdir(parents=True, exist_ok=True)
        measure(given.sizes, given.real, given.work, given.out)


def plot(lines: list[dict[str, Any]], out: Path) -> None:
    """One drawing: times of a question, memory and the cost of an addition, over the number of garments."""
    drawings = [
        (
            "a question, ms",
            {
                "p50": [(one["garments"], one["1"]["p50_ms"]) for one in lines],
                "p99": [(one["garments"], one["1"]["p99_ms"]) for one in lines],
                "p50, 10 % filter": [(one["garments"], one["0.1"]["p50_ms"]) for one in lines],
                "bare product": [(one["garments"], one["exact_product_ms"]) for one in lines],
            },
        ),
        (
            "MB",
            {
                "opened": [(one["garments"], one["open_mb"]) for one in lines],
                "after questions": [(one["garments"], one["asked_mb"]) for one in lines],
                "on disk": [(one["garments"], one["disk_mb"]) for one in lines],
            },
        ),
        (
            "seconds",
            {
                "tables": [(one["garments"], one["write_s"] + one["tidy_s"]) for one in lines],
                "index": [(one["garments"], max(one["index_s"], 0.1)) for one in lines if one["indexed"]],
                "add 1 %": [
                    (one["garments"], one["add_write_s"] + one["add_tidy_s"]) for one in lines if "add_tidy_s" in one
                ],
            },
        ),
    ]
    parts = [chart(name, curves, 44 + 268 * at) for at, (name, curves) in enumerate(drawings)]
    style = "text{font:11px sans-serif;fill:#333}path{fill:none;stroke-width:1.8}"
    (out / "scaling.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 830 240" role="img" '
        f'aria-label="Time, memory and building over the number of garments"><style>{style}</style>'
        f'<rect width="830" height="240" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


COLOURS: Final = ("#1b5fa8", "#c2410c", "#15803d", "#6b7280")


def chart(name: str, curves: dict[str, list[tuple[float, float]]], left: float) -> str:
    """Both axes logarithmic, whole decades."""
    points = np.log10([point for curve in curves.values() for point in curve])
    low, high = np.floor(points.min(0)), np.ceil(points.max(0) - 1e-9)
    high = np.maximum(high, low + 1)

    def at(point: tuple[float, float]) -> tuple[float, float]:
        x, y = (np.log10(point) - low) / (high - low)
        return left + 190 * float(x), 175 - 140 * float(y)

    drawn = [f'<text x="{left}" y="22" font-weight="bold">{name}</text>']
    for power in range(int(low[1]), int(high[1]) + 1):
        y = at((10.0 ** low[0], 10.0**power))[1]
        drawn.append(f'<path d="M{left} {y:.1f}h190" stroke="#ddd"/>')
        drawn.append(f'<text x="{left - 3}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for power in range(int(low[0]), int(high[0]) + 1):
        x = at((10.0**power, 10.0 ** low[1]))[0]
        drawn.append(f'<path d="M{x:.1f} 35v140" stroke="#ddd"/>')
        told = {4: "10 k", 5: "100 k", 6: "1 M"}.get(power, f"{10.0**power:g}")
        drawn.append(f'<text x="{x:.1f}" y="190" text-anchor="middle">{told}</text>')
    for number, (label, curve) in enumerate(curves.items()):
        colour, places = COLOURS[number], [at(point) for point in curve]
        drawn.append(f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}" stroke="{colour}"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in places]
        x, y = left + 100 * (number % 2), 210 + 16 * (number // 2)
        drawn.append(
            f'<circle cx="{x + 4}" cy="{y - 4}" r="4" fill="{colour}"/><text x="{x + 12}" y="{y}">{label}</text>'
        )
    return "".join(drawn)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

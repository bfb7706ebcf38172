"""The boutique on disk: a feed, its pictures, outfits to ask with, and the truth about all of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from outfitter.boutique.design import Boutique
from outfitter.boutique.draw import draw_look, draw_packshot
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.stylist import Look
from outfitter.errors import DatasetError
from outfitter.photo import encode_jpeg
from outfitter.system import cores
from outfitter.values import Annotations

FEED_FILE: Final = "feed.csv"
TRUTH_FILE: Final = "truth.json"
COLUMNS: Final = (
    "id", "title", "image", "category", "colour", "price", "currency", "availability", "url", "gender", "brand",
    "additional_images", "pattern", "formality", "season",
)  # fmt: skip
QUALITY: Final = 88


@dataclass(frozen=True)
class _Job:
    """One picture to draw. look: None for a packshot."""

    file: str
    product: BoutiqueProduct | None = None
    look: Look | None = None
    view: int = 0


def write(
    boutique: Boutique,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> None:
    """Draw a boutique into the folder `out`; the same boutique gives the same files, byte for byte.

        feed.csv      one row a product, as `outfitter catalogue build` reads it; pictures relative to `out`
        photos/       each product: ID-1.jpg and ID-2.jpg packshots, of many ID-worn.jpg, on somebody
        looks/        outfits that are in no feed, to ask with
        truth.json    of every picture: file, size_wh and boxes (slot, category, product, box_xyxy); products; looks

    truth.json comes last: a folder without it is half-written. progress is called with (pictures done, of all).
    workers: processes; by default one a core, 1 draws in this one.

    Raises:
        DatasetError: `out` is not empty, or cannot be written to.
    """
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise DatasetError(
                f"{out}: is not an empty folder, and a boutique is never drawn over one. Name a new folder."
            )
        (out / "photos").mkdir(parents=True)
        (out / "looks").mkdir()
        jobs = _jobs(boutique)
        pictures = []
        with _drawers(boutique, workers) as drawn:
            for i, (job, (data, truth)) in enumerate(zip(jobs, drawn(jobs), strict=True), 1):
                (out / job.file).write_bytes(data)
                pictures.append(truth)
                if progress:
                    progress(i, len(jobs))
        (out / FEED_FILE).write_text(_feed(boutique, jobs), encoding="utf-8", newline="")
        text = json.dumps(_truth(boutique, pictures), indent=1, ensure_ascii=False)
        (out / TRUTH_FILE).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{out}: cannot be written: {error.strerror or error}. Name another folder.") from error


def _jobs(boutique: Boutique) -> list[_Job]:
    jobs = [_Job(f"photos/{p.id}-{view + 1}.jpg", product=p, view=view) for p in boutique.products for view in (0, 1)]
    jobs += [_Job(f"photos/{look.around}-worn.jpg", look=look) for look in boutique.worn]
    return jobs + [_Job(f"looks/{look.id}.jpg", look=look) for look in boutique.looks]


_boutique: Boutique | None = None
"""In a worker: what it draws. Sent once, as it starts."""


def _start(boutique: Boutique) -> None:
    global _boutique
    _boutique = boutique


def _draw(job: _Job) -> tuple[bytes, dict[str, Any]]:
    assert _boutique is not None
    if job.look:
        photo, truth, ids = draw_look(_boutique, job.look, job.view)
    else:
        assert job.product is not None
        photo, truth = draw_packshot(job.product, job.view)
        ids = (job.product.id,) * len(truth)
    return encode_jpeg(photo.pixels, QUALITY), _picture(job.file, truth, ids, _boutique)


@contextmanager
def _drawers(
    boutique: Boutique, workers: int | None
) -> Iterator[Callable[[list[_Job]], Iterator[tuple[bytes, dict[str, Any]]]]]:
    count = workers or cores()
    if count == 1:
        _start(boutique)
        yield lambda jobs: map(_draw, jobs)
        return
    with ProcessPoolExecutor(count, get_context("spawn"), _start, (boutique,)) as pool:
        yield lambda jobs: pool.map(_draw, jobs, chunksize=8)


def _picture(file: str, truth: Annotations, ids: tuple[str, ...], boutique: Boutique) -> dict[str, Any]:
    boxes = [
        {"slot": label, "category": boutique.product(i).category, "product": i, "box_xyxy": box.tolist()}
        for label, i, box in zip(truth.labels, ids, truth.boxes_xyxy, strict=True)
    ]
    return {"file": file, "size_wh": list(truth.size_wh), "boxes": boxes}


def _feed(boutique: Boutique, jobs: list[_Job]) -> str:
    more: dict[str, list[str]] = {product.id: [] for product in boutique.products}
    for job in jobs:
        owner = job.product.id if job.product else job.look.around if job.look else None
        if owner and not job.file.endswith("-1.jpg"):
            more[owner].append(job.file)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for p in boutique.products:
        table.writerow((
            p.id, p.title, f"photos/{p.id}-1.jpg", p.category, p.colour, f"{p.price:.2f}", p.currency, p.availability,
            f"https://boutique.example/products/{p.id}", p.gender, p.brand, "|".join(more[p.id]),
            p.pattern, p.formality, p.season,
        ))  # fmt: skip
    return text.getvalue()


def _truth(boutique: Boutique, pictures: list[dict[str, Any]]) -> dict[str, Any]:
    products = {
        p.id: {
            "title": p.title, "category": p.category, "slot": p.slot, "colour": p.colour, "rgb": list(p.rgb),
            "pattern": p.pattern, "price": p.price, "gender": p.gender, "formality": p.formality, "season": p.season,
            "style": p.style,
        }
        for p in boutique.products
    }  # fmt: skip
    looks = [
        {"id": x.id, "file": f"looks/{x.id}.jpg", "products": list(x.products), "score": x.score}
        for x in boutique.looks
    ]
    worn = [
        {"around": x.around, "file": f"photos/{x.around}-worn.jpg", "products": list(x.products)} for x in boutique.worn
    ]
    return {"format": 1, "seed": boutique.seed, "photos": pictures, "products": products, "looks": looks, "worn": worn}

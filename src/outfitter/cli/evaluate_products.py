"""``outfitter evaluate`` for the protocols ``retrieval`` and ``end-to-end``: is the right product found?"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from outfitter.catalogue import Catalogue
from outfitter.cli.evaluated import finish
from outfitter.cli.inputs import Input, cores, in_order, new_folder
from outfitter.cli.output import progress
from outfitter.crops import crop, crop_whole
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import EvaluationError, OutfitterError, QueryError
from outfitter.evaluation import bootstrap, report
from outfitter.evaluation.end_to_end import LOSSES, Search, answering, outcome, score_end_to_end
from outfitter.evaluation.report.means import Row, Shown
from outfitter.evaluation.result import Result, Terms
from outfitter.evaluation.retrieval import Retrieval, score_retrieval
from outfitter.geometry import as_boxes
from outfitter.photo import load_photo
from outfitter.recommendations import Garment, Query, choose
from outfitter.values import Embeddings, Photo
from outfitter.walk import Shop, open_shop

T = TypeVar("T")

K: Final = 10
GALLERY: Final = 24
"""Rows of the report's gallery."""


@dataclass(frozen=True)
class Item:
    """A line of a CSV: a garment in a picture. group: what is the same product; kind: its slot or category."""

    image: Path
    group: str
    kind: str | None
    box_xyxy: tuple[float, float, float, float] | None

    def garment(self) -> Photo:
        """The picture, or the part of it that is meant, for people to look at."""
        photo = load_photo(self.image)
        if self.box_xyxy is None:
            return photo
        x1, y1, x2, y2 = (round(value) for value in self.box_xyxy)
        return Photo(photo.pixels[max(0, y1) : max(1, y2), max(0, x1) : max(1, x2)], photo.name)


def read_items(path: Path) -> list[Item]:
    """Read a CSV with the columns image and group, and maybe kind, x1, y1, x2 and y2.

    Raises:
        EvaluationError: naming the line: a column is missing, a box is not four numbers, or nothing is there.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(
            f"{path}: cannot be read: {error}. Need a CSV with the columns image and group."
        ) from None
    if missing := {"image", "group"} - set(reader.fieldnames or ()):
        raise EvaluationError(
            f"{path}: has no column {' and '.join(sorted(missing))}; need image,group[,kind,x1,y1,x2,y2]."
        )
    if not rows:
        raise EvaluationError(f"{path}: has no rows below its head.")
    return [_item(row, f"{path}:{number}", path.parent) for number, row in enumerate(rows, 2)]


def _item(row: dict[str, str], where: str, folder: Path) -> Item:
    if not row["image"] or not row["group"]:
        raise EvaluationError(f"{where}: image is {row['image']!r}, group is {row['group']!r}; need both.")
    corners = [row.get(name) or "" for name in ("x1", "y1", "x2", "y2")]
    box = None
    if any(corners):
        try:
            box = (float(corners[0]), float(corners[1]), float(corners[2]), float(corners[3]))
        except ValueError:
            raise EvaluationError(f"{where}: the box is {','.join(corners)}; need four numbers, or none.") from None
        if not (box[0] < box[2] and box[1] < box[3]):
            raise EvaluationError(f"{where}: the box is {','.join(corners)}; need x1 < x2 and y1 < y2.")
    return Item(folder / row["image"], row["group"], row.get("kind") or None, box)


def retrieval(model: str, queries: Path, gallery: Path | None, out: Path, resamples: int) -> dict[str, Any]:
    """Embed both sides and score; without a gallery, each query is looked for among the others."""
    asked = read_items(queries)
    offered = asked if gallery is None else read_items(gallery)
    embedder = Embedder(None if model == "shipped" else Path(model), threads=1)
    new_folder(out, "--out")
    vectors = _embed(embedder, asked, "queries")
    others = vectors if gallery is None else _embed(embedder, offered, "gallery")
    found = score_retrieval(
        vectors,
        [item.group for item in asked],
        others,
        [item.group for item in offered],
        own=np.arange(len(asked)) if gallery is None else None,
        kinds=[item.kind or "unknown" for item in asked] if any(item.kind for item in asked) else None,
    )
    terms = Terms(
        protocol="retrieval",
        data=f"{queries.stem} in {gallery.stem if gallery else 'each other'}",
        data_hash=_hash(queries, gallery),
        samples=found.evidence.samples,
        items=len(asked),
        model=embedder.manifest.model_id,
        model_hash=embedder.manifest.sha256[:16],
    )
    scores = bootstrap.intervals(found.evidence, resamples)
    result = Result(terms, scores, {"a gallery in random order": found.chance}, {}, found.evidence, resamples)
    told = "A query and the five nearest: blue is the right product, orange another."
    page = report.means_page(
        result, ("Recall@1", "Recall@5", "Recall@10", "mAP@R"), _nearest(found, asked, offered), told
    )
    return finish(result, page, out, "queries")


def end_to_end(
    model: str, queries: Path, catalogue: Path, embedder: Path | None, where: str | None, out: Path, resamples: int
) -> dict[str, Any]:
    """Look for every query's product in the catalogue, through the detector."""
    asked = read_items(queries)
    for number, item in enumerate(asked, 2):
        if item.box_xyxy is None or item.kind is None:
            raise EvaluationError(
                f"{queries}:{number}: has no box or no kind; end-to-end needs both, kind being the slot."
            )
    opened = Catalogue.open(catalogue)
    _all_known(opened, asked, queries)
    detector = Detector(None if model == "shipped" else Path(model), threads=1)
    shop = open_shop(opened, embedder=embedder)
    new_folder(out, "--out")
    searches = _search(shop, detector, asked, where)
    evidence = score_end_to_end(searches)
    terms = Terms(
        protocol="end-to-end",
        data=f"{queries.stem} in {catalogue.resolve().name}{f' where {where}' if where else ''}",
        data_hash=_hash(queries, note=f"{opened.stamp.embedder} {len(opened)} {where}"),
        samples=evidence.samples,
        items=len(searches),
        model=detector.manifest.model_id,
        model_hash=detector.manifest.sha256[:16],
        shown_from=detector.min_score,
    )
    scores = bootstrap.intervals(evidence, resamples)
    chance = {f"found@{k}": min(1.0, k / len(opened)) for k in (1, 5, 10)}
    result = Result(terms, scores, {"products in random order": chance}, {}, evidence, resamples)
    lost = [(item, outcome(search, K)) for item, search in zip(asked, searches, strict=True)]
    rows = [
        Row(f"{item.image.name}, {item.kind} {item.group}: {why}", [Shown(item.garment())])
        for item, why in lost
        if why != "found"
    ]
    headline = [f"found@{k}" for k in (1, 5, 10)] + [f"lost to {loss}" for loss in LOSSES]
    told = f"{len(rows)} of {len(lost)} garments whose product was not among the first {K}, and why; the first of them."
    return finish(result, report.means_page(result, headline, rows[:GALLERY], told), out, "queries")


def _all_known(catalogue: Catalogue, asked: Sequence[Item], queries: Path) -> None:
    absent = []
    for item in asked:
        try:
            catalogue.product(item.group)
        except QueryError:
            absent.append(item.group)
    if absent:
        raise EvaluationError(
            f"{queries}: {len(absent)} of {len(asked)} products are not in the catalogue, first {absent[0]!r}; they "
            "could never be found. Leave them out, or add them with 'outfitter catalogue add'."
        )


def _search(shop: Shop, detector: Detector, asked: Sequence[Item], where: str | None) -> list[Search]:
    """Each photo is seen once, however many of its garments are looked for."""
    photos = list(dict.fromkeys(item.image for item in asked))
    side = shop.embedder.manifest.embedder_input
    assert side is not None  # the Shop checked it
    similar = choose("similar").strategy

    def see(one: Input) -> list[Search]:
        photo = one.load()
        detections = detector(photo)
        vectors = shop.embedder(crop(photo, detections.boxes_xyxy, side.side)).vectors
        found = []
        for item in asked:
            if str(item.image) != one.name:
                continue
            assert item.box_xyxy is not None
            assert item.kind is not None
            shown: list[str] = []
            unfiltered: list[str] = []
            if (answer := answering(item.box_xyxy, detections)) is not None:
                vector = vectors[answer][None]
                garment = Garment(vector, detections.labels[answer], "it", answer)
                answers = similar.recommend(Query((garment,), K, where), shop.source)
                shown = [recommendation.product.id for recommendation in answers]
                unfiltered = [candidate.product_id for candidate in shop.source.find(vector, K)[0]]
            found.append(Search(one.name, item.box_xyxy, item.kind, item.group, detections, shown, unfiltered))
        return found

    searches: dict[str, list[Search]] = {}
    for one, result in _all(see, [Input(str(path), path) for path in photos], "photos"):
        searches[one.name] = list(reversed(result))
    return [searches[str(item.image)].pop() for item in asked]


def _embed(embedder: Embedder, items: Sequence[Item], what: str) -> Embeddings:
    def embed(one: Input) -> NDArray[np.float32]:
        item = items[int(one.name)]
        photo = load_photo(item.image)
        if item.box_xyxy is None:
            crops = crop_whole(photo, embedder.input.side)
        else:
            try:
                crops = crop(photo, as_boxes([item.box_xyxy]), embedder.input.side)
            except ValueError as error:
                raise EvaluationError(f"{item.image}: {error}; need a box within the photo.") from None
        vector: NDArray[np.float32] = embedder(crops).vectors[0]
        return vector

    inputs = [Input(str(number), item.image) for number, item in enumerate(items)]
    vectors = [vector for _, vector in _all(embed, inputs, what)]
    return Embeddings(np.stack(vectors), embedder.manifest.model_id)


def _all(work: Callable[[Input], T], inputs: Sequence[Input], what: str) -> Iterator[tuple[Input, T]]:
    """Every result, in order; an error, once all was tried, if any input failed."""
    faults = []
    with progress(what, len(inputs)) as advance:
        for one, result in in_order(work, inputs, min(cores(), len(inputs))):
            advance()
            if isinstance(result, OutfitterError):
                faults.append(str(result))
            else:
                yield one, result
    if faults:
        raise EvaluationError(f"{len(faults)} of {len(inputs)} {what} cannot be scored, first: {faults[0]}")


def _nearest(found: Retrieval, asked: Sequence[Item], offered: Sequence[Item]) -> list[Row]:
    """Queries drawn at random, the same ones every time, with the five nearest."""
    rows = []
    for number in np.sort(np.random.default_rng(0).permutation(len(asked))[:GALLERY]).tolist():
        query = asked[number]
        pictures = [Shown(query.garment())]
        for place in found.nearest[number, :5].tolist():
            if place >= 0:
                pictures.append(Shown(offered[place].garment(), offered[place].group == query.group))
        rows.append(Row(f"{query.group}{f', {query.kind}' if query.kind else ''}", pictures))
    return rows


def _hash(*files: Path | None, note: str = "") -> str:
    digest = hashlib.sha256(note.encode())
    for file in files:
        digest.update(file.read_bytes() if file else b"\0")
    return digest.hexdigest()[:16]

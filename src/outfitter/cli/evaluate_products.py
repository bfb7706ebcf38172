"""``outfitter evaluate`` for the protocols ``retrieval`` and ``end-to-end``: is the right product found?"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from outfitter.artifact import sha256_of
from outfitter.catalogue import Catalogue
from outfitter.cli.evaluated import finish
from outfitter.cli.inputs import Input, in_order, new_folder, refuse_full
from outfitter.cli.output import progress, say
from outfitter.cli.subject import is_run
from outfitter.crops import crop, crop_whole
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import ConfigError, EvaluationError, OutfitterError, PhotoError, QueryError
from outfitter.evaluation import bootstrap, report
from outfitter.evaluation.baselines import constant_box, learn_prior, majority_class, perfect
from outfitter.evaluation.end_to_end import KS, LOSSES, Search, answering, outcome, score_end_to_end
from outfitter.evaluation.items import Item, annotations_of, read_items, read_vectors
from outfitter.evaluation.means import MeanEvidence
from outfitter.evaluation.report.means import Row, Shown
from outfitter.evaluation.result import Result, Terms
from outfitter.evaluation.retrieval import Retrieval, score_retrieval
from outfitter.evaluation.slices import item_slices
from outfitter.geometry import as_boxes
from outfitter.photo import load_photo, read_header
from outfitter.recommendations import STRATEGIES, Garment, Interactions, Query
from outfitter.system import cores
from outfitter.values import Detections, Embeddings, Photo
from outfitter.walk import Shop, open_shop
from outfitter.walk.parts import as_in_photo

T = TypeVar("T")

GALLERY: Final = 24
"""Rows of the report's gallery."""


def retrieval(model: str, queries: Path, gallery: Path | None, out: Path, resamples: int | None) -> dict[str, Any]:
    """Embed both sides and score; without a gallery, each query is looked for among the others."""
    _refuse_run(model, "retrieval")
    refuse_full(out, "--out")
    asked = read_items(queries)
    offered = asked if gallery is None else read_items(gallery)
    foreign = Path(model) if Path(model).is_file() else None
    embedder = None if foreign else Embedder(None if model == "shipped" else model, threads=1)
    truth = annotations_of(asked, _sizes(asked, "queries"))

    def score(vectors: Embeddings, others: Embeddings) -> Retrieval:
        return score_retrieval(
            vectors,
            [item.group for item in asked],
            others,
            [item.group for item in offered],
            own=np.arange(len(asked)) if gallery is None else None,
            kinds=[item.kind or "unknown" for item in asked] if any(item.kind for item in asked) else None,
            slices=item_slices(truth, _order(asked), [item.tag for item in asked]),
        )

    def embed(items: Sequence[Item], what: str, source: Path) -> Embeddings:
        if foreign:
            return read_vectors(foreign, items, source.parent)
        assert embedder is not None
        return _embed(embedder, items, what)

    vectors = embed(asked, "queries", queries)
    others = vectors if gallery is None else embed(offered, "gallery", gallery)
    found = score(vectors, others)
    baselines = {"majority class": found.majority, "random order": found.chance}
    if embedder and any(item.box_xyxy for item in asked):
        prior = learn_prior(replace(one, labels=("it",) * len(one)) for one in truth.values())
        boxes = constant_box(prior, {image: one.size_wh for image, one in truth.items()})
        same = [replace(item, box_xyxy=tuple(boxes[item.image].boxes_xyxy[0].tolist())) for item in asked]
        blind = score(_embed(embedder, same, "queries, constant box"), others)
        baselines = {"constant box": bootstrap.plain(blind.evidence), **baselines}
    terms = Terms(
        protocol="retrieval",
        data=f"{queries.stem} in {gallery.stem if gallery else 'each other'}",
        data_hash=_hash(queries, gallery),
        samples=found.evidence.samples,
        items=len(asked),
        model=embedder.manifest.model_id if embedder else Path(model).name,
        model_hash=(embedder.manifest.sha256 if embedder else sha256_of(Path(model)))[:16],
    )
    new_folder(out, "--out")
    result = _result(terms, found.evidence, baselines, resamples)
    told = "A query and the five nearest: blue is the right product, orange and dashed another."
    page = report.means_page(
        result, ("Recall@1", "Recall@5", "Recall@10", "mAP@R"), _nearest(found, asked, offered), told
    )
    return finish(result, page, out, "queries")


def end_to_end(
    model: str,
    queries: Path,
    catalogue: str,
    embedder: Path | None,
    where: str | None,
    out: Path,
    resamples: int | None,
) -> dict[str, Any]:
    """Look for every query's product in the catalogue, through the detector."""
    _refuse_run(model, "end-to-end")
    asked = read_items(queries)
    for number, item in enumerate(asked, 2):
        if item.box_xyxy is None or item.kind is None:
            raise EvaluationError(
                f"{queries}:{number}: has no box or no kind; end-to-end needs both, kind being the slot."
            )
    opened = Catalogue.open(catalogue)
    _all_known(opened, asked, queries)
    detector = Detector(None if model == "shipped" else model, threads=1)
    shop = open_shop(opened, embedder=embedder)
    truth = annotations_of(asked, _sizes(asked, "photos"))
    new_folder(out, "--out")
    slices = item_slices(truth, _order(asked), [item.tag for item in asked])
    searches = _search(shop, detector, asked, where, "photos")
    evidence = score_end_to_end(searches, slices=slices)
    prior, sizes = learn_prior(truth.values()), {image: one.size_wh for image, one in truth.items()}
    baselines = {}
    for name, guess in (
        ("constant box", constant_box(prior, sizes)),
        ("majority class", majority_class(prior, sizes)),
        ("the true boxes", {image: perfect(one) for image, one in truth.items()}),
    ):
        boxes = {str(image): one for image, one in guess.items()}
        blind = _search(shop, lambda photo, boxes=boxes: boxes[photo.name], asked, where, name)  # type: ignore[misc]
        baselines[name] = bootstrap.plain(score_end_to_end(blind))
    baselines["random order"] = {f"found@{k}": min(1.0, k / len(opened)) for k in KS}
    products = sorted(product.id for product in opened.products())
    terms = Terms(
        protocol="end-to-end",
        data=f"{queries.stem} in {Path(catalogue).resolve().name}{f' where {where}' if where else ''}",
        data_hash=_hash(queries, note=f"{opened.stamp.embedder} {where} {products}"),
        samples=evidence.samples,
        items=len(searches),
        model=detector.manifest.model_id,
        model_hash=detector.manifest.sha256[:16],
        score_floor=detector.min_score,
        shown_from=detector.min_score,
    )
    result = _result(terms, evidence, baselines, resamples)
    outcomes = [outcome(search, max(KS)) for search in searches]
    lost = [trio for trio in zip(asked, searches, outcomes, strict=True) if trio[2] != "found"]
    rows = [
        Row(f"{item.image.name}, {item.kind} {item.group}: {why}", _asked_and_shown(item, search, opened))
        for item, search, why in lost[:GALLERY]
    ]
    headline = [f"found@{k}" for k in KS]
    parts = [headline[-1], *(f"lost to {loss}" for loss in LOSSES)]
    told = (
        f"{len(lost)} of {len(asked)} garments whose product was not among the first {max(KS)}, and why. Each with its "
        "product’s own picture (blue) and what was shown first (orange and dashed)."
    )
    return finish(result, report.means_page(result, headline, rows, told, parts=parts), out, "queries")


def _refuse_run(model: str, protocol: str) -> None:
    """Raise ConfigError for a training run, which these protocols do not take."""
    if is_run(Path(model)):
        raise ConfigError(
            f"{model}: is a training run; --protocol {protocol} scores a model folder. "
            f"Export it first: outfitter export {model} --on DATA --out MODEL"
        )


def _asked_and_shown(item: Item, search: Search, catalogue: Catalogue) -> list[Shown]:
    """The garment, its product, and the first products that were shown instead, as far as their pictures can be had."""
    pictures = [Shown(item.garment())]
    for product in (item.group, *search.shown[:3]):
        try:
            pictures.append(Shown(load_photo(catalogue.picture(product)), product == item.group))
        except PhotoError as error:
            say(str(error))
    return pictures


def _result(
    terms: Terms, evidence: MeanEvidence, baselines: Mapping[str, Mapping[str, float]], resamples: int | None
) -> Result:
    with progress("resamples") as advance:
        replicates = bootstrap.replicates_for(evidence.samples, resamples)
        return Result.of_means(terms, evidence, baselines, replicates, progress=advance)


def _order(items: Sequence[Item]) -> list[tuple[Path, int]]:
    """The picture and the place in it of each item."""
    seen = Counter[Path]()
    order = []
    for item in items:
        order.append((item.image, seen[item.image]))
        seen[item.image] += 1
    return order


def _sizes(items: Sequence[Item], what: str) -> dict[Path, tuple[int, int]]:
    """Of the pictures, from their headers."""
    inputs = [Input(str(image), image) for image in dict.fromkeys(item.image for item in items)]
    found = _all(lambda one: read_header(Path(one.name)).size_wh, inputs, what)
    return {Path(one.name): size_wh for one, size_wh in found}


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


def _search(
    shop: Shop, detect: Callable[[Photo], Detections], asked: Sequence[Item], where: str | None, what: str
) -> list[Search]:
    """Each photo is seen once, however many of its garments are looked for."""
    photos = list(dict.fromkeys(item.image for item in asked))
    side = shop.embedder.manifest.embedder_input
    assert side is not None  # the Shop checked it
    similar = STRATEGIES["similar"](Interactions.none())

    def see(one: Input) -> list[Search]:
        photo = one.load()
        detections = detect(photo)
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
                garments = as_in_photo(
                    [Garment(vector, detections.labels[answer], "it", answer)], shop.embedder.manifest
                )
                answers = similar.recommend(Query(garments, max(KS), where), shop.source)
                shown = [recommendation.product.id for recommendation in answers]
                unfiltered = [candidate.product_id for candidate in shop.source.find(garments[0].vectors, max(KS))[0]]
            found.append(Search(one.name, item.box_xyxy, item.kind, item.group, detections, shown, unfiltered))
        return found

    searches: dict[str, list[Search]] = {}
    for one, result in _all(see, [Input(str(path), path) for path in photos], what):
        searches[one.name] = list(reversed(result))
    return [searches[str(item.image)].pop() for item in asked]


def _embed(embedder: Embedder, items: Sequence[Item], what: str) -> Embeddings:
    def embed(one: Input) -> NDArray[np.float32]:
        item = items[int(one.name)]
        photo = load_photo(item.image)
        if item.box_xyxy is None:
            crops = crop_whole(photo, embedder.input.side)
        else:
            crops = crop(photo, as_boxes([item.box_xyxy]), embedder.input.side)
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

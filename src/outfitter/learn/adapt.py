"""A shop's own feed → the detector taught on its pictures, without anybody drawing boxes.

The feed's category says which garment a product's picture is about. Where it lies on plain ground the box is seen
without a model (`outfitter.datasets.plain_ground`); elsewhere the detector's best box of that slot is taken, if it is
sure enough. A picture that surely shows another garment too, or whose garment cannot be boxed, is left out: what is
not labelled would be taught to be none.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from outfitter.artifact import SHIPPED, Manifest, Source, read_manifest
from outfitter.boutique import draw_scene
from outfitter.catalogue.feed import Feed, Reject, locate, open_feed
from outfitter.datasets.dataset import load, write_splits
from outfitter.datasets.plain_ground import find_on_plain_ground
from outfitter.datasets.records import record_of
from outfitter.detections import Detector
from outfitter.errors import PhotoError, TrainingError
from outfitter.evaluation.bootstrap import Difference, Interval, differences, intervals
from outfitter.evaluation.means import MeanEvidence
from outfitter.evaluation.packshot import score_packshots
from outfitter.geometry import as_boxes, iou
from outfitter.learn import checkpoint as checkpoints
from outfitter.learn.card import Card
from outfitter.learn.export import export_detector
from outfitter.learn.models import build
from outfitter.learn.models.common import NO_WEIGHTS
from outfitter.learn.options import Optimiser, TrainOptions
from outfitter.learn.reopen import reopen
from outfitter.learn.train import RUN_FILE, Progress, RunInfo, load_trained, read_run, resume, start
from outfitter.photo import encode_jpeg, load_photo
from outfitter.system import replace_text
from outfitter.taxonomy import slot_of_category
from outfitter.values import Annotations, Detections, Example, Photo, Product

VAL: Final = 0.2
"""Share of products that are kept aside, to see whether the adapted detector is better on them."""
SIDE: Final = 640
"""Pictures are kept at this longer side, in pixels: more than any detector here looks at."""
SURE: Final = 0.5
"""Interval from which the detector's word is taken for the garment, or for another one beside it."""
FEWEST: Final = 40
"""Pictures to learn from. Fewer teach the shop's lighting, not its garments."""
REHEARSED: Final = 0.5
"""Drawn scenes for each picture, so that what the shop does not sell is not forgotten; at most `MOST_REHEARSED`."""
MOST_REHEARSED: Final = 400

OPTIONS: Final = TrainOptions(
    steps=300,
    batch=8,
    optimiser=Optimiser(learning_rate=1e-4, warm_up=30),
    frozen=("backbone.body.conv_stem", "backbone.body.bn1", *(f"backbone.body.blocks.{n}" for n in range(4))),
    evaluate_every=1_000_000,  # only at the end: val is what the result is judged by
    ema=0.99,
    empty_classes="allow",
)
"""A short and gentle training: the head moves, edges and blobs stay what they are."""

ADAPTED: Final = ("faster_rcnn_lite", "faster_rcnn_lite2")
"""Architectures that `OPTIONS` suit."""

ASKED_FILE: Final = "adapt.json"

Finds = Callable[[Photo], Detections]


@dataclass(frozen=True)
class Labelled:
    """What became of a feed's pictures. left_out: reason → how many."""

    train: int
    val: int
    per_slot: dict[str, int]
    left_out: dict[str, int]


@dataclass(frozen=True)
class Adapted:
    """before, after: the share of the pictures kept aside whose best detection has the right slot and IoU ≥ 0.5.

    moved: their paired difference.
    """

    labelled: Labelled
    before: Interval
    after: Interval
    moved: Difference
    manifest: Manifest


def adapt(
    feed: str | Path,
    work: Path,
    out: Path,
    *,
    base: Path = SHIPPED / "detector",
    steps: int | None = None,
    labelling: Callable[[], None] = lambda: None,
    training: Progress | None = None,
) -> Adapted:
    """Label a feed's pictures, train `base` on them, and export the result unless it is worse on those kept aside.

    work: a folder for the data set and the run; interrupted and called again with the same one, it goes on there,
        with the pictures and labels that it found then.
    base: a model folder of one of the architectures in `ADAPTED`.

    Raises:
        TrainingError: `base` is of another architecture or in 8 bits; too few pictures could be labelled, or the
            adapted detector is worse for sure: the 95 % interval of the paired difference lies below 0; or `work` was
            begun with another feed, `base` or `steps`.
        FeedError: the feed cannot be read.
        ModelError: `out` is not empty, or `base` no detector.
    """
    manifest = read_manifest(base, "detector")
    assert manifest.detector_input is not None
    architecture = architecture_of(base, manifest.class_names)
    data, run = work / "data", work / "run"
    steps = steps or OPTIONS.steps
    _begun_alike(work, {"feed": str(feed), "detector": manifest.sha256, "steps": steps})
    labelled = _labelled(feed, data, Detector(base, min_score=SURE), manifest.class_names, labelling)
    loaded = load(data)
    options = OPTIONS.model_copy(update={"model": architecture, "input": manifest.detector_input, "steps": steps})
    train, val = loaded.split("train"), loaded.split("val")
    if not (run / RUN_FILE).is_file():
        shutil.rmtree(run, ignore_errors=True)
        start(run, RunInfo(options, manifest.class_names, str(data)), train, val, init=base)(training)
    elif not _finished(run):
        resume(run, train, val)(training)
    trained, _ = load_trained(run)
    before, after = _packshots(Detector(base, min_score=0.0), val), _packshots(trained, val)
    scores = [intervals(evidence)["rank-1"] for evidence in (before, after)]
    moved = differences(before, after)["rank-1"]
    if moved.high < 0:
        raise TrainingError(
            f"{feed}: adapted, {scores[1].value:.3f} of {len(val)} pictures are right, and {scores[0].value:.3f} were "
            "before. Nothing was written. Try more pictures, or other --steps and another --work; the run is in "
            f"{run}."
        )
    # The thresholds stay: what is shown of a shop's own products says nothing of what is shown of anything else.
    card = Card(
        name=f"{manifest.name}-adapted",
        recipe=f"outfitter adapt {feed}",
        sources=(*manifest.sources, Source(name=f"Pictures of {feed}", licence="the shop's own")),
    )
    exported, _ = export_detector(
        trained,
        out,
        val,
        card,
        score_threshold=manifest.score_threshold,
        photo_threshold=manifest.photo_threshold,
    )
    return Adapted(labelled, scores[0], scores[1], moved, exported)


def architecture_of(base: Path, class_names: Sequence[str]) -> str:
    """Which of `ADAPTED` a model folder is of. Raises TrainingError: of none, or in 8 bits."""
    refused = []
    for name in ADAPTED:
        try:
            reopen(base, build(name, class_names, NO_WEIGHTS))
        except TrainingError as error:
            refused.append(error)
        else:
            return name
    raise TrainingError(
        f"{refused[0]} Only detectors of {' and '.join(ADAPTED)} can be adapted; go on with the run of any other by "
        "'outfitter train --init RUN'."
    )


def _begun_alike(work: Path, asked: dict[str, str | int]) -> None:
    """Write down what `work` is for; refuse one that is for something else."""
    told = work / ASKED_FILE
    if not told.is_file():
        work.mkdir(parents=True, exist_ok=True)
        replace_text(told, f"{json.dumps(asked, indent=2)}\n")
        return
    before = json.loads(told.read_text(encoding="utf-8"))
    differing = ", ".join(
        f"{key} {before.get(key)}, now {value}" for key, value in asked.items() if before.get(key) != value
    )
    if differing:
        raise TrainingError(f"{work}: was begun with {differing}. Name another --work, or remove this one.")


def _labelled(
    feed: str | Path, data: Path, detector: Detector, class_names: tuple[str, ...], advance: Callable[[], None]
) -> Labelled:
    """What `label_feed` returns; read from where it was written down if an earlier call came that far."""
    told = data / "labelled.json"
    if not told.is_file():
        shutil.rmtree(data, ignore_errors=True)
        found = label_feed(open_feed(feed), data, detector, class_names, advance)
        replace_text(told, json.dumps(dataclasses.asdict(found)))
        return found
    return Labelled(**json.loads(told.read_text(encoding="utf-8")))


def _finished(run: Path) -> bool:
    newest = checkpoints.latest(run)
    return newest is not None and int(newest.name.removeprefix("step-")) >= read_run(run).options.steps


def _packshots(finds: Finds, examples: Sequence[Example]) -> MeanEvidence:
    found = {example.name: finds(load_photo(example.image)) for example in examples}
    truth = {example.name: example.annotations for example in examples}
    labels = [one.labels for one in truth.values()] + [one.labels for one in found.values()]
    names = sorted({label for some in labels for label in some})
    return score_packshots(truth, found, names, SURE)


def label_feed(
    feed: Feed, folder: Path, detector: Finds, class_names: tuple[str, ...], advance: Callable[[], None]
) -> Labelled:
    """Write a data set in canonical form to `folder`: the feed's pictures with one box each, and drawn scenes.

    detector: finds garments, with scores down to `SURE` at least. Products are split into train and val by their id,
    so that the same product is never in both, and always falls to the same side.

    Raises:
        TrainingError: fewer than `FEWEST` pictures could be labelled, or none of them for val.
    """
    photos = folder / "photos"
    photos.mkdir(parents=True)
    left_out, per_slot = Counter[str](), Counter[str]()
    examples: list[Example] = []
    for product, number, image in _pictures(feed, left_out, advance):
        slot = slot_of_category(product.category) or slot_of_category(product.title)
        if slot not in class_names:
            left_out["neither category nor title names a garment that the detector knows"] += 1
            continue
        try:
            photo = _fitted(load_photo(locate(image, feed.base)))
        except PhotoError as error:
            left_out[f"unreadable: {type(error).__name__}"] += 1
            continue
        box = box_of(photo, slot, detector(photo))
        if isinstance(box, str):
            left_out[box] += 1
            continue
        name = hashlib.sha256(f"{product.id}\0{number}".encode()).hexdigest()[:16]
        path = photos / f"{name}.jpg"
        path.write_bytes(encode_jpeg(photo.pixels, quality=92))
        split = "val" if _share(product.id) < VAL else "train"
        examples.append(Example(path, name, Annotations(as_boxes([box]), (slot,), photo.size_wh), split))
        per_slot[slot] += 1
    train = sum(example.split == "train" for example in examples)
    if len(examples) < FEWEST or train in (0, len(examples)):
        told = "; ".join(f"{count} × {reason}" for reason, count in left_out.most_common(3)) or "none was left out"
        raise TrainingError(
            f"{feed.name}: {len(examples)} pictures could be labelled, {len(examples) - train} of them to judge by; "
            f"need {FEWEST}, some to judge by. Left out: {told}."
        )
    scenes = min(MOST_REHEARSED, round(REHEARSED * train))
    records = [record_of(example) for example in [*examples, *_scenes(photos, scenes)]]
    write_splits(folder, records, class_names)
    return Labelled(train, len(examples) - train, dict(per_slot.most_common()), dict(left_out.most_common()))


def box_of(photo: Photo, slot: str, found: Detections) -> tuple[float, float, float, float] | str:
    """The box of the one garment of `slot` that a product's picture is about; or why there is none to learn from."""
    plain = find_on_plain_ground(photo.pixels)
    sure = found[found.scores >= SURE]
    own = sure[[label == slot for label in sure.labels]][:1]
    box = own.boxes_xyxy if isinstance(plain, str) else as_boxes([plain])
    if not len(box):
        return "the ground is not plain, and the detector is not sure where the garment is"
    others = sure[[label != slot for label in sure.labels]]
    if len(others) and float(iou(box, others.boxes_xyxy).min()) < 0.5:
        return "another garment is in the picture"
    x1, y1, x2, y2 = box[0].tolist()
    return (x1, y1, x2, y2)


def _pictures(feed: Feed, left_out: Counter[str], advance: Callable[[], None]) -> Iterator[tuple[Product, int, str]]:
    for row in feed:
        advance()
        if isinstance(row, Reject):
            left_out["rejected rows"] += 1
            continue
        for number, image in enumerate((row.product.image, *row.product.additional_images)):
            yield row.product, number, image


def _fitted(photo: Photo) -> Photo:
    from PIL import Image

    image = Image.fromarray(photo.pixels)
    image.thumbnail((SIDE, SIDE))
    return Photo(np.asarray(image), photo.name)


def _share(product_id: str) -> float:
    """A number in [0, 1) that depends on the id alone."""
    return int.from_bytes(hashlib.sha256(product_id.encode()).digest()[:6], "big") / 2**48


def _scenes(folder: Path, count: int) -> Iterator[Example]:
    for seed in range(count):
        photo, truth = draw_scene(seed)
        path = folder / f"scene-{seed:05d}.jpg"
        path.write_bytes(encode_jpeg(photo.pixels, quality=85))
        yield Example(path, path.stem, truth, "train")

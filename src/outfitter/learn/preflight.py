"""Looking before leaping: are the classes there, do the boxes lie on the garments, can the model learn at all?"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from outfitter.datasets.draw import contact_sheet
from outfitter.errors import TrainingError
from outfitter.learn.augment import NONE
from outfitter.learn.samples import Samples
from outfitter.learn.targets import decode
from outfitter.values import Annotations, Detections, Example

if TYPE_CHECKING:
    from outfitter.learn.train import RunInfo

SAMPLES_FILE: Final = "samples.png"
SHOWN: Final = 12
SHOWN_FROM: Final = 0.5
"""Score from which a prediction is drawn."""
EIGHT: Final = 8
ENOUGH: Final = 0.5
"""AP50 on its own training photos that a model which can learn reaches."""
STEPS: Final = 120


def check_classes(info: RunInfo, train: Sequence[Example], val: Sequence[Example]) -> list[str]:
    """Compare the classes of train and val; returns what is worth saying.

    Raises:
        TrainingError: train is empty, or a class has no box in train and the options do not allow it.
    """
    if not train:
        raise TrainingError(f"{info.data}: the train split is empty; need at least one photo.")
    boxes = {
        name: Counter(label for e in split for label in e.annotations.without_crowd().labels)
        for name, split in (("train", train), ("val", val))
    }
    empty = [name for name in info.class_names if not boxes["train"][name]]
    if empty and info.options.empty_classes == "refuse":
        judged = f" (val has {boxes['val'][empty[0]]} of {empty[0]})" if boxes["val"][empty[0]] else ""
        raise TrainingError(
            f"{info.data}: no photo of train has a box of {', '.join(empty)}{judged}, so it could never be found. "
            "Drop the class with 'outfitter datasets remap', or set empty_classes: allow."
        )
    notes = [f"no photo of train has a box of {', '.join(empty)}"] if empty else []
    unjudged = [name for name in info.class_names if val and not boxes["val"][name]]
    if val and not boxes["val"]:
        notes.append("val has no box to judge by, so there are no evaluations, and the last weights count as the best")
    elif unjudged:
        notes.append(f"no photo of val has a box of {', '.join(unjudged)}, so AP says nothing of it")
    counts = ", ".join(f"{name} {boxes['train'][name]}" for name in info.class_names)
    return [*notes, f"{len(train)} photos to train on: {counts}"]


def check_photos(info: RunInfo, *splits: Sequence[Example]) -> None:
    """See that all photos are where the data set says: val's would be missed hours later, at the first evaluation.

    Raises:
        TrainingError: some are not.
    """
    absent = [example.image for split in splits for example in split if not example.image.is_file()]
    if absent:
        raise TrainingError(
            f"{info.data}: {len(absent)} of {sum(map(len, splits))} photos are missing, such as {absent[0]}. "
            "Copy them to their places, or prepare the data set again: 'outfitter datasets prepare' drops them."
        )


def draw_samples(folder: Path, samples: Samples) -> None:
    """Draw photos as the model will see them, with their boxes, into ``samples.png``."""
    with tempfile.TemporaryDirectory(prefix="outfitter-samples-") as scratch:
        shown: list[Example] = []
        for step in range(min(SHOWN, len(samples))):
            batch = samples[step]
            for image, target, name in zip(batch.images, batch.targets, batch.names, strict=True):
                path = Path(scratch) / f"{len(shown)}.png"
                pixels = image.permute(1, 2, 0).numpy().astype(np.uint8)
                Image.fromarray(pixels).save(path)
                ones = np.ones(len(target["labels"]), np.float32)
                size = (pixels.shape[1], pixels.shape[0])
                boxes, labels = target["boxes"].numpy(), target["labels"].numpy()
                found = decode(boxes, labels, ones, samples.class_names, size)
                shown.append(Example(path, name, Annotations(found.boxes_xyxy, found.labels, size)))
            if len(shown) >= SHOWN:
                break
        Image.fromarray(contact_sheet(shown[:SHOWN], samples.class_names)).save(folder / SAMPLES_FILE)


def draw_pairs(
    examples: Sequence[Example], predictions: Mapping[str, Detections], class_names: Sequence[str]
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """For each photo its tag and a picture of it twice, with its true boxes and with those found."""
    for example in examples:
        sure = predictions[example.name]
        sure = sure[sure.scores >= SHOWN_FROM]
        size = example.annotations.size_wh
        found = Example(example.image, "found", Annotations(sure.boxes_xyxy, sure.labels, size))
        truth = Example(example.image, example.name, example.annotations)
        yield f"photos/{example.name}", contact_sheet([truth, found], class_names)


def overfit(info: RunInfo, train: Sequence[Example], steps: int | None = None, init: Path | None = None) -> float:
    """Train on eight photos without changing them, and judge on the same: AP50, which should be near 1.

    init: what the run would start from (see `outfitter.learn.train.start`). Masks are left aside: boxes are judged.

    Raises:
        TrainingError: it is under `ENOUGH`: boxes, classes or learning rate are wrong.
    """
    from outfitter.learn.train import RunInfo, start

    steps = steps or STEPS
    eight = sorted(train, key=lambda example: -len(set(example.annotations.without_crowd().labels)))[:EIGHT]
    options = info.options.model_copy(
        update={
            "steps": steps,
            "batch": min(4, info.options.batch),
            "augment": NONE,
            "ema": 0.0,
            "empty_classes": "allow",
            "segments": 0.0,
            "evaluate_every": steps,
            "save_every": steps,
            "optimiser": info.options.optimiser.model_copy(update={"warm_up": 20, "schedule": "cosine"}),
        }
    )
    with tempfile.TemporaryDirectory(prefix="outfitter-preflight-") as scratch:
        small = RunInfo(options, info.class_names, info.data)
        ap50 = float(start(Path(scratch) / "run", small, eight, eight, init)()["AP50"])
    if ap50 < ENOUGH:
        raise TrainingError(
            f"preflight: after {steps} steps on eight photos AP50 on the same photos is {ap50:.2f}; a model that can "
            "learn reaches more. Look at the boxes with 'outfitter datasets draw', or raise optimiser.learning_rate."
        )
    return ap50

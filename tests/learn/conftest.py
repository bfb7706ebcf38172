"""A data set small enough to train on in seconds: coloured rectangles on grey, one colour per class."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from outfitter.artifact import DetectorInput
from outfitter.values import Annotations, Example

COLOURS = {"top": (200, 30, 40), "bottom": (30, 60, 200)}


def draw(folder: Path, number: int) -> Example:
    """Photo `number`: 150 × 210 pixels, one rectangle of each class, somewhere."""
    rng = np.random.default_rng([7, number])
    pixels = np.full((210, 150, 3), 180, np.uint8) + rng.integers(0, 20, (210, 150, 3), np.uint8)
    boxes = []
    for row, colour in enumerate(COLOURS.values()):
        width, height = rng.integers(50, 90), rng.integers(50, 80)
        x, y = rng.integers(0, 150 - width), 5 + 100 * row + rng.integers(0, 20)
        pixels[y : y + height, x : x + width] = colour
        boxes.append([x, y, x + width, y + height])
    path = folder / f"{number:02d}.png"
    Image.fromarray(pixels).save(path)
    annotations = Annotations(np.array(boxes, np.float32), tuple(COLOURS), (150, 210))
    return Example(path, path.stem, annotations)


@pytest.fixture
def rectangles(tmp_path: Path) -> Callable[[int], list[Example]]:
    folder = tmp_path / "rectangles"
    folder.mkdir()
    return lambda count: [draw(folder, number) for number in range(count)]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where the tests run in the background and it would be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@dataclass(frozen=True)
class Learnt:
    """A run that has learnt its eight photos by heart, and its last evaluation.

    It learns so long that it seldom finds a garment twice: whether one such box suppresses the other hangs on rounding.

    others: photos that it never saw, so many that a box which by rounding misses one of COCO's ten overlaps is no drop.
    """

    run: Path
    examples: list[Example]
    others: list[Example]
    row: dict[str, Any]


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    from outfitter.learn.augment import NONE
    from outfitter.learn.options import Optimiser, TrainOptions
    from outfitter.learn.train import RunInfo, start

    folder = tmp_path_factory.mktemp("learnt")
    drawn = [draw(folder, number) for number in range(48)]
    examples, others = drawn[:8], drawn[8:]
    options = TrainOptions(
        steps=100,
        batch=4,
        input=DetectorInput(area=96 * 128, multiple_of=32),
        workers=0,
        save_every=100,
        evaluate_every=100,
        ema=0.0,
        augment=NONE,
        optimiser=Optimiser(warm_up=10, learning_rate=1e-3, backbone_factor=1.0),
    )
    row = start(folder / "run", RunInfo(options, tuple(COLOURS), "rectangles"), examples, examples)()
    return Learnt(folder / "run", examples, others, row)

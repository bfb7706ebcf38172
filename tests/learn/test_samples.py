from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from outfitter.errors import PhotoError, TrainingError
from outfitter.evaluation.items import Item
from outfitter.learn.augment import NONE
from outfitter.learn.garments import EmbedderOptions, GarmentSamples
from outfitter.learn.garments import stream as garments_stream
from outfitter.learn.options import TrainOptions
from outfitter.learn.preflight import check_classes
from outfitter.learn.samples import Samples, repeat_factors, stream
from outfitter.learn.targets import decode, encode
from outfitter.learn.train import RunInfo
from outfitter.values import Annotations, Example

Rectangles = Callable[[int], list[Example]]
NAMES = ("top", "bottom")


def test_a_step_is_a_function_of_its_number(rectangles: Rectangles) -> None:
    options = TrainOptions(steps=6, batch=3)
    examples = rectangles(5)
    straight = list(stream(Samples(examples, NAMES, options, 0, 1), 0))
    resumed = list(stream(Samples(examples, NAMES, options.model_copy(update={"workers": 0}), 0, 1), 4))
    assert len(straight) == 6
    for a, b in zip(straight[4:], resumed, strict=True):
        assert a.names == b.names
        assert all(torch.equal(x, y) for x, y in zip(a.images, b.images, strict=True))
        assert all(torch.equal(x["boxes"], y["boxes"]) for x, y in zip(a.targets, b.targets, strict=True))


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_wrong_with_a_picture_is_told_in_one_sentence(rectangles: Rectangles, workers: int) -> None:
    example = rectangles(1)[0]
    example.image.write_bytes(b"no picture")
    options, garments = TrainOptions(steps=1, batch=1, workers=workers), EmbedderOptions(steps=1, workers=workers)
    items = [Item(example.image, group) for group in ("a", "b")]
    for batches in (
        stream(Samples([example], NAMES, options, 0, 1), 0),
        garments_stream(GarmentSamples(items, garments, 0, 1), 0),
    ):
        with pytest.raises(PhotoError) as caught:
            next(batches)
        assert str(caught.value).startswith(str(example.image))


def test_a_photo_of_another_size_than_its_boxes_are_for(rectangles: Rectangles) -> None:
    example = rectangles(1)[0]
    with Image.open(example.image) as picture:
        picture.resize((75, 105)).save(example.image)
    samples = Samples([example], NAMES, TrainOptions(steps=1, batch=1, workers=0), 0, 1)
    with pytest.raises(TrainingError, match="is 75 × 105 pixels, and its boxes are for 150 × 210. Restore"):
        samples[0]


def test_every_photo_is_seen_once_an_epoch(rectangles: Rectangles) -> None:
    samples = Samples(rectangles(6), NAMES, TrainOptions(steps=6, batch=2, workers=0), 0, 1)
    names = [name for step in range(6) for name in samples[step].names]
    assert sorted(names[:6]) == sorted(names[6:]) == [f"{n:02d}" for n in range(6)]
    assert names[:6] != names[6:], "each epoch has an order of its own"


def test_processes_share_a_batch_without_overlap(rectangles: Rectangles) -> None:
    examples, options = rectangles(8), TrainOptions(steps=2, batch=4, workers=0)
    whole = Samples(examples, NAMES, options, 0, 1)[1].names
    halves = [Samples(examples, NAMES, options, rank, 2)[1].names for rank in range(2)]
    assert sorted(halves[0] + halves[1]) == sorted(whole)


def test_rare_classes_are_repeated() -> None:
    def example(*labels: str) -> Example:
        boxes = np.array([[0, 0, 5, 9]] * len(labels), np.float32).reshape(-1, 4)
        return Example(None, "x", Annotations(boxes, labels, (10, 20)))  # type: ignore[arg-type]

    examples = [example("top")] * 15 + [example("top", "headwear")]
    assert repeat_factors(examples, 0).tolist() == [1.0] * 16
    np.testing.assert_allclose(repeat_factors(examples, 1), [1.0] * 15 + [4.0])


def test_a_box_of_a_crowd_is_not_learnt(rectangles: Rectangles) -> None:
    drawn = rectangles(2)
    known = drawn[0].annotations
    crowd = replace(drawn[0], annotations=replace(known, crowd=np.array([False, True])))
    options = TrainOptions(steps=3, batch=1, workers=0, augment=NONE)
    labels = [Samples([crowd], NAMES, options, 0, 1)[step].targets[0]["labels"].tolist() for step in range(3)]
    assert labels == [[1]] * 3
    assert repeat_factors([crowd, crowd, drawn[1]], 1.0).tolist() == [1, 1, pytest.approx(3**0.5)]
    info = RunInfo(options, NAMES, "crowd")
    with pytest.raises(TrainingError, match="no photo of train has a box of bottom"):
        check_classes(info, [crowd], ())


def test_names_survive_the_network_and_unknown_ones_are_refused() -> None:
    boxes = np.array([[1, 2, 30, 40]], np.float32)
    target = encode(boxes, ["bottom"], NAMES)
    assert target["labels"].tolist() == [2], "0 is background"
    back = decode(boxes, target["labels"].numpy(), np.array([0.5], np.float32), NAMES, (50, 60))
    assert back.labels == ("bottom",)
    with pytest.raises(TrainingError, match="did you mean 'bottom'"):
        encode(boxes, ["botom"], NAMES)

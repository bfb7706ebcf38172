"""What an embedder learns from: garments in groups, and which of them, looking how, make step n.

A group is what must lie close together: the pictures of a product, of a style in all its colours, or of a class.
A garment of a group of its own is told from all others by augmented views of it (instance discrimination).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from outfitter import datasets
from outfitter.config import Options
from outfitter.crops import PROTOCOL, crop, crop_whole
from outfitter.errors import TrainingError
from outfitter.evaluation.items import Item, read_items
from outfitter.geometry import as_boxes, clip
from outfitter.learn.ahead import load_ahead
from outfitter.learn.augment import NONE, Augment, vary
from outfitter.learn.options import LoopOptions, Optimiser
from outfitter.photo import load_photo
from outfitter.values import Crops


class Views(Options):
    """How two views of one garment may differ."""

    picture: Augment = Augment(zoom=0.3, stretch=0.2, shift=0.3, colour=0.3, grey=0.0)
    jitter: float = Field(default=0.06, ge=0, le=0.3, description="how far each edge of the box moves, of its side")
    recolour: float = Field(
        default=0.5, ge=0, le=1, description="chance that all hues turn: the same in another colour"
    )
    hide: float = Field(default=0.3, ge=0, le=1, description="chance that a rectangle is covered")


PLAIN: Final = Views(picture=NONE, jitter=0, recolour=0, hide=0)

PROVED_ON: Final = 128
"""Garments on which an exported embedder must equal torch's, at most."""


class EmbedderOptions(LoopOptions):
    """One training run of an embedder."""

    backbone: int = Field(default=2, ge=0, le=4, description="which EfficientNet-Lite")
    side: int = Field(default=224, ge=32, description="pixels of a crop's side")
    shape_dimensions: int = Field(default=384, gt=0)
    colour_dimensions: int = Field(default=128, gt=0)
    colour_share: float = Field(default=0.4, ge=0, lt=1, description="of the cosine between two garments")
    colour_share_in_photo: float | None = Field(
        default=None, ge=0, lt=1, description="the same where one of the two is in a photo; null: the same"
    )
    grey_side: int = Field(
        default=0, ge=0, description="pixels of a side at which the network also sees the crop in grey; 0: it does not"
    )
    temperature: float = Field(default=0.1, gt=0, description="of the contrastive loss")
    fitted_on: int = Field(default=600, gt=1, description="garments whose principal axes the projections begin with")
    val_share: float = Field(default=0.1, ge=0, lt=1, description="groups of a CSV that are kept for val")
    of_data_set: int | None = Field(
        default=None, gt=1, description="most garments taken of a data set's train, and of its val; null for all"
    )
    views: Views = Views()
    cached: bool = Field(
        default=False, description="see each garment once, unvaried, and train on its features: needs a frozen backbone"
    )
    noise: float = Field(
        default=0.0, ge=0, description="length of what is added to features at random, theirs being 1; cached only"
    )
    keep: float = Field(
        default=0.0,
        ge=0,
        description="weight of keeping the cosines of garments that are groups of their own; cached only",
    )
    batch: int = Field(default=32, gt=3, description="crops per step, two of each group, over all processes")
    steps: int = Field(default=400, gt=0, description="optimiser steps")
    frozen: tuple[str, ...] = ("backbone",)
    ema: float = Field(default=0.99, ge=0, lt=1, description="decay of the averaged weights; 0 turns them off")
    evaluate_every: int = Field(default=200, gt=0, description="steps between evaluations on val")
    optimiser: Optimiser = Optimiser(learning_rate=3e-4, backbone_factor=0.1, warm_up=20, weight_decay=0.0)


class Split(NamedTuple):
    """Garments to learn from and to be judged by."""

    train: list[Item]
    val: list[Item]


def read_garments(sources: Sequence[Path], options: EmbedderOptions) -> Split:
    """Garments of CSVs (see `outfitter.evaluation.items.read_items`) and of data sets.

    Groups of different sources are different. Of a CSV whole groups are kept for val, by the seed; a data set has val
    of its own, and each of its boxes is a group.

    Raises:
        EvaluationError, DatasetError: a source cannot be read.
        TrainingError: fewer than two groups to learn from.
    """
    found = Split([], [])
    for number, source in enumerate(sources):
        train, val = _some_of_data_set(source, options) if source.is_dir() else _of_csv(source, options)
        for items, mine in ((train, found.train), (val, found.val)):
            mine.extend(replace(item, group=f"{number}/{item.group}") for item in items)
    if (groups := len({item.group for item in found.train})) < 2:
        raise TrainingError(
            f"{', '.join(map(str, sources))}: {groups} groups of garments to learn from; need at least two, since a "
            "garment is told from those of other groups."
        )
    return found


def _of_data_set(folder: Path) -> tuple[list[Item], list[Item]]:
    loaded = datasets.load(folder)
    parts = []
    for split in ("train", "val"):
        parts.append(
            [
                Item(e.image, f"{e.name}#{i}", label, (box[0], box[1], box[2], box[3]))
                for e in loaded.split(split)
                for garments in (e.annotations.without_crowd(),)
                for i, (label, box) in enumerate(zip(garments.labels, garments.boxes_xyxy.tolist(), strict=True))
            ]
        )
    return parts[0], parts[1]


def _some_of_data_set(folder: Path, options: EmbedderOptions) -> tuple[list[Item], list[Item]]:
    parts = []
    for split in _of_data_set(folder):
        order = np.random.default_rng([options.seed, 10]).permutation(len(split))
        parts.append([split[i] for i in sorted(order[: options.of_data_set].tolist())])
    return parts[0], parts[1]


def _of_csv(path: Path, options: EmbedderOptions) -> tuple[list[Item], list[Item]]:
    items = read_items(path)
    groups = sorted({item.group for item in items})
    order = np.random.default_rng([options.seed, 5]).permutation(len(groups))
    kept = {groups[i] for i in order[: round(options.val_share * len(groups))]}
    return [i for i in items if i.group not in kept], [i for i in items if i.group in kept]


def read_proof(source: Path) -> list[Item]:
    """The garments on which an export is proved: those of a CSV, or of a data set's val; at most `PROVED_ON`."""
    found = _of_data_set(source)[1] if source.is_dir() else read_items(source)
    return found[:PROVED_ON]


def plain_crops(items: Sequence[Item], side: int) -> Crops:
    """The garments as serving cuts them."""
    rng = np.random.default_rng(0)
    parts = [view(item, side, PLAIN, rng) for item in items]
    return Crops(np.stack(parts) if parts else np.zeros((0, side, side, 3), np.uint8), PROTOCOL)


def view(item: Item, side: int, views: Views, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One look at a garment, cut as serving cuts it and then varied; uint8 (side, side, 3)."""
    photo = load_photo(item.image)
    if item.box_xyxy is None:
        pixels = crop_whole(photo, side).pixels[0]
    else:
        box = as_boxes([item.box_xyxy])
        size = np.tile(box[:, 2:] - box[:, :2], 2)
        moved = clip((box + views.jitter * rng.uniform(-1, 1, 4) * size).astype(np.float32), photo.size_wh)
        pixels = crop(photo, moved, side).pixels[0]
    pixels = vary(pixels, np.zeros((0, 4), np.float32), (side, side), views.picture, rng).pixels
    if rng.random() < views.recolour:
        hue, saturation, value = Image.fromarray(pixels).convert("HSV").split()
        turned = hue.point(_turn(rng))
        pixels = np.array(Image.merge("HSV", (turned, saturation, value)).convert("RGB"))
    pixels = np.array(pixels, np.uint8)
    if rng.random() < views.hide:
        width, height = (rng.uniform(0.1, 0.4, 2) * side).astype(int)
        x, y = rng.integers(0, side - width), rng.integers(0, side - height)
        pixels[y : y + height, x : x + width] = rng.integers(0, 256, 3)
    return pixels


def _turn(rng: np.random.Generator) -> list[int]:
    """Pillow's 256 hues, each moved by the same amount around the circle."""
    by = int(rng.integers(16, 240))
    return [(hue + by) % 256 for hue in range(256)]


class GarmentBatch(NamedTuple):
    """crops: uint8 (N, side, side, 3), or features float32 (N, width) of such; names: the pictures'.

    groups: int64 (N,), equal for what must lie close. alone: bool (N,), whether the garment is all of its group.
    """

    crops: Tensor
    groups: Tensor
    alone: Tensor
    names: list[str]


class GarmentSamples(Dataset[GarmentBatch]):
    """Item n is the share of step n's batch that process `rank` of `world` computes: a function of (seed, n).

    features: float32 (items, width), to give in place of crops.
    """

    def __init__(
        self, items: Sequence[Item], options: EmbedderOptions, rank: int, world: int, features: Tensor | None = None
    ) -> None:
        self.items, self.options, self.rank, self.world, self.features = items, options, rank, world, features
        members: dict[str, list[int]] = {}
        for number, item in enumerate(items):
            members.setdefault(item.group, []).append(number)
        self.members = list(members.values())

    def __len__(self) -> int:
        return self.options.steps

    def __getitem__(self, step: int) -> GarmentBatch:
        rng = np.random.default_rng([self.options.seed, 6, step])
        chosen = rng.choice(len(self.members), min(self.options.batch // 2, len(self.members)), replace=False)
        crops, groups, alone, names = [], [], [], []
        for place, group in enumerate(chosen.tolist()):
            mine = np.random.default_rng([self.options.seed, 7, step, place])
            members = self.members[group]
            pair = mine.choice(members, 2, replace=len(members) == 1).tolist()
            if place % self.world != self.rank:
                continue
            for number in pair:
                crops.append(self._seen(number, mine) if self.features is None else self._noisy(number, mine))
                groups.append(group)
                alone.append(len(members) == 1)
                names.append(self.items[number].image.name)
        return GarmentBatch(torch.stack(crops), torch.tensor(groups), torch.tensor(alone), names)

    def _noisy(self, number: int, rng: np.random.Generator) -> Tensor:
        assert self.features is not None
        feature = self.features[number]
        noise = rng.standard_normal(len(feature), np.float32) * (self.options.noise / len(feature) ** 0.5)
        return functional.normalize(feature + torch.from_numpy(noise), dim=0)

    def _seen(self, number: int, rng: np.random.Generator) -> Tensor:
        return torch.from_numpy(view(self.items[number], self.options.side, self.options.views, rng))


def stream(samples: GarmentSamples, first_step: int) -> Iterator[GarmentBatch]:
    """The batches of steps `first_step`, `first_step + 1`, …, loaded ahead by worker processes."""
    workers = 0 if samples.features is not None else samples.options.workers
    return load_ahead(samples, range(first_step, len(samples)), workers, ahead=2)

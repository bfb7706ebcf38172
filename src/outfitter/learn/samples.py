"""Which photos make step n, and how they look: a pure function of (seed, step), so that any step can be remade.

No state has to be saved to resume a run, and no worker's timing can change what the network sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from outfitter.datasets.masks import labels_of, mask_beside, read_mask
from outfitter.errors import TrainingError
from outfitter.learn.ahead import load_ahead
from outfitter.learn.augment import MASK_STRIDE, UNKNOWN, vary
from outfitter.learn.options import TrainOptions
from outfitter.learn.targets import Target, encode
from outfitter.photo import load_photo
from outfitter.values import Example

ASPECTS = ((2, 3), (2, 3), (3, 4), (1, 1), (4, 3))
"""Width : height of the canvases a step may draw; fashion photos are mostly portrait."""


class Batch(NamedTuple):
    """images: float32 (3, H, W) in [0, 255]; names: the photos' names, for messages."""

    images: list[Tensor]
    targets: list[Target]
    names: list[str]


def repeat_factors(examples: Sequence[Example], balance: float) -> NDArray[np.float64]:
    """How often each photo shall be seen per epoch, float64 (N,), ≥ 1 (LVIS, Gupta et al. 2019, section 5).

    A class in a share f of the photos asks for sqrt(t / f), with t the share of the commonest class, raised to
    `balance`; a photo takes the largest of its classes' wishes. balance 0 gives ones.
    """
    labels = [set(example.annotations.without_crowd().labels) for example in examples]
    names = sorted(set().union(*labels)) if labels else []
    share = {name: sum(name in found for found in labels) / len(labels) for name in names}
    common = max(share.values(), default=1.0)
    wish = {name: (common / share[name]) ** (0.5 * balance) for name in names}
    return np.array([max((wish[name] for name in found), default=1.0) for found in labels])


class Samples(Dataset[Batch]):
    """Item n is the share of step n's batch that process `rank` of `world` computes."""

    def __init__(
        self, examples: Sequence[Example], class_names: Sequence[str], options: TrainOptions, rank: int, world: int
    ) -> None:
        self.examples, self.class_names, self.options = examples, class_names, options
        self.rank, self.world = rank, world
        self.repeats = repeat_factors(examples, options.balance)
        self._epochs: dict[int, NDArray[np.intp]] = {}

    def __len__(self) -> int:
        return self.options.steps

    def _order(self, epoch: int) -> NDArray[np.intp]:
        if epoch not in self._epochs:
            rng = np.random.default_rng([self.options.seed, 1, epoch])
            whole = np.floor(self.repeats).astype(int)
            whole += rng.random(len(whole)) < self.repeats - whole
            self._epochs = {epoch: rng.permutation(np.repeat(np.arange(len(whole)), whole))}
        return self._epochs[epoch]

    def _pick(self, number: int) -> int:
        """The photo of sample `number` since the start; epochs differ in length when photos repeat at random."""
        epoch_length = int(np.floor(self.repeats.sum()))
        epoch, place = divmod(number, epoch_length)
        order = self._order(epoch)
        return int(order[place % len(order)])

    def __getitem__(self, step: int) -> Batch:
        seed, batch = self.options.seed, self.options.batch
        width, height = ASPECTS[int(np.random.default_rng([seed, 2, step]).integers(len(ASPECTS)))]
        canvas = self.options.input.size_for((width, height))
        result = Batch([], [], [])
        for number in range(step * batch + self.rank, (step + 1) * batch, self.world):
            example = self.examples[self._pick(number)]
            rng = np.random.default_rng([seed, 3, number])
            photo = load_photo(example.image)
            _require_size(example, photo.size_wh)
            garments = example.annotations.without_crowd()
            varied = vary(
                photo.pixels,
                garments.boxes_xyxy,
                canvas,
                self.options.augment,
                rng,
                squash=self.options.input.fixed_wh is not None,
                mask=_mask_of(example.image, photo.size_wh) if self.options.segments else None,
            )
            labels = [garments.labels[i] for i in varied.kept]
            target = encode(varied.boxes_xyxy, labels, self.class_names)
            if self.options.segments:
                target["mask"] = _known(varied.mask, canvas)
            result.images.append(torch.from_numpy(varied.pixels).permute(2, 0, 1).float())
            result.targets.append(target)
            result.names.append(example.name)
        return result


def mask_names(examples: Sequence[Example]) -> tuple[str, ...]:
    """What the ids of the masks that lie beside these photos mean.

    Raises:
        TrainingError: no photo has a mask beside it, or two sources name their ids differently.
    """
    sources = sorted({mask.parents[1] for example in examples if (mask := mask_beside(example.image))})
    found = {labels_of(source): source for source in sources}
    if not found:
        raise TrainingError(
            "segments: no photo to train on has a mask beside it; need photos/NAME.jpg, masks/NAME.png and labels.txt "
            "in one folder, as the format 'masks' has them. Leave segments out, or train on such photos besides."
        )
    if len(found) > 1:
        raise TrainingError(
            f"segments: {' and '.join(map(str, found.values()))} name the ids of their masks differently, and one "
            "branch learns them. Give them the same labels.txt."
        )
    return next(iter(found))


def _require_size(example: Example, size_wh: tuple[int, int]) -> None:
    stated = example.annotations.size_wh
    if size_wh != stated:
        raise TrainingError(
            f"{example.image}: is {size_wh[0]} × {size_wh[1]} pixels, and its boxes are for {stated[0]} × {stated[1]}. "
            "Restore the picture, or prepare the data set again with 'outfitter datasets prepare'."
        )


def _mask_of(photo: Path, size_wh: tuple[int, int]) -> NDArray[np.uint8] | None:
    """The mask that lies beside a photo, uint8 (H, W); None where there is none."""
    path = mask_beside(photo)
    if path is None:
        return None
    try:
        mask = read_mask(path)
        if mask.shape != size_wh[::-1]:
            raise ValueError(f"its size is {mask.shape[1]} × {mask.shape[0]}")
        return mask
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{path}: {error}; need an 8-bit PNG of {size_wh[0]} × {size_wh[1]} pixels, as the photo beside it is. "
            "Mend or remove it."
        ) from error


def _known(mask: NDArray[np.uint8] | None, canvas_wh: tuple[int, int]) -> Tensor:
    if mask is None:
        return torch.full((canvas_wh[1] // MASK_STRIDE, canvas_wh[0] // MASK_STRIDE), UNKNOWN, dtype=torch.uint8)
    return torch.from_numpy(np.ascontiguousarray(mask))


def stream(samples: Samples, first_step: int) -> Iterator[Batch]:
    """The batches of steps `first_step`, `first_step + 1`, …, loaded ahead by worker processes."""
    return load_ahead(samples, range(first_step, len(samples)), samples.options.workers, ahead=4)

"""Masks teach beside boxes: a branch that names each pixel while the detector learns, and is left out when it serves.

A box says little of where a garment ends, a mask says it for every pixel; what the pyramid learns from masks, its boxes
profit from (He et al. 2017, table 5), and the branch is the one of Kirillov et al. 2019 ("Panoptic Feature Pyramid
Networks", section 3.1), smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from outfitter.datasets.masks import BACKGROUND
from outfitter.errors import TrainingError
from outfitter.learn.augment import UNKNOWN

LEVELS: Final = ("0", "1", "2")
WIDTH: Final = 64
BACKGROUND_WEIGHT: Final = 0.3
"""Of the loss of a pixel of the background, which most pixels are of."""


class Segments(nn.Module):
    """Maps of a pyramid → the loss of naming each pixel."""

    weights: Tensor

    def __init__(self, channels: int, names: Sequence[str], share: float) -> None:
        super().__init__()
        self.lateral = nn.ModuleList([nn.Conv2d(channels, WIDTH, 1) for _ in LEVELS])
        self.smooth = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.out = nn.Conv2d(WIDTH, len(names), 1)
        self.share = share
        weights = torch.tensor([BACKGROUND_WEIGHT if name in BACKGROUND else 1.0 for name in names])
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, levels: Mapping[str, Tensor], masks: Tensor) -> Tensor:
        """levels: maps (B, C, H, W), the finest first; masks: uint8 (B, h, w) of ids, `UNKNOWN` where there is no mask.

        Returns `share` of the mean cross-entropy over the pixels that are known; 0 where none is.

        Raises:
            TrainingError: an id that has no name.
        """
        known = (masks != UNKNOWN).flatten(1).any(1)
        if not known.any():
            # A loss of every parameter all the same: processes that learn together wait for the gradient of each.
            return torch.stack([parameter.sum() for parameter in self.parameters()]).sum() * 0
        truth = masks[known].long()
        highest = int(truth[truth != UNKNOWN].max())
        if highest >= self.out.out_channels:
            raise TrainingError(
                f"a mask holds id {highest}, and its labels.txt names {self.out.out_channels}, from 0. "
                "Add the missing names, or train without segments."
            )
        maps = [layer(levels[name][known]) for name, layer in zip(LEVELS, self.lateral, strict=True)]
        size = maps[0].shape[2:]
        merged = torch.stack([_enlarged(one, size) for one in maps]).sum(0)
        logits = self.out(functional.relu(self.smooth(functional.relu(merged))))
        logits = _enlarged(logits.float(), masks.shape[1:])
        loss = functional.cross_entropy(logits, truth, self.weights, ignore_index=UNKNOWN)
        return self.share * loss


def _enlarged(maps: Tensor, size: Sequence[int]) -> Tensor:
    return functional.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)

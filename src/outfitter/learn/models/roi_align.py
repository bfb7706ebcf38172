"""RoIAlign as products of matrices, for training on a CPU.

A bin's value is the mean of bilinear samples on a grid of rows and columns, so it is a weighted mean of the feature
map whose weights are a product: those of its rows times those of its columns (He et al. 2017, section 3, computed as
two linear resamplings). torchvision's kernel for the gradient runs on a single core, and takes up to half of a training
step; matrix products use all of them. The values are the same but for rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.poolers import _setup_scales


class SeparableRoIAlign(MultiScaleRoIAlign):  # type: ignore[misc]
    """torchvision's ``MultiScaleRoIAlign`` for square bins and a fixed sampling ratio, faster to train on a CPU.

    Without gradients or on an accelerator it is torchvision's own, and so it is in an export. The rows of all boxes
    are resampled over the whole width of the map, which pays while maps are small, as at strides 8 to 32.
    """

    def forward(self, x: dict[str, Tensor], boxes: list[Tensor], image_shapes: list[tuple[int, int]]) -> Tensor:
        """x: maps (B, C, H, W) by name; boxes: B × float32 (K, 4) xyxy in pixels of the images, whose (height, width)
        are `image_shapes`. Returns (sum of K, C, bins, bins)."""
        maps = [x[name] for name in self.featmap_names]
        learning = self.training and torch.is_grad_enabled() and any(one.requires_grad for one in maps)
        if not learning or maps[0].device.type != "cpu":
            pooled: Tensor = super().forward(x, boxes, image_shapes)
            return pooled
        scales, levels_of = _setup_scales(maps, image_shapes, self.canonical_scale, self.canonical_level)
        found = []
        for image, own in enumerate(boxes):
            levels = levels_of([own])
            places, values = [], []
            for level, scale in enumerate(scales):
                place = torch.where(levels == level)[0]
                places.append(place)
                values.append(self._align(maps[level][image], own[place] * scale))
            found.append(torch.cat(values)[torch.cat(places).argsort()])
        return torch.cat(found)

    def _align(self, feature: Tensor, boxes: Tensor) -> Tensor:
        """feature: (C, H, W); boxes: (K, 4) xyxy in its cells. Returns (K, C, bins, bins)."""
        channels, height, width = feature.shape
        count, bins = len(boxes), self.output_size[0]
        rows = self._shares(boxes[:, 1], boxes[:, 3], height).to(feature.dtype)
        columns = self._shares(boxes[:, 0], boxes[:, 2], width).to(feature.dtype)
        lines = rows.reshape(count * bins, height) @ feature.transpose(0, 1).reshape(height, channels * width)
        cells = lines.view(count, bins * channels, width) @ columns.transpose(1, 2)
        return cells.view(count, bins, channels, bins).transpose(1, 2)

    def _shares(self, first: Tensor, last: Tensor, size: int) -> Tensor:
        """The weight of each of `size` cells in each bin between `first` and `last`, (K,) → (K, bins, size)."""
        bins, samples = self.output_size[0], self.sampling_ratio
        steps = (torch.arange(bins * samples) + 0.5) / (bins * samples)
        at = first[:, None] + (last - first).clamp(min=1)[:, None] * steps
        inside = (at >= -1) & (at <= size)
        near = (1 - (at.clamp(0, size - 1)[..., None] - torch.arange(size)).abs()).clamp(min=0)
        shares: Tensor = (near * inside[..., None]).view(len(first), bins, samples, size).mean(2)
        return shares

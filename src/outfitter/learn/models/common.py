"""What several architectures share: input in pixels, batch normalisation that keeps its ImageNet statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList


class PixelsInPixelsOut(nn.Module):
    """Stands in for torchvision's transform: no resizing, boxes in pixels of the input.

    (RGB - mean) / std, then the images are put into one batch, padded with zeros (the mean colour) at the right and
    bottom to a common size that `multiple_of` divides.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float], multiple_of: int = 32) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).reshape(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).reshape(-1, 1, 1), persistent=False)
        self.multiple_of = multiple_of

    def forward(
        self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> tuple[ImageList, list[dict[str, Tensor]] | None]:
        sizes = [(int(image.shape[1]), int(image.shape[2])) for image in images]
        unit = self.multiple_of
        height, width = (-(-max(side) // unit) * unit for side in zip(*sizes, strict=True))
        batch = images[0].new_zeros((len(images), 3, height, width))
        for slot, image in zip(batch, images, strict=True):
            slot[:, : image.shape[1], : image.shape[2]] = (image - self.mean) / self.std
        return ImageList(batch.contiguous(memory_format=torch.channels_last), sizes), targets

    def postprocess(self, result: list[dict[str, Tensor]], *_sizes: Any) -> list[dict[str, Tensor]]:
        return result


def hold_batch_norm(module: nn.Module) -> None:
    """Put batch normalisation into evaluation mode: small batches of few photos would spoil its ImageNet statistics.

    Scale and shift still learn. Call it from the owner's ``train``, which would otherwise undo it.
    """
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eval()

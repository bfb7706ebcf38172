"""What several architectures share: input in pixels, batch normalisation that keeps its ImageNet statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torchvision.models.detection.image_list import ImageList

from outfitter.artifact import DetectorInput
from outfitter.errors import ConfigError, TrainingError
from outfitter.learn.backbones import read_weights

IMAGENET_MEAN: Final = (123.675, 116.28, 103.53)
IMAGENET_STD: Final = (58.395, 57.12, 57.375)
"""Of pixels in [0, 255], as torchvision's models take them."""

NO_WEIGHTS: Final = "none"
"""In place of a file of weights: start from random ones."""


def load_pretrained(model: nn.Module, weights: str | None, fetch: Callable[[], Mapping[str, Tensor]]) -> None:
    """Load what fits by name and shape; a classifier for other classes does not, and stays random.

    weights: a file; None fetches the architecture's own; "none" leaves the model as it is.

    Raises:
        TrainingError: nothing can be fetched, there is no such file, or most of it does not fit.
    """
    if weights == NO_WEIGHTS:
        return
    if weights is None:
        try:
            state = fetch()
        except Exception as error:  # whatever a hub's client raises without a network
            raise TrainingError(
                f"the pretrained weights cannot be fetched ({type(error).__name__}). Name a file with --weights FILE, "
                f"or train from nothing with --weights {NO_WEIGHTS}."
            ) from error
    else:
        state = read_weights(Path(weights))
    own = model.state_dict()
    fitting = {name: tensor for name, tensor in state.items() if name in own and own[name].shape == tensor.shape}
    missing = [name for name in own if name not in fitting and not name.endswith("num_batches_tracked")]
    if len(missing) > 0.2 * len(own):
        raise TrainingError(
            f"{weights or 'the pretrained weights'}: {len(missing)} of {len(own)} tensors are not in it or of another "
            f"shape, first {missing[0]}. Name weights of the same architecture."
        )
    model.load_state_dict(fitting, strict=False)


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


def require_one_size(name: str, chosen: DetectorInput) -> None:
    """Raise ConfigError unless every photo gets the same size: some architectures are exported for just one."""
    if chosen.fixed_wh is None:
        raise ConfigError(
            f"input: {name} takes pictures of one size, and this gives each photo its own. Name it by "
            "input: {fixed_wh: [WIDTH, HEIGHT]}."
        )


def hold_batch_norm(module: nn.Module) -> None:
    """Put batch normalisation into evaluation mode: small batches of few photos would spoil its ImageNet statistics.

    Scale and shift still learn. Call it after ``train``, which undoes it.
    """
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.eval()


def keep_depthwise_single(module: nn.Module) -> None:
    """Let depthwise convolutions compute in single precision under autocast on a CPU.

    A CPU with bfloat16 units multiplies matrices twice to four times as fast with them; the gradient of a depthwise
    convolution, which is no matrix product, takes four times as long.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1:
            layer.forward = partial(_in_single, layer.forward)  # type: ignore[method-assign]


def _in_single(forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.autocast("cpu", enabled=False):
        return forward(x.float())

"""The embedder: EfficientNet-Lite2 features and colours of a garment crop, as a model folder."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from outfitter.artifact import Manifest, write_model_folder
from outfitter.crops import PROTOCOL, crop
from outfitter.embeddings import Embedder
from outfitter.errors import TrainingError
from outfitter.learn.backbones import efficientnet_lite
from outfitter.learn.card import Card
from outfitter.learn.compress import store_half
from outfitter.photo import load_photo
from outfitter.values import Crops, Example

SIDE: Final = 224
"""Pixels of a crop's side. Lite2 was trained at 260; 224 costs a quarter less."""


COLOUR_SHARE: Final = 0.4
"""Colour's part of the cosine between two garments, the network's features have the rest.

Measured on the drawn boutique with true boxes, Recall@1 of 240 second packshots, and of 430 worn garments, among the
first packshots: 0.954 and 0.502 without colour, 0.98 and 0.71 at 0.3 to 0.5, 0.992 and 0.567 at 0.85, 0.671 and 0.233
by colour alone.
"""


class Colours(nn.Module):
    """uint8 pixels (N, S, S, 3) → float32 (N, D), length 1: which colours a garment has, and how much of each.

    A soft histogram over a grid in CIELAB, in which a pixel counts for the cells around it by a Gaussian, so that a
    change of light moves a little weight to the neighbouring cells and not all of it. Pixels count by how near they are
    to the crop's centre; pure white, which pads crops, hardly counts. Square roots make the cosine of two histograms
    their Bhattacharyya coefficient.
    """

    cells: Tensor
    to_xyz: Tensor
    scale: Tensor

    def __init__(self, pool: int = 8, spread: float = 12.0) -> None:
        super().__init__()
        self.pool = pool
        axis = torch.arange(-60.0, 61.0, 20.0)
        grid = torch.cartesian_prod(torch.tensor([15.0, 35.0, 55.0, 75.0, 92.0]), axis, axis)
        to_xyz = torch.tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        self.register_buffer("cells", grid[grid[:, 1].hypot(grid[:, 2]) <= 75])
        self.register_buffer("to_xyz", (to_xyz / torch.tensor([[0.9505], [1.0], [1.089]])).T.contiguous())
        self.register_buffer("scale", torch.tensor([0.7, 1.0, 1.0]) / spread)  # light varies more than hue

    @property
    def dimensions(self) -> int:
        return len(self.cells)

    def forward(self, pixels: Tensor) -> Tensor:
        blocks = functional.avg_pool2d(pixels.permute(0, 3, 1, 2).float() / 255.0, self.pool)
        small = blocks.flatten(2).transpose(1, 2)
        linear = torch.where(small <= 0.04045, small / 12.92, ((small.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)
        xyz = linear @ self.to_xyz
        f = torch.where(xyz > 216 / 24389, xyz.clamp(min=1e-6) ** (1 / 3), (24389 / 27 * xyz + 16) / 116)
        x, y, z = f.unbind(2)
        lab = torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 2)
        # |p - c|² = |p|² - 2 p·c + |c|², as one product instead of a tensor over pixels, cells and axes
        p, c = lab * self.scale, self.cells * self.scale
        apart = (p**2).sum(2, keepdim=True) - 2 * p @ c.T + (c**2).sum(1)
        near = torch.softmax(-0.5 * apart, 2)
        padding = (small.amin(2) >= 0.98).float()
        weight = self._centre(int(blocks.shape[2]), pixels.device) * (1 - 0.98 * padding)
        histogram = (near * weight[..., None]).sum(1) / weight.sum(1, keepdim=True)
        return functional.normalize(histogram.clamp(min=1e-12).sqrt(), dim=1)

    @staticmethod
    def _centre(side: int, device: torch.device) -> Tensor:
        """A bell over a square of `side`, float32 (1, side²)."""
        place = (torch.arange(side, dtype=torch.float32, device=device) - (side - 1) / 2) / (0.28 * side)
        bell = torch.exp(-0.5 * place**2)
        return torch.outer(bell, bell).reshape(1, -1)


class LiteAndColour(nn.Module):
    """uint8 pixels (N, S, S, 3) → float32 (N, D), length 1: the pooled features of an ImageNet network, and colours.

    The two parts are joined so that the cosine of two garments is (1 - `COLOUR_SHARE`) times that of their features
    plus `COLOUR_SHARE` times that of their colours.
    """

    def __init__(self, variant: int = 2, weights: Path | None = None, colour_share: float = COLOUR_SHARE) -> None:
        super().__init__()
        self.body = efficientnet_lite(variant, weights, num_classes=0)
        self.colours = Colours()
        self.share = colour_share

    def forward(self, pixels: Tensor) -> Tensor:
        images = (pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        features = functional.normalize(self.body(images), dim=1)
        return torch.cat([(1 - self.share) ** 0.5 * features, self.share**0.5 * self.colours(pixels)], 1)


def crops_of(examples: Sequence[Example], side: int = SIDE, photos: int = 32) -> Crops:
    """The annotated garments of the first `photos` examples, cut as serving cuts them."""
    parts = [
        crop(load_photo(e.image), e.annotations.boxes_xyxy, side).pixels
        for e in examples[:photos]
        if len(e.annotations)
    ]
    return Crops(np.concatenate(parts) if parts else np.zeros((0, side, side, 3), np.uint8), PROTOCOL)


def to_onnx(model: nn.Module, path: Path, side: int = SIDE) -> None:
    """Write an embedder as ONNX: ``pixels`` uint8 (N, side, side, 3) → ``vectors`` float32 (N, D). Weights in half."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every shape it records
        torch.onnx.export(
            model.eval(),
            (torch.zeros((2, side, side, 3), dtype=torch.uint8),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["pixels"],
            output_names=["vectors"],
            dynamic_axes={"pixels": {0: "crops"}, "vectors": {0: "crops"}},
        )
    onnx.save(store_half(onnx.load(path)), path)


def export_embedder(
    model: nn.Module,
    out: Path,
    crops: Crops,
    card: Card,
    *,
    metrics: Mapping[str, Any] | None = None,
    parts: Mapping[str, int] | None = None,
    parts_in_photo: Mapping[str, float] | None = None,
    least_cosine: float = 0.999,
) -> Manifest:
    """Export, compare with torch on real `crops`, and write the model folder only if it passed.

    Raises:
        TrainingError: a crop's exported vector is less than `least_cosine` like torch's, or there are no crops.
        ModelError: `out` is not empty.
    """
    if not len(crops):
        raise TrainingError("there are no crops to prove the export on; give a data set with a val split.")
    with torch.inference_mode():
        wanted = model.eval()(torch.from_numpy(crops.pixels.copy())).numpy()
    side = crops.pixels.shape[1]
    manifest: dict[str, Any] = {
        "kind": "embedder",
        **card.model_dump(),
        "embedder_input": {"side": side, "crop_protocol": PROTOCOL},
        "dimensions": wanted.shape[1],
        "parts": dict(parts or {}),
        "parts_in_photo": dict(parts_in_photo or {}),
        "metrics": {},
    }
    with tempfile.TemporaryDirectory(prefix="outfitter-export-") as scratch:
        file = Path(scratch) / "model.onnx"
        to_onnx(model, file, side)
        write_model_folder(Path(scratch) / "trial", file, manifest, card.notices)
        got = Embedder(Path(scratch) / "trial")(crops).vectors
        cosines = (got * wanted).sum(1)
        worst = float(cosines.min())
        if worst < least_cosine:
            raise TrainingError(
                f"the export differs from torch: crop {int(np.argmin(cosines))} of {len(crops)} has cosine "
                f"{worst:.4f}; need {least_cosine}. Nothing was written."
            )
        manifest["metrics"] = {**(metrics or {}), "parity": {"crops": len(crops), "least_cosine": round(worst, 5)}}
        return write_model_folder(out, file, manifest, card.notices)

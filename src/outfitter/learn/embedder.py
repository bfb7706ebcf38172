"""The embedder: EfficientNet-Lite2 features of a garment crop, as a model folder."""

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


class FrozenLite(nn.Module):
    """uint8 pixels (N, S, S, 3) → float32 (N, 1280), length 1: the pooled features of an ImageNet network."""

    dimensions = 1280

    def __init__(self, variant: int = 2, weights: Path | None = None) -> None:
        super().__init__()
        self.body = efficientnet_lite(variant, weights, num_classes=0)

    def forward(self, pixels: Tensor) -> Tensor:
        images = (pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        features: Tensor = self.body(images)
        return functional.normalize(features, dim=1)


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

"""A torch detector as a function of photos, resized as in serving; the reference that exports must equal."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from outfitter.artifact import DetectorInput
from outfitter.detections import as_input
from outfitter.geometry import scale
from outfitter.learn.targets import decode
from outfitter.values import Detections, Photo


class TorchDetector:
    """``TorchDetector(model, class_names, input)(photo) -> Detections``; no threshold beyond the model's own."""

    def __init__(self, model: nn.Module, class_names: Sequence[str], detector_input: DetectorInput) -> None:
        self.model = model.eval()
        self.class_names = tuple(class_names)
        self.input = detector_input
        self.device = next(model.parameters()).device

    @torch.inference_mode()
    def __call__(self, photo: Photo) -> Detections:
        pixels = as_input(photo, self.input)[0]
        height, width = pixels.shape[:2]
        image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float().to(self.device)
        output = {name: tensor.cpu().numpy() for name, tensor in self.model([image])[0].items()}
        boxes = scale(output["boxes"], (photo.size_wh[0] / width, photo.size_wh[1] / height))
        return decode(boxes, output["labels"], output["scores"], self.class_names, photo.size_wh)

"""RT-DETRv2 on ResNet-18, a detection transformer without suppression (Lv et al., 2024, arXiv 2407.17140).

The model and its losses are those of the package transformers.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torchvision.ops import box_convert

from outfitter.errors import ConfigError, TrainingError
from outfitter.learn.models.common import NO_WEIGHTS, PixelsInPixelsOut

DEFAULTS: Final[Mapping[str, Any]] = {
    "input": {"fixed_wh": [512, 640], "multiple_of": 32},
    "optimiser": {"learning_rate": 1e-4, "backbone_factor": 0.1, "weight_decay": 1e-4, "clip": 0.1},
}
PUBLISHED: Final = "PekingU/rtdetr_v2_r18vd"
QUERIES: Final = 300
STRIDES: Final = (8, 16, 32)


class RTDetr(nn.Module):
    """torchvision's calling convention around transformers' model."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.transform = PixelsInPixelsOut((0.0, 0.0, 0.0), 255.0)

    @property
    def backbone(self) -> nn.Module:
        """What learns at the backbone's rate."""
        found: nn.Module = self.network.model.backbone
        return found

    def forward(self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Any:
        batch = self.transform(images)[0].tensors
        height, width = batch.shape[2:]
        if (places := sum(height * width // stride**2 for stride in STRIDES)) < QUERIES:
            raise ConfigError(
                f"input: rt_detr_v2 chooses the {QUERIES} best places of a picture, and one of {width} × {height} "
                f"pixels has {places}. Take a larger one, such as fixed_wh: [256, 256]."
            )
        scale = batch.new_tensor([width, height, width, height])
        if self.training:
            assert targets is not None
            labels = [
                {
                    "class_labels": one["labels"] - 1,  # it has no background
                    "boxes": box_convert(one["boxes"], "xyxy", "cxcywh") / scale,
                }
                for one in targets
            ]
            parts = self._parts(self.network(pixel_values=batch, labels=labels).loss_dict)
            if not any(len(one["labels"]) for one in targets):  # then nothing is denoised, and processes wait for it
                parts["loss_vfl"] = parts["loss_vfl"] + 0 * self.network.model.denoising_class_embed.weight.sum()
            return parts
        output = self.network(pixel_values=batch)
        boxes, classes, scores = best(output.logits, output.pred_boxes, scale)
        return [{"boxes": boxes[i], "labels": classes[i] + 1, "scores": scores[i]} for i in range(len(images))]

    @staticmethod
    def _parts(losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """One loss of each kind: every decoder layer and the denoising queries have their own."""
        kinds = sorted({name.split("_")[1] for name in losses})
        return {
            f"loss_{kind}": torch.stack([loss for name, loss in losses.items() if name.split("_")[1] == kind]).sum()
            for kind in kinds
        }


def best(logits: Tensor, boxes: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The `QUERIES` best pairs of query and class: boxes (N, Q, 4) xyxy in pixels, classes and scores (N, Q)."""
    scores, places = logits.sigmoid().flatten(1).topk(QUERIES, 1)
    query = places // logits.shape[2]
    corners = box_convert(boxes, "cxcywh", "xyxy") * scale
    chosen = corners.gather(1, query.unsqueeze(2).expand(-1, -1, 4))
    return chosen, places % logits.shape[2], scores


def build(class_names: Sequence[str], weights: str | None = None) -> nn.Module:
    """weights: a folder that ``save_pretrained`` wrote, or a name on the hub; None is `PUBLISHED`.

    Raises:
        TrainingError: they cannot be had, or are of another size than ResNet-18's.
    """
    transformers: Any = importlib.import_module("transformers")
    names = dict(enumerate(class_names))
    options = {
        "id2label": names,
        "label2id": {name: number for number, name in names.items()},
        "freeze_backbone_batch_norms": False,  # the option batch_norm holds them, and a frozen one has other tensors
    }
    backbone = transformers.RTDetrResNetConfig(
        depths=[2, 2, 2, 2],
        hidden_sizes=[64, 128, 256, 512],
        layer_type="basic",
        embedding_size=64,
        out_features=["stage2", "stage3", "stage4"],
    )
    config = transformers.RTDetrV2Config(
        backbone_config=backbone,
        encoder_in_channels=[128, 256, 512],
        decoder_layers=3,
        hidden_expansion=0.5,
        **options,
    )
    if weights == NO_WEIGHTS:
        return RTDetr(transformers.RTDetrV2ForObjectDetection(config))
    source = weights or PUBLISHED
    try:
        load = transformers.RTDetrV2ForObjectDetection.from_pretrained
        found = load(source, ignore_mismatched_sizes=True, **options)
    except (OSError, RuntimeError, ValueError) as error:
        where = "the folder does not hold it" if Path(source).is_dir() else "the hub did not give it"
        raise TrainingError(
            f"{source}: {where} ({type(error).__name__}). Name a folder with --weights FOLDER, or train from nothing "
            f"with --weights {NO_WEIGHTS}."
        ) from error
    own = transformers.RTDetrV2ForObjectDetection(config)
    shapes = [{name: tensor.shape for name, tensor in network.state_dict().items()} for network in (found, own)]
    if differing := sorted(name for name, _ in shapes[0].items() ^ shapes[1].items()):
        raise TrainingError(
            f"{source}: holds an RT-DETRv2 of another size than ResNet-18's: {differing[0]} differs. Name a folder of "
            f"{PUBLISHED}, or train from nothing with --weights {NO_WEIGHTS}."
        )
    return RTDetr(found)

"""Somebody else's image encoder → an embedder's model folder: the best there is, for whoever has a network and a GPU.

    timm:NAME                 any backbone of timm, its pooled features (DINOv2, SigLIP, ConvNeXt, …)
    transformers:NAME         CLIP and SigLIP (their image embedding), DINOv2 (its class token)
    open-clip:NAME            an OpenCLIP checkpoint on a timm trunk, as Marqo-FashionSigLIP is

NAME is a name on the Hugging Face hub, of timm also one of its own, or a folder that holds what the hub would give.
Weights are read from safetensors, or from a pickle with PyTorch's ``weights_only``; no code of a checkpoint is run.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from outfitter.boutique import design, draw_packshot
from outfitter.crops import PROTOCOL, crop
from outfitter.errors import ConfigError, TrainingError, nearest, reason
from outfitter.learn.backbones import read_weights
from outfitter.values import Crops


class Known(NamedTuple):
    """A checkpoint by a short name."""

    source: str
    licence: str


KNOWN: Final[Mapping[str, Known]] = {
    "fashion-clip": Known("transformers:patrickjohncyr/fashion-clip", "MIT"),
    "marqo-fashion-siglip": Known("open-clip:Marqo/marqo-fashionSigLIP", "Apache-2.0"),
    "siglip2": Known("transformers:google/siglip2-base-patch16-224", "Apache-2.0"),
    "dinov2": Known("transformers:facebook/dinov2-small", "Apache-2.0"),
}
"""Licences as their publishers stated them; read them where the weights come from before relying on it."""

WEIGHT_FILES: Final = (
    "open_clip_model.safetensors",
    "model.safetensors",
    "open_clip_pytorch_model.bin",
    "pytorch_model.bin",
)
TIMM_FILES: Final = ("model.safetensors", "pytorch_model.bin")
"""Beside them in a folder may lie the whole of which timm's encoder is a half."""


class Features(nn.Module):
    """Pixels → the part of an encoder's output that stands for the whole picture."""

    def __init__(self, encoder: nn.Module, part: str | None) -> None:
        super().__init__()
        self.encoder, self.part = encoder, part

    def forward(self, images: Tensor) -> Tensor:
        output = self.encoder(images)
        chosen: Tensor = output if self.part is None else getattr(output, self.part)
        return chosen


class Adopted(nn.Module):
    """uint8 pixels (N, side, side, 3), RGB → float32 (N, D), each of length 1. mean, std: of pixels in [0, 1]."""

    mean: Tensor
    std: Tensor

    def __init__(self, features: nn.Module, side: int, mean: Any, std: Any) -> None:
        super().__init__()
        self.features, self.side = features, side
        self.register_buffer("mean", 255 * torch.tensor(np.array(mean, np.float32)).reshape(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(np.array(std, np.float32)).reshape(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        images = (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std
        return functional.normalize(self.features(images), dim=1)


@dataclass(frozen=True)
class Source:
    """Where an encoder comes from: a family, a name or folder, and perhaps a file of weights."""

    family: str
    name: str
    weights: Path | None = None

    @property
    def folder(self) -> Path | None:
        """The folder, where `name` is one."""
        return Path(self.name) if Path(self.name).is_dir() else None


def adopt(source: str, weights: Path | None = None) -> Adopted:
    """Build an encoder and load its weights.

    Args:
        source: ``FAMILY:NAME`` as above, or one of `KNOWN`.
        weights: timm only: a file of the backbone's weights; without it they come from the hub or the folder.

    Raises:
        ConfigError: no such family or short name.
        TrainingError: the hub does not answer, a file is missing, or it holds another network's weights.
    """
    found = find_source(source, weights)
    return _FAMILIES[found.family](found).eval()


def find_source(source: str, weights: Path | None = None) -> Source:
    """What `adopt` would read; nothing is looked up yet. Raises ConfigError: no such family or short name."""
    spelled = KNOWN[source].source if source in KNOWN else source
    family, colon, name = spelled.partition(":")
    if not colon:
        raise ConfigError(
            f"unknown embedder {source!r}; choose from {', '.join(KNOWN)}, or say FAMILY:NAME with one of "
            f"{', '.join(_FAMILIES)}{nearest(source, KNOWN)}"
        )
    if family not in _FAMILIES:
        raise ConfigError(f"unknown family {family!r}; choose from {', '.join(_FAMILIES)}{nearest(family, _FAMILIES)}")
    if weights is not None and family != "timm":
        raise ConfigError(f"--weights is for timm's backbones; {family} reads them from the folder that NAME is.")
    return Source(family, name, weights)


def _from_timm(source: Source) -> Adopted:
    import timm

    name, weights = source.name, source.weights
    if not timm.is_model(name):
        if source.folder is not None:
            name, weights = f"local-dir:{source.folder}", weights or _weights_in(source.folder, TIMM_FILES)
        elif "/" in name:
            name = f"hf-hub:{name}"
        else:
            raise ConfigError(f"timm has no model {name!r}{nearest(name, timm.list_models())}")
    encoder = _of_the_hub(source, lambda: timm.create_model(name, pretrained=weights is None, num_classes=0))
    if weights is not None:
        _load(encoder, read_weights(weights), str(weights))
    data: Any = importlib.import_module("timm.data")
    config = data.resolve_model_data_config(encoder)
    return Adopted(Features(encoder, None), _square(config["input_size"][1:]), config["mean"], config["std"])


def _from_transformers(source: Source) -> Adopted:
    transformers: Any = importlib.import_module("transformers")  # untyped in parts
    config = _of_the_hub(source, lambda: transformers.AutoConfig.from_pretrained(source.name))
    encoders = {
        "clip": ("CLIPVisionModelWithProjection", "image_embeds"),
        "siglip": ("SiglipVisionModel", "pooler_output"),
        "dinov2": ("Dinov2Model", "pooler_output"),
    }
    if config.model_type not in encoders:
        raise ConfigError(f"{source.name}: is a {config.model_type!r}; can adopt {', '.join(encoders)}.")
    kind, part = encoders[config.model_type]
    make = getattr(transformers, kind).from_pretrained
    encoder = _of_the_hub(source, lambda: make(source.name, attn_implementation="eager"))
    prepared = _of_the_hub(source, lambda: transformers.AutoImageProcessor.from_pretrained(source.name))
    sides = prepared.crop_size if getattr(prepared, "do_center_crop", False) else prepared.size
    side = sides.get("shortest_edge") or _square((sides["height"], sides["width"]))
    return Adopted(Features(encoder, part), side, prepared.image_mean, prepared.image_std)


def _from_open_clip(source: Source) -> Adopted:
    """Reads ``open_clip_config.json`` and the image half of the checkpoint, ``visual.trunk.*``."""
    import timm

    folder = source.folder
    if folder is None:
        from huggingface_hub import snapshot_download

        patterns = ["open_clip_config.json", *WEIGHT_FILES]
        folder = Path(_of_the_hub(source, lambda: snapshot_download(source.name, allow_patterns=patterns)))
    try:
        config = json.loads((folder / "open_clip_config.json").read_text(encoding="utf-8"))
        vision = config["model_cfg"]["vision_cfg"]
        trunk, pool = vision["timm_model_name"], vision.get("timm_pool") or ""
        prepared = config["preprocess_cfg"]
        mean, std = prepared["mean"], prepared["std"]
        side = int(vision["image_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{folder}: no usable open_clip_config.json ({type(error).__name__}: {error}). "
            "Need an OpenCLIP checkpoint whose image half is a timm trunk."
        ) from error
    file = _weights_in(folder, WEIGHT_FILES)
    state = {
        name.removeprefix("visual.trunk."): tensor
        for name, tensor in read_weights(file).items()
        if name.startswith("visual.trunk.")
    }
    options: dict[str, Any] = {"global_pool": pool} if pool else {}
    encoder = timm.create_model(trunk, num_classes=0, **options)
    _load(encoder, state, str(file))
    return Adopted(Features(encoder, None), side, mean, std)


_FAMILIES: Final[Mapping[str, Callable[[Source], Adopted]]] = {
    "timm": _from_timm,
    "transformers": _from_transformers,
    "open-clip": _from_open_clip,
}


def drawn_crops(side: int, count: int = 12) -> Crops:
    """Garments of the drawn boutique, cut as serving cuts them: what an export can be proved on without any data."""
    parts = []
    for product in design(products=40, looks=0, seed=0).products[:count]:
        photo, truth = draw_packshot(product, view=0)
        parts.append(crop(photo, truth.boxes_xyxy, side).pixels)
    return Crops(np.concatenate(parts), PROTOCOL)


def _weights_in(folder: Path, names: Sequence[str]) -> Path:
    """The first that is there. Raises TrainingError if none is."""
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    if file is None:
        raise TrainingError(f"{folder}: holds no weights; need one of {', '.join(names)}.")
    return file


def _square(size: Any) -> int:
    height, width = (int(value) for value in size)
    if height != width:
        raise TrainingError(f"this encoder takes {width} × {height} pixels; crops of garments are square.")
    return height


def _load(encoder: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    """Weights by name. A classifier that the file has and an encoder does not is left aside."""
    own = encoder.state_dict()
    wrong = [name for name in own if name not in state or state[name].shape != own[name].shape]
    if wrong:
        name = wrong[0]
        there = f"is {tuple(state[name].shape)} there" if name in state else "is not there"
        raise TrainingError(
            f"{source}: holds other weights: {name} {there}, this encoder's is {tuple(own[name].shape)} "
            f"({len(wrong)} of {len(own)} do not fit). Name the weights of the same architecture."
        )
    encoder.load_state_dict({name: state[name] for name in own})


def _of_the_hub(source: Source, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        where = "the folder does not hold it" if source.folder else "the hub did not give it"
        remedy = "Give a folder with its files (or for timm --weights FILE)." if source.folder is None else ""
        raise TrainingError(f"{source.family}:{source.name}: {where}: {reason(error)}. {remedy}".rstrip()) from error

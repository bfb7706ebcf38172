"""The weights of an exported model, to train on from: a model folder is all that is left of many a run.

An export folds each batch normalisation into the convolution before it. Opened again, the convolution has the folded
weights and the normalisation becomes the bias: mean 0, variance 1, scale 1. The network computes what it did; what it
forgot is only how the product was split, which matters to nobody who keeps the statistics fixed while training on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from outfitter.artifact import MODEL_FILE
from outfitter.errors import TrainingError

WRAPPERS = ("model.", "detector.")
"""What exports put before a parameter's own name."""


def reopen(folder: Path, model: nn.Module) -> dict[str, Tensor]:
    """The state dict of `model`, with the weights that `folder` holds.

    model: the architecture that the folder was exported from, built for the same classes. Weights kept in half
    precision are widened. A branch that the architecture got after the folder was made (`added`) is left out.

    Raises:
        TrainingError: the folder holds another architecture, other classes, or weights of 8 bits.
    """
    file = onnx.load(folder / MODEL_FILE)
    if any(node.op_type == "DequantizeLinear" for node in file.graph.node):
        raise TrainingError(f"{folder}: an int8 export cannot be trained on. Name the run or its fp16 export.")
    stored = {t.name.removesuffix(".half"): numpy_helper.to_array(t) for t in file.graph.initializer}
    for node in file.graph.node:  # of equal tensors an export keeps one
        if node.op_type == "Identity" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    named = {_own_name(name): value for name, value in stored.items()}
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for name, value in named.items():
        if name in state:
            _put(state, name, value, folder)
    folded = _folded(file, stored, {f"{wrapper}{name}" for wrapper in WRAPPERS for name in state})
    pairs = list(_pairs(model))
    if differing := sorted(folded.keys() ^ {convolution for convolution, _, _ in pairs}):
        raise TrainingError(
            f"{folder}: holds {len(folded)} convolutions with a folded normalisation; this model has {len(pairs)}, and "
            f"only one of the two has {differing[0]}. Name the architecture that the folder was exported from."
        )
    for convolution, norm, epsilon in pairs:
        weight, bias = folded[convolution]
        _put(state, f"{convolution}.weight", weight, folder)
        _put(state, f"{norm}.bias", bias, folder)
        for part, constant in (("weight", 1.0), ("running_mean", 0.0), ("running_var", 1.0 - epsilon)):
            state[f"{norm}.{part}"].fill_(constant)
    covered = {part for convolution, norm, _ in pairs for part in (f"{convolution}.weight", norm)}
    added = [name for name in state if name.startswith(tuple(getattr(model, "added", ())))]
    if not set(added) & set(named):
        state = {name: tensor for name, tensor in state.items() if name not in added}
    for name in state:
        if name not in named and name not in covered and name.rpartition(".")[0] not in covered:
            raise TrainingError(f"{folder}: has no weights for {name}. Name the architecture it was exported from.")
    return state


def _own_name(name: str) -> str:
    for wrapper in WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def _put(state: dict[str, Tensor], name: str, value: NDArray[np.generic], folder: Path) -> None:
    if state[name].shape != value.shape:
        raise TrainingError(
            f"{folder}: {name} is {value.shape} there; this model needs {tuple(state[name].shape)}. "
            "Name the architecture that the folder was exported from, with the same classes."
        )
    state[name] = torch.from_numpy(value.astype(np.float32))


def _folded(
    file: ModelProto, stored: dict[str, NDArray[np.generic]], known: set[str]
) -> dict[str, tuple[NDArray[np.generic], NDArray[np.generic]]]:
    """Weight and bias of the convolutions whose weights have no name of the model's any more, by the layer's name."""
    return {
        _layer(node.name): (stored[node.input[1]], stored[node.input[2]])
        for node in file.graph.node
        if node.op_type == "Conv" and len(node.input) == 3 and node.input[1] not in known
    }


def _layer(node: str) -> str:
    """The layer that a node is of: ``/backbone/blocks/blocks.0/blocks.0.1/conv/Conv`` → ``backbone.blocks.0.1.conv``.

    Each part is a layer that was run inside the one before it, and what lies in a list repeats the list's name.
    """
    path: list[str] = []
    for part in node.split("/")[1:-1]:
        names = part.split(".")
        repeated = max(n for n in range(len(names)) if path[len(path) - n :] == names[:n])
        path += names[repeated:]
    return ".".join(path)


def _pairs(model: nn.Module) -> Iterator[tuple[str, str, float]]:
    """Each convolution that a batch normalisation follows, the normalisation, and its epsilon."""
    last: str | None = None
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d):
            last = name
        elif isinstance(layer, _BatchNorm):
            assert last is not None
            yield last, name, layer.eps
            last = None

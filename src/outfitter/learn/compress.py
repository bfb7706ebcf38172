"""Smaller ONNX files that compute the same way."""

from __future__ import annotations

from typing import Final

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper

SMALLEST: Final = 256
"""Tensors with fewer elements stay as they are: scales, shapes and biases cost nothing."""


def store_half(model: ModelProto) -> ModelProto:
    """Store weights as float16 behind a Cast to float32, in place.

    onnxruntime folds the Casts once, when the session opens, so the file halves while arithmetic and speed stay those
    of float32. Weights are rounded to 11 bits, and must lie within ±65504.
    """
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise ValueError(f"{tensor.name}: holds {np.abs(values).max():g}, too large for float16")
        name, half = tensor.name, tensor.name + ".half"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT, name=f"widen.{name}"))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model

"""Two real model folders that need no training, and pictures that they understand.

The detector's garments are plain colours: reddest pixels are a top, bluest a bottom, greenest footwear. The embedder
is a 4 × 4 grid of mean colours. Both go through the same code as the shipped models: manifest, onnxruntime, crops.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from outfitter.artifact import write_model_folder
from outfitter.crops import PROTOCOL

LABELS: Final = ("top", "bottom", "footwear")
CHANNELS: Final = {"top": 0, "bottom": 2, "footwear": 1}
SIDE: Final = 32


def picture(
    size_wh: tuple[int, int], **garments: tuple[tuple[int, int, int, int], tuple[int, int, int]]
) -> Image.Image:
    """A white picture with a plain box for each garment: ``top=((x1, y1, x2, y2), (r, g, b))``."""
    pixels = np.full((size_wh[1], size_wh[0], 3), 255, np.uint8)
    for (x1, y1, x2, y2), rgb in garments.values():
        pixels[y1:y2, x1:x2] = rgb
    return Image.fromarray(pixels)


def toy_detector(folder: Path, work: Path) -> Path:
    """A detector's model folder, at `folder`; `work` takes the loose ONNX file."""
    nodes, boxes, scores = [], [], []
    constants: dict[str, NDArray[Any]] = {
        "batch": np.array([0], np.int64),
        "lead": np.array(60.0, np.float32),  # how far a channel must lead the other two
        "one": np.array(1.0, np.float32),
        "sure": np.array([0.9], np.float32),
        "classes": np.arange(3),
    }

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    node("Cast", ["pixels"], "floats", to=TensorProto.FLOAT)
    node("Squeeze", ["floats", "batch"], "photo")
    for number, label in enumerate(LABELS):
        others = [channel for channel in range(3) if channel != CHANNELS[label]]
        for name, index in ((f"own{number}", CHANNELS[label]), (f"a{number}", others[0]), (f"b{number}", others[1])):
            constants[f"at_{name}"] = np.array(index)
            node("Gather", ["photo", f"at_{name}"], name, axis=2)
        node("Max", [f"a{number}", f"b{number}"], f"other{number}")
        node("Sub", [f"own{number}", f"other{number}"], f"leads{number}")
        node("Greater", [f"leads{number}", "lead"], f"mask{number}")
        node("Cast", [f"mask{number}"], f"ones{number}", to=TensorProto.FLOAT)
        edges = []
        for axis, along in ((0, "x"), (1, "y")):
            constants[f"axis{axis}"] = np.array([axis], np.int64)
            node("ReduceMax", [f"ones{number}", f"axis{axis}"], f"{along}{number}", keepdims=0)
            for side, last in (("first", 0), ("last", 1)):
                found = node("ArgMax", [f"{along}{number}"], f"{along}{number}{side}", select_last_index=last, axis=0)
                edges.append(node("Cast", [found], f"{along}{number}{side}f", to=TensorProto.FLOAT))
        x1, x2, y1, y2 = edges
        after = [node("Add", [edge, "one"], f"{edge}_after") for edge in (x2, y2)]
        flat = node("Concat", [x1, y1, *after], f"flat{number}", axis=0)
        boxes.append(node("Unsqueeze", [flat, "batch"], f"box{number}"))
        constants["all"] = np.array([0, 1], np.int64)
        seen = node("ReduceMax", [f"ones{number}", "all"], f"seen{number}", keepdims=0)
        scores.append(node("Mul", [seen, "sure"], f"score{number}"))
    node("Concat", boxes, "boxes", axis=0)
    node("Concat", scores, "scores", axis=0)
    node("Identity", ["classes"], "labels")
    graph = helper.make_graph(
        nodes,
        "toy-detector",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, "H", "W", 3])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["N", 4]),
            helper.make_tensor_value_info("labels", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N"]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    manifest = {
        "kind": "detector",
        "name": "toy-detector",
        "detector_input": {"area": 160 * 240, "multiple_of": 8},
        "class_names": LABELS,
        "score_threshold": 0.5,
    }
    return _write(graph, manifest, folder, work)


def toy_embedder(folder: Path, work: Path, name: str = "toy-embedder", tint: float = 0.0) -> Path:
    """An embedder's model folder, at `folder`. Another `tint` makes another model."""
    constants: dict[str, NDArray[Any]] = {
        "grey": np.array(127.0 + tint, np.float32),
        "scale": np.array(1 / 255, np.float32),
        "flat": np.array([0, -1], np.int64),
        "floor": np.array(1e-3, np.float32),  # so that a grey crop has a direction, too
    }
    tile = SIDE // 4
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["floats", "grey"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["grid"], kernel_shape=[tile, tile], strides=[tile, tile]),
        helper.make_node("Reshape", ["grid", "flat"], ["rows"]),
        helper.make_node("Add", ["rows", "floor"], ["raised"]),
        helper.make_node("LpNormalization", ["raised"], ["vectors"], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["N", 48])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    manifest = {
        "kind": "embedder",
        "name": name,
        "embedder_input": {"side": SIDE, "crop_protocol": PROTOCOL},
        "dimensions": 48,
    }
    return _write(graph, manifest, folder, work)


def _write(graph: onnx.GraphProto, manifest: dict[str, object], folder: Path, work: Path) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    file = work / f"{folder.name}.onnx"
    onnx.save(model, file)
    write_model_folder(folder, file, {**manifest, "recipe": "tests/toy.py", "sources": [], "metrics": {}}, "none\n")
    return folder

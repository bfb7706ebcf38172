"""What one photo costs the shipped detector, beside a network of YOLO11n's size.

    python benchmarks/detector.py [--model FOLDER] [--rounds 20]

Both are onnxruntime sessions on one core, and take turns. The other network is built here from the published layer
table of YOLO11n (n = nano: widths × 0.25, depths × 0.5) at 640 × 640 pixels, with random weights, without its
non-maximum suppression: time does not depend on what weights are. Its multiply-adds are counted while it runs, as are
those of our convolutions and matrix products; the published figure is 6.5 GFLOPs, two for each multiply-add. The goal
is to be no slower, and to cost at most 3 GFLOPs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from outfitter.artifact import SHIPPED, read_manifest
from outfitter.boutique import draw_scene
from outfitter.detections import Detector


class Unit(nn.Sequential):
    """Convolution, batch normalisation, SiLU."""

    def __init__(self, ins: int, outs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        convolution = nn.Conv2d(ins, outs, kernel, stride, kernel // 2, groups=groups, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outs), nn.SiLU())


class Bottleneck(nn.Module):
    def __init__(self, width: int, share: float) -> None:
        super().__init__()
        hidden = int(width * share)
        self.units = nn.Sequential(Unit(width, hidden, 3), Unit(hidden, width, 3))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.units(x)
        return added


class Split(nn.Module):
    """A cross-stage-partial block; `deep` puts another one, of two bottlenecks, inside it."""

    def __init__(self, ins: int, outs: int, deep: bool, share: float = 0.5) -> None:
        super().__init__()
        self.hidden = int(outs * share)
        self.first = Unit(ins, 2 * self.hidden)
        self.inner: nn.Module = Inner(self.hidden) if deep else Bottleneck(self.hidden, 0.5)
        self.last = Unit(3 * self.hidden, outs)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.first(x).split(self.hidden, 1)
        merged: Tensor = self.last(torch.cat([left, right, self.inner(right)], 1))
        return merged


class Inner(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = width // 2
        self.one, self.other, self.last = Unit(width, hidden), Unit(width, hidden), Unit(2 * hidden, width)
        self.deep = nn.Sequential(Bottleneck(hidden, 1.0), Bottleneck(hidden, 1.0))

    def forward(self, x: Tensor) -> Tensor:
        merged: Tensor = self.last(torch.cat([self.deep(self.one(x)), self.other(x)], 1))
        return merged


class Pools(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.last = Unit(width, width // 2), Unit(2 * width, width)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.first(x)]
        for _ in range(3):
            parts.append(self.pool(parts[-1]))
        merged: Tensor = self.last(torch.cat(parts, 1))
        return merged


class Attends(nn.Module):
    """Self-attention over the coarsest level, two heads of 64 on half of the channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.width, self.heads = half, half // 64
        self.first, self.last = Unit(width, 2 * half), Unit(2 * half, width)
        self.qkv = nn.Conv2d(half, 2 * half, 1)
        self.place = nn.Conv2d(half, half, 3, padding=1, groups=half)
        self.out = nn.Conv2d(half, half, 1)
        self.feed = nn.Sequential(Unit(half, 2 * half), nn.Conv2d(2 * half, half, 1))

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.first(x).split(self.width, 1)
        n, c, h, w = right.shape
        q, k, v = self.qkv(right).view(n, self.heads, 128, h * w).split([32, 32, 64], 2)
        weights = (q.transpose(2, 3) @ k * 32**-0.5).softmax(3)
        mixed = (v @ weights.transpose(2, 3)).reshape(n, c, h, w) + self.place(v.reshape(n, c, h, w))
        right = right + self.out(mixed)
        merged: Tensor = self.last(torch.cat([left, right + self.feed(right)], 1))
        return merged


class Nano(nn.Module):
    def __init__(self, classes: int = 80) -> None:
        super().__init__()
        self.to8 = nn.Sequential(
            Unit(3, 16, 3, 2),
            Unit(16, 32, 3, 2),
            Split(32, 64, False, 0.25),
            Unit(64, 64, 3, 2),
            Split(64, 128, False, 0.25),
        )
        self.to16 = nn.Sequential(Unit(128, 128, 3, 2), Split(128, 128, True))
        self.to32 = nn.Sequential(Unit(128, 256, 3, 2), Split(256, 256, True), Pools(256), Attends(256))
        self.up = nn.Upsample(scale_factor=2)
        self.mid16, self.out8 = Split(384, 128, False), Split(256, 64, False)
        self.down16, self.out16 = Unit(64, 64, 3, 2), Split(192, 128, False)
        self.down32, self.out32 = Unit(128, 128, 3, 2), Split(384, 256, True)
        self.boxes = nn.ModuleList(
            nn.Sequential(Unit(width, 64, 3), Unit(64, 64, 3), nn.Conv2d(64, 64, 1)) for width in (64, 128, 256)
        )
        self.names = nn.ModuleList(
            nn.Sequential(
                Unit(width, width, 3, groups=width), Unit(width, 80), Unit(80, 80, 3, groups=80), Unit(80, 80),
                nn.Conv2d(80, classes, 1),
            )
            for width in (64, 128, 256)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        p8 = self.to8(x)
        p16 = self.to16(p8)
        p32 = self.to32(p16)
        m16 = self.mid16(torch.cat([self.up(p32), p16], 1))
        o8 = self.out8(torch.cat([self.up(m16), p8], 1))
        o16 = self.out16(torch.cat([self.down16(o8), m16], 1))
        o32 = self.out32(torch.cat([self.down32(o16), p32], 1))
        rows = [
            torch.cat([box(level), name(level)], 1).flatten(2)
            for level, box, name in zip((o8, o16, o32), self.boxes, self.names, strict=True)
        ]
        return torch.cat(rows, 2)


def write_nano(path: Path) -> float:
    """Export it to `path`; returns GFLOPs."""
    from torch.utils.flop_counter import FlopCounterMode

    model, example = Nano().eval(), torch.zeros(1, 3, 640, 640)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(example)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (example,), str(path), dynamo=False, opset_version=17, input_names=["images"])
    return float(counter.get_total_flops()) / 1e9


def gflops(path: Path, pixels: NDArray[np.uint8]) -> float:
    """Two for each multiply-add of the convolutions and matrix products of an ONNX file, run on `pixels`."""
    model = onnx.load(path)
    shapes = {one.name: list(one.dims) for one in model.graph.initializer}
    halves = {
        node.output[0]: shapes[node.input[0]]
        for node in model.graph.node
        if node.op_type in ("Cast", "DequantizeLinear") and node.input[0] in shapes
    }
    shapes |= halves
    nodes = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(node.output[0]) for node in nodes)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    total = 0.0
    for node, result in zip(nodes, session.run(None, {"pixels": pixels}), strict=True):
        weight = shapes[node.input[1]]
        inner = int(np.prod(weight[1:])) if node.op_type == "Conv" else _inner(node, weight)
        total += 2.0 * result.size * inner
    return total / 1e9


def _inner(node: onnx.NodeProto, weight: list[int]) -> int:
    turned = any(one.name == "transB" and one.i for one in node.attribute)
    return weight[-1] if turned else weight[-2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=SHIPPED / "detector")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    detector = Detector(given.model, threads=1)
    chosen = read_manifest(given.model, "detector").detector_input
    assert chosen is not None
    photo, _ = draw_scene(5)
    width, height = chosen.size_for((2, 3))
    pixels = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nano.onnx"
        theirs = write_nano(file)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        nano = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        square = np.zeros((1, 3, 640, 640), np.float32)
        times: dict[str, list[float]] = {"ours": [], "nano": []}
        for number in range(given.rounds + 2):
            for name, run in (("ours", lambda: detector(photo)), ("nano", lambda: nano.run(None, {"images": square}))):
                begin = time.perf_counter()
                run()
                if number >= 2:  # the first two warm up
                    times[name].append(time.perf_counter() - begin)
    ours = gflops(given.model / "model.onnx", pixels)
    ratio = statistics.median(times["ours"]) / statistics.median(times["nano"])
    print(
        json.dumps(
            {
                "gflops": round(ours, 2),
                "nano_gflops": round(theirs, 2),
                "milliseconds": {name: round(1000 * statistics.median(found), 1) for name, found in times.items()},
                "ratio": round(ratio, 3),
                "file_mb": round((given.model / "model.onnx").stat().st_size / 1e6, 2),
            }
        )
    )
    raise SystemExit(ratio > 1 or ours > 3)


if __name__ == "__main__":
    main()

"""How much there is of what, how large, of which shape: as numbers, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from outfitter.datasets.dataset import Dataset
from outfitter.datasets.draw import FAINT, INK, PAPER, colours, fit, font
from outfitter.datasets.records import SPLITS
from outfitter.values import Example

QUANTILES: Final = (0.05, 0.5, 0.95)


def measure(data: Dataset) -> dict[str, Any]:
    """Per split, and per class over all splits.

    Splits: photos, boxes, photos without boxes, boxes per photo, and quantiles (5, 50, 95 %) of the photos' width and
    height. Classes: boxes per split, photos, and quantiles of width and height in pixels, of the box's share of the
    photo's area, and of width over height.
    """
    return {
        "splits": {split: _of_photos(own) for split in SPLITS if (own := data.split(split))},
        "classes": {name: _of_class(data.examples, name) for name in data.class_names},
    }


def _of_photos(examples: Sequence[Example]) -> dict[str, Any]:
    numbers = np.array([len(example.annotations) for example in examples])
    sizes = np.array([example.annotations.size_wh for example in examples], float)
    return {
        "photos": len(examples),
        "boxes": int(numbers.sum()),
        "photos_without_boxes": int((numbers == 0).sum()),
        "boxes_per_photo": round(float(numbers.mean()), 2),
        "width": quantiles(sizes[:, 0]),
        "height": quantiles(sizes[:, 1]),
    }


def boxes_of(examples: Sequence[Example], name: str) -> NDArray[np.float64]:
    """The class's boxes: width, height, and share of the photo's area, float64 (N, 3)."""
    rows = [
        (x2 - x1, y2 - y1, (x2 - x1) * (y2 - y1) / (example.annotations.size_wh[0] * example.annotations.size_wh[1]))
        for example in examples
        for (x1, y1, x2, y2), label in zip(
            example.annotations.boxes_xyxy.tolist(), example.annotations.labels, strict=True
        )
        if label == name
    ]
    return np.array(rows, float).reshape(-1, 3)


def _of_class(examples: Sequence[Example], name: str) -> dict[str, Any]:
    own = [example for example in examples if name in example.annotations.labels]
    boxes = boxes_of(own, name)
    per_split = {
        split: sum(example.annotations.labels.count(name) for example in own if example.split == split)
        for split in SPLITS
    }
    return {
        "boxes": len(boxes),
        **{split: number for split, number in per_split.items() if number},
        "photos": len(own),
        "width": quantiles(boxes[:, 0]),
        "height": quantiles(boxes[:, 1]),
        "area_share": quantiles(boxes[:, 2], 4),
        "aspect": quantiles(boxes[:, 0] / boxes[:, 1], 3),
    }


def quantiles(values: NDArray[np.float64], digits: int = 1) -> list[float] | None:
    """The 5, 50 and 95 % quantiles; None of nothing."""
    return [round(float(value), digits) for value in np.quantile(values, QUANTILES)] if len(values) else None


# --- the picture

_ROW: Final = 30
_LEFT: Final = 190
_BARS: Final = 300
_HISTOGRAM: Final = 220
_BINS: Final = 44
_SIZES: Final = (0.01, 1.0)
"""Least and most of the square root of a box's share of the photo, on a logarithmic scale."""
_ASPECTS: Final = (0.1, 10.0)


def picture(data: Dataset) -> NDArray[np.uint8]:
    """A table in pictures, uint8 (H, W, 3): for every class, its boxes per split, their sizes and their aspects."""
    names = data.class_names
    palette = colours(names)
    columns = (_LEFT, _LEFT + _BARS + 80, _LEFT + _BARS + 80 + _HISTOGRAM + 40)
    width, top = columns[2] + _HISTOGRAM + 30, 76
    image = Image.new("RGB", (width, top + len(names) * _ROW + 46), PAPER)
    pen = ImageDraw.Draw(image)
    photos = ", ".join(f"{split} {len(own):,}" for split in SPLITS if (own := data.split(split)))
    boxes = sum(len(example.annotations) for example in data.examples)
    pen.text((20, 14), f"{len(data.examples):,} photos ({photos}), {boxes:,} boxes", INK, font(17))
    for x, title in zip(
        columns, ("boxes, darker: val and test", "box's side / photo's side", "width / height"), strict=True
    ):
        pen.text((x, 48), title, FAINT, font(13))
    most = max((sum(example.annotations.labels.count(name) for example in data.examples) for name in names), default=1)
    bottom = top + len(names) * _ROW
    for x, ticks, (least, largest) in (
        (columns[1], {0.01: "1 %", 0.1: "10 %", 1.0: "100 %"}, _SIZES),
        (columns[2], {0.1: "0.1", 1.0: "1", 10.0: "10"}, _ASPECTS),
    ):
        for value, text in ticks.items():
            at = x + _HISTOGRAM * np.log(value / least) / np.log(largest / least)
            pen.line((at, top - 4, at, bottom), "#e3e7eb")
            pen.text((at, bottom + 16), text, FAINT, font(12), anchor="mm")
    for i, name in enumerate(names):
        y = top + i * _ROW
        own = [example for example in data.examples if name in example.annotations.labels]
        found = boxes_of(own, name)
        pen.text((_LEFT - 12, y + _ROW / 2), fit(name, font(14), _LEFT - 32), INK, font(14), anchor="rm")
        held = sum(example.annotations.labels.count(name) for example in own if example.split != "train")
        _bar(pen, (columns[0], y), len(found), held, most, palette[name])
        side, aspect = np.sqrt(found[:, 2]), found[:, 0] / found[:, 1]
        _histogram(pen, (columns[1], y), side, _SIZES, palette[name])
        _histogram(pen, (columns[2], y), aspect, _ASPECTS, palette[name])
    return np.asarray(image)


def _bar(pen: ImageDraw.ImageDraw, at: tuple[int, int], total: int, held: int, most: int, colour: str) -> None:
    x, y = at
    length, dark = (round(_BARS * number / max(1, most)) for number in (total, held))
    if length:
        pen.rectangle((x, y + 6, x + length, y + _ROW - 6), colour)
        pen.rectangle((x, y + 6, x + dark, y + _ROW - 6), darker(colour))
    pen.text((x + length + 8, y + _ROW / 2), f"{total:,}", INK, font(13), anchor="lm")


def _histogram(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], values: NDArray[np.float64], limits: tuple[float, float], colour: str
) -> None:
    if not len(values):
        return
    edges = np.geomspace(*limits, _BINS + 1)
    counts, _ = np.histogram(np.clip(values, *limits), edges)
    step = _HISTOGRAM / _BINS
    for i, height in enumerate(counts / counts.max() * (_ROW - 6)):
        if height > 0:
            x, foot = at[0] + i * step, at[1] + _ROW - 3
            pen.rectangle((round(x), round(foot - max(1.0, height)), round(x + step) - 1, foot), colour)


def darker(colour: str) -> str:
    return "#" + "".join(f"{round(0.62 * value):02x}" for value in bytes.fromhex(colour[1:]))


def table(measured: Mapping[str, Any]) -> list[list[str]]:
    """The classes' numbers as rows of text, the header first."""
    splits = list(measured["splits"])
    rows = [["class", *splits, "photos", "width", "height", "share of photo", "aspect"]]
    for name, found in measured["classes"].items():
        middles = [found[key][1] if found[key] else None for key in ("width", "height", "area_share", "aspect")]
        width, height, share, aspect = middles
        texts = ["-"] * 4 if width is None else [f"{width:.0f}", f"{height:.0f}", f"{share:.1%}", f"{aspect:.2f}"]
        rows.append([name, *(f"{found.get(split, 0):,}" for split in splits), f"{found['photos']:,}", *texts])
    return rows

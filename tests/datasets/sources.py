"""One small truth, written by hand in every format: four lopsided photos, three splits, three classes.

The files here are spelled out, not made by our writers, so that a reader and a writer cannot be wrong together.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

Box = tuple[float, float, float, float]


class Truth(NamedTuple):
    stem: str
    size_wh: tuple[int, int]
    split: str
    boxes: tuple[Box, ...]
    labels: tuple[str, ...]


CLASSES: Final = ("top", "bottom", "long")
TRUTH: Final = (
    Truth("a_01", (61, 97), "train", ((3, 5, 40, 60), (10, 60, 50, 95)), ("top", "bottom")),
    Truth("b_02", (140, 53), "train", ((0, 0, 140, 53),), ("long",)),
    Truth("c_10", (75, 31), "val", ((1, 2, 3, 30), (5, 1, 74, 29)), ("bottom", "top")),
    Truth("d é", (47, 88), "test", (), ()),
)


def pixels(size_wh: tuple[int, int], seed: int = 0) -> np.ndarray:
    """A smooth random picture, uint8 (H, W, 3): JPEG hardly changes it, and no two look alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size_wh, Image.Resampling.BICUBIC))


def write_photo(path: Path, size_wh: tuple[int, int], seed: int = 0, orientation: int = 1) -> Path:
    """A JPEG whose stored size is `size_wh`, with an EXIF orientation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels(size_wh, seed))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, "JPEG", quality=92, exif=exif if orientation != 1 else b"")
    return path


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def _photos(place: Callable[[Truth], Path]) -> None:
    for seed, truth in enumerate(TRUTH):
        write_photo(place(truth), truth.size_wh, seed)


def coco(root: Path, first_id: int = 1, step: int = 1) -> Path:
    """Ids start at `first_id` and go by `step`; a file per split, photos in a folder per split."""
    _photos(lambda truth: root / truth.split / f"{truth.stem}.jpg")
    for split in ("train", "val", "test"):
        images: list[dict[str, object]] = []
        annotations: list[dict[str, object]] = []
        for truth in (truth for truth in TRUTH if truth.split == split):
            number = first_id + step * len(images)
            w, h = truth.size_wh
            images.append({"id": number, "file_name": f"{truth.stem}.jpg", "width": w, "height": h})
            for (x1, y1, x2, y2), label in zip(truth.boxes, truth.labels, strict=True):
                annotations.append(
                    {
                        "id": len(annotations),
                        "image_id": number,
                        "category_id": first_id + step * CLASSES.index(label),
                        "bbox": [x1, y1, x2 - x1, y2 - y1],
                    }
                )
        categories = [{"id": first_id + step * i, "name": name} for i, name in enumerate(CLASSES)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        write_text(root / "annotations" / f"instances_{split}.json", json.dumps(content))
    return root


def yolo(root: Path, newline: str = "\n") -> Path:
    _photos(lambda truth: root / "images" / truth.split / f"{truth.stem}.jpg")
    for truth in TRUTH:
        w, h = truth.size_wh
        lines = []
        for (x1, y1, x2, y2), label in zip(truth.boxes, truth.labels, strict=True):
            shares = ((x1 + x2) / 2 / w, (y1 + y2) / 2 / h, (x2 - x1) / w, (y2 - y1) / h)
            lines.append(f"{CLASSES.index(label)} " + " ".join(f"{share:.6f}" for share in shares))
        if lines:
            write_text(root / "labels" / truth.split / f"{truth.stem}.txt", newline.join([*lines, ""]))
    yaml = "path: .\ntrain: images/train\nval: images/val\ntest: images/test\nnc: 3\nnames: [top, bottom, long]\n"
    write_text(root / "data.yaml", yaml.replace("\n", newline))
    return root


def voc(root: Path, newline: str = "\n") -> Path:
    _photos(lambda truth: root / "JPEGImages" / f"{truth.stem}.jpg")
    for truth in TRUTH:
        w, h = truth.size_wh
        objects = "".join(
            f"<object>\n<name>{label}</name><bndbox><ymin>{y1 + 1}</ymin><xmin>{x1 + 1}</xmin>"
            f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
            for (x1, y1, x2, y2), label in zip(truth.boxes, truth.labels, strict=True)
        )
        text = (
            f"<annotation>\n<filename>{truth.stem}.jpg</filename><size><width>{w}</width><height>{h}</height>"
            f"<depth>3</depth></size>\n{objects}</annotation>"
        )
        write_text(root / "Annotations" / f"{truth.stem}.xml", text.replace("\n", newline))
    for split in ("train", "val", "test"):
        names = [truth.stem for truth in TRUTH if truth.split == split]
        write_text(root / "ImageSets" / "Main" / f"{split}.txt", newline.join([*names, ""]))
    return root


def labelme(root: Path, newline: str = "\n") -> Path:
    _photos(lambda truth: root / truth.split / f"{truth.stem}.jpg")
    for truth in TRUTH:
        w, h = truth.size_wh
        shapes = [
            {"label": label, "shape_type": "rectangle", "points": [[x2, y1], [x1, y2]]}
            for (x1, y1, x2, y2), label in zip(truth.boxes, truth.labels, strict=True)
        ]
        content = {
            "imagePath": f"..\\{truth.split}\\{truth.stem}.jpg",
            "imageWidth": w,
            "imageHeight": h,
            "shapes": shapes,
        }
        text = json.dumps(content, indent=1).replace("\n", newline)
        write_text(root / truth.split / f"{truth.stem}.json", text)
    return root


def csv(root: Path, newline: str = "\n") -> Path:
    _photos(lambda truth: root / "images" / f"{truth.stem}.jpg")
    lines = ["Split,FileName,xmin,xmax,ymin,ymax,class"]
    for truth in TRUTH:
        for (x1, y1, x2, y2), label in zip(truth.boxes, truth.labels, strict=True):
            lines.append(f"{truth.split},{truth.stem}.jpg,{x1},{x2},{y1},{y2},{label}")
        if not truth.boxes:
            lines.append(f"{truth.split},{truth.stem}.jpg,,,,,")
    write_text(root / "boxes.csv", newline.join([*lines, ""]))
    return root


SOURCES: Final[dict[str, Callable[..., Path]]] = {
    "coco": coco,
    "csv": csv,
    "labelme": labelme,
    "voc": voc,
    "yolo": yolo,
}
"""Formats that can say all of `TRUTH`; those that cannot, or hold their pictures, have tests of their own."""


def deepfashion(root: Path, newline: str = "\n", images: str = "Img") -> Path:
    """Six photos, 61 × 97 and 140 × 53 by turns, each with one garment; two of each split."""
    rows = [
        ("img/Red_Blouse/img_00000001.jpg", "Blouse", "train", (3, 5, 58, 60)),
        ("img/Blue_Jeans/img_00000002.jpg", "Jeans", "val", (10, 1, 130, 53)),
        ("img/Red_Blouse/img_00000003.jpg", "Blouse", "test", (0, 0, 61, 97)),
        ("img/Long_Dress/img_00000001.jpg", "Dress", "train", (1, 1, 139, 52)),
        ("img/Blue_Jeans/img_00000001.jpg", "Jeans", "val", (7, 9, 60, 90)),
        ("img/Long_Dress/img_00000009.jpg", "Dress", "test", (40, 3, 100, 50)),
    ]
    names = [("Blouse", 1), ("Jeans", 2), ("Dress", 3)]
    ids = {name: i for i, (name, _) in enumerate(names, 1)}
    files = {
        "Anno/list_category_cloth.txt": ("category_name  category_type", [f"{n:<14} {kind}" for n, kind in names]),
        "Anno/list_category_img.txt": ("image_name  category_label", [f"{n:<70} {ids[c]}" for n, c, _, _ in rows]),
        "Anno/list_bbox.txt": (
            "image_name  x_1  y_1  x_2  y_2",
            [f"{n:<70} {x1:03d} {y1:03d} {x2:03d} {y2:03d}" for n, _, _, (x1, y1, x2, y2) in rows],
        ),
        "Eval/list_eval_partition.txt": ("image_name evaluation_status", [f"{n} {split}" for n, _, split, _ in rows]),
    }
    for file, (header, lines) in files.items():
        write_text(root / file, newline.join([str(len(lines)), header, *lines, ""]))
    for i, (name, *_) in enumerate(rows):
        write_photo(root / images / name, ((61, 97), (140, 53))[i % 2], i)
    return root

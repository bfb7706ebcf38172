"""Speed and memory of scoring detections, beside faster-coco-eval on the same boxes.

    python benchmarks/evaluation.py --photos 40000

Two pairs, each in a process of its own; seconds are of processor time, since other work may share the machine.
`scoring`: from `Annotations` and `Detections` to all scores, beside faster-coco-eval from ready COCO dictionaries to
its summary. `command`: the whole of ``outfitter evaluate predictions.json`` on a data set (intervals, baselines,
slices, mistakes, report, TensorBoard), beside faster-coco-eval from the same two files. The goals are a ratio of at
most 1.2 for the scoring and, for the command, a peak under 2 GB at 40 000 photos of 100 detections.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from outfitter.geometry import as_boxes
from outfitter.taxonomy import SLOTS
from outfitter.values import Annotations, Detections

SIZE_WH = (400, 600)
TRUTH, FOUND, PHOTO = "val.json", "predictions.json", "photo.png"


def photos(count: int, detections: int) -> Iterator[tuple[str, Annotations, Detections]]:
    """About 4 garments a photo; each is found with some error, the other detections are anywhere."""
    rng = np.random.default_rng(0)
    for number in range(count):
        boxes = int(rng.integers(2, 7))
        sides = rng.uniform(16, 300, (detections, 2))
        corner = rng.uniform(0, np.array(SIZE_WH) - sides)
        found = np.concatenate([corner, corner + sides], 1)
        labels = rng.choice(SLOTS, detections)
        true = np.clip(found[:boxes] + rng.normal(0, 6, (boxes, 4)), 0, np.tile(SIZE_WH, 2))
        true[:, 2:] = np.maximum(true[:, 2:], true[:, :2] + 1)
        true[:, :2] = np.minimum(true[:, :2], true[:, 2:] - 1)
        scores = rng.random(detections, np.float32) ** 4
        scores[:boxes] = rng.random(boxes, np.float32)
        truth = Annotations(as_boxes(true), tuple(labels[:boxes].tolist()), SIZE_WH)
        yield f"{number:06d}.jpg", truth, Detections(as_boxes(found), tuple(labels.tolist()), scores, SIZE_WH)


def outfitter(count: int, detections: int, _: Path) -> dict[str, float]:
    from outfitter.evaluation.detection import score_detections

    truth, predictions = {}, {}
    for name, one, found in photos(count, detections):
        truth[name], predictions[name] = one, found
    begin = time.process_time()
    scores = score_detections(truth, predictions, SLOTS)
    return {"seconds": time.process_time() - begin, "AP": scores.ap, "AP50": scores.ap50}


def coco(count: int, detections: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """COCO's truth and results as dictionaries."""
    ids = {name: number for number, name in enumerate(SLOTS, 1)}
    boxes: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    images = []
    for number, (name, one, found) in enumerate(photos(count, detections), 1):
        images.append({"id": number, "file_name": PHOTO, "name": name, "width": SIZE_WH[0], "height": SIZE_WH[1]})
        for (x1, y1, x2, y2), label in zip(one.boxes_xyxy.tolist(), one.labels, strict=True):
            row = {"id": len(boxes) + 1, "image_id": number, "category_id": ids[label], "iscrowd": 0}
            boxes.append(row | {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)})
        for (x1, y1, x2, y2), label, score in found:
            bbox = [x1, y1, x2 - x1, y2 - y1]
            rows.append({"image_id": number, "category_id": ids[label], "score": score, "bbox": bbox})
    categories = [{"id": number, "name": name} for name, number in ids.items()]
    return {"images": images, "categories": categories, "annotations": boxes}, rows


def faster_coco_eval(count: int, detections: int, _: Path) -> dict[str, float]:
    listed, rows = coco(count, detections)
    begin = time.process_time()
    return {**_faster(listed, rows), "seconds": time.process_time() - begin}


def faster_coco_eval_from_files(_count: int, _detections: int, files: Path) -> dict[str, float]:
    begin = time.process_time()
    listed, rows = (json.loads((files / name).read_text()) for name in (TRUTH, FOUND))
    return {**_faster(listed, rows), "seconds": time.process_time() - begin}


def _faster(listed: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, float]:
    from faster_coco_eval import COCO, COCOeval_faster

    def silent(*_: object) -> None: ...

    truth = COCO(listed, print_function=silent)
    judge = COCOeval_faster(truth, truth.loadRes(rows), "bbox", print_function=silent)
    judge.run()
    stats = judge.stats_as_dict
    return {"AP": stats["AP_all"], "AP50": stats["AP_50"]}


def command(_count: int, _detections: int, files: Path) -> dict[str, float]:
    from outfitter import cli

    with tempfile.TemporaryDirectory() as out:
        begin = time.process_time()
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            assert cli.run(["evaluate", str(files / FOUND), "--on", str(files), "--out", out]) == 0
        seconds = time.process_time() - begin
    scores = json.loads(text.getvalue())["scores"]
    return {"seconds": seconds, "AP": scores["AP"]["value"], "AP50": scores["AP50"]["value"]}


def write_files(count: int, detections: int, files: Path) -> dict[str, float]:
    """A data set all of whose photos are one file, and predictions for it."""
    listed, rows = coco(count, detections)
    (files / TRUTH).write_text(json.dumps(listed))
    (files / FOUND).write_text(json.dumps(rows))
    Image.new("RGB", SIZE_WH, "grey").save(files / PHOTO)
    return {}


ENGINES = {
    "write the files": write_files,
    "scoring: outfitter": outfitter,
    "scoring: faster-coco-eval": faster_coco_eval,
    "command: outfitter": command,
    "command: faster-coco-eval": faster_coco_eval_from_files,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=40_000)
    parser.add_argument("--detections", type=int, default=100)
    parser.add_argument("--engine", choices=ENGINES, help="run only this one, in this process")
    parser.add_argument("--files", type=Path, help="the folder of its files")
    arguments = parser.parse_args()
    if arguments.engine:
        result = ENGINES[arguments.engine](arguments.photos, arguments.detections, arguments.files)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps({"engine": arguments.engine, **result, "peak_gb": peak}))
        return
    size = ["--photos", str(arguments.photos), "--detections", str(arguments.detections)]
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as files:
        for engine in ENGINES:
            call = [sys.executable, __file__, *size, "--files", files, "--engine", engine]
            row = json.loads(subprocess.run(call, stdout=subprocess.PIPE, text=True, check=True).stdout)
            print(json.dumps({name: round(v, 4) if isinstance(v, float) else v for name, v in row.items()}), flush=True)
            seconds[engine] = row.get("seconds", 0.0)
    for what in ("scoring", "command"):
        ratio = seconds[f"{what}: outfitter"] / seconds[f"{what}: faster-coco-eval"]
        print(json.dumps({"what": what, "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    main()

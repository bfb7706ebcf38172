"""Speed and memory of scoring detections, beside faster-coco-eval alone on the same boxes.

    python benchmarks/evaluation.py --photos 40000

Ours is timed from `Annotations` and `Detections` to all scores, faster-coco-eval from ready COCO dictionaries to its
summary. Each runs in a process of its own; seconds are of processor time, since other work may share the machine.
The goals are a ratio of at most 1.2 and, for ours, a peak under 2 GB at 40 000 photos of 100 detections.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from outfitter.geometry import as_boxes
from outfitter.taxonomy import SLOTS
from outfitter.values import Annotations, Detections

SIZE_WH = (400, 600)


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


def outfitter(count: int, detections: int) -> dict[str, float]:
    from outfitter.evaluation.detection import score_detections

    truth, predictions = {}, {}
    for name, one, found in photos(count, detections):
        truth[name], predictions[name] = one, found
    begin = time.process_time()
    scores = score_detections(truth, predictions, SLOTS)
    return {"seconds": time.process_time() - begin, "AP": scores.ap, "AP50": scores.ap50}


def everything(count: int, detections: int) -> dict[str, float]:
    """All of ``outfitter evaluate`` but the photos: 100 resamples, baselines, slices, mistakes, confusion."""
    from outfitter.evaluation.baselines import learn_prior
    from outfitter.evaluation.judge import judge

    truth, predictions = {}, {}
    for name, one, found in photos(count, detections):
        truth[name], predictions[name] = one, found
    begin = time.process_time()
    scores = judge(truth, predictions, SLOTS, learn_prior(truth.values()), 0.5, replicates=100).scores
    return {"seconds": time.process_time() - begin, "AP": scores["AP"].value, "AP50": scores["AP50"].value}


def faster_coco_eval(count: int, detections: int) -> dict[str, float]:
    from faster_coco_eval import COCO, COCOeval_faster

    def silent(*_: object) -> None: ...

    ids = {name: number for number, name in enumerate(SLOTS, 1)}
    boxes: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number, (_, one, found) in enumerate(photos(count, detections), 1):
        for x1, y1, x2, y2, label in [
            (*box, name) for box, name in zip(one.boxes_xyxy.tolist(), one.labels, strict=True)
        ]:
            row = {"id": len(boxes) + 1, "image_id": number, "category_id": ids[label], "iscrowd": 0}
            boxes.append(row | {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)})
        for (x1, y1, x2, y2), label, score in found:
            bbox = [x1, y1, x2 - x1, y2 - y1]
            rows.append({"image_id": number, "category_id": ids[label], "score": score, "bbox": bbox})
    listed = {
        "images": [{"id": number} for number in range(1, count + 1)],
        "categories": [{"id": number, "name": name} for name, number in ids.items()],
        "annotations": boxes,
    }
    begin = time.process_time()
    truth = COCO(listed, print_function=silent)
    judge = COCOeval_faster(truth, truth.loadRes(rows), "bbox", print_function=silent)
    judge.run()
    stats = judge.stats_as_dict
    return {"seconds": time.process_time() - begin, "AP": stats["AP_all"], "AP50": stats["AP_50"]}


ENGINES = {"outfitter": outfitter, "faster-coco-eval": faster_coco_eval, "everything": everything}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=40_000)
    parser.add_argument("--detections", type=int, default=100)
    parser.add_argument("--engine", choices=ENGINES, help="run only this one, in this process")
    arguments = parser.parse_args()
    if arguments.engine:
        result = ENGINES[arguments.engine](arguments.photos, arguments.detections)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(json.dumps({"engine": arguments.engine, **result, "peak_gb": peak}))
        return
    size = ["--photos", str(arguments.photos), "--detections", str(arguments.detections)]
    seconds: dict[str, float] = {}
    for engine in ENGINES:
        done = subprocess.run(
            [sys.executable, __file__, *size, "--engine", engine], stdout=subprocess.PIPE, text=True, check=True
        )
        row = json.loads(done.stdout)
        print(json.dumps({name: round(v, 4) if isinstance(v, float) else v for name, v in row.items()}), flush=True)
        seconds[engine] = row["seconds"]
    print(json.dumps({"ratio": round(seconds["outfitter"] / seconds["faster-coco-eval"], 3)}))


if __name__ == "__main__":
    main()

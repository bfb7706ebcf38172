"""Box photos of which only the tags are known: ``python recipes/detector/label_tagged.py MODEL SOURCE OUT``.

MODEL is an exported detector, SOURCE either CCP's folder with ``tagged/`` and ``tagged.csv``, or ``clothing-small``,
whose folders are the tags, for those photos where plain ground does not show the box. The tags say which slots must be
there and which must not, so the detector only has to say where: per slot the best boxes, as many as tags name it, of
a vote of six views of the photo (three sizes, each also mirrored). A photo in which a tagged slot is not found is left
out, since an unlabelled garment would teach that it is none; so is a photo of one garment that shows another surely.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from outfitter.artifact import DetectorInput, read_manifest
from outfitter.datasets.class_folders import CLOTHING_TO_SLOT
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.plain_ground import find_on_plain_ground
from outfitter.datasets.records import record_of
from outfitter.geometry import clip, iou
from outfitter.learn.models import build
from outfitter.learn.predict import TorchDetector
from outfitter.learn.reopen import reopen
from outfitter.photo import load_photo
from outfitter.taxonomy import CCP_TO_SLOT, SLOTS
from outfitter.values import Annotations, Detections, Example, Photo

AREAS = (256 * 384, 288 * 432, 336 * 504)
SAME = 0.6
"""IoU from which boxes of two views are the same garment."""
FIRST, FURTHER = 0.12, 0.3
"""Least score, averaged over the views, of a slot's first garment, and of a second and third."""
SURE = 0.6
"""Score from which a garment that no tag names is there all the same."""
APART = 0.7
"""Two garments of a slot overlap less than this: a blazer and the shirt under it."""


def views(detectors: list[TorchDetector], photo: Photo) -> list[Detections]:
    """What each detector finds in the photo and in its mirror image, in pixels of the photo."""
    width = photo.size_wh[0]
    found = []
    for detector in detectors:
        found.append(detector(photo))
        mirrored = detector(Photo(np.ascontiguousarray(photo.pixels[:, ::-1]), photo.name))
        x1, y1, x2, y2 = mirrored.boxes_xyxy.T
        boxes = np.stack([width - x2, y1, width - x1, y2], 1)
        found.append(Detections(boxes, mirrored.labels, mirrored.scores, mirrored.size_wh))
    return found


def vote(found: list[Detections], slot: str) -> list[tuple[float, NDArray[np.float32]]]:
    """Boxes of one slot, merged over the views by score: (score averaged over all views, box), best first."""
    boxes = np.concatenate([one.boxes_xyxy[[label == slot for label in one.labels]] for one in found])
    scores = np.concatenate([one.scores[[label == slot for label in one.labels]] for one in found])
    view = np.concatenate([np.full(sum(label == slot for label in one.labels), i) for i, one in enumerate(found)])
    left = np.argsort(-scores)
    merged = []
    while len(left):
        alike = left[iou(boxes[left[:1]], boxes[left])[0] >= SAME]
        _, first = np.unique(view[alike], return_index=True)
        chosen = alike[first]  # the best of each view
        weights = scores[chosen]
        merged.append((float(weights.sum()) / len(found), np.average(boxes[chosen], 0, weights).astype(np.float32)))
        left = left[~np.isin(left, alike)]
    return sorted(merged, key=lambda row: -row[0])


def label(detectors: list[TorchDetector], photo: Photo, wanted: Counter[str]) -> Annotations | str:
    """The photo's garments; or the slot that is tagged and cannot be found, or is not tagged and surely there."""
    found = views(detectors, photo)
    boxes: list[NDArray[np.float32]] = []
    labels: list[str] = []
    for slot, count in wanted.items():
        own: list[NDArray[np.float32]] = []
        for score, box in vote(found, slot):
            alone = not own or iou(box[None], np.stack(own)).max() < APART
            if len(own) < count and score >= (FURTHER if own else FIRST) and alone:
                own.append(box)
        if not own:
            return slot
        boxes += own
        labels += [slot] * len(own)
    kept = clip(np.stack(boxes), photo.size_wh)
    if wanted.total() == 1:
        for slot in set(SLOTS) - set(wanted):
            for score, box in vote(found, slot)[:1]:
                if score >= SURE and iou(box[None], kept)[0, 0] < 0.5:
                    return f"another {slot}"
    return Annotations(kept, tuple(labels), photo.size_wh)


def tagged(source: Path) -> list[tuple[Path, Counter[str]]]:
    """Photos, and how many garments of which slot each shows."""
    if not (source / "tagged.csv").is_file():
        photos = sorted((source / "train").rglob("*.jpg"))
        bare = [path for path in photos if isinstance(find_on_plain_ground(load_photo(path).pixels), str)]
        return [(path, Counter([CLOTHING_TO_SLOT[path.parent.name]])) for path in bare]
    found = []
    with (source / "tagged.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wanted = Counter(slot for tag in row["tags"].split("|") if (slot := CCP_TO_SLOT.get(tag)))
            for slot in ("footwear", "bag", "headwear", "eyewear"):
                wanted[slot] = min(wanted[slot], 1)
            if +wanted:
                found.append((source / row["photo"], +wanted))
    return found


def main() -> None:
    model, source, out = (Path(argument) for argument in sys.argv[1:])
    manifest = read_manifest(model, "detector")
    net = build("faster_rcnn_lite", manifest.class_names)
    net.load_state_dict(reopen(model, net))
    detectors = [TorchDetector(net, manifest.class_names, DetectorInput(area=area, multiple_of=32)) for area in AREAS]
    photos = tagged(source)
    records, missed = [], Counter[str]()
    for path, wanted in photos:
        found = label(detectors, load_photo(path), wanted)
        if isinstance(found, str):
            missed[found] += 1
        else:
            name = f"{path.parent.name}/{path.stem}"
            records.append(record_of(Example(path, name, found, "train")))
    out.mkdir()
    write_splits(out, records, manifest.class_names)
    print(f"{len(records)} of {len(photos)} photos; left out: {dict(missed)}")


if __name__ == "__main__":
    main()

"""Garments and people cut out of street photos: ``python recipes/detector/paste_scenes.py COUNT STREET OUT``.

Copy-paste by CCP's masks (Ghiasi et al. 2021). Two thirds are whole people on a studio's ground or in another street,
so that what stands behind a garment tells nothing; a third are bags, shoes and glasses alone on a ground, as a shop
shows them: the packshots of the data have no bags and no glasses. STREET is CCP as prepared, of which only the train
photos are used.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from draw_negatives import SIZES, cut, ground, mask_of, scaled, shadow, street_window, taken
from PIL import Image

from outfitter.datasets import load
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.records import record_of
from outfitter.geometry import as_boxes, clip
from outfitter.photo import encode_jpeg
from outfitter.taxonomy import CCP_TO_SLOT, SLOTS
from outfitter.values import Annotations, Example

SMALLEST = 24
"""Garments whose shorter side has fewer pixels are not shown alone."""
ALONE = ("bag", "footwear", "eyewear")
"""Slots whose garments nothing is worn over: cut out, they are whole."""
FILLED = 0.35
"""Least share of its box that a garment fills; others are scraps of one."""


def main() -> None:
    count, street, out = int(sys.argv[1]), *(Path(argument) for argument in sys.argv[2:])
    (out / "photos").mkdir(parents=True)
    examples = load(street).split("train")
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(partial(paste, examples, out / "photos"), range(count), chunksize=16))
    write_splits(out, [record_of(example) for example in found if example is not None], SLOTS)


def paste(examples: list[Example], folder: Path, seed: int) -> Example | None:
    rng = np.random.default_rng([11, seed])
    made = _person(examples, rng) if rng.random() < 2 / 3 else _alone(examples, rng)
    if made is None:
        return None
    picture, boxes, labels = made
    path = folder / f"{seed:05d}.jpg"
    path.write_bytes(encode_jpeg(taken(picture, rng), quality=int(rng.integers(70, 95))))
    return Example(
        path, path.stem, Annotations(clip(as_boxes(boxes), picture.size), tuple(labels), picture.size), "train"
    )


Made = tuple[Image.Image, list[list[float]], list[str]]


def _person(examples: list[Example], rng: np.random.Generator) -> Made | None:
    """A whole person with what they wear, standing on another ground."""
    example = examples[int(rng.integers(len(examples)))]
    mask, _ = mask_of(example.image)
    person = cut(example.image, mask > 0)
    left, top, right, bottom = Image.fromarray(mask > 0).getbbox() or (0, 0, 1, 1)
    person = person.crop((left, top, right, bottom))
    size = SIZES[int(rng.integers(2))]
    photos = [other.image for other in examples]
    window = street_window(photos, rng) if rng.random() < 0.4 else None
    picture = ground(size, rng) if window is None else Image.fromarray(window).resize(size)
    scale = rng.uniform(0.6, 1.0) * min(size[0] / person.width, size[1] / person.height)
    person = scaled(person, scale)
    place = np.array([rng.integers(0, size[0] - person.width + 1), rng.integers(0, size[1] - person.height + 1)])
    if window is None:
        shadow(picture, person, place, rng)
    picture.paste(person, (int(place[0]), int(place[1])), person)
    boxes = (example.annotations.boxes_xyxy - np.tile([left, top], 2)) * scale + np.tile(place, 2)
    return picture, boxes.tolist(), list(example.annotations.labels)


def _alone(examples: list[Example], rng: np.random.Generator) -> Made | None:
    """One garment, or up to four side by side."""
    size = SIZES[int(rng.integers(len(SIZES)))]
    picture = ground(size, rng)
    many = int(rng.choice([1, 1, 1, 2, 4]))
    columns, rows = {1: (1, 1), 2: (2, 1) if size[0] >= size[1] else (1, 2), 4: (2, 2)}[many]
    boxes, labels = [], []
    for cell in range(many):
        found = _garment(examples, rng)
        if found is None:
            continue
        thing, slot = found
        room = np.array([size[0] / columns, size[1] / rows])
        scale = rng.uniform(0.45, 0.95) * min(room[0] / thing.width, room[1] / thing.height)
        thing = scaled(thing, scale)
        corner = room * [cell % columns, cell // columns]
        place = (corner + (room - thing.size) * rng.uniform(0.2, 0.8, 2)).astype(int)
        shadow(picture, thing, place, rng)
        picture.paste(thing, (int(place[0]), int(place[1])), thing)
        boxes.append([*place, *(place + thing.size)])
        labels.append(slot)
    return (picture, boxes, labels) if boxes else None


def _garment(examples: list[Example], rng: np.random.Generator) -> tuple[Image.Image, str] | None:
    """A garment by its mask, out of its photo and turned a little; the slots come equally often."""
    slot = str(rng.choice(ALONE))
    for _ in range(40):
        example = examples[int(rng.integers(len(examples)))]
        known = example.annotations
        own = [box for box, label in zip(known.boxes_xyxy, known.labels, strict=True) if label == slot]
        large = [box for box in own if min(box[2:] - box[:2]) >= SMALLEST * (0.5 if slot == "eyewear" else 1)]
        if not large:
            continue
        mask, names = mask_of(example.image)
        x1, y1, x2, y2 = large[int(rng.integers(len(large)))].round().astype(int)
        of_slot = np.isin(mask, [i for i, name in enumerate(names) if CCP_TO_SLOT.get(name) == slot])[y1:y2, x1:x2]
        if of_slot.mean() < FILLED:
            continue
        whole = np.zeros(mask.shape, bool)
        whole[y1:y2, x1:x2] = of_slot
        thing = cut(example.image, whole).crop((x1, y1, x2, y2))
        thing = thing.rotate(float(rng.normal(0, 10)), expand=True, resample=Image.Resampling.BILINEAR)
        edge = thing.getchannel("A").point(lambda value: 255 * (value > 127)).getbbox()
        if edge:
            return thing.crop(edge), slot
    return None


if __name__ == "__main__":
    main()

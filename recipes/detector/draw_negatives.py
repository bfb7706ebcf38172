"""Pictures without a garment: ``python recipes/detector/draw_negatives.py COUNT CLIPART STREET OUT``.

A detector that has only seen garments on plain ground takes whatever lies on plain ground for one. Three sources
teach it otherwise, on papers, boards and tiles: public-domain clip art (CLIPART is ``/usr/share/openclipart/png`` of
Debian's package openclipart-png; its people, signs and unsorted folders are left out), roughened to look less drawn or
filled with a photo; what CCP's masks name beside the seven slots (hair, skin, scarves, belts, watches), cut out of its
photos; and shaded bodies (`solids.py`). The fourth are windows of CCP's streets in which its masks name nothing at all.
STREET is CCP as prepared: only its train photos are used.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from solids import solid, surface

from outfitter.boutique.grounds import flat, paper
from outfitter.datasets import load
from outfitter.datasets.dataset import write_splits
from outfitter.datasets.masks import labels_of, read_mask
from outfitter.datasets.records import record_of
from outfitter.geometry import as_boxes
from outfitter.photo import encode_jpeg, load_photo
from outfitter.taxonomy import CCP_TO_SLOT, SLOTS
from outfitter.values import Annotations, Example

FOLDERS = (
    *("animals", "buildings/furniture", "computer/hardware", "containers", "education/books", "electronics", "food"),
    *("office", "plants", "recreation/music", "recreation/sports", "science", "tools"),
    *("transportation/boating", "transportation/vehicles"),
)
SIZES = ((288, 432), (320, 400), (400, 320), (432, 288), (360, 360))
STREETS = 0.05
"""Share of windows of streets."""
CUT_OUTS, SOLIDS = 0.3, 0.35
"""Shares of things that are cut out of photos and of shaded bodies, the others being drawn."""


def main() -> None:
    count, clipart, street, out = int(sys.argv[1]), *(Path(argument) for argument in sys.argv[2:])
    photos = [example.image for example in load(street).split("train")]
    paths = [path for folder in FOLDERS for path in sorted((clipart / folder).rglob("*.png"))]
    Image.MAX_IMAGE_PIXELS = None  # of the largest only the size is read
    art = [path for path in paths if max(Image.open(path).size) <= 1500]
    (out / "photos").mkdir(parents=True)
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(partial(draw, art, photos, out / "photos"), range(count), chunksize=16))
    write_splits(out, [record_of(example) for example in found if example is not None], SLOTS)


def draw(art: list[Path], photos: list[Path], folder: Path, seed: int) -> Example | None:
    rng = np.random.default_rng([7, seed])
    pixels = street_window(photos, rng) if rng.random() < STREETS else _still_life(art, photos, rng)
    if pixels is None:
        return None
    path = folder / f"{seed:05d}.jpg"
    path.write_bytes(encode_jpeg(pixels, quality=int(rng.integers(70, 95))))
    size = (pixels.shape[1], pixels.shape[0])
    return Example(path, path.stem, Annotations(as_boxes([]), (), size), "train")


def _still_life(art: list[Path], photos: list[Path], rng: np.random.Generator) -> NDArray[np.uint8]:
    size = SIZES[int(rng.integers(len(SIZES)))]
    picture = ground(size, rng)
    many = int(rng.choice([1, 1, 1, 2, 4]))
    for _ in range(many):
        thing = _thing(art, photos, rng)
        if min(thing.size) < 16:
            continue
        share = rng.uniform(0.45, 0.95) if many == 1 else rng.uniform(0.2, 0.5)
        scale = share * min(size[0] / thing.width, size[1] / thing.height)
        thing = scaled(thing, scale)
        thing = thing.rotate(float(rng.normal(0, 15)), expand=True, resample=Image.Resampling.BILINEAR)
        spare = np.maximum(1, np.array(size) - thing.size)
        place = spare // 2 if many == 1 else rng.integers(0, spare)
        shadow(picture, thing, place, rng)
        picture.paste(thing, (int(place[0]), int(place[1])), thing)
    return taken(picture, rng)


def ground(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """A paper, board or tiles, in their own colour or in any."""
    pixels = np.array(paper(size, rng) if rng.random() < 0.7 else flat(size, rng), np.float32)
    if rng.random() < 0.3:
        pixels = pixels * 0.4 + 0.6 * rng.integers(60, 256, 3)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def mask_of(photo: Path) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The mask of one of CCP's photos, and the names of its values."""
    folder = photo.parents[1]
    return read_mask(folder / "masks" / f"{photo.stem}.png"), labels_of(folder)


def cut(photo: Path, mask: NDArray[np.bool_]) -> Image.Image:
    """The photo with what is outside of the mask transparent, the edge soft."""
    image = Image.fromarray(load_photo(photo).pixels)
    image.putalpha(Image.fromarray((mask * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1)))
    return image


def scaled(thing: Image.Image, scale: float) -> Image.Image:
    """At least eight pixels either way."""
    return thing.resize((max(8, round(thing.width * scale)), max(8, round(thing.height * scale))))


def taken(picture: Image.Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture as a camera gives it, a little blurred and grainy."""
    blurred = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.8))))
    grain = rng.normal(0, rng.uniform(0, 4), (picture.height, picture.width, 1))
    return np.clip(np.asarray(blurred) + grain, 0, 255).astype(np.uint8)


def _thing(art: list[Path], photos: list[Path], rng: np.random.Generator) -> Image.Image:
    kind = rng.random()
    if kind < CUT_OUTS:
        return _cut_out(photos, rng)
    photo = load_photo(photos[int(rng.integers(len(photos)))]).pixels
    return solid(photo, rng) if kind < CUT_OUTS + SOLIDS else _drawn(art, photo, rng)


def _drawn(art: list[Path], photo: NDArray[np.uint8], rng: np.random.Generator) -> Image.Image:
    """Clip art, as it is or, of a third, its drawing over a surface of another kind."""
    thing = Image.open(art[int(rng.integers(len(art)))]).convert("RGBA")
    thing = thing.crop(thing.getchannel("A").getbbox())
    if rng.random() < 1 / 3:
        filled = Image.fromarray(np.clip(surface(thing.size[::-1], photo, rng), 0, 255).astype(np.uint8)).convert(
            "RGBA"
        )
        filled.putalpha(thing.getchannel("A"))
        thing = Image.blend(thing, filled, float(rng.uniform(0.4, 0.9)))
    return _roughened(thing, rng)


def _cut_out(photos: list[Path], rng: np.random.Generator) -> Image.Image:
    """What a mask names that is of no slot, out of its photo, with a soft edge."""
    while True:
        path = photos[int(rng.integers(len(photos)))]
        mask, names = mask_of(path)
        found = [n for n in np.unique(mask) if names[n] not in CCP_TO_SLOT and n and (mask == n).sum() > 500]
        if not found:
            continue
        chosen = mask == rng.choice(found)
        return cut(path, chosen).crop(Image.fromarray(chosen).getbbox())


def _roughened(thing: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Flat colours get the unevenness of a surface under light, at several sizes of grain."""
    pixels = np.array(thing, np.float32)
    height, width = pixels.shape[:2]
    relief = np.zeros((height, width), np.float32)
    for cell in (2, 6, 24):
        shape = (width // cell + 2, height // cell + 2)
        coarse = Image.fromarray(rng.normal(0, 1, shape[::-1]).astype(np.float32))
        relief += np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    light = (
        np.linspace(*rng.uniform(0.75, 1.2, 2), width)[None] * np.linspace(*rng.uniform(0.75, 1.2, 2), height)[:, None]
    )
    pixels[..., :3] = pixels[..., :3] * (light * (1 + rng.uniform(0, 0.12) * relief))[..., None]
    pixels[..., :3] += rng.normal(0, 12, 3)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGBA")


def shadow(picture: Image.Image, thing: Image.Image, place: NDArray[np.integer], rng: np.random.Generator) -> None:
    alpha = thing.getchannel("A").point(lambda value: int(value * 0.35))
    black = Image.new("RGB", thing.size, (40, 40, 45))
    offset = place + rng.integers(-6, 7, 2)
    picture.paste(black, (int(offset[0]), int(offset[1])), alpha.filter(ImageFilter.GaussianBlur(5)))


def street_window(photos: list[Path], rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """A window without people of one of the photos that are trained on; None if none was found in a few tries."""
    for _ in range(40):
        path = photos[int(rng.integers(len(photos)))]
        bare = mask_of(path)[0] == 0
        height, width = bare.shape
        w, h = int(rng.integers(width // 4, width // 2)), int(rng.integers(height // 6, height // 2))
        x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
        if bare[y : y + h, x : x + w].all():
            window = load_photo(path).pixels[y : y + h, x : x + w]
            size = (round(384 * (w / h) ** 0.5), round(384 * (h / w) ** 0.5))
            return np.asarray(Image.fromarray(np.ascontiguousarray(window)).resize(size, Image.Resampling.BILINEAR))
    return None


if __name__ == "__main__":
    main()

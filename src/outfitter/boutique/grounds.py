"""Grounds of packshots: light paper; boards, tiles, linen, plaster and carpet. And what all backdrops are made with."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from outfitter.boutique.colours import Rgb, cloud, darker, mix
from outfitter.boutique.shapes import Field

Size: TypeAlias = tuple[int, int]


def paper(size_wh: Size, rng: np.random.Generator, white: float = 0.5) -> Field:
    """A packshot's ground: white, light grey or beige, a little brighter where the light falls. float32 (H, W, 3)."""
    grounds: tuple[Rgb, ...] = (
        (255, 255, 255),
        (250, 250, 249),
        (241, 241, 241),
        (228, 229, 231),
        (243, 238, 230),
        (236, 228, 216),
        (222, 226, 228),
        (240, 231, 229),
    )
    rgb = grounds[0] if rng.random() < white else grounds[int(rng.integers(len(grounds)))]
    ground = filled(size_wh, rgb)
    if rgb != grounds[0]:
        ground *= falloff(size_wh, rng, 0.06)[..., None]
    return ground


def flat(size_wh: Size, rng: np.random.Generator) -> Field:
    """What clothes are laid on for a quick photo: boards, tiles, bed linen, carpet, painted walls."""
    return _FLATS[int(rng.integers(len(_FLATS)))](size_wh, rng)


def filled(size_wh: Size, rgb: Rgb) -> Field:
    ground = np.empty((size_wh[1], size_wh[0], 3), np.float32)
    ground[:] = rgb
    return ground


def falloff(size_wh: Size, rng: np.random.Generator, depth: float) -> Field:
    w, h = size_wh
    x, y = np.linspace(-1, 1, w)[None], np.linspace(-1, 1, h)[:, None]
    cx, cy = rng.uniform(-0.5, 0.5), rng.uniform(-0.6, 0.1)
    return np.asarray(1 + depth * 0.35 - depth * ((x - cx) ** 2 + (y - cy) ** 2) * 0.5, np.float32)


def pick(rng: np.random.Generator, *choices: Rgb) -> Rgb:
    rgb = choices[int(rng.integers(len(choices)))]
    return mix(rgb, tuple(int(v) for v in rng.integers(0, 256, 3)), 0.06)  # type: ignore[arg-type]


def noise(size_wh: Size, rng: np.random.Generator, waves: float, stretch: tuple[float, float] = (1, 1)) -> Field:
    w, h = size_wh
    side = 256
    field = cloud(waves, int(rng.integers(12)), side)
    rolled = np.roll(field, tuple(rng.integers(0, side, 2)), (0, 1))
    share = side / max(w, h)
    seen = (0.0, 0.0, w * stretch[0] * share, h * stretch[1] * share)
    return np.asarray(Image.fromarray(rolled).resize(size_wh, Image.Resampling.BICUBIC, box=seen))


def softened(image: Image.Image, radius: float, size_wh: Size) -> Field:
    if radius > 0.3:
        image = image.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(image.resize(size_wh, Image.Resampling.BILINEAR), np.float32).copy()


def _boards(size_wh: Size, rng: np.random.Generator) -> Field:
    w, h = size_wh
    rgb = pick(rng, (176, 134, 92), (126, 88, 60), (196, 176, 150), (150, 140, 130), (96, 62, 44))
    image = Image.new("RGB", size_wh, rgb)
    pen = ImageDraw.Draw(image)
    step = int(rng.integers(w // 9, w // 4))
    for x in range(-step, w + step, step):
        tone = mix(rgb, (255, 244, 224) if rng.random() < 0.5 else (40, 24, 14), rng.uniform(0, 0.2))
        pen.rectangle((x, 0, x + step - 2, h), tone)
        pen.line((x, 0, x, h), darker(rgb, 0.55), 2)
        cut = int(rng.integers(0, h))
        pen.line((x, cut, x + step, cut), darker(rgb, 0.5), 2)
    ground = np.asarray(image, np.float32) * (1 + 0.05 * noise(size_wh, rng, 40, (1, 0.06)))[..., None]
    return np.asarray(np.clip(ground, 0, 255), np.float32)


def _linen_sheet(size_wh: Size, rng: np.random.Generator) -> Field:
    rgb = pick(
        rng,
        (196, 44, 40),
        (236, 232, 224),
        (120, 132, 150),
        (210, 196, 176),
        (60, 70, 96),
        (176, 196, 186),
        (226, 190, 190),
    )
    folds = noise(size_wh, rng, 5)
    light = np.gradient(folds, axis=1) * 9 + np.gradient(folds, axis=0) * 6
    return np.asarray(np.clip(filled(size_wh, rgb) * (1 + 0.22 * light)[..., None], 0, 255), np.float32)


def _tiles(size_wh: Size, rng: np.random.Generator) -> Field:
    w, h = size_wh
    rgb = pick(rng, (222, 216, 206), (180, 176, 170), (236, 234, 230), (150, 120, 96))
    image = Image.new("RGB", size_wh, rgb)
    pen = ImageDraw.Draw(image)
    step = int(rng.integers(w // 5, w // 2))
    ox, oy = rng.integers(0, step, 2)
    for y in range(-step, h + step, step):
        for x in range(-step, w + step, step):
            pen.rectangle(
                (x + ox, y + oy, x + ox + step - 4, y + oy + step - 4),
                mix(rgb, (255, 255, 255), rng.uniform(0, 0.12)),
                darker(rgb, 0.2),
            )
    ground = np.asarray(image, np.float32) * (1 + 0.03 * noise(size_wh, rng, 14))[..., None]
    return np.asarray(np.clip(ground, 0, 255), np.float32)


def _plaster(size_wh: Size, rng: np.random.Generator) -> Field:
    rgb = pick(
        rng,
        (232, 230, 224),
        (206, 206, 204),
        (196, 208, 212),
        (222, 206, 186),
        (94, 108, 104),
        (56, 58, 64),
        (186, 168, 158),
    )
    return np.asarray(
        np.clip(
            filled(size_wh, rgb) * (1 + 0.02 * noise(size_wh, rng, 30) + 0.03 * noise(size_wh, rng, 3))[..., None],
            0,
            255,
        ),
        np.float32,
    )


def _carpet(size_wh: Size, rng: np.random.Generator) -> Field:
    rgb = pick(rng, (140, 132, 126), (86, 88, 98), (176, 160, 140), (110, 60, 56), (70, 92, 84))
    w, h = size_wh
    rough = rng.standard_normal((h, w)).astype(np.float32)
    return np.asarray(
        np.clip(filled(size_wh, rgb) * (1 + 0.1 * rough + 0.05 * noise(size_wh, rng, 20))[..., None], 0, 255),
        np.float32,
    )


_FLATS: Final = (_boards, _linen_sheet, _tiles, _plaster, _carpet, _boards, _plaster)

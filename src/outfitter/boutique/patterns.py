"""Patterns and weaves, each drawn on a tile of `DRAWN` pixels that wraps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from outfitter.boutique.colours import Rgb, cloud, darker, lighter
from outfitter.boutique.shapes import Field

DRAWN: Final = 512

Pattern: TypeAlias = Callable[[Image.Image, tuple[Rgb, ...], np.random.Generator], None]


def _solid(_image: Image.Image, _colours: tuple[Rgb, ...], _rng: np.random.Generator) -> None:
    pass


def _stripes(repeat: int, share: float, upright: bool) -> Pattern:
    def draw(image: Image.Image, colours: tuple[Rgb, ...], _rng: np.random.Generator) -> None:
        pen = ImageDraw.Draw(image)
        step = DRAWN / repeat
        for i in range(repeat):
            a, b = i * step, i * step + step * share - 1
            pen.rectangle((a, 0, b, DRAWN) if upright else (0, a, DRAWN, b), colours[1])

    return draw


def _bands(pixels: NDArray[np.float32], axis: int, start: float, stop: float, rgb: Rgb, share: float) -> None:
    cut = slice(int(start), max(int(start) + 1, int(stop)))
    part = pixels[cut] if axis == 0 else pixels[:, cut]
    part += share * (np.array(rgb, np.float32) - part)


def _gingham(image: Image.Image, colours: tuple[Rgb, ...], _rng: np.random.Generator) -> None:
    pixels = np.array(image, np.float32)
    step = DRAWN / 10
    for axis in (0, 1):
        for i in range(10):
            _bands(pixels, axis, i * step, (i + 0.5) * step, colours[1], 0.5)
    image.paste(Image.fromarray(pixels.astype(np.uint8)))


def _tartan(image: Image.Image, colours: tuple[Rgb, ...], rng: np.random.Generator) -> None:
    pixels = np.array(image, np.float32)
    step = DRAWN / int(rng.integers(2, 4))
    sett = [(0.05, 0.3, 1, 0.5), (0.12, 0.16, 2, 0.7), (0.2, 0.23, 2, 0.7), (0.55, 0.6, 2, 0.6), (0.7, 0.92, 1, 0.35)]
    for axis in (0, 1):
        for i in range(round(DRAWN / step)):
            for a, b, which, share in sett:
                _bands(pixels, axis, (i + a) * step, (i + b) * step, colours[which], share)
    y, x = np.mgrid[:DRAWN, :DRAWN]
    pixels *= np.where((x + y) // 3 % 2, 1.0, 0.93)[..., None]
    image.paste(Image.fromarray(pixels.astype(np.uint8)))


def _windowpane(image: Image.Image, colours: tuple[Rgb, ...], _rng: np.random.Generator) -> None:
    pixels = np.array(image, np.float32)
    for axis in (0, 1):
        for i in range(4):
            _bands(pixels, axis, i * 128 + 20, i * 128 + 26, colours[1], 0.75)
    image.paste(Image.fromarray(pixels.astype(np.uint8)))


def _around(x: float, y: float, reach: float) -> list[tuple[float, float]]:
    """The place, and its copies across the tile's edges."""
    shifts = (-DRAWN, 0, DRAWN)
    copies = [(x + i, y + j) for i in shifts for j in shifts]
    return [(a, b) for a, b in copies if -reach < a < DRAWN + reach and -reach < b < DRAWN + reach]


def _dots(image: Image.Image, colours: tuple[Rgb, ...], rng: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    count = int(rng.integers(6, 11))
    step = DRAWN / count
    r = step * rng.uniform(0.17, 0.27)
    for j in range(count * 2):
        for i in range(count):
            for x, y in _around((i + 0.5 * (j % 2) + 0.25) * step, (j + 0.5) * step / 2 * 1.0, r):
                pen.ellipse((x - r, y - r, x + r, y + r), colours[1])


def _scatter(rng: np.random.Generator, count: int, apart: float) -> list[tuple[float, float]]:
    """Places on the tile at least `apart` pixels from each other, where there is room."""
    places = np.empty((0, 2))
    for p in rng.uniform(0, DRAWN, (count * 8, 2)):
        gaps = np.abs(places - p)
        gaps = np.minimum(gaps, DRAWN - gaps)
        if not len(places) or (gaps * gaps).sum(1).min() > apart * apart:
            places = np.concatenate([places, p[None]])
            if len(places) == count:
                break
    return [(float(x), float(y)) for x, y in places]


def _petals(pen: ImageDraw.ImageDraw, x: float, y: float, r: float, n: int, turn: float, rgb: Rgb, slim: float) -> None:
    t = np.linspace(0, 2 * np.pi, 60)
    outline = r * (1 - slim + slim * np.abs(np.cos(n * (t - turn) / 2)))
    pen.polygon(list(zip(x + outline * np.cos(t), y + outline * np.sin(t), strict=True)), rgb)


def _floral(image: Image.Image, colours: tuple[Rgb, ...], rng: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    size = rng.uniform(0.8, 1.4)
    for x0, y0 in _scatter(rng, 70, 34 * size):  # leaves and sprigs
        turn, length = rng.uniform(0, 2 * np.pi), 20 * size * rng.uniform(0.7, 1.2)
        for x, y in _around(x0, y0, 40 * size):
            for side in (-0.5, 0.5):
                a = turn + side
                tip = (x + length * np.cos(a), y + length * np.sin(a))
                mid = [(x + length * 0.5 * np.cos(a + d), y + length * 0.5 * np.sin(a + d)) for d in (-0.5, 0.5)]
                pen.polygon([(x, y), mid[0], tip, mid[1]], colours[2])
    for x0, y0 in _scatter(rng, 26, 78 * size):
        r, turn, n = 26 * size * rng.uniform(0.65, 1.2), rng.uniform(0, 6.3), int(rng.integers(5, 7))
        rgb = colours[1] if rng.random() < 0.7 else colours[3]
        for x, y in _around(x0, y0, 40 * size):
            _petals(pen, x, y, r, n, turn, darker(rgb, 0.18), 0.45)
            _petals(pen, x, y, r * 0.88, n, turn, rgb, 0.45)
            _petals(pen, x, y, r * 0.5, n, turn + 0.5, lighter(rgb, 0.35), 0.4)
            pen.ellipse((x - r * 0.18, y - r * 0.18, x + r * 0.18, y + r * 0.18), (228, 178, 72))


def _leopard(image: Image.Image, colours: tuple[Rgb, ...], rng: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    for x0, y0 in _scatter(rng, 95, 40):
        r, turn = rng.uniform(13, 20), rng.uniform(0, 2 * np.pi)
        t = np.linspace(0, 2 * np.pi, 24)
        blob = r * (1 + 0.18 * np.sin(2 * t + turn) + 0.12 * np.sin(3 * t))
        gaps = turn + np.array([0, 2.3])
        for x, y in _around(x0, y0, 30):
            pen.polygon(list(zip(x + blob * np.cos(t), y + blob * 0.85 * np.sin(t), strict=True)), colours[1])
            inner = blob * 0.58
            pen.polygon(list(zip(x + inner * np.cos(t), y + inner * 0.85 * np.sin(t), strict=True)), colours[2])
            for gap in gaps:
                tip = [(x, y), *((x + r * 1.4 * np.cos(gap + d), y + r * 1.2 * np.sin(gap + d)) for d in (-0.3, 0.3))]
                pen.polygon(tip, colours[0])


def _herringbone(image: Image.Image, colours: tuple[Rgb, ...], _rng: np.random.Generator) -> None:
    y, x = np.mgrid[:DRAWN, :DRAWN]
    column = 32
    zig = np.abs(x % (2 * column) - column)
    on = ((y + zig) % 16) < 8
    pixels = np.where(on[..., None], np.array(colours[0]), np.array(colours[1]))
    image.paste(Image.fromarray(pixels.astype(np.uint8)))


def _houndstooth(image: Image.Image, colours: tuple[Rgb, ...], _rng: np.random.Generator) -> None:
    y, x = np.mgrid[:DRAWN, :DRAWN] // 8 % 8  # the weave itself: 4 dark, 4 light threads both ways, 2/2 twill
    warp, weft = x < 4, y < 4
    on = np.where((x + y) % 4 < 2, warp, weft)
    pixels = np.where(on[..., None], np.array(colours[1]), np.array(colours[0]))
    image.paste(Image.fromarray(pixels.astype(np.uint8)))


def _camouflage(image: Image.Image, colours: tuple[Rgb, ...], rng: np.random.Generator) -> None:
    pixels = np.array(image)
    for i, rgb in enumerate(colours[1:4]):
        pixels[cloud(6, int(rng.integers(1 << 30)) + i, DRAWN) > 0.55] = rgb
    image.paste(Image.fromarray(pixels))


def _tie_dye(image: Image.Image, colours: tuple[Rgb, ...], rng: np.random.Generator) -> None:
    waves = cloud(4, int(rng.integers(1 << 30)), DRAWN)
    share = np.clip(0.5 + 0.9 * np.sin(waves * 3.5), 0, 1)[..., None]
    pixels = np.array(colours[0]) * (1 - share) + np.array(colours[1]) * share
    image.paste(Image.fromarray(pixels.astype(np.uint8)))


def _tortoise(image: Image.Image, colours: tuple[Rgb, ...], rng: np.random.Generator) -> None:
    share = np.clip(0.5 + 0.75 * cloud(9, int(rng.integers(1 << 30)), DRAWN), 0, 1)[..., None]
    pixels = np.array(colours[0]) * (1 - share) + np.array(colours[1]) * share
    image.paste(Image.fromarray(pixels.astype(np.uint8)))


def _brush(image: Image.Image, colours: tuple[Rgb, ...], rng: np.random.Generator) -> None:
    pen = ImageDraw.Draw(image)
    for x0, y0 in _scatter(rng, 60, 45):
        turn, length = rng.uniform(0, np.pi), rng.uniform(14, 34)
        rgb = colours[1 + int(rng.integers(len(colours) - 1))]
        dx, dy = length * np.cos(turn), length * np.sin(turn)
        for x, y in _around(x0, y0, 50):
            pen.line((x - dx, y - dy, x + dx, y + dy), rgb, 11)


PATTERNS: Final[dict[str, Pattern]] = {
    "solid": _solid,
    "breton stripe": _stripes(8, 0.38, False),
    "wide stripe": _stripes(4, 0.5, False),
    "pinstripe": _stripes(16, 0.1, True),
    "vertical stripe": _stripes(9, 0.45, True),
    "gingham": _gingham,
    "tartan": _tartan,
    "windowpane": _windowpane,
    "polka dot": _dots,
    "floral": _floral,
    "leopard": _leopard,
    "herringbone": _herringbone,
    "houndstooth": _houndstooth,
    "camouflage": _camouflage,
    "tie-dye": _tie_dye,
    "tortoise": _tortoise,
    "abstract": _brush,
}

# --- weaves: brightness of a tile, float32 (512, 512) around 1


def _twill(rng: np.random.Generator) -> Field:
    y, x = np.mgrid[:DRAWN, :DRAWN]
    threads = 0.05 * np.sin((x + y) * (2 * np.pi * 64 / DRAWN))
    return np.asarray(1 + threads + 0.06 * rng.standard_normal((DRAWN, DRAWN)), np.float32)


def _linen(rng: np.random.Generator) -> Field:
    across, along = rng.standard_normal((2, DRAWN))
    fine = rng.standard_normal((DRAWN, DRAWN))
    return np.asarray(1 + 0.022 * across[None] + 0.022 * along[:, None] + 0.03 * fine, np.float32)


def _felt(rng: np.random.Generator) -> Field:
    noise = Image.fromarray((128 + 50 * rng.standard_normal((DRAWN, DRAWN))).clip(0, 255).astype(np.uint8))
    soft = np.asarray(noise.filter(ImageFilter.GaussianBlur(1.6)), np.float32) / 128 - 1
    return np.asarray(1 + 0.35 * soft, np.float32)


def _knit(_rng: np.random.Generator) -> Field:
    y, x = np.mgrid[:DRAWN, :DRAWN]
    wale = 2 * np.pi * 32 / DRAWN
    stitch = np.sin(x * wale) * 0.05 + 0.05 * np.sin(y * wale * 1.5 + 1.6 * np.cos(x * wale))
    return np.asarray(1 + stitch, np.float32)


def _rib(_rng: np.random.Generator) -> Field:
    x = np.arange(DRAWN)[None]
    return np.repeat(1 + 0.09 * np.sin(x * (2 * np.pi * 26 / DRAWN)), DRAWN, 0).astype(np.float32)


def _straw(_rng: np.random.Generator) -> Field:
    y, x = np.mgrid[:DRAWN, :DRAWN]
    k = 2 * np.pi * 40 / DRAWN
    return np.asarray(1 + 0.09 * np.sin(x * k) * np.sin(y * k) + 0.05 * np.sin(y * k / 2), np.float32)


WEAVES: Final = {"twill": _twill, "linen": _linen, "felt": _felt, "knit": _knit, "rib": _rib, "straw": _straw}

"""Things that are no garments, shaded: bodies of revolution (fruit, pots, bottles, bowls), boxes, flowers, creatures.

A hat or a shoe on plain ground is a rounded, shaded body that no flat drawing resembles; so are an apple, a pot and a
penguin, and a detector has to be told which is which. Each is a picture with transparency, its surface a colour, bands,
blotches, or a window of a photo.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIDE = 256
"""Pixels of the longer side of a thing, before it is scaled into its picture."""


def solid(photo: NDArray[np.uint8], rng: np.random.Generator) -> Image.Image:
    """A random body, RGBA; `photo` lends its surface to some."""
    kind = rng.choice([_turned, _flower, _creature, _box], p=[0.45, 0.2, 0.2, 0.15])
    thing: Image.Image = kind(photo, rng)
    return thing.crop(thing.getchannel("A").getbbox())


def surface(shape: tuple[int, int], photo: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """(height, width, 3) in 0–255: a window of `photo`, or a colour with blotches, or bands of two colours."""
    height, width = shape
    kind = rng.random()
    if kind < 0.3:
        return _window(shape, photo, rng)
    colours = rng.uniform(10, 250, (2, 3)).astype(np.float32)
    if kind < 0.7:
        share = _blotches(shape, int(rng.choice([4, 12, 40])), rng)
        return colours[0] + (colours[1] - colours[0]) * share[..., None] * rng.uniform(0, 0.6)
    edges = np.sort(rng.integers(0, height, int(rng.integers(2, 12))))
    band = np.searchsorted(edges, np.arange(height)) % 2
    return np.broadcast_to(colours[band][:, None], (height, width, 3)).astype(np.float32)


def _window(shape: tuple[int, int], photo: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    side = int(rng.integers(24, min(photo.shape[:2]) // 2))
    y, x = (int(rng.integers(0, extent - side)) for extent in photo.shape[:2])
    window = Image.fromarray(np.ascontiguousarray(photo[y : y + side, x : x + side]))
    return np.asarray(window.resize(shape[::-1], Image.Resampling.BICUBIC), np.float32)


def _blotches(shape: tuple[int, int], cell: int, rng: np.random.Generator) -> NDArray[np.float32]:
    coarse = Image.fromarray(rng.random((shape[0] // cell + 2, shape[1] // cell + 2)).astype(np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))


def _profile(rng: np.random.Generator) -> tuple[NDArray[np.float32], bool]:
    """Radius over height, SIDE values of at most 1; and whether the top is open, as a pot's is."""
    t = np.linspace(0, 1, SIDE)
    if rng.random() < 0.4:  # fruit, eggs, balls
        radius = np.sqrt(np.clip(1 - (2 * t - 1) ** 2, 0, 1)) * (1 + rng.uniform(-0.35, 0.35) * (2 * t - 1))
        return (radius / radius.max() * rng.uniform(0.4, 1)).astype(np.float32), False
    knots = int(rng.integers(2, 7))
    steps = rng.uniform(0.25, 1, knots)
    where = np.concatenate([[0], np.sort(rng.random(knots - 2)), [1]])
    radius = np.interp(t, where, steps)
    soft = int(rng.integers(3, 40))
    padded = np.pad(radius, soft, mode="edge")
    radius = np.convolve(padded, np.ones(2 * soft + 1) / (2 * soft + 1), "valid")
    corner = rng.uniform(0.01, 0.15)
    radius *= np.sqrt(np.clip(1 - np.clip((t - 1 + corner) / corner, 0, 1) ** 2, 0.02, 1))
    return (radius / radius.max() * rng.uniform(0.25, 1.4)).clip(0, 1.4).astype(np.float32), rng.random() < 0.6


def _turned(photo: NDArray[np.uint8], rng: np.random.Generator) -> Image.Image:
    radius, is_open = _profile(rng)
    rim = rng.uniform(0.03, 0.25) if is_open else 0.0  # how far the eye looks down into it
    half = round(SIDE * 0.5 * float(radius.max())) + 2
    spare = round(rim * radius[0] * SIDE / 2) + 24
    height, width = SIDE + 2 * spare, 2 * half
    pixel_radius = np.maximum(radius * SIDE / 2, 0.5)
    x = np.arange(width) - half + 0.5
    u = x[None] / pixel_radius[:, None]
    inside = np.abs(u) <= 1
    nz = np.sqrt(np.clip(1 - u**2, 0, 1))
    slope = -np.gradient(pixel_radius)[:, None]
    normal = np.stack([np.broadcast_to(u, nz.shape), np.broadcast_to(slope, nz.shape) * 1.0, nz], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.9, -0.1), rng.uniform(0.4, 1)])
    light /= np.linalg.norm(light)
    lit = np.clip(normal @ light, 0, 1)
    shade = rng.uniform(0.25, 0.6) + rng.uniform(0.4, 0.8) * lit
    gloss = rng.uniform(0, 160) * lit ** rng.uniform(8, 60) * (rng.random() < 0.6)
    colour = surface((SIDE, width), photo, rng) * shade[..., None] + gloss[..., None]
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[spare : spare + SIDE, :, :3] = np.clip(colour, 0, 255)
    pixels[spare : spare + SIDE, :, 3] = inside * 255
    body = Image.fromarray(pixels, "RGBA")
    draw = ImageDraw.Draw(body)
    base = tuple(int(value) for value in np.clip(colour[inside].mean(0), 0, 255))
    _extras(draw, base, pixel_radius, half, spare, rng)
    if is_open:
        rx, ry = float(pixel_radius[0]), max(2.0, float(pixel_radius[0] * rim))
        inner = tuple(int(value * rng.uniform(0.3, 0.8)) for value in base)
        draw.ellipse((half - rx, spare - ry, half + rx, spare + ry), fill=(*inner, 255), outline=(*base, 255), width=3)
    return body.filter(ImageFilter.GaussianBlur(0.7))


def _extras(
    draw: ImageDraw.ImageDraw,
    base: tuple[int, ...],
    pixel_radius: NDArray[np.floating],
    half: int,
    spare: int,
    rng: np.random.Generator,
) -> None:
    """A handle, or a stem with a leaf, on some."""
    kind = rng.random()
    if kind < 0.25:
        top, bottom = spare + SIDE * rng.uniform(0.1, 0.4), spare + SIDE * rng.uniform(0.5, 0.9)
        side = rng.choice([-1, 1])
        reach = float(pixel_radius.max()) * 0.75
        left, right = sorted((half + side * reach * 0.6, half + side * reach * 1.25))
        draw.ellipse((left, top, right, bottom), outline=(*base, 255), width=int(rng.integers(6, 16)))
    elif kind < 0.5:
        lean = rng.uniform(-15, 15)
        draw.line((half, spare + 6, half + lean, spare - 18), fill=(90, 70, 40, 255), width=int(rng.integers(3, 8)))
        if rng.random() < 0.6:
            x = half + lean
            draw.ellipse(
                (x, spare - 20, x + rng.uniform(20, 45), spare - 4), fill=(60, int(rng.integers(90, 170)), 50, 255)
            )


def _box(photo: NDArray[np.uint8], rng: np.random.Generator) -> Image.Image:
    """A cuboid seen from above and one side: three faces, each a surface under its own light."""
    wide, tall, deep = rng.uniform(60, 150), rng.uniform(30, 180), rng.uniform(15, 80)
    front = [(0, deep * 0.6), (wide, deep * 0.6), (wide, deep * 0.6 + tall), (0, deep * 0.6 + tall)]
    upper = [(0, deep * 0.6), (deep, 0), (wide + deep, 0), (wide, deep * 0.6)]
    side = [(wide, deep * 0.6), (wide + deep, 0), (wide + deep, tall), (wide, deep * 0.6 + tall)]
    size = (round(wide + deep) + 2, round(deep * 0.6 + tall) + 2)
    picture = Image.new("RGBA", size)
    texture = surface(size[::-1], photo, rng)
    for face, light in zip((front, upper, side), rng.permutation([1.0, 0.8, 0.55]), strict=True):
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon(face, fill=255)
        lit = Image.fromarray(np.clip(texture * light, 0, 255).astype(np.uint8), "RGB")
        picture.paste(lit, (0, 0), mask)
    return picture


def _flower(photo: NDArray[np.uint8], rng: np.random.Generator) -> Image.Image:
    """One or two wreaths of petals round a heart, each petal lighter or darker towards its tip."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    radius, angle = np.hypot(x, y) / (SIDE / 2), np.arctan2(y, x)
    picture = Image.new("RGBA", (SIDE, SIDE))
    texture = surface((SIDE, SIDE), photo, rng)
    count, turn = int(rng.integers(3, 13)), rng.uniform(0, 2 * np.pi)
    width, tip = rng.uniform(0.5, 1.6), rng.uniform(0.4, 2.5)
    for reach, twist in [(1.0, 0.0), (rng.uniform(0.6, 0.9), np.pi / count)][: int(rng.integers(1, 3))]:
        for petal in rng.permutation(count):
            off = (angle - turn - twist - petal * 2 * np.pi / count + np.pi) % (2 * np.pi) - np.pi
            along = np.clip(radius / reach, 0, 1)
            edge = width * np.pi / count * np.sin(np.pi * along**tip) ** 0.7
            light = (
                rng.uniform(0.7, 1.1) * (1 + rng.uniform(-0.5, 0.5) * (along - 0.5)) * (1 - 0.4 * np.abs(off) / np.pi)
            )
            _add(picture, texture * light[..., None], (np.abs(off) < edge) & (radius < reach))
    heart = radius < rng.uniform(0.05, 0.3)
    _add(picture, surface((SIDE, SIDE), photo, rng) * (1 - radius[..., None]), heart)
    return picture.resize((SIDE, round(SIDE * rng.uniform(0.55, 1))))


def _creature(photo: NDArray[np.uint8], rng: np.random.Generator) -> Image.Image:
    """A body, a head, and up to six limbs, all shaded ellipsoids under one skin."""
    picture = Image.new("RGBA", (SIDE, SIDE))
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    skin = surface((SIDE, SIDE), photo, rng)
    long, high, tilt = rng.uniform(0.2, 0.34), rng.uniform(0.1, 0.22), rng.uniform(-1.6, 1.6)
    ahead = np.array([np.cos(tilt), np.sin(tilt)])
    parts = [((0.0, 0.0), long, high, tilt)]
    head = rng.uniform(0.3, 0.8) * high
    parts.append(
        (
            tuple(ahead * (long + head * rng.uniform(0.1, 1))),
            head * rng.uniform(1, 1.8),
            head,
            tilt + rng.normal(0, 0.5),
        )
    )
    for _ in range(int(rng.integers(0, 7))):
        place = ahead * rng.uniform(-long, long) + [0, high * rng.uniform(0.3, 1)]
        parts.append((tuple(place), rng.uniform(0.06, 0.2), rng.uniform(0.01, 0.05), np.pi / 2 + rng.normal(0, 0.5)))
    for (cx, cy), a, b, turn in parts[::-1]:
        u = ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)) / a
        v = (-(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)) / b
        depth = np.sqrt(np.clip(1 - u**2 - v**2, 0, 1))
        light = np.clip(0.45 + 0.5 * depth - 0.3 * (y - cy) / max(a, b), 0.1, 1.2)
        _add(picture, skin * light[..., None], u**2 + v**2 < 1)
    return picture.filter(ImageFilter.GaussianBlur(0.7))


def _add(picture: Image.Image, colour: NDArray[np.floating], where: NDArray[np.bool_]) -> None:
    layer = Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8), "RGB")
    picture.paste(layer, (0, 0), Image.fromarray((where * 255).astype(np.uint8)))

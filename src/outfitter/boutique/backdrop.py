"""What people stand in front of: studios, walls, streets, doorways, rooms and parks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from outfitter.boutique.colours import Rgb, darker, lighter, mix
from outfitter.boutique.grounds import Size, falloff, filled, noise, pick, softened
from outfitter.boutique.shapes import Field


def scene(size_wh: Size, ground_y: float, rng: np.random.Generator) -> Field:
    """What people stand in front of; ground_y: share of the height where wall and floor meet."""
    make = _SCENES[int(rng.integers(len(_SCENES)))]
    lit = make(size_wh, min(ground_y, 1.0), rng) * falloff(size_wh, rng, 0.12)[..., None]
    return np.asarray(np.clip(lit, 0, 255), np.float32)


def _studio(size_wh: Size, ground_y: float, rng: np.random.Generator) -> Field:
    h = size_wh[1]
    rgb = pick(
        rng,
        (226, 226, 226),
        (208, 204, 198),
        (186, 192, 198),
        (236, 228, 220),
        (200, 182, 172),
        (166, 180, 170),
        (120, 126, 134),
    )
    y = np.linspace(0, 1, h)[:, None, None]
    sweep = 1 + 0.06 * np.tanh((y - ground_y) * 9) - 0.05 * (1 - y)
    return np.asarray(filled(size_wh, rgb) * sweep, np.float32)


def _wall(size_wh: Size, ground_y: float, rng: np.random.Generator) -> Field:
    h = size_wh[1]
    wall = pick(
        rng,
        (232, 168, 60),
        (206, 122, 96),
        (88, 128, 142),
        (222, 214, 200),
        (148, 166, 140),
        (188, 120, 128),
        (70, 82, 98),
        (214, 196, 214),
        (240, 236, 228),
    )
    floor = pick(rng, (168, 164, 158), (122, 116, 112), (190, 182, 170), (146, 120, 98))
    ground = filled(size_wh, wall) * (1 + 0.008 * noise(size_wh, rng, 90) + 0.025 * noise(size_wh, rng, 4))[..., None]
    edge = int(h * ground_y)
    ground[edge:] = (
        np.array(floor)
        * (1 + 0.02 * noise(size_wh, rng, 90)[edge:, :, None])
        * np.linspace(0.86, 1.06, h - edge)[:, None, None]
    )
    if rng.random() < 0.6:
        skirting = int(h * 0.025)
        ground[edge - skirting : edge] = np.array(lighter(wall, 0.4) if rng.random() < 0.6 else darker(wall, 0.4))
    ground[edge : edge + 3] *= 0.7
    return np.clip(ground, 0, 255)


def _bricks(size_wh: Size, ground_y: float, rng: np.random.Generator) -> Field:
    w, h = size_wh
    rgb = pick(rng, (158, 84, 64), (178, 120, 96), (206, 200, 192), (110, 74, 66), (92, 92, 96))
    image = Image.new("RGB", size_wh, lighter(rgb, 0.35))
    pen = ImageDraw.Draw(image)
    bh = int(rng.integers(11, 18))
    bw = int(bh * 2.6)
    edge = int(h * ground_y)
    for j, y in enumerate(range(0, edge, bh)):
        for x in range(-bw, w + bw, bw):
            tone = mix(rgb, (30, 16, 12) if rng.random() < 0.5 else (236, 200, 170), rng.uniform(0, 0.22))
            pen.rectangle((x + (j % 2) * bw // 2, y, x + (j % 2) * bw // 2 + bw - 2, y + bh - 2), tone)
    _pavement(pen, size_wh, edge, rng)
    return _grainy(softened(image, rng.uniform(0.6, 1.8), size_wh), rng)


def _pavement(pen: ImageDraw.ImageDraw, size_wh: Size, edge: int, rng: np.random.Generator) -> None:
    w, h = size_wh
    rgb = pick(rng, (150, 148, 146), (176, 170, 162), (112, 112, 116), (196, 188, 176))
    for y in range(edge, h):
        pen.line((0, y, w, y), mix(darker(rgb, 0.15), lighter(rgb, 0.1), (y - edge) / max(1, h - edge)))
    if rng.random() < 0.6:
        centre = w * rng.uniform(0.2, 0.8)
        for t in np.linspace(-4, 4, int(rng.integers(7, 15))):
            pen.line((centre + t * w * 0.12, edge, centre + t * w * 0.42, h), darker(rgb, 0.3), 2)
        for k in (0.08, 0.22, 0.45, 0.75):
            pen.line((0, edge + (h - edge) * k, w, edge + (h - edge) * k), darker(rgb, 0.3), 2)
    pen.line((0, edge, w, edge), darker(rgb, 0.5), 3)


def _grainy(ground: Field, rng: np.random.Generator) -> Field:
    h, w = ground.shape[:2]
    return np.asarray(np.clip(ground * (1 + 0.004 * noise((w, h), rng, 100))[..., None], 0, 255), np.float32)


def _street(size_wh: Size, ground_y: float, rng: np.random.Generator) -> Field:
    w, h = size_wh
    edge = int(h * ground_y)
    sky = pick(rng, (206, 220, 234), (232, 232, 230), (176, 202, 230), (240, 224, 204))
    image = Image.new("RGB", size_wh, sky)
    pen = ImageDraw.Draw(image)
    x = -int(rng.integers(0, w // 4))
    while x < w:
        wide, top = int(rng.integers(w // 5, w // 2)), int(rng.integers(-h // 4, h // 3))
        rgb = pick(
            rng,
            (176, 160, 142),
            (140, 124, 116),
            (196, 186, 172),
            (120, 128, 136),
            (168, 110, 90),
            (92, 98, 108),
            (210, 200, 186),
        )
        pen.rectangle((x, top, x + wide, edge), rgb)
        glass = mix(darker(rgb, 0.5), (90, 110, 130), 0.4)
        cols = max(2, wide // 46)
        for r in range(int((edge - top) // 64)):
            for c in range(cols):
                a, b = x + (c + 0.25) * wide / cols, top + 14 + r * 64
                pen.rectangle((a, b, a + wide / cols * 0.5, b + 40), mix(glass, (255, 240, 200), rng.uniform(0, 0.35)))
        if rng.random() < 0.6:  # a shop front
            shop = pick(rng, (60, 72, 70), (130, 40, 44), (40, 50, 80), (220, 214, 200), (196, 150, 60))
            pen.rectangle((x, edge - h // 5, x + wide, edge), shop)
            pen.rectangle((x + wide * 0.1, edge - h // 6, x + wide * 0.6, edge - 8), mix(glass, (255, 230, 180), 0.4))
            pen.rectangle((x + wide * 0.68, edge - h // 6, x + wide * 0.9, edge), darker(shop, 0.4))
        x += wide + int(rng.integers(0, 24))
    _pavement(pen, size_wh, edge, rng)
    for _ in range(int(rng.integers(0, 5))):  # passers-by and cars, far away
        a = int(rng.integers(0, w))
        if rng.random() < 0.6:
            tall = int(h * rng.uniform(0.14, 0.24))
            rgb = pick(rng, (40, 40, 50), (150, 60, 60), (70, 90, 130), (200, 190, 170), (90, 80, 70))
            pen.rounded_rectangle((a - tall * 0.13, edge - tall * 0.8, a + tall * 0.13, edge - tall * 0.3), 6, rgb)
            pen.rectangle((a - tall * 0.1, edge - tall * 0.35, a + tall * 0.1, edge + 8), darker(rgb, 0.5))
            pen.ellipse((a - tall * 0.07, edge - tall, a + tall * 0.07, edge - tall * 0.8), (190, 150, 126))
        else:
            long = w * rng.uniform(0.4, 0.7)
            rgb = pick(rng, (30, 32, 36), (200, 202, 206), (150, 40, 40), (60, 80, 110), (240, 240, 240))
            pen.rounded_rectangle((a, edge - long * 0.22, a + long, edge + 4), 12, rgb)
            pen.rounded_rectangle((a + long * 0.18, edge - long * 0.38, a + long * 0.8, edge - long * 0.18), 14, rgb)
            pen.rounded_rectangle(
                (a + long * 0.23, edge - long * 0.35, a + long * 0.75, edge - long * 0.2), 8, (60, 70, 80)
            )
            for k in (0.2, 0.78):
                pen.ellipse(
                    (a + long * k - long * 0.08, edge - long * 0.08, a + long * k + long * 0.08, edge + long * 0.08),
                    (24, 24, 26),
                )
    far = softened(image, rng.uniform(2.5, 7.0), size_wh)
    near = np.asarray(image.filter(ImageFilter.GaussianBlur(1.2)), np.float32)
    share = np.clip((np.arange(h) - edge) / max(1.0, 0.5 * (h - edge)), 0, 1)[:, None, None]
    return _grainy((far * (1 - share) + near * share).astype(np.float32), rng)


def _park(size_wh: Size, ground_y: float, rng: np.random.Generator) -> Field:
    w, h = size_wh
    edge = int(h * ground_y)
    image = Image.new("RGB", size_wh, pick(rng, (196, 214, 220), (222, 226, 214), (170, 196, 160)))
    pen = ImageDraw.Draw(image)
    greens: tuple[Rgb, ...] = (
        ((60, 92, 48), (96, 126, 62), (44, 70, 44), (132, 150, 78), (176, 168, 84))
        if rng.random() < 0.75
        else ((176, 112, 50), (150, 84, 40), (196, 150, 66), (110, 84, 50), (204, 120, 60))
    )
    for _ in range(4):
        x, wide = rng.uniform(0, w), rng.uniform(8, 22)
        pen.rectangle((x, h * 0.1, x + wide, edge), (70, 56, 46))
    for _ in range(260):
        x, y, r = rng.uniform(-20, w + 20), rng.uniform(-20, edge), rng.uniform(10, 46)
        rgb = mix(greens[int(rng.integers(5))], (236, 240, 190), rng.uniform(0, 0.35) * (1 - y / edge))
        pen.ellipse((x - r, y - r * 0.8, x + r, y + r * 0.8), rgb)
    grass = pick(rng, (112, 138, 72), (132, 140, 92))
    pen.rectangle((0, edge, w, h), grass)
    if rng.random() < 0.7:
        pen.polygon(
            [(w * 0.3, edge), (w * 0.7, edge), (w * 1.5, h), (-w * 0.5, h)],
            pick(rng, (190, 178, 158), (166, 160, 152)),
        )
    ground = softened(image, rng.uniform(4, 9), size_wh)
    return _grainy(ground, rng)


def _room(size_wh: Size, ground_y: float, rng: np.random.Generator) -> Field:
    w, h = size_wh
    edge = int(h * ground_y)
    wall = pick(
        rng, (226, 220, 210), (206, 212, 206), (190, 176, 166), (232, 226, 226), (130, 146, 150), (214, 188, 168)
    )
    image = Image.new("RGB", size_wh, wall)
    pen = ImageDraw.Draw(image)
    floor = pick(rng, (160, 118, 80), (120, 86, 60), (196, 180, 160), (150, 146, 142))
    pen.rectangle((0, edge, w, h), floor)
    for t in np.linspace(-3, 3, 22):
        pen.line((w / 2 + t * w * 0.3, edge, w / 2 + t * w * 0.8, h), darker(floor, 0.25), 2)
    pen.rectangle((0, edge - 14, w, edge), lighter(wall, 0.5))
    side = rng.random() < 0.5
    if rng.random() < 0.7:  # a window
        x = w * (0.06 if side else 0.6)
        pen.rectangle((x, h * 0.08, x + w * 0.34, h * 0.5), (244, 246, 246))
        pen.rectangle((x + 8, h * 0.08 + 8, x + w * 0.34 - 8, h * 0.5 - 8), pick(rng, (204, 222, 236), (224, 232, 220)))
        pen.line((x + w * 0.17, h * 0.08, x + w * 0.17, h * 0.5), (244, 246, 246), 7)
        pen.line((x, h * 0.29, x + w * 0.34, h * 0.29), (244, 246, 246), 6)
    if rng.random() < 0.6:  # a picture
        x, y = w * (0.62 if side else 0.1), h * rng.uniform(0.1, 0.25)
        pen.rectangle((x, y, x + w * 0.24, y + w * 0.3), (60, 52, 46))
        pen.rectangle(
            (x + 6, y + 6, x + w * 0.24 - 6, y + w * 0.3 - 6),
            pick(rng, (220, 196, 160), (160, 190, 200), (210, 150, 130)),
        )
    if rng.random() < 0.7:  # a plant
        x = w * (0.86 if side else 0.12)
        pen.polygon(
            [(x - 26, edge - 40), (x + 26, edge - 40), (x + 20, edge + 18), (x - 20, edge + 18)],
            pick(rng, (200, 190, 176), (176, 104, 76)),
        )
        for _ in range(26):
            a, far = rng.uniform(-2.7, -0.45), rng.uniform(50, 130)
            tip = (x + far * np.cos(a), edge - 40 + far * np.sin(a))
            pen.line((x, edge - 40, *tip), (62, 96, 62), 7)
            pen.ellipse((tip[0] - 13, tip[1] - 9, tip[0] + 13, tip[1] + 9), pick(rng, (70, 110, 70), (96, 130, 84)))
    if rng.random() < 0.5:  # a sofa
        x, rgb = (
            w * (0.5 if side else -0.15),
            pick(rng, (96, 110, 120), (170, 130, 100), (120, 130, 100), (190, 184, 176)),
        )
        pen.rounded_rectangle((x, edge - h * 0.2, x + w * 0.65, edge + h * 0.03), 20, rgb)
        pen.rounded_rectangle((x, edge - h * 0.1, x + w * 0.65, edge + h * 0.05), 16, lighter(rgb, 0.12))
    return _grainy(softened(image, rng.uniform(2, 4.5), size_wh), rng)


def _doorway(size_wh: Size, ground_y: float, rng: np.random.Generator) -> Field:
    w, h = size_wh
    edge = int(h * ground_y)
    wall = pick(rng, (210, 202, 190), (176, 168, 160), (226, 214, 196), (150, 152, 156))
    image = Image.new("RGB", size_wh, wall)
    pen = ImageDraw.Draw(image)
    for y in range(0, edge, 58):
        pen.line((0, y, w, y), darker(wall, 0.18), 2)
        for joint in range((y // 58 % 2) * 50, w, 100):
            pen.line((joint, y, joint, y + 58), darker(wall, 0.15), 2)
    x, wide, top = w * rng.uniform(0.15, 0.45), w * 0.42, h * rng.uniform(0.02, 0.12)
    rgb = pick(rng, (40, 62, 58), (110, 32, 36), (36, 44, 70), (60, 44, 36), (84, 100, 110), (30, 30, 32))
    pen.rectangle((x - 16, top - 16, x + wide + 16, edge), lighter(wall, 0.35))
    pen.rectangle((x, top, x + wide, edge), rgb)
    for s in (0.06, 0.54):
        for a, b in ((0.05, 0.45), (0.52, 0.95)):
            y1, y2 = top + (edge - top) * a, top + (edge - top) * b
            pen.rectangle((x + wide * s, y1, x + wide * (s + 0.4), y2), darker(rgb, 0.2), lighter(rgb, 0.25), 3)
    pen.ellipse((x + wide * 0.46, edge - h * 0.3, x + wide * 0.5, edge - h * 0.3 + wide * 0.04), (206, 178, 104))
    _pavement(pen, size_wh, edge, rng)
    return _grainy(softened(image, rng.uniform(1.5, 4), size_wh), rng)


Scene = Callable[[Size, float, np.random.Generator], Field]
_SCENES: Final[tuple[Scene, ...]] = (_studio, _wall, _bricks, _street, _street, _park, _room, _doorway, _wall, _street)

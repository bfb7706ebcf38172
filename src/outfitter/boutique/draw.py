"""Pictures with known truth: packshots, people in outfits, and an endless mixture of both to train on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image

from outfitter.boutique import backdrop
from outfitter.boutique.canvas import Drawing, Light, Part, blurred, coverage
from outfitter.boutique.design import Boutique, design_product
from outfitter.boutique.figure import MANNEQUIN, POSES, Pose, Rig, random_body
from outfitter.boutique.garments import dressed, hanger_parts, packshot_parts, reach
from outfitter.boutique.grounds import flat, paper
from outfitter.boutique.kinds import KINDS
from outfitter.boutique.people import random_person
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.shapes import Affine
from outfitter.boutique.stylist import Look, dress_up
from outfitter.values import Annotations, Photo

PACKSHOT_SIZES: Final = ((480, 640), (480, 640), (512, 640), (540, 540), (600, 480), (448, 672))
LOOK_SIZES: Final = ((480, 720), (480, 720), (512, 768), (440, 704), (560, 720))

MIN_SEEN: Final = 0.35
"""Share of a garment's own pixels that must be seen for it to be annotated."""
MIN_SIDE: Final = 6
MIN_PIXELS: Final = 60
"""Least side and area, in pixels, of what is annotated."""


def draw_packshot(product: BoutiqueProduct, view: int) -> tuple[Photo, Annotations]:
    """A product alone on a light ground; views differ in scale, angle, light and ground. The same twice.

    Returns:
        The photo, about 480 × 640, and its one box around all that is seen of the product (a pair of shoes is one).
    """
    rng = np.random.default_rng([_number(product), view, 11])
    size = PACKSHOT_SIZES[0] if view == 0 else PACKSHOT_SIZES[int(rng.integers(len(PACKSHOT_SIZES)))]
    if product.slot in ("footwear", "eyewear", "headwear") and rng.random() < 0.6:
        size = (600, 480) if product.slot != "headwear" else (540, 540)
    pose = MANNEQUIN if view == 0 else _loosened(MANNEQUIN, rng, 5)
    parts = packshot_parts(product, rng, pose)
    ground = paper(size, rng, white=0.7 if view == 0 else 0.25)
    fill = rng.uniform(0.8, 0.9) if view == 0 else rng.uniform(0.62, 0.86)
    turn = rng.normal(0, 0.012 if view == 0 else 0.045)
    place = _fitted(parts, size, fill, turn, rng, shift=0.01 if view == 0 else 0.04)
    drawing = Drawing(ground, _light(rng, calm=view == 0))
    stands = product.slot in ("footwear", "bag", "headwear", "eyewear")
    _ground_shadow(drawing, parts, place, stands, 0.35)
    drawing.draw(parts, place)
    photo, boxes, owners = _finished(drawing, f"{product.id}-{view + 1}", rng, MIN_SEEN)
    return photo, _annotations(photo, boxes, [product.slot for _ in owners])


def draw_look(boutique: Boutique, look: Look, view: int = 0) -> tuple[Photo, Annotations, tuple[str, ...]]:
    """Somebody wearing an outfit, somewhere. Another view is another person, pose and place.

    Returns:
        The photo, about 480 × 720, a box around what is seen of each garment, and the product's id of each box.
        Garments of which less than `MIN_SEEN` is seen have no box.
    """
    products = [boutique.product(i) for i in look.products]
    rng = np.random.default_rng([boutique.seed, _text_number(look.id), view, 12])
    size = LOOK_SIZES[int(rng.integers(len(LOOK_SIZES)))]
    drawing = _staged(products, look.gender, size, rng, None)
    photo, boxes, owners = _finished(drawing, look.id, rng, MIN_SEEN)
    return photo, _annotations(photo, boxes, [products[i].slot for i in owners]), tuple(products[i].id for i in owners)


def draw_scene(seed: int) -> tuple[Photo, Annotations]:
    """One picture of an endless, wilder mixture to train detectors on: people, packshots, flat-lays.

    Pure: the same seed gives the same picture. Products are new ones, in no boutique.
    """
    rng = np.random.default_rng([seed, 13])
    if rng.random() < 0.62:
        return _wild_look(rng, f"scene-{seed}")
    return _wild_packshot(rng, f"scene-{seed}")


# --- people


def _staged(
    products: Sequence[BoutiqueProduct],
    gender: str,
    size: tuple[int, int],
    rng: np.random.Generator,
    zoom: Affine | None,
) -> Drawing:
    """A person in the products' clothes in front of a backdrop, drawn. zoom: a further move of the person alone."""
    person, body = random_person(gender, rng), random_body(gender, rng)
    pose = _loosened(POSES[int(rng.integers(len(POSES)))], rng, 3)
    if rng.random() < 0.5:
        pose = _mirrored_pose(pose)
    if any(p.slot == "bag" for p in products) and rng.random() < 0.5 and 1 not in pose.hidden_hands:
        pose = replace(pose, arms=(pose.arms[0], (12, -62)), forearm=(pose.forearm[0], 0.85))  # a bag on the forearm
    rig = Rig(body, pose)
    parts = dressed(products, person, rig, rng)
    w, h = size
    x1, y1, x2, y2 = reach(parts)
    scale = h * rng.uniform(0.84, 0.93) / (y2 - y1)
    bottom = h * rng.uniform(0.955, 0.985)
    middle = w * rng.uniform(0.44, 0.56)
    place = Affine.of(scale, float(rng.normal(0, 0.008)), (middle - scale * (x1 + x2) / 2, bottom - scale * y2))
    ground_y = rng.uniform(0.72, 0.88)
    light = _light(rng)
    if zoom is not None:
        place = place.then(zoom)
        corners = zoom(np.array([[0, h * ground_y], [0, bottom]]))
        ground_y = float(np.clip(corners[0, 1] / h, 0.3, 1.2))
    drawing = Drawing(backdrop.scene(size, ground_y, rng), light)
    _feet_shadow(drawing, rig, place, light)
    drawing.draw(parts, place)
    return drawing


def _loosened(pose: Pose, rng: np.random.Generator, degrees: float) -> Pose:
    """A pose, each angle a little different."""

    def vary(limb: tuple[float, float], by: float, least: float) -> tuple[float, float]:
        return max(limb[0] + rng.normal(0, by), least), limb[1] + rng.normal(0, by)

    return replace(
        pose,
        arms=(vary(pose.arms[0], degrees, 5.0), vary(pose.arms[1], degrees, 5.0)),
        legs=(vary(pose.legs[0], degrees / 4, -9.0), vary(pose.legs[1], degrees / 4, -9.0)),
        lean=pose.lean + rng.normal(0, 0.02),
        head=pose.head + rng.normal(0, 2.5),
    )


def _mirrored_pose(pose: Pose) -> Pose:
    return replace(
        pose,
        arms=pose.arms[::-1], legs=pose.legs[::-1], feet=pose.feet[::-1],
        foreshort=pose.foreshort[::-1], forearm=pose.forearm[::-1],
        sway=-pose.sway, tilt=(-pose.tilt[0], -pose.tilt[1]), lean=-pose.lean, head=-pose.head,
        hidden_hands=tuple(1 - side for side in pose.hidden_hands), front_leg=1 - pose.front_leg,
    )  # fmt: skip


def _wild_look(rng: np.random.Generator, name: str) -> tuple[Photo, Annotations]:
    stock = _stock(int(rng.integers(1024)))
    gender = "women" if rng.random() < 0.55 else "men"
    look = dress_up(stock, gender, rng, strict=bool(rng.random() < 0.4))
    products = [p for i in look.products for p in stock if p.id == i]
    sizes = ((480, 720), (512, 640), (576, 576), (640, 480), (448, 704))
    size = sizes[int(rng.integers(len(sizes)))]
    w, h = size
    zoom = None
    dice = rng.random()
    if dice < 0.45 or w > h:  # nearer: part of the figure
        k = rng.uniform(1.2, 2.4)
        at_y = rng.uniform(0.1, 0.75)
        zoom = Affine(
            np.eye(2) * k, np.array([w * (0.5 - 0.5 * k) + rng.normal(0, 0.06) * w * k, h * (0.5 - at_y * k)])
        )
    elif dice < 0.6:  # farther
        k = rng.uniform(0.55, 0.85)
        zoom = Affine(np.eye(2) * k, np.array([w * rng.uniform(0.0, 1 - k), h * (0.97 - 0.97 * k)]))
    drawing = _staged(products, gender, size, rng, zoom)
    photo, boxes, owners = _finished(drawing, name, rng, 0.15)
    return photo, _annotations(photo, boxes, [products[i].slot for i in owners])


@lru_cache(maxsize=64)
def _stock(number: int) -> tuple[BoutiqueProduct, ...]:
    """Enough fresh products for an outfit: a few of every kind."""
    rng = np.random.default_rng([number, 14])
    return tuple(
        design_product(kind, f"S{number}-{i}-{j}", rng, style=number * 100 + i)
        for i, kind in enumerate(KINDS)
        for j in range(2)
    )


# --- packshots


def _wild_packshot(rng: np.random.Generator, name: str) -> tuple[Photo, Annotations]:
    stock = _stock(int(rng.integers(1024)))
    product = stock[int(rng.integers(len(stock)))]
    sizes = ((480, 640), (560, 560), (640, 480), (448, 672))
    size = sizes[int(rng.integers(len(sizes)))]
    dice = rng.random()
    flat_lay = dice < 0.45
    pose = _loosened(MANNEQUIN, rng, 6)
    if flat_lay:
        arms = rng.uniform(15, 50)
        pose = replace(
            pose,
            arms=((arms, arms * rng.uniform(0.2, 1.1)), (arms * rng.uniform(0.8, 1.2), arms * rng.uniform(0.2, 1.1))),
        )
    parts = packshot_parts(product, rng, pose)
    chosen = [product]
    if flat_lay and rng.random() < 0.4:  # two garments side by side
        other = stock[int(rng.integers(len(stock)))]
        second = packshot_parts(other, rng, pose)
        x1, _, x2, _ = reach(parts)
        a, _, c, _ = reach(second)
        beside = Affine(np.eye(2) * min(1.6, max(0.6, (x2 - x1) / (c - a))), np.zeros(2))
        a, b, _, _ = reach([p.moved(beside) for p in second])
        beside = beside.then(
            Affine(
                np.eye(2), np.array([x2 - a + rng.uniform(-0.1, 0.4), float(rng.normal(0, 0.3)) + reach(parts)[1] - b])
            )
        )
        parts = parts + [replace(p.moved(beside), owner=1, z=p.z + 100) for p in second]
        chosen.append(other)
    hung = not flat_lay and product.upper is not None and rng.random() < 0.45
    if hung:
        parts = parts + hanger_parts(Rig(random_body(product.gender, np.random.default_rng(0)), pose))
    ground = flat(size, rng) if flat_lay or hung or rng.random() < 0.35 else paper(size, rng, 0.3)
    fill = float(rng.uniform(0.45, 0.95) if rng.random() < 0.8 else rng.uniform(0.95, 1.5))
    turn = float(rng.normal(0, 0.25 if flat_lay else 0.04))
    place = _fitted(parts, size, fill, turn, rng, shift=0.08)
    drawing = Drawing(ground, _light(rng))
    _ground_shadow(drawing, parts, place, False, 0.5)
    drawing.draw(parts, place)
    photo, boxes, owners = _finished(drawing, name, rng, 0.15)
    return photo, _annotations(photo, boxes, [chosen[i].slot for i in owners])


# --- what all pictures share


def _light(rng: np.random.Generator, calm: bool = False) -> Light:
    side = -1.0 if rng.random() < 0.6 else 1.0
    angle = rng.uniform(0.35, 1.0)
    warm = 0.0 if calm else rng.normal(0, 0.02)
    tint = (1.0 + warm, 1.0, 1.0 - warm)
    return Light(side * float(np.sin(angle)), -float(np.cos(angle)), float(rng.uniform(0.85, 1.2)), tint)


def _fitted(
    parts: Sequence[Part], size: tuple[int, int], fill: float, turn: float, rng: np.random.Generator, shift: float
) -> Affine:
    """Turned, scaled to fill a share of the picture, and near its middle."""
    turned = Affine.of(1.0, turn)
    points = np.concatenate([turned(p) for part in parts for p in part.polygons])
    low, high = points.min(0), points.max(0)
    w, h = size
    scale = fill * min(w / (high[0] - low[0]), h / (high[1] - low[1]))
    middle = np.array([w, h]) * (0.5 + rng.normal(0, shift, 2).clip(-0.1, 0.1))
    return turned.then(Affine(np.eye(2) * scale, middle - scale * (low + high) / 2))


def _ground_shadow(drawing: Drawing, parts: Sequence[Part], place: Affine, stands: bool, depth: float) -> None:
    """The soft shadow of everything on the ground: below things that stand, beside things that hang or lie."""
    h, w = drawing.owners.shape
    k = 4
    mask = coverage(
        [place(p) / k for part in parts if part.alpha > 0.3 for p in part.polygons], (0, 0, w // k + 1, h // k + 1)
    )
    size = max(2.0, 0.02 * w / k)
    dx, dy = -drawing.light.x * size * 1.4, -drawing.light.y * size * 1.4
    soft = blurred(np.roll(mask, (round(dy), round(dx)), (0, 1)), size * 2.2) * 0.6 + blurred(mask, size) * 0.4
    if stands:
        ys = np.flatnonzero(mask.any(1))
        xs = np.flatnonzero(mask.any(0))
        if len(ys):
            bottom, half = ys[-1], (xs[-1] - xs[0]) / 2
            y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
            pool = np.exp(
                -(((x - (xs[0] + half)) / (half * 0.95 + 1)) ** 4) - ((y - bottom) / (0.05 * half + 2.5)) ** 2
            )
            soft = np.maximum(soft * 0.35, blurred(pool.astype(np.float32), 3))
    image = Image.fromarray(soft.astype(np.float32)).resize(
        (soft.shape[1] * k, soft.shape[0] * k), Image.Resampling.BILINEAR
    )
    drawing.rgb *= 1 - depth * np.asarray(image)[:h, :w, None]


def _feet_shadow(drawing: Drawing, rig: Rig, place: Affine, light: Light) -> None:
    h, w = drawing.owners.shape
    y, x = np.mgrid[0:h:4, 0:w:4].astype(np.float32)
    dark = np.zeros(y.shape, np.float32)
    for side in (0, 1):
        foot = place(rig.leg(side)[2][None] + (0, 0.32))[0]
        s = place.scale
        for wide, tall, depth, shift in ((0.55, 0.12, 0.55, 0.0), (1.5, 0.22, 0.3, 0.7)):
            cx, cy = foot[0] - light.x * shift * s, foot[1] + 0.02 * s
            dark = np.maximum(dark, depth * np.exp(-(((x - cx) / (wide * s)) ** 2) - ((y - cy) / (tall * s)) ** 2))
    image = Image.fromarray(dark).resize((dark.shape[1] * 4, dark.shape[0] * 4), Image.Resampling.BILINEAR)
    drawing.rgb *= 1 - np.asarray(image)[:h, :w, None]


def _finished(
    drawing: Drawing, name: str, rng: np.random.Generator, min_seen: float
) -> tuple[Photo, list[tuple[int, int, int, int]], list[int]]:
    """The photo, and box and owner of everything that is seen well enough."""
    h, w = drawing.owners.shape
    rgb = drawing.rgb * np.array(drawing.light.tint, np.float32)
    noise = rng.standard_normal((h // 2 + 1, w // 2 + 1)).astype(np.float32).repeat(2, 0).repeat(2, 1)[:h, :w]
    rgb += 1.1 * noise[..., None]
    boxes, owners = [], []
    for owner in sorted(drawing.own):
        found = drawing.visible_box(owner)
        if found is None:
            continue
        x1, y1, x2, y2, pixels = found
        own = int(drawing.own[owner].sum())
        if min(x2 - x1, y2 - y1) >= MIN_SIDE and pixels >= MIN_PIXELS and pixels >= min_seen * own:
            boxes.append((x1, y1, x2, y2))
            owners.append(owner)
    return Photo(np.clip(rgb, 0, 255).astype(np.uint8), name), boxes, owners


def _annotations(photo: Photo, boxes: Sequence[tuple[int, int, int, int]], labels: Sequence[str]) -> Annotations:
    return Annotations(np.array(boxes, np.float32).reshape(-1, 4), tuple(labels), photo.size_wh)


def _number(product: BoutiqueProduct) -> int:
    return _text_number(product.id) * 1009 + product.fabric.seed % 1009


def _text_number(text: str) -> int:
    return int.from_bytes(text.encode()[:12], "big")

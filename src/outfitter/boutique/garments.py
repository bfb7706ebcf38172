"""A product's parts: laid out for a packshot, or worn by somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from outfitter.boutique.accessories import item_parts
from outfitter.boutique.canvas import Part
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.figure import BODIES, MANNEQUIN, Pose, Rig
from outfitter.boutique.footwear import pair, worn_pair
from outfitter.boutique.heads import head_parts, head_place
from outfitter.boutique.lower import BOTTOM, lower_parts
from outfitter.boutique.people import Person, body_parts
from outfitter.boutique.product import BoutiqueProduct, Upper
from outfitter.boutique.shapes import Affine, Points, path, ribbon
from outfitter.boutique.tailor import COAT, INNER, OUTER, TUCKED, Wear
from outfitter.boutique.upper import upper_parts

TRUNK: Final = {"inner": INNER, "outer": OUTER, "coat": COAT, "dress": INNER}
BAG: Final = 45.0
STRAP: Final = 44.0


def packshot_parts(product: BoutiqueProduct, rng: np.random.Generator, pose: Pose = MANNEQUIN) -> list[Part]:
    """A product as it hangs or stands in a shop's picture, owner 0, in heads."""
    if product.item:
        parts = pair(product, 0, rng) if product.slot == "footwear" else item_parts(product, 0)
        if product.slot == "eyewear" and rng.random() < 0.5:
            turn = Affine.of((1.0, float(rng.uniform(0.9, 1.05))), shear=float(rng.uniform(-0.12, 0.12)))
            parts = [p.moved(turn) for p in parts]
        return parts
    rig = Rig(BODIES["men" if product.gender == "men" else "women"], pose)
    return clothes(
        product, rig, Wear(0, TRUNK.get(product.layer, BOTTOM), True, product.style * 7 + int(rng.integers(5)))
    )


def clothes(product: BoutiqueProduct, rig: Rig, wear: Wear) -> list[Part]:
    """The parts of a garment on a rig."""
    parts: list[Part] = []
    if product.lower:
        z = wear.z - 0.5 if product.upper else BOTTOM
        parts += lower_parts(product, product.lower, rig, replace(wear, z=z))
    if product.upper:
        parts += upper_parts(product, product.upper, rig, wear)
    return parts


def dressed(products: Sequence[BoutiqueProduct], person: Person, rig: Rig, rng: np.random.Generator) -> list[Part]:
    """Somebody wearing products; the owner of each part is its product's place in `products`."""
    by_layer = {p.layer: p for p in products}
    shoes, hat = by_layer.get("footwear"), by_layer.get("headwear")
    parts = [*body_parts(person, rig, shoes, _sleeve(products)), *head_parts(person, rig, hat is not None)]
    place = head_place(rig)
    bottom = by_layer.get("bottom")
    for owner, product in enumerate(products):
        seed = product.style * 7 + int(rng.integers(5))
        if product.layer == "footwear":
            lower = bottom.lower if bottom else None
            over = lower is None or lower.kind == "skirt" or (lower.hem < 0.07 and lower.details != "jogger")
            parts += worn_pair(product, rig, owner, over)
        elif product.slot == "bag":
            parts += _carried(product, rig, owner, rng)
        elif product.slot == "headwear":
            parts += [replace(p.moved(place), z=60 + p.z) for p in item_parts(product, owner, worn=True)]
        elif product.slot == "eyewear":
            parts += [replace(p.moved(place), z=53 + p.z) for p in item_parts(product, owner, worn=True)]
        else:
            z = TRUNK.get(product.layer, BOTTOM)
            outer = by_layer.get("outer") or by_layer.get("coat")
            if product.upper and outer and outer.upper and product.layer in ("inner", "dress"):
                product = _under(product, product.upper, outer.upper)
            if product.upper and bottom and bottom.lower and product.layer == "inner" and _tucks(product, bottom):
                slim = replace(product.upper, hem=bottom.lower.waist + 0.16, ribs=0.0, curve=0.0, flare=0.0)
                slim = replace(slim, boxy=min(slim.boxy, 0.3), ease=min(slim.ease, 0.12), belt=False)
                product, z = replace(product, upper=slim), TUCKED
            covered = product.layer in ("inner", "dress") and outer and outer.upper and outer.upper.sleeve > 0.5
            parts += clothes(product, rig, Wear(owner, z, False, seed, 0.5 if covered else 0.0))
    return parts


def _sleeve(products: Sequence[BoutiqueProduct]) -> float:
    """The longest sleeve that is worn, as a share of the arm."""
    return max((p.upper.sleeve for p in products if p.upper), default=0.0)


def _under(product: BoutiqueProduct, cut: Upper, over: Upper) -> BoutiqueProduct:
    """A garment as it lies under another: no wider than that."""
    slim = replace(cut, ease=min(cut.ease, max(0.03, over.ease - 0.06)), drop=0.0, hem=min(cut.hem, over.hem + 0.25))
    if over.sleeve > 0.5:
        slim = replace(slim, sleeve_ease=min(cut.sleeve_ease, over.sleeve_ease - 0.035), puff=0.0)
    return replace(product, upper=slim)


def _tucks(top: BoutiqueProduct, bottom: BoutiqueProduct) -> bool:
    """Whether a top is tucked in: shirts and blouses into smart bottoms, tops into skirts."""
    assert top.upper is not None
    assert bottom.lower is not None
    if top.upper.ribs or top.upper.boxy > 0.95 or top.upper.hem < 3.4:
        return False
    return top.category in ("shirt", "blouse", "tank top") or bottom.lower.kind == "skirt" or top.style % 3 == 0


def _carried(product: BoutiqueProduct, rig: Rig, owner: int, rng: np.random.Generator) -> list[Part]:
    """A bag: in the hand, over the shoulder, across the body, or on the back."""
    assert product.item is not None
    shape = product.item.shape
    free = [s for s in (0, 1) if s not in rig.pose.hidden_hands and rig.pose.arms[s][1] < 60]
    side = int(rng.choice(free)) if free else 1
    sign = -1.0 if side == 0 else 1.0
    parts = item_parts(product, owner, worn=True)
    if shape == "crossbody":
        return _across_body(product, rig, parts, sign)
    if shape == "backpack":
        return _on_back(product, rig, owner, parts)
    _, elbow, wrist = rig.arm(side)
    ahead = (wrist - elbow) / np.hypot(*(wrist - elbow))
    upward = abs(rig.pose.arms[side][1]) > 30
    at = elbow + ahead * 0.25 if upward else wrist + ahead * 0.3
    swing = Affine.of(0.92, float(rng.uniform(-0.06, 0.06)), (float(at[0]), float(at[1]) - 0.02))
    return [replace(p.moved(swing), z=(41.5 if not upward else BAG) + p.z) for p in parts]


def _across_body(product: BoutiqueProduct, rig: Rig, parts: list[Part], sign: float) -> list[Part]:
    """The bag on a hip. Its strap is nobody's: a box that reached the other shoulder would say little of the bag."""
    assert product.item is not None
    hip = rig.trunk(np.array([[sign * rig.body.hip * 0.75, 3.65]]))[0]
    start = rig.trunk(np.array([[-sign * rig.body.shoulder * 0.5, 1.42]]))[0]
    place = Affine.of(0.85, 0.04 * sign, (hip[0], hip[1] - 1.2 * 0.85 - 0.05))
    middle = (start + hip) / 2 + (sign * 0.08, 0.0)
    strap = path(tuple(start), tuple(middle), (hip[0] - sign * 0.3, hip[1] - 0.02), closed=False)
    belt = Part(36.0, ribbon(strap, 0.03), product.fabric.plain(), round=0.03, lift=0.04)
    return [belt, *(replace(p.moved(place), z=37 + p.z) for p in parts)]


def _on_back(product: BoutiqueProduct, rig: Rig, owner: int, parts: list[Part]) -> list[Part]:
    place = Affine.of((1.05, 0.95), 0.0, (float(rig.centre(2.2)), 1.25))
    straps = []
    for sign in (-1, 1):
        x = rig.body.shoulder * 0.52
        curve = rig.trunk(
            path(
                (sign * x * 0.85, 1.36),
                (sign * (x + 0.05), 1.8),
                (sign * (x + 0.13), 2.3),
                (sign * rig.body.chest * 1.0, 2.75),
                closed=False,
            )
        )
        straps.append(Part(STRAP - 9, ribbon(curve, 0.075), product.fabric.plain(), owner=owner, round=0.06, lift=0.05))
    return [*(replace(p.moved(place), z=0.2 + p.z) for p in parts), *straps]


def hanger_parts(rig: Rig) -> list[Part]:
    """A hanger in a garment's shoulders."""
    wood = Fabric((178, 134, 88), material="rubber")
    bar = path(
        (-rig.body.shoulder + 0.1, 1.62),
        (-0.3, 1.42),
        (0, 1.3),
        (0.3, 1.42),
        (rig.body.shoulder - 0.1, 1.62),
        closed=False,
    )
    hook = path((0, 1.3), (0, 1.05), (0.11, 0.93), (0.05, 0.78), (-0.09, 0.82), closed=False)
    return [
        Part(1.5, ribbon(bar, 0.05, "se"), wood, round=0.05, lift=0.0),
        Part(0.1, ribbon(hook, 0.022, "e"), Fabric((150, 150, 154), material="metal"), round=0.02, lift=0.0),
    ]


def reach(parts: Sequence[Part]) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 of everything, in heads."""
    points: Points = np.concatenate([p for part in parts for p in part.polygons])
    (x1, y1), (x2, y2) = points.min(0), points.max(0)
    return float(x1), float(y1), float(x2), float(y2)

"""Shoes as pairs: side by side in packshots, on the feet of people."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from outfitter.boutique.canvas import Part
from outfitter.boutique.figure import Rig
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.shapes import Affine, Points, disc, ribbon, shifted
from outfitter.boutique.shoes import SHOES, heel_of

ON_FEET: Final = 8.0
BOOTS_OVER: Final = 16.0


def shoe_parts(product: BoutiqueProduct, owner: int, worn: bool = False, seed: int = 0) -> list[Part]:
    """One shoe."""
    assert product.item is not None
    parts = SHOES[product.item.shape](product, worn)
    return [replace(p, owner=owner, z=ON_FEET + 0.01 * i, seed=seed) for i, p in enumerate(parts)]


def ankle_of(product: BoutiqueProduct | None) -> Points:
    """Where the ankle is in a shoe's own coordinates."""
    heel = heel_of(product)
    return np.array([-0.27 + 0.06 * (heel > 0.2), -0.3 - heel])


def pair(product: BoutiqueProduct, owner: int, rng: np.random.Generator) -> list[Part]:
    """Two shoes as a shop shows them: one before the other, or toe to toe."""
    shoe = shoe_parts(product, owner)
    if rng.random() < 0.6:
        back = Affine.of(0.97, rng.uniform(-0.1, 0.02), (rng.uniform(0.2, 0.4), rng.uniform(-0.4, -0.25)))
        front = Affine.of(1.0, rng.uniform(-0.03, 0.06), (-0.1, 0))
    else:
        back = Affine.of(0.95, rng.uniform(-0.15, 0.0), (0.35, -0.45), flip=False)
        front = Affine.of((0.96, 1.0), rng.uniform(0.02, 0.14), (-0.15, 0.05), shear=rng.uniform(0, 0.1))
    return [replace(p.moved(back), z=p.z - 1, shade=p.shade * 0.94) for p in shoe] + [p.moved(front) for p in shoe]


def worn_pair(product: BoutiqueProduct, rig: Rig, owner: int, over: bool) -> list[Part]:
    """Both shoes on the feet of a rig. over: a boot's shaft goes over the trousers."""
    assert product.item is not None
    parts = []
    shaft = {"tall boots": 0.72, "boots": 0.86, "ankle boots": 0.9}.get(product.item.shape)
    for side in (0, 1):
        place = foot_place(rig, side, product)
        front = side == rig.pose.front_leg
        lift = 0.1 * front
        parts += [
            replace(p.moved(place), z=p.z + lift + (BOOTS_OVER - ON_FEET if over and shaft else 0))
            for p in shoe_parts(product, owner, worn=True)
        ]
        if shaft:
            leg = rig.leg_line(side, shaft, 1.0)
            leg = np.concatenate([leg, shifted(leg[-1:], 0, 0.12)])
            thick = rig.body.thick
            wide = np.interp(np.linspace(shaft, 1, len(leg)), [0.7, 0.8, 0.95, 1.02], [0.21, 0.22, 0.15, 0.15]) * thick
            z = (BOOTS_OVER if over else ON_FEET) + lift + 0.045
            top = ribbon(leg, wide)
            parts.append(Part(z, top, product.fabric, rig.leg_frame(side), owner, round=0.12, volume=1.2, lift=0.02))
            parts.append(
                Part(
                    z - 0.1,
                    [disc(leg[0], float(wide[0]), 0.05)],
                    product.fabric.plain(),
                    owner=owner,
                    shade=0.45,
                    lift=0,
                )
            )
    return parts


def foot_place(rig: Rig, side: int, product: BoutiqueProduct | None) -> Affine:
    """Where a side-on shoe goes so that it sits on the ankle of a rig, turned outwards and foreshortened."""
    sign = -1 if side == 0 else 1
    turn = rig.pose.feet[side]
    ankle = rig.leg(side)[2]
    place = Affine.of((turn, 0.95), 0.0, (0, 0), shear=sign * 0.34 * (1.1 - turn), flip=sign < 0)
    at = place(ankle_of(product)[None])[0]
    return place.then(Affine(np.eye(2), ankle - at))

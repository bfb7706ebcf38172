"""The measures that all parts of an upper garment share: where its shoulders, sides and neckline run on a rig."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from outfitter.boutique.canvas import Folds, Mark, Part
from outfitter.boutique.colours import trim
from outfitter.boutique.figure import Rig
from outfitter.boutique.product import BoutiqueProduct, Upper
from outfitter.boutique.shapes import CORNER, Knot, Points, disc, ellipse, mirrored

TUCKED, INNER, OUTER, COAT = 12.0, 20.0, 30.0, 32.0
"""Heights of trunks; `ARMS` those of the sleeves that belong to them."""
ARMS: Final = {TUCKED: 41.0, INNER: 41.0, OUTER: 42.0, COAT: 43.0}
INSIDE: Final = 1.0

FOLDS: Final = {
    "cotton": Folds(0.6, 1.3, 0.5, 0.35, 0.25),
    "jersey": Folds(0.55, 1.1, 0.4, 0.4, 0.1),
    "linen": Folds(0.7, 1.3, 0.6, 0.3, 0.5),
    "knit": Folds(0.45, 0.9, 0.4, 0.35, 0.05),
    "rib": Folds(0.3, 0.9, 0.3, 0.3, 0.0),
    "wool": Folds(0.4, 0.9, 0.35, 0.25, 0.05),
    "denim": Folds(0.5, 1.2, 0.8, 0.3, 0.35),
    "satin": Folds(0.8, 1.4, 0.3, 0.4, 0.1),
    "leather": Folds(0.5, 1.1, 0.9, 0.2, 0.3),
    "nylon": Folds(0.6, 1.3, 0.9, 0.2, 0.5),
}


@dataclass(frozen=True)
class Wear:
    """How a garment is drawn. owner: its number in the picture. z: of its trunk. bare: no body inside, a packshot.

    arms_from: share of the arm that another sleeve covers anyway.
    """

    owner: int = 0
    z: float = INNER
    bare: bool = True
    seed: int = 0
    arms_from: float = 0.0


class Tailor:
    """A cut, fitted to a rig: outlines in the trunk's coordinates (a from the centre line, height y), and parts."""

    def __init__(self, product: BoutiqueProduct, cut: Upper, rig: Rig, wear: Wear) -> None:
        self.product, self.cut, self.rig, self.wear = product, cut, rig, wear
        self.fabric = product.fabric
        body = rig.body
        self.neck_x = max(cut.neck_width, body.neck + 0.05)
        self.tip_x = body.shoulder + 0.25 * cut.ease + cut.drop
        self.pit_y = 2.06 + 0.5 * cut.ease + 0.4 * cut.drop
        self.line_rgb = trim(self.fabric.rgb, 0.4)

    def shoulder_y(self, x: float) -> float:
        """Height of the shoulder line at x."""
        return float(1.33 + 0.27 * max(0.0, x - 0.2) - 0.25 * self.cut.ease)

    def half(self, y: float) -> float:
        """Half-width of the garment at a height below the armpit."""
        cut = self.cut
        body = self.rig.body
        low = max(cut.hem, self.pit_y + 0.3)
        close = float(self.rig.width(y)) + cut.ease
        foot = max(float(self.rig.width(min(low, 4.2))) if low > 3.2 else body.chest * 0.97, body.chest * 0.97)
        straight = float(np.interp(y, [self.pit_y, low], [body.chest + cut.ease, foot + cut.ease]))
        share = (y - self.pit_y) / (low - self.pit_y)
        return float(cut.boxy * straight + (1 - cut.boxy) * close + cut.flare * max(share, 0.0) ** 1.3)

    def side(self, stop: float) -> list[Knot]:
        """The right edge from the armpit down to `stop`."""
        ys = np.linspace(self.pit_y, stop, max(3, int((stop - self.pit_y) / 0.35) + 2))
        knots: list[Knot] = [(self.half(y), float(y)) for y in ys]
        return [(*knots[0][:2], CORNER), *knots[1:-1], (*knots[-1][:2], CORNER)]

    def neckline(self) -> list[Knot]:
        """The front neckline from its centre to the shoulder, right half."""
        cut, x = self.cut, self.neck_x
        y, low = self.shoulder_y(x), 1.5 + cut.depth
        shapes: dict[str, list[Knot]] = {
            "v": [(0, low, CORNER), (x * 0.5, (low + y) / 2 + 0.03)],
            "square": [(0, low), (x * 0.9, low, CORNER)],
            "boat": [(0, low - 0.06), (x * 0.6, low - 0.09)],
            "halter": [(0, low - 0.1), (x * 0.7, low - 0.25)],
            "straps": [(0, low + 0.06), (x * 0.6, low - 0.02), (x * 1.0, low - 0.16, CORNER)],
        }
        round_neck: list[Knot] = [(0, low), (x * 0.55, low - 0.045 - 0.1 * cut.depth), (x * 0.92, y + 0.42 * (low - y))]
        return [*shapes.get(cut.neck, round_neck), (x, y, CORNER)]

    def shoulder(self) -> list[Knot]:
        """From the neckline's end over the shoulder to the armpit, exclusive."""
        cut, x = self.cut, self.neck_x
        if cut.sleeve > 0.02:
            tip = self.tip_x - 0.1
            return [(tip, self.shoulder_y(tip) + 0.02, CORNER), (tip - 0.03, 1.62), (tip - 0.03, 1.85)]
        chest = self.rig.body.chest + cut.ease
        if cut.neck == "straps":
            low = 1.5 + cut.depth
            return [
                (x + 0.05, self.shoulder_y(x), CORNER),
                (x * 1.12, low - 0.16, CORNER),
                (chest * 0.78, low + 0.05),
                (chest * 0.9, 1.92),
            ]
        if cut.neck == "halter":
            return [(x + 0.04, self.shoulder_y(x), CORNER), (chest * 0.6, 1.7), (chest * 0.8, 1.92)]
        tip = x + (self.tip_x - 0.06 - x) * (0.4 if cut.depth > 0.2 else 0.85)
        return [(tip, self.shoulder_y(tip), CORNER), (tip - 0.03, 1.66), ((tip + chest) / 2 - 0.05, 1.9)]

    def armhole(self) -> list[Knot]:
        """The seam of a sleeve, from below the shoulder line to above the armpit, right half."""
        tip, pit = self.tip_x - 0.13, self.half(self.pit_y) - 0.05
        if self.cut.raglan:
            return [(self.neck_x + 0.04, self.shoulder_y(self.neck_x)), (0.5, 1.8), (pit, self.pit_y - 0.06)]
        return [(tip, 1.62), (min(tip, pit) * 0.98, (1.62 + self.pit_y) / 2), (pit, self.pit_y - 0.06)]

    def hem_knots(self, stop: float) -> list[Knot]:
        curve = self.cut.curve
        return [(self.half(stop) * 0.5, stop + 0.04 + curve * 0.8), (0, stop + 0.06 + curve)]

    def both(self, *knots: Knot) -> Points:
        return self.rig.trunk(mirrored(*knots))

    def part(self, z: float, polygons: list[Points], **fields: Any) -> Part:
        base = Part(
            z,
            polygons,
            self.fabric,
            self.rig.trunk_frame,
            self.wear.owner,
            folds=FOLDS[self.product.fabric.material if self.product.fabric.material in FOLDS else "cotton"],
            seed=self.wear.seed + 3,
        )
        return replace(base, **fields)

    def button(self, x: float, y: float, r: float = 0.042) -> list[Mark]:
        rgb = self.product.accent
        p = self.rig.trunk(np.array([[x, y]]))[0]
        return [
            Mark(ellipse(p[0] + 0.008, p[1] + 0.014, r, r), (0, 0, 0), 0.3),
            Mark(disc(p, r, r), rgb),
            Mark(disc(p, r * 0.6, r * 0.6), trim(rgb, 0.18)),
            Mark(ellipse(p[0] - r * 0.25, p[1], r * 0.16, r * 0.16, 8), trim(rgb, 0.6)),
            Mark(ellipse(p[0] + r * 0.25, p[1], r * 0.16, r * 0.16, 8), trim(rgb, 0.6)),
        ]

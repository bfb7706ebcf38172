"""What a drawn product is: what a shop says of it, and how it is cut and clad."""

from __future__ import annotations

from dataclasses import dataclass

from outfitter.boutique.colours import Rgb
from outfitter.boutique.fabric import Fabric


@dataclass(frozen=True)
class Upper:
    """The cut of what hangs from the shoulders. Heights y and widths in heads, as in `figure`.

    sleeve: share of the arm covered, 0 for none. puff: extra width near the sleeve's end. neck: crew, v, scoop, boat,
    square, straps, halter. depth: how far below the collarbone it reaches. collar: none, shirt, lapel, turtle, hood,
    band, shawl, funnel. front: closed, buttons, zip, double, open, placket. boxy: 0 follows the waist, 1 hangs
    straight. ribs: height of ribbed cuffs and waistband. pockets: none, chest, patch, kangaroo, flap, welt.
    """

    hem: float = 3.8
    ease: float = 0.1
    boxy: float = 0.6
    flare: float = 0.0
    curve: float = 0.0
    sleeve: float = 0.35
    sleeve_ease: float = 0.06
    puff: float = 0.0
    drop: float = 0.0
    neck: str = "crew"
    neck_width: float = 0.28
    depth: float = 0.12
    collar: str = "none"
    front: str = "closed"
    opening: float = 0.0
    buttons: int = 6
    ribs: float = 0.0
    pockets: str = "none"
    belt: bool = False
    quilts: int = 0
    print: str = ""
    raglan: bool = False


@dataclass(frozen=True)
class Lower:
    """The cut of what hangs from the waist. kind: trousers or skirt.

    length: share of the leg covered (trousers) or hem height y (skirt). thigh, hem: extra half-widths of each leg;
    flare: widening of a skirt; pleats: how many folds; details: jeans, tailored, jogger, cargo, leggings, plain.
    """

    kind: str = "trousers"
    waist: float = 3.05
    length: float = 1.0
    thigh: float = 0.06
    hem: float = 0.06
    flare: float = 0.3
    pleats: int = 0
    details: str = "plain"
    turn_up: float = 0.0
    tiers: int = 0
    slit: bool = False
    holes: int = 0


@dataclass(frozen=True)
class Item:
    """The cut of shoes, bags, hats and glasses. shape: which; size, height: relative to the usual; kind: a variant."""

    shape: str
    size: float = 1.0
    height: float = 1.0
    kind: int = 0


@dataclass(frozen=True)
class BoutiqueProduct:
    """A product of the drawn boutique.

    formality: casual, smart or sport. season: summer, winter or all. style: products that differ in colour alone share
    it. fabric: of most of it; accent: the colour of its buttons, soles and trims.
    """

    id: str
    title: str
    category: str
    slot: str
    colour: str
    rgb: Rgb
    pattern: str
    price: float
    currency: str
    availability: str
    gender: str
    brand: str
    formality: str
    season: str
    style: int
    layer: str
    fabric: Fabric
    accent: Rgb
    upper: Upper | None = None
    lower: Lower | None = None
    item: Item | None = None

"""The stylist's rule: what goes together, and outfits that follow it.

Two products go together if all of these hold; the rule is symmetric and knows nothing of how things are drawn:

- *wearer*: neither is for women while the other is for men;
- *place*: they do not take each other's place on the body (`COVERS`); a blazer goes over a shirt, a coat over all;
- *occasion*: the same formality, or casual with sport;
- *season*: not summer with winter;
- *pattern*: at most one of them has a loud pattern (`LOUD`);
- *colour*: one is a neutral, or their hues are equal or near (`NEAR` degrees), or a known contrast (`CONTRASTS`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from outfitter.boutique.palette import COLOURS
from outfitter.boutique.product import BoutiqueProduct

LOUD: Final = frozenset(
    {"floral", "leopard", "tartan", "gingham", "polka dot", "houndstooth", "camouflage", "tie-dye", "abstract",
     "graphic", "wide stripe", "breton stripe", "vertical stripe"}
)  # fmt: skip
"""Patterns of which an outfit bears one. Pinstripe, herringbone and windowpane are quiet."""

NEAR: Final = 40.0

CONTRASTS: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("burgundy", "green"), ("burgundy", "light blue"), ("red", "light blue"), ("pink", "green"), ("pink", "olive"),
        ("coral", "teal"), ("orange", "blue"), ("mustard", "teal"), ("mustard", "blue"), ("mustard", "purple"),
        ("yellow", "light blue"), ("yellow", "lilac"), ("lilac", "mint"), ("khaki", "burgundy"), ("olive", "burgundy"),
        ("khaki", "light blue"), ("olive", "mustard"), ("fuchsia", "orange"), ("blue", "red"), ("teal", "burgundy"),
    )
)  # fmt: skip
"""Strong colours far apart that are worn together on purpose."""

COVERS: Final = {
    "inner": {"inner", "dress"},
    "outer": {"outer", "coat"},
    "bottom": {"bottom", "dress"},
    "dress": {"dress", "inner", "bottom"},
    "coat": {"coat", "outer"},
}
"""Layers that take each other's place; every other layer only its own."""


@dataclass(frozen=True)
class Look:
    """An outfit. products: ids. around: the product whose additional picture it is, None for a query."""

    id: str
    products: tuple[str, ...]
    gender: str
    score: float
    around: str | None = None


def colours_agree(a: str, b: str) -> bool:
    """Whether two named colours go together."""
    hue_a, hue_b = COLOURS[a][1], COLOURS[b][1]
    if hue_a is None or hue_b is None or a == b:
        return True
    apart = abs((hue_a - hue_b + 180) % 360 - 180)
    return apart <= NEAR or frozenset((a, b)) in CONTRASTS


def goes_together(a: BoutiqueProduct, b: BoutiqueProduct) -> bool:
    """Whether two products may be in one outfit, by the rule above. Symmetric; a product never goes with itself."""
    return (
        {a.gender, b.gender} != {"women", "men"}
        and b.layer not in COVERS.get(a.layer, {a.layer})
        and (a.formality == b.formality or {a.formality, b.formality} == {"casual", "sport"})
        and {a.season, b.season} != {"summer", "winter"}
        and not (a.pattern in LOUD and b.pattern in LOUD)
        and colours_agree(a.colour, b.colour)
    )


def outfit_score(products: Sequence[BoutiqueProduct]) -> float:
    """Share of pairs that go together, in [0, 1]; 1 for a good outfit, and for fewer than two products."""
    pairs = list(combinations(products, 2))
    return sum(goes_together(a, b) for a, b in pairs) / len(pairs) if pairs else 1.0


def dress_up(
    products: Sequence[BoutiqueProduct],
    gender: str,
    rng: np.random.Generator,
    around: BoutiqueProduct | None = None,
    strict: bool = True,
    used: Counter[str] | None = None,
) -> Look:
    """An outfit of 3–6 products for a woman or a man, around a product if one is given.

    strict: every pair goes together; a layer for which nothing fits stays empty. Otherwise only places are kept.
    used: how often each product has been worn; what was worn less is taken rather. Counted on.
    """
    chosen = [around] if around else []
    worn: Counter[str] = Counter() if used is None else used

    def add(layer: str, chance: float) -> None:
        if any(p.layer == layer for p in chosen) or rng.random() > chance:
            return
        if any(layer in COVERS.get(p.layer, {p.layer}) for p in chosen):
            return
        fits = [
            p
            for p in products
            if p.layer == layer
            and p.gender in (gender, "unisex")
            and (not strict or all(goes_together(p, q) for q in chosen))
        ]
        if fits:
            weights = np.array([(1.0 + worn[p.id]) ** -2 for p in fits])
            chosen.append(fits[int(rng.choice(len(fits), p=weights / weights.sum()))])

    if gender == "women" and not any(p.layer in ("inner", "bottom") for p in chosen):
        add("dress", 0.35)
    inside = around.layer if around else ""  # what is shown must not be hidden
    coat = 0.0 if inside in ("inner", "dress", "bottom") else 0.2
    outer = 0.0 if inside in ("inner", "dress") else 0.35
    for layer, chance in (("inner", 1.0), ("bottom", 1.0), ("footwear", 1.0), ("coat", coat), ("outer", outer)):
        add(layer, chance)
    extras = [("bag", 0.6), ("headwear", 0.35), ("eyewear", 0.35)]
    for i in rng.permutation(3):
        layer, chance = extras[int(i)]
        if len(chosen) < 6:
            add(layer, chance)
    if len(chosen) < 3:
        add("bag", 1.0)
    if len(chosen) < 3:
        add("eyewear", 1.0)
    worn.update(p.id for p in chosen)
    return Look("", tuple(p.id for p in chosen), gender, outfit_score(chosen), around.id if around else None)

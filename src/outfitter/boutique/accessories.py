"""Bags, hats and glasses: one way in."""

from __future__ import annotations

from dataclasses import replace

from outfitter.boutique.bags import BAGS
from outfitter.boutique.canvas import Part
from outfitter.boutique.headgear import HEADGEAR
from outfitter.boutique.product import BoutiqueProduct


def item_parts(product: BoutiqueProduct, owner: int, worn: bool = False) -> list[Part]:
    """The parts of a bag, hat or pair of glasses in its own coordinates, back to front."""
    assert product.item is not None
    parts = {**BAGS, **HEADGEAR}[product.item.shape](product, worn)
    return [replace(p, owner=owner, z=0.01 * i) for i, p in enumerate(parts)]

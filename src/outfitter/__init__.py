"""Finds the garments in a photo and recommends what to buy.

    import outfitter

    shop = outfitter.open("shop/")            # a catalogue that `outfitter catalogue build` made
    shop.recommend("photo.jpg", k=10)         # look-alikes of every garment in the photo
    shop.recommend("photo.jpg", strategy="complementary")
    outfitter.Detector()("photo.jpg")         # only the boxes

Importing it loads nothing heavy: each name below is fetched from its module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from outfitter.errors import OutfitterError

if TYPE_CHECKING:
    from outfitter.detections import Detector
    from outfitter.embeddings import Embedder
    from outfitter.photo import load_photo
    from outfitter.values import Detections, Photo, Product, Recommendation
    from outfitter.walk import Shop
    from outfitter.walk import open_shop as open

__all__ = [
    "Detections",
    "Detector",
    "Embedder",
    "OutfitterError",
    "Photo",
    "Product",
    "Recommendation",
    "Shop",
    "load_photo",
    "open",
]

_HOMES: Final = {
    "Detections": ("outfitter.values", "Detections"),
    "Detector": ("outfitter.detections", "Detector"),
    "Embedder": ("outfitter.embeddings", "Embedder"),
    "Photo": ("outfitter.values", "Photo"),
    "Product": ("outfitter.values", "Product"),
    "Recommendation": ("outfitter.values", "Recommendation"),
    "Shop": ("outfitter.walk", "Shop"),
    "load_photo": ("outfitter.photo", "load_photo"),
    "open": ("outfitter.walk", "open_shop"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'outfitter' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = globals()[name] = getattr(importlib.import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""The walk, online: a photo in, recommendations out. Six stages, one line each.

    photo → detections → crops → embeddings → candidates → recommendations

The offline half, which fills the catalogue, is `outfitter.catalogue.build`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np

from outfitter.artifact import EmbedderInput, Manifest
from outfitter.crops import crop, crop_whole
from outfitter.errors import CatalogueError, ModelError, QueryError
from outfitter.geometry import Boxes, as_boxes, iou
from outfitter.photo import load_photo
from outfitter.recommendations import CandidateSource, Garment, Query, choose
from outfitter.recommendations.arrange import Arrangement
from outfitter.recommendations.colour import find_colour, name_colour
from outfitter.recommendations.slots import NOUNS, own_slot
from outfitter.values import Crops, Detections, Embeddings, Photo, Recommendation

if TYPE_CHECKING:
    from outfitter.catalogue import Catalogue

PhotoSource: TypeAlias = Photo | str | Path | bytes

SAME_GARMENT: Final = 0.5
"""IoU from which a marked region is taken to be a garment that the detector found, and gets its slot."""

COLOUR_TOLD_BY_CENTRE: Final = ("top", "bottom", "long", "bag")
"""Slots whose box has the garment at its centre. Between two shoes lies the floor, under a hat a face."""


class Finds(Protocol):
    """Photo → Detections: a `Detector`, or anything that does the same."""

    def __call__(self, photo: PhotoSource, /) -> Detections: ...


class Embeds(Protocol):
    """Crops → Embeddings: an `Embedder`, or anything that does the same and has a manifest."""

    @property
    def manifest(self) -> Manifest: ...

    def __call__(self, crops: Crops, /) -> Embeddings: ...


@dataclass(frozen=True, eq=False)
class Look:
    """A photo that has been seen: ask several questions about it, and the models still run once."""

    photo: Photo
    detections: Detections
    garments: tuple[Garment, ...]


class Shop:
    """A catalogue and the two models: ``outfitter.open("shop/").recommend("photo.jpg")``. Thread-safe.

    Args:
        source: the catalogue to recommend from.
        detector: None takes the one that comes with Outfitter; it is loaded when first needed.
        embedder: likewise; it must be the one that made the catalogue.
        embedder_id: the embedder that made the catalogue; None checks nothing.
    """

    def __init__(
        self,
        source: CandidateSource,
        detector: Finds | None = None,
        embedder: Embeds | None = None,
        embedder_id: str | None = None,
    ) -> None:
        self.source = source
        self._detector, self._embedder, self._embedder_id = detector, embedder, embedder_id
        if embedder is not None:
            _ = self.embedder  # a wrong one is an error now, not at the first question

    @cached_property
    def detector(self) -> Finds:
        if self._detector is None:
            from outfitter.detections import Detector

            return Detector()
        return self._detector

    @cached_property
    def embedder(self) -> Embeds:
        embedder: Embeds
        if self._embedder is None:
            from outfitter.embeddings import Embedder

            embedder = Embedder()
        else:
            embedder = self._embedder
        loaded = embedder.manifest.model_id
        if self._embedder_id not in (None, loaded):
            raise CatalogueError(
                f"the catalogue was made by the embedder {self._embedder_id}, and {loaded} is loaded; vectors of two "
                "embedders cannot be compared. Load the catalogue's embedder, or run 'outfitter catalogue build' again."
            )
        return embedder

    def detect(self, photo: PhotoSource) -> Detections:
        """The garments of a photo, best first. Raises PhotoError if it cannot be read."""
        return self.detector(photo)

    def see(self, photo: PhotoSource, garment: int | None = None, region: Sequence[float] | None = None) -> Look:
        """Find and embed a photo's garments: all, only detection number `garment`, or only what is in `region`.

        region: x1, y1, x2, y2 in pixels of the turned photo. A photo without garments is seen as a whole.

        Raises:
            PhotoError: the photo cannot be read.
            QueryError: no such garment, a region outside the photo, or both at once.
        """
        loaded = load_photo(photo)
        detections = self.detector(loaded)
        boxes, garments = _asked(loaded, detections, garment, region)
        crops = crop(loaded, boxes, _input(self.embedder).side) if len(boxes) else self._whole(loaded)
        vectors = self.embedder(crops).vectors
        return Look(
            loaded,
            detections,
            tuple(replace(one, vectors=vector[None]) for one, vector in zip(garments, vectors, strict=True)),
        )

    def _whole(self, photo: Photo) -> Crops:
        return crop_whole(photo, _input(self.embedder).side)

    def recommend(
        self,
        photo: PhotoSource | Look | None = None,
        *,
        product: str | None = None,
        k: int = 10,
        garment: int | None = None,
        region: Sequence[float] | None = None,
        strategy: str | None = None,
        where: str | None = None,
        exclude: Collection[str] = (),
        in_stock: bool = False,
        grouped: bool = False,
        diversity: float = 0.0,
    ) -> list[Recommendation]:
        """Products for a photo, or for a product of the catalogue (which is then left out itself).

        "similar" answers each garment with k products; "complementary" fills each slot that the outfit lacks
        with k products, the outfit being the whole photo or the one garment asked for.

        Args:
            where: filters such as ``"category=top,price<50"``.
            exclude: ids of products not to show.
            in_stock: leave out what cannot be bought.
            grouped: one product of each item_group_id, the best.
            diversity: 0 keeps the strategy's order; up to 1, products unlike those above them come earlier.

        Raises:
            PhotoError: the photo cannot be read.
            QueryError: k below 1, diversity outside 0–1, no such garment, product or filter column, a region outside
                the photo.
            ConfigError: no such strategy.
        """
        chosen = choose(strategy).strategy
        arrangement = Arrangement(in_stock, grouped, diversity)
        if k < 1:
            raise QueryError(f"k is {k}; need at least 1 recommendation.")
        if (photo is None) == (product is None):
            raise QueryError("recommend needs a photo or a product, and only one of them.")
        if product is not None and (garment is not None or region is not None):
            raise QueryError("garment and region choose a part of a photo; a product is asked for as a whole.")
        garments: tuple[Garment, ...]
        if product is not None:
            garments = (self._of_product(product),)
        elif isinstance(photo, Look) and garment is None and region is None:
            garments = photo.garments
        else:
            assert photo is not None
            garments = self.see(photo.photo if isinstance(photo, Look) else photo, garment, region).garments
        left_out = frozenset(exclude) | ({product} if product is not None else set())
        return arrangement.recommend(chosen, Query(garments, k, where, left_out), self.source)

    def _of_product(self, product_id: str) -> Garment:
        product = self.source.product(product_id)
        own = own_slot(self.source, product)
        seen = self.source.garments(product_id)
        views = [garment for garment in seen if garment.slot == own] or seen
        if not views:
            raise CatalogueError(f"product {product_id!r} has no picture in the catalogue. Add it again.")
        vectors = np.stack([view.vector for view in views])
        return Garment(vectors, own, f"“{product.title}”", colour=find_colour(product.colour))


def _asked(
    photo: Photo, detections: Detections, garment: int | None, region: Sequence[float] | None
) -> tuple[Boxes, list[Garment]]:
    """The boxes that were asked for, and what to call them. Vectors are yet to come."""
    if garment is not None and region is not None:
        raise QueryError("garment and region both choose a part of the photo; give one of them.")
    nothing = np.zeros((0, 0), np.float32)
    if region is not None:
        box = _checked_region(region, photo)
        overlaps = iou(box, detections.boxes_xyxy)[0]
        best = int(overlaps.argmax()) if len(overlaps) else -1
        slot = detections.labels[best] if best >= 0 and overlaps[best] >= SAME_GARMENT else None
        colour = _colour(photo, box[0].tolist(), slot)
        return box, [Garment(nothing, slot, _name(slot, colour, "the part you marked"), colour=colour)]
    if garment is not None and not 0 <= garment < len(detections):
        found = ", ".join(f"{number} {label}" for number, label in enumerate(detections.labels)) or "none"
        raise QueryError(f"{photo.name}: there is no garment {garment}; found: {found}. Choose one, or give a region.")
    numbers = range(len(detections)) if garment is None else [garment]
    if not numbers:
        whole = "your picture as a whole (no garment was found in it)"
        return as_boxes([]), [Garment(nothing, None, whole)]
    garments = []
    for number in numbers:
        slot = detections.labels[number]
        colour = _colour(photo, detections.boxes_xyxy[number].tolist(), slot)
        garments.append(Garment(nothing, slot, _name(slot, colour, ""), number, colour))
    return detections.boxes_xyxy[list(numbers)], garments


def _checked_region(region: Sequence[float], photo: Photo) -> Boxes:
    w, h = photo.size_wh
    try:
        box = as_boxes([list(region)])
        x1, y1, x2, y2 = box[0].tolist()
    except ValueError:
        raise QueryError(f"region is {list(region)}; need four numbers x1,y1,x2,y2 in pixels.") from None
    if not (0 <= x1 < x2 <= w and 0 <= y1 < y2 <= h):
        raise QueryError(
            f"{photo.name}: region is {x1:g},{y1:g},{x2:g},{y2:g}; need 0 <= x1 < x2 <= {w} and 0 <= y1 < y2 <= {h}, "
            f"in pixels of the upright photo."
        )
    return box


def _colour(photo: Photo, box_xyxy: list[float], slot: str | None) -> str | None:
    """The colour of the middle of the box, from a grid of 16 × 16 pixels; None where the middle tells nothing."""
    if slot is not None and slot not in COLOUR_TOLD_BY_CENTRE:
        return None
    w, h = photo.size_wh
    x1, y1, x2, y2 = box_xyxy
    inner = np.linspace(0.25, 0.75, 16)
    columns = np.clip(x1 + inner * (x2 - x1), 0, w - 1).astype(int)
    rows = np.clip(y1 + inner * (y2 - y1), 0, h - 1).astype(int)
    return name_colour(photo.pixels[np.ix_(rows, columns)])


def _name(slot: str | None, colour: str | None, unknown: str) -> str:
    if slot is None:
        return unknown
    return f"your {f'{colour} ' if colour else ''}{NOUNS.get(slot, slot)}"


def _input(embedder: Embeds) -> EmbedderInput:
    if embedder.manifest.embedder_input is None:
        raise ModelError(f"{embedder.manifest.model_id}: its manifest lacks embedder_input. Export the model again.")
    return embedder.manifest.embedder_input


def open_shop(
    catalogue: str | Path | Catalogue, detector: str | Path | None = None, embedder: str | Path | None = None
) -> Shop:
    """The shop of a catalogue's folder, with the shipped models or with other model folders.

    Raises:
        CatalogueError: no whole catalogue there, or it was made by another embedder.
        ModelError: a model folder that is not whole.
    """
    from outfitter.candidates import CatalogueSource
    from outfitter.catalogue import Catalogue
    from outfitter.detections import Detector
    from outfitter.embeddings import Embedder

    source = CatalogueSource(catalogue if isinstance(catalogue, Catalogue) else Catalogue.open(catalogue))
    return Shop(
        source,
        Detector(Path(detector)) if detector else None,
        Embedder(Path(embedder)) if embedder else None,
        source.embedder_id,
    )

"""The protocol ``end-to-end``: from a photo to the right product, through the detector, and where it was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from outfitter.errors import EvaluationError
from outfitter.evaluation.means import MeanEvidence, sliced
from outfitter.geometry import as_boxes, iou
from outfitter.values import Detections

KS: Final = (1, 5, 10)
MIN_IOU: Final = 0.5
LOSSES: Final = ("missed box", "wrong class", "filter", "embedding")
"""In the order in which a photo passes them. missed box: no detection has IoU ≥ 0.5 with the garment. wrong class: the
one that overlaps it most has another label. filter: without filters, the product would have been shown. embedding:
it would not, since other products are more similar."""


@dataclass(frozen=True)
class Search:
    """A garment that was looked for, and what came of it; products are ids, best first.

    shown: for the detection that `answering` finds. unfiltered: the same without any filter, slot included.
    """

    photo: str
    box_xyxy: tuple[float, float, float, float]
    slot: str
    product: str
    detections: Detections
    shown: Sequence[str]
    unfiltered: Sequence[str]


def answering(box_xyxy: Sequence[float], detections: Detections) -> int | None:
    """The detection that overlaps a garment most, if at IoU ≥ 0.5."""
    overlaps = iou(as_boxes([box_xyxy]), detections.boxes_xyxy)[0]
    best = int(np.argmax(overlaps)) if len(overlaps) else -1
    return best if best >= 0 and overlaps[best] >= MIN_IOU else None


def outcome(search: Search, k: int) -> str:
    """``found``, or which of `LOSSES` it was that kept the product out of the first k."""
    answer = answering(search.box_xyxy, search.detections)
    if answer is None:
        return "missed box"
    if search.product in search.shown[:k]:
        return "found"
    if search.detections.labels[answer] != search.slot:
        return "wrong class"
    return "filter" if search.product in search.unfiltered[:k] else "embedding"


def score_end_to_end(
    searches: Sequence[Search],
    ks: Sequence[int] = KS,
    slices: Mapping[str, NDArray[np.bool_]] | None = None,
) -> MeanEvidence:
    """``found@k`` for each k; at the largest k, the share of searches that each loss took, and all of it per slot.

    Garments of one photo are resampled together. slices: bool (searches,) by name, for all of it of those alone.

    Raises:
        EvaluationError: no searches.
    """
    if not searches:
        raise EvaluationError("there is no garment to look for; need photos with a box and a product id.")
    photos = {photo: number for number, photo in enumerate(dict.fromkeys(search.photo for search in searches))}
    columns = {f"found@{k}": [float(outcome(search, k) == "found") for search in searches] for k in ks}
    last = [outcome(search, max(ks)) for search in searches]
    columns |= {f"lost to {loss}": [float(one == loss) for one in last] for loss in LOSSES}
    arrays = {name: np.array(column) for name, column in columns.items()}
    slots = {
        slot: np.array([search.slot == slot for search in searches]) for slot in sorted({s.slot for s in searches})
    }
    arrays = sliced(sliced(arrays, slots, list(columns)), slices or {}, list(columns))
    sample = np.array([photos[search.photo] for search in searches])
    return MeanEvidence(tuple(photos), sample, arrays)

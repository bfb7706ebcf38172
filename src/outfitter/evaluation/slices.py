"""Where a detector is good and where it is not: by kind of photo and by kind of box."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.matching import Matches
from outfitter.evaluation.means import MeanEvidence
from outfitter.evaluation.pairs import areas64
from outfitter.evaluation.table import Table
from outfitter.geometry import Boxes, intersections
from outfitter.values import Annotations

K = TypeVar("K", bound=Hashable)

GARMENTS: Final = (("1", 1, 1), ("2", 2, 2), ("3 or 4", 3, 4), ("5 and more", 5, 10**9))
BOX_SHARES: Final = (("under 2 % of the photo", 0.0, 0.02), ("2 to 10 %", 0.02, 0.1), ("over 10 %", 0.1, 1.01))
OVERLAPS: Final = (("under 10 % covered", 0.0, 0.1), ("10 to 50 %", 0.1, 0.5), ("over 50 %", 0.5, 1.01))


def photo_slices(table: Table, tags: Mapping[str, str] | None = None) -> dict[str, NDArray[np.bool_]]:
    """Masks (photos,) by name: how many garments a photo shows, and its tag (worn, flat, …) where one is known.

    Slices without a true box are left out: they have no score.
    """
    counts = np.bincount(table.truth.photo[~table.crowd], minlength=len(table.photos))
    masks = {f"garments: {name}": (counts >= least) & (counts <= most) for name, least, most in GARMENTS}
    known = [(tags or {}).get(photo) for photo in table.photos]
    for tag in sorted({tag for tag in known if tag is not None}):
        masks[f"photo: {tag}"] = np.array([one == tag for one in known])
    return {name: mask for name, mask in masks.items() if counts[mask].any()}


def box_slices(table: Table, matches: Matches) -> MeanEvidence:
    """The share of true boxes that were found (right class, IoU ≥ 0.5), by box size and by overlap with other boxes.

    overlap: the largest share of a box that lies in one other true box of its photo. Cut the table before matching at
    the score from which detections are shown.
    """
    wanted = ~table.crowd
    found = (matches.finder >= 0).astype(float)
    sides = table.sizes_wh[table.truth.photo].astype(float)
    share = areas64(table.truth.boxes_xyxy) / (sides[:, 0] * sides[:, 1])
    columns = {"all boxes": np.where(wanted, found, np.nan)}
    for what, values, bins in (("box", share, BOX_SHARES), ("overlap", _overlap(table), OVERLAPS)):
        for name, least, most in bins:
            mine = wanted & (values >= least) & (values < most)
            if mine.any():
                columns[f"{what}: {name}"] = np.where(mine, found, np.nan)
    return MeanEvidence(table.photos, table.truth.photo.astype(np.int64), columns)


def item_slices(
    truth: Mapping[K, Annotations], order: Sequence[tuple[K, int]], tags: Sequence[str | None] | None = None
) -> dict[str, NDArray[np.bool_]]:
    """Masks (N,) by name for garments that are looked for one by one: box size, overlap, garments in the photo, tag.

    A kind of slice all of whose garments are alike is left out.

    Args:
        truth: all garments by photo.
        order: the photo and the place in it of each of the N garments.
        tags: of each of the N garments, where known.
    """
    share = {photo: areas64(one.boxes_xyxy) / (one.size_wh[0] * one.size_wh[1]) for photo, one in truth.items()}
    cover = {photo: _covered(one.boxes_xyxy) for photo, one in truth.items()}
    values = (
        ("box", BOX_SHARES, np.array([share[photo][place] for photo, place in order])),
        ("overlap", OVERLAPS, np.array([cover[photo][place] for photo, place in order])),
    )
    masks = {
        what: {name: (value >= least) & (value < most) for name, least, most in bins} for what, bins, value in values
    }
    count = np.array([len(truth[photo]) for photo, _ in order])
    masks["garments"] = {name: (count >= least) & (count <= most) for name, least, most in GARMENTS}
    known = [tag for tag in tags or () if tag is not None]
    masks["photo"] = {tag: np.array([one == tag for one in tags or ()]) for tag in sorted(set(known))}
    filled = {what: {name: mask for name, mask in parts.items() if mask.any()} for what, parts in masks.items()}
    return {
        f"{what}: {name}": mask
        for what, parts in filled.items()
        for name, mask in parts.items()
        if len(parts) > 1 or not mask.all()
    }


def _overlap(table: Table) -> NDArray[np.float64]:
    """(G,), in [0, 1]."""
    covered = np.zeros(len(table.truth))
    cuts = np.flatnonzero(np.diff(table.truth.photo)) + 1
    for mine in np.split(np.arange(len(table.truth)), cuts):
        covered[mine] = _covered(table.truth.boxes_xyxy[mine])
    return covered


def _covered(boxes_xyxy: Boxes) -> NDArray[np.float64]:
    """The largest share of each box of a photo that lies in one other, (N,)."""
    shared = intersections(boxes_xyxy, boxes_xyxy)
    np.fill_diagonal(shared, 0)
    return np.asarray(shared.max(1, initial=0) / areas64(boxes_xyxy))

"""COCO segmentations → boxes, without drawing a mask: polygons, and run-length codes plain or compressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from outfitter.datasets.records import Box


def box_of_segmentation(segmentation: Any) -> Box | None:
    """The box around a segmentation, None if it covers nothing.

    segmentation: a list of polygons ``[x1, y1, x2, y2, …]``, or ``{"size": [height, width], "counts": …}`` where
    counts are a list of run lengths or COCO's text form of them.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(segmentation, Mapping):
        height, width = (int(side) for side in segmentation["size"])
        counts = segmentation["counts"]
        lengths = decode_counts(counts) if isinstance(counts, str | bytes) else [int(count) for count in counts]
        return _box_of_runs(lengths, height, width)
    if not segmentation:
        return None
    points = np.concatenate([np.asarray(polygon, float).reshape(-1, 2) for polygon in segmentation])
    if not len(points) or not np.isfinite(points).all():
        raise ValueError("a polygon has no points, or points that are not finite")
    (x1, y1), (x2, y2) = points.min(0).tolist(), points.max(0).tolist()
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def decode_counts(text: str | bytes) -> list[int]:
    """COCO's compressed run lengths: 5 bits a character, least first, the third and later as differences.

    Source: ``rleFrString`` of cocoapi's maskApi.c.
    """
    codes = [(ord(c) if isinstance(c, str) else c) - 48 for c in text]
    counts: list[int] = []
    value = shift = 0
    for code in codes:
        if not 0 <= code < 64:
            raise ValueError(f"counts hold the character {chr(code + 48)!r}")
        value |= (code & 31) << shift
        shift += 5
        if not code & 32:
            if code & 16:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("counts end in the middle of a number")
    return counts


def _box_of_runs(lengths: Sequence[int], height: int, width: int) -> Box | None:
    """Runs go down the columns, alternately outside and inside."""
    if min(lengths, default=0) < 0 or sum(lengths) > height * width:
        raise ValueError(f"runs of {sum(lengths)} pixels do not fit in {width} × {height}")
    ends = np.cumsum(lengths)
    starts, ends = ends[:-1:2], ends[1::2]
    starts, ends = starts[ends > starts], ends[ends > starts]
    if not len(starts):
        return None
    first, last = starts // height, (ends - 1) // height
    if (first != last).any():  # a run over the foot of a column covers its last row and the first row of the next
        y1, y2 = 0, height
    else:
        y1, y2 = int((starts % height).min()), int(((ends - 1) % height).max()) + 1
    return float(first.min()), float(y1), float(last.max() + 1), float(y2)

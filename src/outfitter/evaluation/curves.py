"""Average precision from matches, for any number of weightings of the photos at once.

A weighting says how often each photo is in the sample: ones give the score itself, zeros and ones a slice, multinomial
counts a bootstrap replicate. Matches do not depend on it, so a replicate costs a few sums, not another evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

RECALLS: Final = np.linspace(0, 1, 101)
"""Where COCO reads the precision."""

Weights = NDArray[np.integer[Any]]
"""(W, photos): W weightings."""
Values = NDArray[np.float64]
"""(W,): one number for each weighting, NaN where the sample holds no true box."""


def once(samples: int) -> Weights:
    """The weighting (1, samples) that sees everything once."""
    return np.ones((1, samples), np.int32)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The detections of one class, best first, judged at T IoU thresholds.

    photo: int32 (N,), where each comes from. right: T arrays of positions, the hits. skipped: T arrays of positions,
    those that do not count at that threshold. wanted: int32 (G,), the photos of the true boxes. rank: int32 (N,), from
    0, among the detections of the photo and class.
    """

    photo: NDArray[np.int32]
    right: tuple[NDArray[np.int64], ...]
    skipped: tuple[NDArray[np.int64], ...]
    wanted: NDArray[np.int32]
    rank: NDArray[np.int32]

    def recalls(self, weights: Weights, most: int) -> list[Values]:
        """The share of the true boxes found by the first `most` detections of each photo, at each threshold."""
        boxes = weights[:, self.wanted].sum(1)
        first = [right[self.rank[right] < most] for right in self.right]
        return [_share(weights[:, self.photo[right]].sum(1), boxes) for right in first]

    def curves(self, weights: Weights) -> list[Curve]:
        """Precision over recall at each threshold."""
        # Nothing after the last hit matters. `take` and int32 are twice as fast as indexing and int64.
        end = max((int(right[-1]) + 1 for right in self.right if len(right)), default=0)
        seen = np.cumsum(np.take(weights, self.photo[:end], 1), 1, dtype=np.int32)
        boxes = weights[:, self.wanted].sum(1)
        return [self._curve(seen, boxes, weights, *at) for at in zip(self.right, self.skipped, strict=True)]

    def only(self, photos: NDArray[np.bool_]) -> Ranking:
        """The same with some of the photos, bool (photos,), counted anew from 0."""
        number = (np.cumsum(photos) - 1).astype(np.int32)
        kept = photos[self.photo]
        place = np.cumsum(kept) - 1

        def moved(positions: NDArray[np.int64]) -> NDArray[np.int64]:
            return place[positions[kept[positions]]]

        return Ranking(
            number[self.photo[kept]],
            tuple(moved(right) for right in self.right),
            tuple(moved(skipped) for skipped in self.skipped),
            number[self.wanted[photos[self.wanted]]],
            self.rank[kept],
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Bit t of ``right`` and ``skipped`` says so at threshold t."""
        return {
            "photo": self.photo,
            "right": _bits(self.right, len(self.photo)),
            "skipped": _bits(self.skipped, len(self.photo)),
            "wanted": self.wanted,
            "rank": self.rank,
            "thresholds": np.array(len(self.right)),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Ranking:
        bits = range(int(arrays["thresholds"]))
        right, skipped = (
            tuple(np.flatnonzero(arrays[name] & np.uint16(1 << bit)) for bit in bits) for name in ("right", "skipped")
        )
        return cls(arrays["photo"], right, skipped, arrays["wanted"], arrays["rank"])

    def _curve(
        self,
        seen: NDArray[np.int32],
        boxes: NDArray[np.int64],
        weights: Weights,
        right: NDArray[np.int64],
        skipped: NDArray[np.int64],
    ) -> Curve:
        hits, ranks = np.cumsum(np.take(weights, self.photo[right], 1), 1), np.take(seen, right, 1)
        if len(skipped):
            gone = np.cumsum(weights[:, self.photo[skipped]], 1)
            ranks = ranks - np.insert(gone, 0, 0, axis=1)[:, np.searchsorted(skipped, right)]
        precision = np.divide(hits, ranks, out=np.zeros(hits.shape), where=ranks > 0)
        return Curve(hits, np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1], boxes)


def _bits(positions: Sequence[NDArray[np.int64]], length: int) -> NDArray[np.uint16]:
    packed = np.zeros(length, np.uint16)
    for bit, here in enumerate(positions):
        packed[here] |= np.uint16(1 << bit)
    return packed


@dataclass(frozen=True, eq=False)
class Curve:
    """hits: (W, R), right detections so far, at each right one. precision: (W, R), the best from here on.

    boxes: (W,), true boxes in the sample. Between right detections precision only falls, so no other point matters.
    """

    hits: NDArray[np.integer[Any]]
    precision: NDArray[np.float64]
    boxes: NDArray[np.int64]

    def interpolated(self) -> Values:
        """COCO's AP: the mean of the best precision at 101 recalls."""
        return np.where(self.boxes > 0, self.at_recalls().mean(1), np.nan)

    def at_recalls(self) -> NDArray[np.float64]:
        """The best precision at each of `RECALLS` or more, (W, 101); 0 at recalls that are not reached."""
        rows, most = self.hits.shape
        boxes = np.maximum(self.boxes, 1)[:, None]
        # How many hits make each recall, by the float division with which pycocotools compares recalls.
        need = np.ceil(RECALLS * boxes).astype(np.int64)
        need -= (need - 1) / boxes >= RECALLS
        need += need / boxes < RECALLS
        shift = (np.arange(rows) * (int(boxes.max()) + 2))[:, None]
        at = np.searchsorted((self.hits + shift).ravel(), need + shift) - np.arange(rows)[:, None] * most
        precision = np.pad(self.precision, ((0, 0), (0, 1)))
        return np.take_along_axis(precision, at, 1)

    def all_point(self) -> Values:
        """VOC's AP from 2010 on: the area under the best precision."""
        return _share((np.diff(self.hits, prepend=0, axis=1) * self.precision).sum(1), self.boxes)


def _share(part: NDArray[Any], boxes: NDArray[np.int64]) -> Values:
    return np.where(boxes > 0, part / np.maximum(boxes, 1), np.nan)

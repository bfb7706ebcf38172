"""What a detection score rests on, kept so that intervals, slices and comparisons need no second evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.curves import Ranking, Values, Weights
from outfitter.evaluation.matching import IOUS, MAX_DETECTIONS, SIZES, Matches
from outfitter.evaluation.table import Table

AR_LIMITS: Final = (1, 10)
"""Detections a photo and class, besides all 100, at which COCO reads the recall."""
_ALL_BITS = (1 << len(IOUS)) - 1


@dataclass(frozen=True, eq=False)
class DetectionEvidence:
    """A function from weightings of the photos to scores.

    coco: by class name and size, where there is truth. voc: by class name.
    """

    photos: tuple[str, ...]
    coco: Mapping[tuple[str, str], Ranking]
    voc: Mapping[str, Ranking]

    @classmethod
    def of(cls, table: Table, matches: Matches) -> DetectionEvidence:
        coco, voc = {}, {}
        for number, name in enumerate(table.class_names):
            mine = np.flatnonzero(table.found.label == number)
            mine = mine[np.argsort(-table.score[mine], kind="stable")]
            truth = table.truth.label == number
            for size, size_name in enumerate(SIZES):
                wanted = table.truth.photo[truth & matches.counts[size]]
                if len(wanted):
                    coco[name, size_name] = _ranking(table, matches, mine, size, wanted)
            if (name, "all") in coco:
                counted = mine[~matches.voc_ignored[mine]]
                right = np.flatnonzero(matches.voc_hit[counted])
                nothing, wanted = np.zeros(0, np.int64), coco[name, "all"].wanted
                voc[name] = Ranking(table.found.photo[counted], (right,), (nothing,), wanted, matches.rank[counted])
        return cls(table.photos, coco, voc)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays that need no pickle."""
        names = list(self.voc)
        packed = {"photos": np.array(self.photos), "classes": np.array(names)}
        for number, name in enumerate(names):
            packed |= {f"voc {number} {part}": array for part, array in self.voc[name].arrays().items()}
        for (name, size), ranking in self.coco.items():
            packed |= {f"{size} {names.index(name)} {part}": array for part, array in ranking.arrays().items()}
        return packed

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> DetectionEvidence:
        rankings: dict[tuple[str, str], dict[str, NDArray[Any]]] = {}
        names = arrays["classes"].tolist()
        for key, array in arrays.items():
            if key.count(" ") == 2:
                size, number, part = key.split(" ")
                rankings.setdefault((names[int(number)], size), {})[part] = array
        restored = {key: Ranking.from_arrays(parts) for key, parts in rankings.items()}
        coco = {key: ranking for key, ranking in restored.items() if key[1] != "voc"}
        voc = {name: restored[name, "voc"] for name in names}
        return cls(tuple(arrays["photos"].tolist()), coco, voc)

    @property
    def names(self) -> tuple[str, ...]:
        return self.photos

    @property
    def samples(self) -> int:
        return len(self.photos)

    @property
    def width(self) -> int:
        return max(self.samples, *(len(ranking.photo) for ranking in self.coco.values()))

    def only(self, photos: NDArray[np.bool_]) -> DetectionEvidence:
        """A slice: some of the photos, bool (photos,); COCO's scores only, and none by size."""
        kept = {key: ranking.only(photos) for key, ranking in self.coco.items() if key[1] == "all"}
        return DetectionEvidence(
            tuple(name for name, keep in zip(self.photos, photos, strict=True) if keep),
            {key: ranking for key, ranking in kept.items() if len(ranking.wanted)},
            {},
        )

    def support(self, score: str) -> int:
        """How many photos hold a true box of the score's class and size."""
        what, _, label = score.partition("/")
        size = what.partition("_")[2] or "all"
        wanted = [one.wanted for (name, its), one in self.coco.items() if its == size and label in ("", name)]
        return int(np.count_nonzero(np.bincount(np.concatenate(wanted))))

    def __call__(self, weights: Weights) -> dict[str, Values]:
        """All scores by name, for each of W weightings (W, photos)."""
        aps: dict[tuple[str, str], list[Values]] = {}
        recalls: dict[tuple[str, str], list[Values]] = {}
        first: dict[int, list[Values]] = {limit: [] for limit in AR_LIMITS}
        for (name, size), ranking in self.coco.items():
            aps[name, size] = [curve.interpolated() for curve in ranking.curves(weights)]
            recalls[name, size] = ranking.recalls(weights, MAX_DETECTIONS)
            for limit in AR_LIMITS if size == "all" else ():
                first[limit] += ranking.recalls(weights, limit)
        voc = {name: ranking.curves(weights)[0].all_point() for name, ranking in self.voc.items()}
        every = {name: values for (name, size), values in aps.items() if size == "all"}
        scores = {
            "AP": mean(value for values in every.values() for value in values),
            "AP50": mean(values[0] for values in every.values()),
            "AP75": mean(values[5] for values in every.values()),
            **{f"AR@{limit}": mean(values) for limit, values in first.items()},
            "AR@100": mean(value for name in every for value in recalls[name, "all"]),
        }
        if voc:
            scores["mAP@0.5IOU"] = mean(voc.values())
        scores |= {f"AP@0.5IOU/{name}": value for name, value in voc.items()}
        scores |= {f"AP/{name}": mean(values) for name, values in every.items()}
        scores |= {f"AP50/{name}": values[0] for name, values in every.items()}
        scores |= {f"AR/{name}": mean(recalls[name, "all"]) for name in every}
        for size in SIZES[1:]:
            names = [name for name, its in aps if its == size]
            for score, parts in (("AP", aps), ("AR", recalls)) if names else ():
                scores[f"{score}_{size}"] = mean(value for name in names for value in parts[name, size])
        return scores


def mean(values: Iterable[Values]) -> Values:
    """The mean over classes and thresholds, in each weighting over those that are in the sample."""
    stacked = np.stack(list(values))
    told = ~np.isnan(stacked)
    counts = told.sum(0)
    total = np.where(told, stacked, 0).sum(0)
    return np.asarray(np.divide(total, counts, out=np.full(total.shape, np.nan), where=counts > 0))


def _ranking(table: Table, matches: Matches, mine: NDArray[np.int64], size: int, wanted: NDArray[np.int32]) -> Ranking:
    counted = mine[matches.ignored[size, mine] != _ALL_BITS]
    hit, ignored = matches.hit[size, counted], matches.ignored[size, counted]
    bits = [np.uint16(1 << t) for t in range(len(IOUS))]
    return Ranking(
        table.found.photo[counted],
        tuple(np.flatnonzero(hit & bit) for bit in bits),
        tuple(np.flatnonzero(ignored & bit) for bit in bits),
        wanted,
        matches.rank[counted],
    )

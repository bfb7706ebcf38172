"""What travels between the stages: one frozen, self-checking type per stage.

    Photo → Detections → Crops → Embeddings → Candidate → Recommendation

Truth (`Annotations`, `Example`) and prediction (`Detections`) are different types on purpose. Boxes are float32
(N, 4) ``xyxy`` pixels of the turned photo with 0 ≤ x1 < x2 ≤ width and 0 ≤ y1 < y2 ≤ height. Arrays are made
read-only. A broken value is a bug of whoever made it, so it raises ValueError, not an OutfitterError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from outfitter.geometry import Boxes, as_boxes


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


def _checked_boxes(boxes: object, size_wh: tuple[int, int], owner: str) -> Boxes:
    array = as_boxes(boxes)  # type: ignore[arg-type]
    w, h = size_wh
    good = (array[:, 0] >= 0) & (array[:, 0] < array[:, 2]) & (array[:, 2] <= w)
    good &= (array[:, 1] >= 0) & (array[:, 1] < array[:, 3]) & (array[:, 3] <= h)
    if not good.all():
        worst = int(np.argmin(good))
        raise ValueError(
            f"{owner}: box {worst} is {array[worst].tolist()}; need 0 <= x1 < x2 <= {w} and 0 <= y1 < y2 <= {h}"
        )
    return array


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded picture: RGB, turned upright, alpha laid on white.

    pixels: uint8 (H, W, 3). name: the path, URL or label it came from, for messages.
    """

    pixels: NDArray[np.uint8]
    name: str

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"{self.name}: pixels are {self.pixels.dtype} {self.pixels.shape}; need uint8 (H, W, 3)")
        if 0 in self.pixels.shape:
            raise ValueError(f"{self.name}: the picture is empty, {self.pixels.shape}")

    @property
    def size_wh(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, eq=False)
class Annotations:
    """True boxes of one photo. crowd marks boxes that stand for a group and are ignored in scoring."""

    boxes_xyxy: Boxes
    labels: tuple[str, ...]
    size_wh: tuple[int, int]
    crowd: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        boxes = _checked_boxes(self.boxes_xyxy, self.size_wh, "annotations")
        crowd = np.zeros(len(boxes), bool) if self.crowd is None else np.array(self.crowd, bool)
        if not len(boxes) == len(self.labels) == len(crowd):
            raise ValueError(f"annotations: {len(boxes)} boxes, {len(self.labels)} labels, {len(crowd)} crowd flags")
        object.__setattr__(self, "boxes_xyxy", _read_only(boxes))
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "crowd", _read_only(crowd))

    def __len__(self) -> int:
        return len(self.labels)

    def without_crowd(self) -> Annotations:
        """Those that stand for one garment each: what can be learnt from."""
        assert self.crowd is not None
        if not self.crowd.any():
            return self
        labels = tuple(label for label, crowd in zip(self.labels, self.crowd, strict=True) if not crowd)
        return Annotations(self.boxes_xyxy[~self.crowd], labels, self.size_wh)


@dataclass(frozen=True, eq=False)
class Example:
    """One annotated photo of a dataset, not yet decoded. image: its file; name: its id within the dataset."""

    image: Path
    name: str
    annotations: Annotations
    split: str = "train"


@dataclass(frozen=True, eq=False)
class Detections:
    """Predicted boxes of one photo, best score first. scores: float32 (N,) in [0, 1]."""

    boxes_xyxy: Boxes
    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    size_wh: tuple[int, int]

    def __post_init__(self) -> None:
        boxes = _checked_boxes(self.boxes_xyxy, self.size_wh, "detections")
        scores = np.array(self.scores, np.float32).reshape(-1)
        if not len(boxes) == len(self.labels) == len(scores):
            raise ValueError(f"detections: {len(boxes)} boxes, {len(self.labels)} labels, {len(scores)} scores")
        if not ((scores >= 0) & (scores <= 1)).all():
            raise ValueError(f"detections: scores must be within [0, 1], got {scores.min()} to {scores.max()}")
        order = np.argsort(-scores, kind="stable")
        object.__setattr__(self, "boxes_xyxy", _read_only(boxes[order]))
        object.__setattr__(self, "labels", tuple(self.labels[i] for i in order))
        object.__setattr__(self, "scores", _read_only(scores[order]))

    @classmethod
    def none(cls, size_wh: tuple[int, int]) -> Detections:
        return cls(np.zeros((0, 4), np.float32), (), np.zeros(0, np.float32), size_wh)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, keep: Sequence[int] | NDArray[Any] | slice) -> Detections:
        """A subset, by indices, mask or slice."""
        index = np.arange(len(self))[keep]
        labels = tuple(self.labels[i] for i in index)
        return Detections(self.boxes_xyxy[index], labels, self.scores[index], self.size_wh)

    def __iter__(self) -> Iterator[tuple[list[float], str, float]]:
        """Rows of (box as four floats, label, score)."""
        for box, label, score in zip(self.boxes_xyxy, self.labels, self.scores, strict=True):
            yield box.tolist(), label, float(score)


@dataclass(frozen=True, eq=False)
class Crops:
    """Garments cut out for the embedder. pixels: uint8 (N, S, S, 3); protocol: the id of how they were cut."""

    pixels: NDArray[np.uint8]
    protocol: str

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3:
            raise ValueError(f"crops are {self.pixels.dtype} {self.pixels.shape}; need uint8 (N, S, S, 3)")

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True, eq=False)
class Embeddings:
    """vectors: float32 (N, D), each of length 1; embedder: the id of the model that made them."""

    vectors: NDArray[np.float32]
    embedder: str

    def __post_init__(self) -> None:
        if self.vectors.dtype != np.float32 or self.vectors.ndim != 2:
            raise ValueError(f"embeddings are {self.vectors.dtype} {self.vectors.shape}; need float32 (N, D)")
        lengths = np.linalg.norm(self.vectors, axis=1)
        if not np.allclose(lengths, 1, atol=1e-3):
            raise ValueError(f"embeddings must have length 1, got {lengths.min():.4f} to {lengths.max():.4f}")

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class Product:
    """One row of a shop's feed. Unknown columns are kept, as text, in `attributes`.

    price: what is to be paid now. item_group_id: the same for all colours of one style.
    """

    id: str
    title: str
    image: str
    category: str | None = None
    colour: str | None = None
    price: float | None = None
    currency: str | None = None
    availability: str | None = None
    url: str | None = None
    gender: str | None = None
    brand: str | None = None
    item_group_id: str | None = None
    additional_images: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("id", "image"):
            if not getattr(self, name):
                raise ValueError(f"product: {name} is empty")
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))

    def __reduce__(self) -> tuple[object, ...]:
        # A mappingproxy cannot be pickled, and products travel between processes.
        fields = {**vars(self), "attributes": dict(self.attributes)}
        return Product, tuple(fields[name] for name in self.__dataclass_fields__)


@dataclass(frozen=True, eq=False)
class IndexedGarment:
    """One garment found in one picture of a product: a row of the catalogue's vector table.

    image: which picture, as the feed names it. slot: the detector's label, or None when the whole picture was
    indexed because nothing was found. box_xyxy: in pixels of that picture. score: the detector's, 0 for a whole
    picture. vector: float32 (D,).
    """

    product_id: str
    image: str
    slot: str | None
    box_xyxy: tuple[float, float, float, float]
    score: float
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class Candidate:
    """A product that may be recommended. similarity: cosine in [-1, 1] of its best garment to the query."""

    product_id: str
    slot: str | None
    image: str
    box_xyxy: tuple[float, float, float, float]
    similarity: float


@dataclass(frozen=True)
class Recommendation:
    """A ranked product. garment: which detection of the photo it answers, None for a whole picture or outfit.

    slot: what it is (similar) or what it fills (complementary). rank: from 1, per garment, or per slot that is
    filled. score: higher is better;
    parts: what the score is made of. because: one sentence for people.
    """

    garment: int | None
    slot: str
    rank: int
    product: Product
    score: float
    because: str
    parts: Mapping[str, float] = field(default_factory=dict)

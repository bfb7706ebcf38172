"""What a catalogue sees with: the detector and the embedder, from a picture to its garments."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from outfitter.artifact import Manifest
from outfitter.catalogue.place import Place
from outfitter.catalogue.store import REBUILD, Stamp
from outfitter.crops import crop, crop_whole
from outfitter.errors import CatalogueError, ModelError
from outfitter.values import Crops, Detections, Embeddings, Photo


class Finds(Protocol):
    """Photo → Detections, as a `Detector` made with ``threads=1``; called from several threads."""

    @property
    def manifest(self) -> Manifest: ...

    def __call__(self, photo: Photo, /) -> Detections: ...


class Embeds(Protocol):
    """Crops → Embeddings, as an `Embedder` made with ``threads=1``; called from several threads."""

    @property
    def manifest(self) -> Manifest: ...

    def __call__(self, crops: Crops, /) -> Embeddings: ...


class Seen(NamedTuple):
    """The garments of one picture, best first. labels: None for the picture as a whole."""

    labels: tuple[str | None, ...]
    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    vectors: NDArray[np.float32]


class Models:
    """The detector and the embedder of a catalogue. None takes the ones that come with Outfitter."""

    def __init__(self, detector: Finds | None, embedder: Embeds | None) -> None:
        if detector is None:
            from outfitter.detections import Detector

            detector = Detector(threads=1)
        if embedder is None:
            from outfitter.embeddings import Embedder

            embedder = Embedder(threads=1)
        self.detector, self.embedder = detector, embedder
        manifest = embedder.manifest
        if manifest.embedder_input is None or manifest.dimensions is None:
            raise ModelError(f"{manifest.model_id}: its manifest lacks embedder_input or dimensions. Export it again.")
        self._input, self._dimensions = manifest.embedder_input, manifest.dimensions

    def see(self, photo: Photo) -> Seen:
        """Every garment of a picture, or the whole picture if none is found."""
        found = self.detector(photo)
        if len(found):
            crops = crop(photo, found.boxes_xyxy, self._input.side)
            return Seen(found.labels, found.boxes_xyxy, found.scores, self.embedder(crops).vectors)
        whole = np.array([[0, 0, *photo.size_wh]], np.float32)
        vectors = self.embedder(crop_whole(photo, self._input.side)).vectors
        return Seen((None,), whole, np.zeros(1, np.float32), vectors)

    def stamp(self) -> Stamp:
        """Of a catalogue that is about to be made."""
        return Stamp(
            complete=False,
            embedder=self.embedder.manifest.model_id,
            detector=self.detector.manifest.model_id,
            crop_protocol=self._input.crop_protocol,
            dimensions=self._dimensions,
            feed=None,
        )

    def require(self, place: Place, stamp: Stamp) -> Stamp:
        """Return the stamp if these are the models that it names. Raises CatalogueError otherwise."""
        mine = self.stamp()
        for what in ("embedder", "detector", "crop_protocol"):
            got, need = getattr(mine, what), getattr(stamp, what)
            if got != need:
                raise CatalogueError(
                    f"{place}: was made with the {what.replace('_', ' ')} {need}, and {got} is in use; a catalogue "
                    f"takes one of each. Use the same, or: {REBUILD}"
                )
        return stamp

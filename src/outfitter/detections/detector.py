"""The shipped detector, or any other model folder, as a function of photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from outfitter.artifact import SHIPPED, DetectorInput, Device, open_session, read_manifest
from outfitter.errors import ConfigError, ModelError
from outfitter.geometry import clip, scale
from outfitter.photo import load_photo
from outfitter.values import Detections, Photo


def as_input(photo: Photo, chosen: DetectorInput) -> NDArray[np.uint8]:
    """A photo as detectors are fed it, in serving, calibration and comparison with torch: uint8 (1, H, W, 3)."""
    size = chosen.size_for(photo.size_wh)
    return np.asarray(Image.fromarray(photo.pixels).resize(size, Image.Resampling.BILINEAR))[None]


class Detector:
    """``Detector()("photo.jpg") -> Detections``. Thread-safe.

    Args:
        model: a model folder; None takes the one that comes with Outfitter.
        min_score: only detections at least this sure, in [0, 1]; None takes the manifest's thresholds, and then finds
            nothing at all in a photo whose best detection is below the one for photos.
        threads: cores for one photo; None takes all. Give 1 where several threads detect at once.
        device: "cuda" runs it on the GPU that the process sees first; it needs onnxruntime-gpu.

    Raises:
        ModelError: the folder is not a whole detector.
        ConfigError: min_score is outside [0, 1].
    """

    def __init__(
        self,
        model: str | Path | None = None,
        min_score: float | None = None,
        threads: int | None = None,
        device: Device = "cpu",
    ) -> None:
        self.folder = folder = Path(model) if model else SHIPPED / "detector"
        self.manifest = read_manifest(folder, "detector")
        if self.manifest.detector_input is None or self.manifest.score_threshold is None:
            raise ModelError(f"{folder}: its manifest lacks detector_input or score_threshold. Export the model again.")
        self.input = self.manifest.detector_input
        self.min_score = self.manifest.score_threshold if min_score is None else min_score
        self.asked_min_score = min_score
        self.min_best_score = (self.manifest.photo_threshold or 0.0) if min_score is None else 0.0
        if not 0 <= self.min_score <= 1:
            raise ConfigError(f"min_score is {self.min_score}; need a number from 0 to 1")
        self._session = open_session(folder, threads, device)
        self._names = np.array(self.manifest.class_names)

    def __call__(self, photo: Photo | str | Path | bytes) -> Detections:
        """Find the garments of one photo, best first; boxes in pixels of the photo.

        Raises:
            PhotoError: the photo cannot be read.
            ModelError: the model tells a class that its manifest does not name.
        """
        loaded = load_photo(photo)
        pixels = as_input(loaded, self.input)
        height, width = pixels.shape[1:3]
        boxes, classes, scores = self._session.run(None, {"pixels": pixels})
        boxes = clip(scale(boxes, (loaded.size_wh[0] / width, loaded.size_wh[1] / height)), loaded.size_wh)
        good = (scores >= self.min_score) & (boxes[:, 2:] > boxes[:, :2]).all(1)
        good &= bool((scores[good] >= self.min_best_score).any())
        if (unknown := classes >= len(self._names)).any():
            raise ModelError(
                f"{self.folder}: the model found class {classes[unknown][0]}, from 0, and its manifest names "
                f"{len(self._names)}. Export the model again."
            )
        names = tuple(self._names[classes[good]].tolist())
        return Detections(boxes[good], names, np.minimum(scores[good], 1), loaded.size_wh)

"""The shipped embedder, or any other model folder, as a function of crops."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from outfitter.artifact import SHIPPED, Device, open_session, read_manifest
from outfitter.errors import ModelError
from outfitter.values import Crops, Embeddings

BATCH = 4
"""Crops per run of the model. Measured on two cores, ms a crop: 1 by one 14.2, 4 14.1, 8 15.3, 16 16.9."""


class Embedder:
    """``Embedder()(crops) -> Embeddings``. Thread-safe.

    Args:
        model: a model folder; None takes the one that comes with Outfitter.
        threads: cores for one call; None takes all. Give 1 where several threads embed at once.
        device: "cuda" runs it on the GPU that the process sees first; it needs onnxruntime-gpu.

    Raises:
        ModelError: the folder is not a whole embedder.
    """

    def __init__(self, model: str | Path | None = None, threads: int | None = None, device: Device = "cpu") -> None:
        self.folder = folder = Path(model) if model else SHIPPED / "embedder"
        self.manifest = read_manifest(folder, "embedder")
        if self.manifest.embedder_input is None or self.manifest.dimensions is None:
            raise ModelError(f"{folder}: its manifest lacks embedder_input or dimensions. Export the model again.")
        self.input = self.manifest.embedder_input
        self.dimensions = self.manifest.dimensions
        self._session = open_session(folder, threads, device)
        taken, made = (one[0].shape for one in (self._session.get_inputs(), self._session.get_outputs()))
        for what, told, wanted in (("side", taken[1], self.input.side), ("dimensions", made[-1], self.dimensions)):
            if isinstance(told, int) and told != wanted:
                raise ModelError(
                    f"{folder}: its manifest says that {what} is {wanted}, its model {told}. Export it again."
                )

    def __call__(self, crops: Crops) -> Embeddings:
        """Embed N crops, N ≥ 0 → float32 (N, dimensions), each of length 1.

        Raises:
            ModelError: the crops were cut by another protocol or to another size than this model was made for.
        """
        side = self.input.side
        if crops.protocol != self.input.crop_protocol or crops.pixels.shape[1:] != (side, side, 3):
            raise ModelError(
                f"crops are {crops.pixels.shape[1:]} cut by {crops.protocol!r}; this embedder takes "
                f"({side}, {side}, 3) cut by {self.input.crop_protocol!r}. Cut them with outfitter.crops."
            )
        parts = [
            self._session.run(None, {"pixels": crops.pixels[start : start + BATCH]})[0]
            for start in range(0, len(crops), BATCH)
        ]
        vectors = np.concatenate(parts) if parts else np.zeros((0, self.dimensions), np.float32)
        return Embeddings(vectors, self.manifest.model_id)

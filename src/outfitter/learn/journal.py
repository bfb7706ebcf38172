"""What a run tells while it goes: ``train.log``, ``metrics.jsonl``, and TensorBoard's scalars and photos."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LOG_FILE = "train.log"
METRICS_FILE = "metrics.jsonl"
EVENTS_FOLDER = "tensorboard"


class Journal:
    """``with Journal(run) as journal: journal.say(...)``. Files are appended to, so a resumed run goes on in them.

    quiet: writes nothing, as all processes of a run but the first.
    """

    def __init__(self, run: Path, quiet: bool = False) -> None:
        self._run, self._quiet = run, quiet
        self._log = logging.getLogger("outfitter.train")

    def __enter__(self) -> Journal:
        if not self._quiet:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            self._handler = logging.FileHandler(self._run / LOG_FILE, encoding="utf-8")
            self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
            self._log.addHandler(self._handler)
            self._log.setLevel(logging.INFO)
            self._events = EventFileWriter(str(self._run / EVENTS_FOLDER))
        return self

    def __exit__(self, *_: object) -> None:
        if not self._quiet:
            self._log.removeHandler(self._handler)
            self._handler.close()
            self._events.close()

    def say(self, message: str) -> None:
        """A line of the log."""
        if not self._quiet:
            self._log.info("%s", message)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers for TensorBoard, by tag."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._write(step, [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])

    def row(self, step: int, row: Mapping[str, Any]) -> None:
        """The outcome of an evaluation: a line of ``metrics.jsonl``, and its numbers for TensorBoard."""
        if not self._quiet:
            with (self._run / METRICS_FILE).open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, **row}) + "\n")
        told = {f"val/{name}": float(value) for name, value in row.items() if isinstance(value, int | float)}
        for name, values in row.items():
            if isinstance(values, Mapping):
                told |= {f"val/{name}/{key}": float(value) for key, value in values.items()}
        self.scalars(step, told)

    def pictures(self, step: int, pictures: Iterable[tuple[str, NDArray[np.uint8]]]) -> None:
        """Drawn photos, uint8 (H, W, 3), by tag."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        if self._quiet:
            return
        values = []
        for tag, pixels in pictures:
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=85)
            height, width = pixels.shape[:2]
            image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=file.getvalue())
            values.append(Summary.Value(tag=tag, image=image))
        self._write(step, values)

    def _write(self, step: int, values: list[Any]) -> None:
        if not self._quiet and values:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.compat.proto.summary_pb2 import Summary

            self._events.add_event(Event(step=step, summary=Summary(value=values)))

"""Scores and drawn photos as TensorBoard summaries, and the zip of them that the original system offered."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from outfitter.evaluation.result import Result


@dataclass(frozen=True)
class Drawn:
    """A JPEG file of a photo with boxes."""

    name: str
    jpeg: bytes
    size_wh: tuple[int, int]


def write_summaries(folder: Path, scores: Mapping[str, float], drawn: Iterable[Drawn]) -> None:
    """Write an event file into `folder`; ``tensorboard --logdir`` shows it.

    Raises:
        ModuleNotFoundError: tensorboard is not installed.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    try:
        told = [Summary.Value(tag=tag, simple_value=score) for tag, score in scores.items() if not math.isnan(score)]
        writer.add_event(Event(step=0, summary=Summary(value=told)))
        for one in drawn:
            width, height = one.size_wh
            image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=one.jpeg)
            value = Summary.Value(tag=f"photos/{one.name}", image=image)
            writer.add_event(Event(step=0, summary=Summary(value=[value])))
    finally:
        writer.close()


def tags(result: Result) -> dict[str, float]:
    """Scores by the tags that TensorFlow's Object Detection API gave them, where it had them."""
    homes = {"AP@0.5IOU/": "PascalBoxes_PerformanceByCategory/", "mAP@0.5IOU": "PascalBoxes_Precision/"}
    found = {}
    for name, score in result.scores.items():
        home = next((home for start, home in homes.items() if name.startswith(start)), "scores/")
        found[home + name] = score.value
    return found


def write_zip(path: Path, folder: Path | None, drawn: Iterable[Drawn]) -> None:
    """Pack the drawn photos, and the event files of `folder` if there are any."""
    with zipfile.ZipFile(path, "w") as packed:
        for one in drawn:
            packed.writestr(zipfile.ZipInfo(f"{path.stem}/photos/{one.name}.jpg"), one.jpeg)
        for file in sorted(folder.iterdir()) if folder else ():
            packed.write(file, f"{path.stem}/{file.name}")

"""``outfitter detect``: which garments are in photos, and where."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.inputs import Input, Names, expand, in_order, new_folder
from outfitter.cli.output import emit, failure, progress, rounded, say
from outfitter.errors import OutfitterError
from outfitter.system import cores
from outfitter.values import Detections, Photo


def command(
    photos: Annotated[list[str], typer.Argument(help="Files, folders, URLs, or - for a photo on standard input.")],
    draw: Annotated[Path | None, typer.Option(help="Write each photo with its boxes into this new folder.")] = None,
    crops: Annotated[Path | None, typer.Option(help="Write each garment, cut out, into this new folder.")] = None,
    model: Annotated[Path | None, typer.Option(help="A detector's model folder instead of the shipped one.")] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Only garments at least this sure, 0 to 1; the model has its own default.")
    ] = None,
) -> None:
    """Find the garments in photos. One JSON line a photo, in the order given.

    A photo that cannot be read is a line with "error"; the others go on, and the exit code is 1.
    """
    from outfitter.detections import Detector

    inputs = expand(photos)
    workers = min(cores(), len(inputs))
    detector = Detector(model, min_score, threads=1 if workers > 1 else None)
    drawn, cut = draw and new_folder(draw, "--draw"), crops and new_folder(crops, "--crops")

    def work(one: Input) -> tuple[Photo, Detections]:
        photo = one.load()
        return photo, detector(photo)

    names, failed = Names(), 0
    with progress("photos", len(inputs)) as advance:
        for one, result in in_order(work, inputs, workers):
            if isinstance(result, OutfitterError):
                failed += 1
                emit(failure(one.name, result))
            else:
                photo, detections = result
                emit({"photo": one.name, "size_wh": list(photo.size_wh), "detections": rows(detections)})
                if drawn or cut:
                    save(photo, detections, names.stem(one.name), drawn, cut)
            advance()
    if failed:
        say(f"{failed} of {len(inputs)} photos failed; their lines say why.")
        raise typer.Exit(1)


def rows(detections: Detections) -> list[dict[str, object]]:
    """Detections as they are printed: pixels to a hundredth, scores to four digits."""
    return [{"box_xyxy": rounded(box), "label": label, "score": round(score, 4)} for box, label, score in detections]


def save(photo: Photo, detections: Detections, stem: str, drawn: Path | None, cut: Path | None) -> None:
    from outfitter.cli.draw import draw_boxes
    from outfitter.photo import encode_jpeg

    if drawn:
        (drawn / f"{stem}.jpg").write_bytes(encode_jpeg(draw_boxes(photo, detections)))
    if cut:
        for number, (box, label, _) in enumerate(detections):
            x1, y1, x2, y2 = (int(value) for value in (box[0], box[1], -(-box[2] // 1), -(-box[3] // 1)))
            named = re.sub(r"[^\w.-]", "_", label)  # a class may be called anything
            (cut / f"{stem}-{number}-{named}.jpg").write_bytes(encode_jpeg(photo.pixels[y1:y2, x1:x2]))

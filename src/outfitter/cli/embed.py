"""``outfitter embed``: the garments of photos as vectors, for a search or a model of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.inputs import Input, expand, in_order
from outfitter.cli.output import emit, failure, progress, rounded, say
from outfitter.errors import OutfitterError
from outfitter.system import cores


def command(
    photos: Annotated[list[str], typer.Argument(help="Files, folders, URLs, or - for a photo on standard input.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="Embed each photo as a whole; no garment is looked for.")
    ] = False,
    detector: Annotated[Path | None, typer.Option(help="A detector's model folder instead of the shipped one.")] = None,
    embedder: Annotated[
        Path | None, typer.Option(help="An embedder's model folder instead of the shipped one.")
    ] = None,
) -> None:
    """Turn the garments in photos into vectors of length 1. One JSON line a photo, in the order given."""
    from outfitter.crops import crop, crop_whole
    from outfitter.detections import Detector
    from outfitter.embeddings import Embedder

    inputs = expand(photos)
    workers = min(cores(), len(inputs))
    threads = 1 if workers > 1 else None
    find = None if whole else Detector(detector, threads=threads)
    embed = Embedder(embedder, threads=threads)
    side = embed.input.side

    def work(one: Input) -> list[dict[str, object]]:
        photo = one.load()
        labels: list[str | None]
        if find is None:
            labels, boxes = [None], [[0.0, 0.0, *map(float, photo.size_wh)]]
            vectors = embed(crop_whole(photo, side)).vectors
        else:
            found = find(photo)
            labels, boxes = [*found.labels], found.boxes_xyxy.tolist()
            vectors = embed(crop(photo, found.boxes_xyxy, side)).vectors
        return [
            {"label": label, "box_xyxy": rounded(box), "embedding": rounded(vector, 6)}
            for label, box, vector in zip(labels, boxes, vectors, strict=True)
        ]

    failed = 0
    with progress("photos", len(inputs)) as advance:
        for one, result in in_order(work, inputs, workers):
            if isinstance(result, OutfitterError):
                failed += 1
                emit(failure(one.name, result))
            else:
                emit({"photo": one.name, "garments": result})
            advance()
    if failed:
        say(f"{failed} of {len(inputs)} photos failed; their lines say why.")
        raise typer.Exit(1)

"""``outfitter looks``: outfit pictures made shoppable as files, for a page with no server behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outfitter.cli.output import emit, progress, say

app = typer.Typer(no_args_is_help=True)


@app.callback()
def looks() -> None:
    """Outfit pictures made shoppable, as files."""


@app.command()
def export(
    catalogue: Annotated[str, typer.Option(help="The catalogue's folder, or s3://BUCKET/NAME.")],
    out: Annotated[Path, typer.Option(help="The new folder: looks.json, pictures/, the widget and a page to look at.")],
    product: Annotated[
        list[str] | None, typer.Option(help="Only pictures of this product; may be repeated. By default all outfits.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many looks.")] = None,
) -> None:
    """Write the looks of a catalogue as static files for <outfit-photo catalogue="looks.json">. No model runs."""
    from outfitter.candidates import CatalogueSource
    from outfitter.catalogue import Catalogue
    from outfitter.service.export import export_looks
    from outfitter.walk import Shop

    opened = Catalogue.open(catalogue)
    with progress("looks") as advance:
        done = export_looks(Shop(CatalogueSource(opened)), opened, out, product, limit, advance)
    for name, reason in done.failed:
        emit({"look": name, "error": reason})
    emit({"out": str(out), "looks": done.looks, "pictures": done.pictures, "failed": len(done.failed)})
    say(f"{done.looks} looks. See them: python -m http.server --directory {out}, then http://127.0.0.1:8000/")
    if done.failed:
        raise typer.Exit(1)

"""``outfitter recommend``: products for a photo, or for a product of the catalogue."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from outfitter.cli.output import emit, say
from outfitter.errors import QueryError
from outfitter.values import Recommendation


def command(
    catalogue: Annotated[Path, typer.Option(help="The catalogue's folder.")],
    photo: Annotated[str | None, typer.Argument(help="A file, a URL, or - for a photo on standard input.")] = None,
    product: Annotated[str | None, typer.Option(help="Ask for a product of the catalogue instead of a photo.")] = None,
    k: Annotated[int, typer.Option("-k", help="Products per garment (similar) or per slot (complementary).")] = 10,
    garment: Annotated[
        int | None, typer.Option(help="Only this garment, by its place in the detections, from 0.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Only this part: x1,y1,x2,y2 in pixels of the upright photo.")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="similar (look-alikes, the default) or complementary (completes the look).")
    ] = None,
    where: Annotated[
        str | None, typer.Option(help="Filters, such as 'category=top,price<50,availability=in_stock'.")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="A product id not to show; may be repeated.")] = None,
    in_stock: Annotated[bool, typer.Option(help="Leave out what cannot be bought.")] = False,
    grouped: Annotated[bool, typer.Option(help="One product of each item_group_id: one colour of a style.")] = False,
    diversity: Annotated[float, typer.Option(help="0 keeps the order; up to 1, more variety among the first.")] = 0.0,
    detector: Annotated[Path | None, typer.Option(help="A detector's model folder instead of the shipped one.")] = None,
    embedder: Annotated[Path | None, typer.Option(help="The model folder that the catalogue was made with.")] = None,
) -> None:
    """Recommend products for a photo or a product. One JSON line a recommendation, best first."""
    from outfitter.photo import load_photo
    from outfitter.recommendations import choose
    from outfitter.walk import open_shop

    box = parse_region(region)
    why = choose(strategy).why
    shop = open_shop(catalogue, detector, embedder)
    found = shop.recommend(
        load_photo(sys.stdin.buffer.read(), name="standard input") if photo == "-" else photo,
        product=product,
        k=k,
        garment=garment,
        region=box,
        strategy=strategy,
        where=where,
        exclude=exclude or (),
        in_stock=in_stock,
        grouped=grouped,
        diversity=diversity,
    )
    say(why)
    for recommendation in found:
        emit(row(recommendation))
    if not found:
        say("Nothing in the catalogue matches.")


def parse_region(text: str | None) -> list[float] | None:
    """``"10,20,110,220"`` as four numbers. Raises QueryError; the photo's bounds are checked later."""
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 4:
        raise QueryError(f"--region is {text!r}; need four numbers x1,y1,x2,y2 in pixels, such as 10,20,110,220.")
    return values


def row(recommendation: Recommendation) -> dict[str, Any]:
    """A recommendation as it is printed: its own fields, then the product's."""
    product = recommendation.product
    fields = {field.name: getattr(product, field.name) for field in dataclasses.fields(product) if field.name != "id"}
    return {
        "garment": recommendation.garment,
        "slot": recommendation.slot,
        "rank": recommendation.rank,
        "product_id": product.id,
        "score": round(recommendation.score, 4),
        "because": recommendation.because,
        "parts": {name: round(value, 4) for name, value in recommendation.parts.items()},
        **fields,
        "additional_images": list(product.additional_images),
        "attributes": dict(product.attributes),
    }

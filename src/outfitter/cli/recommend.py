"""``outfitter recommend``: products for a photo, a product, a person, a visit, or nobody at all."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from outfitter.cli.output import emit, say
from outfitter.errors import ConfigError, QueryError
from outfitter.values import Recommendation


def command(
    catalogue: Annotated[str, typer.Option(help="The catalogue's folder, or s3://BUCKET/NAME.")],
    photo: Annotated[str | None, typer.Argument(help="A file, a URL, or - for a photo on standard input.")] = None,
    product: Annotated[
        list[str] | None, typer.Option(help="A product of the catalogue instead of a photo; repeat it for a cart.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Whom it is for, as the events know them.")] = None,
    session: Annotated[
        list[str] | None, typer.Option(help="A product looked at in this visit; repeat it, the latest last.")
    ] = None,
    visit: Annotated[str | None, typer.Option(help="The visit, as the events know it.")] = None,
    k: Annotated[
        int | None,
        typer.Option("-k", help="Products per garment or slot. [10, or the scenario's]"),
    ] = None,
    garment: Annotated[
        int | None, typer.Option(help="Only this garment, by its place in the detections, from 0.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Only this part: x1,y1,x2,y2 in pixels of the upright photo.")
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="similar (look-alikes), complementary (completes the look), hybrid, collaborative, session, popular, "
            "trending or cold_start; else the one that makes most of what is known."
        ),
    ] = None,
    where: Annotated[
        str | None, typer.Option(help="Filters, such as 'category=top,price<50,availability=in_stock'.")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="A product id not to show; may be repeated.")] = None,
    in_stock: Annotated[
        bool | None, typer.Option("--in-stock/--any-stock", help="Leave out what cannot be bought.")
    ] = None,
    grouped: Annotated[
        bool | None, typer.Option("--grouped/--every-colour", help="One product of each item_group_id.")
    ] = None,
    diversity: Annotated[
        float | None, typer.Option(help="0 keeps the order; up to 1, more variety among the first.")
    ] = None,
    hide: Annotated[
        str | None, typer.Option(help="What the person met: seen, bought (the default) or nothing is left out.")
    ] = None,
    like: Annotated[list[str] | None, typer.Option(help="More like this: a product id or a photo; repeatable.")] = None,
    dislike: Annotated[list[str] | None, typer.Option(help="Less like that; repeatable.")] = None,
    similar_by: Annotated[str, typer.Option(help="What of its looks counts: shape, colour or both.")] = "both",
    scenario: Annotated[str | None, typer.Option(help="product, cart, home, look, or one of --merchandising.")] = None,
    merchandising: Annotated[Path | None, typer.Option(help="The shop's rules and scenarios, a YAML file.")] = None,
    events: Annotated[str | None, typer.Option(help="The events: a file of SQLite, or a database's URL.")] = None,
    learnt: Annotated[
        Path | None, typer.Option(help="What 'outfitter events learn' wrote; without, --events is learnt from now.")
    ] = None,
    explain: Annotated[
        str | None, typer.Option(help="Say why this product is not among the recommendations, instead of them.")
    ] = None,
    detector: Annotated[Path | None, typer.Option(help="A detector's model folder instead of the shipped one.")] = None,
    embedder: Annotated[Path | None, typer.Option(help="The model folder that the catalogue was made with.")] = None,
) -> None:
    """Recommend products for whatever is known. One JSON line a recommendation, best first."""
    from outfitter.events import EventStore
    from outfitter.photo import load_photo
    from outfitter.walk import open_shop

    question: dict[str, Any] = {
        "product": tuple(product) if product else None,
        "user": user,
        "session": tuple(session or ()),
        "visit": visit,
        "k": k,
        "garment": garment,
        "region": parse_region(region),
        "strategy": strategy,
        "where": where,
        "exclude": frozenset(exclude or ()),
        "in_stock": in_stock,
        "grouped": grouped,
        "diversity": diversity,
        "hide": hide,
        "like": tuple(like or ()),
        "dislike": tuple(dislike or ()),
        "scenario": scenario,
        "similar_by": similar_by,
    }
    if user is not None and not (events or learnt):
        raise ConfigError("--user needs --events or --learnt: without them nobody is known.")
    if visit is not None and not events:
        raise ConfigError("--visit needs --events: without them nothing of a visit is known. Or name its --session.")
    shop = open_shop(catalogue, detector, embedder, events=events, learnt=learnt, merchandising=merchandising)
    shown = load_photo(sys.stdin.buffer.read(), name="standard input") if photo == "-" else photo
    if explain is not None:
        reasons = shop.explain(explain, shown, **question)
        emit({"product_id": explain, "because": reasons})
        return
    found = shop.recommend(shown, **question)
    if found and isinstance(shop.history, EventStore):
        shop.history.show(found.shown(user, visit))  # so that what comes of it can be told
    say(found.why)
    for recommendation in found:
        emit(row(recommendation) | ({"recommendation_id": found.id} if events is not None else {}))
    if found.note:
        say(found.note)


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

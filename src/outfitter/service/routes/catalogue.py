"""The products and looks of the catalogue, and changing it."""

from __future__ import annotations

import time
import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from outfitter.errors import QueryError
from outfitter.events import Shown
from outfitter.service.documented import BODY, json_body, problems
from outfitter.service.front import front_of
from outfitter.service.looks import NoLookError
from outfitter.service.problems import Problem
from outfitter.service.questions import read_json
from outfitter.service.routes.common import Admin, K, Offset, ProductId, Reader, Where, as_json, require_product
from outfitter.service.schema import Id, LookList, LookOut, ProductList, ProductOut, ProductsQuery, Put, Rejected
from outfitter.service.storefront import WIDTHS

router = APIRouter()


@router.get("/v1/products", response_model=ProductList, responses=problems(422), tags=["catalogue"])
async def products(
    request: Request,
    _: Reader,
    q: Annotated[str | None, Query(max_length=200, description="A part of the title.")] = None,
    where: Where = None,
    offset: Offset = 0,
    limit: K = 24,
) -> Response:
    """The products of the catalogue, by id."""
    front = front_of(request)
    title = 'title~"{}"'.format(q.replace('"', '""')) if q and q.strip() else None
    both = ",".join(filter(None, (title, where)))

    def work() -> Response:
        served = front.storefront.served
        ids = served.catalogue.ids(both)
        shown = tuple(served.show(one) for one in ids[offset : offset + limit])
        return as_json(ProductList.model_construct(total=len(ids), offset=offset, products=shown))

    return await front.searches.run(work)


@router.head("/v1/products/{product_id:path}/pictures/{number}", include_in_schema=False)
@router.get("/v1/products/{product_id:path}/pictures/{number}", responses=problems(404, 422), tags=["catalogue"])
async def picture(
    request: Request,
    product_id: ProductId,
    number: Annotated[int, Path(ge=0, le=1000)],
    s: Annotated[str, Query(max_length=64, description="The signature in the links that the API returns.")] = "",
    width: Annotated[int, Query(description=f"One of {', '.join(map(str, WIDTHS))}.")] = 720,
) -> Response:
    """A picture of a product as JPEG. Its link is signed, since an <img> sends no key."""
    front = front_of(request)
    path = front.storefront.picture_path(product_id, number)
    if not front.settings.insecure_local and not front.keys.signed(path, s):
        raise Problem(403, "signature", "This link is not signed by this service. Use the links that the API returns.")
    if width not in WIDTHS:
        raise Problem(422, "invalid", f"width is {width}; choose from {', '.join(map(str, WIDTHS))}.")

    def work() -> bytes:
        product = require_product(front.storefront, product_id)
        try:
            return front.storefront.thumbnail(product, number, width)
        except QueryError as error:
            raise Problem(404, "picture", str(error)) from None

    desk = front.searches if front.storefront.thumbnail_at_hand(product_id, number, width) else front.pictures
    headers = {
        "Cache-Control": "public, max-age=3600",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Security-Policy": "default-src 'none'",
    }
    return Response(await desk.run(work), headers=headers, media_type="image/jpeg")


@router.get("/v1/products/{product_id:path}", response_model=ProductOut, responses=problems(404), tags=["catalogue"])
async def product(request: Request, _: Reader, product_id: ProductId) -> Response:
    """One product."""
    front = front_of(request)

    def work() -> Response:
        require_product(front.storefront, product_id)
        return as_json(front.storefront.served.show(product_id))

    return await front.searches.run(work)


@router.put(
    "/v1/products",
    response_model=Put,
    responses=problems(*BODY),
    tags=["admin"],
    openapi_extra=json_body(ProductsQuery),
)
async def put_products(request: Request, _: Admin) -> Response:
    """Add products, or replace those whose id is there. They are served when this answers."""
    front = front_of(request)
    question = await read_json(request, ProductsQuery)

    def work() -> Response:
        report, rejects = front.storefront.put(question.products)
        rejected = tuple(Rejected(id=one.id, image=one.image, reason=one.reason) for one in rejects)
        return as_json(
            Put(
                added=report.added,
                updated=report.updated,
                unchanged=report.unchanged,
                rejected=rejected,
                products=len(front.storefront.served.catalogue),
            )
        )

    return await front.writes.run(work)


@router.delete("/v1/products/{product_id:path}", status_code=204, responses=problems(404), tags=["admin"])
async def delete_product(request: Request, _: Admin, product_id: ProductId) -> Response:
    """Take a product out of the catalogue."""
    front = front_of(request)

    def work() -> Response:
        require_product(front.storefront, product_id)
        front.storefront.delete(product_id)
        return Response(status_code=204)

    return await front.writes.run(work)


@router.get("/v1/looks", response_model=LookList, responses=problems(422), tags=["looks"])
async def looks(
    request: Request,
    _: Reader,
    offset: Offset = 0,
    limit: K = 24,
) -> Response:
    """Pictures of the catalogue that show two slots or more."""
    front = front_of(request)

    def work() -> Response:
        total, shown = front.storefront.served.looks.named(offset, limit)
        return as_json(LookList.model_construct(total=total, offset=offset, looks=shown))

    return await front.searches.run(work)


@router.get("/v1/looks/{photo_id:path}", response_model=LookOut, responses=problems(404, 422), tags=["looks"])
async def look(
    request: Request,
    _: Reader,
    photo_id: Annotated[
        Id, Path(description="From GET /v1/looks, or the picture's name in the feed, percent-encoded.")
    ],
) -> Response:
    """The hotspots of a picture of the catalogue, with look-alikes and the completed look. No model runs."""
    front = front_of(request)

    def work() -> Response:
        try:
            look = front.storefront.served.looks.find(photo_id)
        except NoLookError as error:
            raise Problem(404, "look", str(error)) from None
        shown = [one.id for row in (*(spot.similar for spot in look.hotspots), look.complete) for one in row]
        list_id = uuid.uuid4().hex
        if shown:
            front.happenings.show(Shown(list_id, time.time(), "look", tuple(dict.fromkeys(shown))))
        return as_json(look.model_copy(update={"recommendation_id": list_id}))

    desk = front.searches if front.storefront.served.looks.at_hand(photo_id) else front.pictures
    return await desk.run(work)

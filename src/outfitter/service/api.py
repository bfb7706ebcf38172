"""The routes of the API."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from outfitter.errors import QueryError
from outfitter.events import Shown
from outfitter.service import wire
from outfitter.service.auth import Caller
from outfitter.service.documented import BODY, json_body, problems, question_body
from outfitter.service.front import Front, admin, front_of, reader
from outfitter.service.happenings import require_no_user
from outfitter.service.problems import Problem
from outfitter.service.questions import checked, photo_bytes, read_json, read_question
from outfitter.service.schema import (
    MAX_K,
    Detected,
    EventsQuery,
    EventsTaken,
    Id,
    LookList,
    LookOut,
    PhotoQuery,
    ProductList,
    ProductOut,
    ProductsQuery,
    Put,
    Recommended,
    RecommendQuery,
    Rejected,
    Token,
    TokenQuery,
)
from outfitter.service.storefront import WIDTHS, Storefront

router = APIRouter()

Reader = Annotated[Caller, Depends(reader)]
Admin = Annotated[Caller, Depends(admin)]
ProductId = Annotated[Id, Path(description="The product's id in the feed, percent-encoded.", examples=["B0001"])]
K = Annotated[int, Query(ge=1, le=MAX_K)]
Where = Annotated[str | None, Query(max_length=2000, description="Filters, such as category=top,price<50.")]


def _json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, media_type="application/json")


# --- questions


@router.post(
    "/v1/detect",
    response_model=Detected,
    responses=problems(*BODY),
    openapi_extra=question_body(PhotoQuery),
    tags=["ask"],
)
async def detect(request: Request, _: Reader) -> Response:
    """Find the garments of a photo."""
    front = front_of(request)
    question, upload = await read_question(request, PhotoQuery)
    get = await photo_bytes(question, upload, front.storefront.fetch)
    if get is None:
        raise Problem(422, "invalid", "There is no photo. Send one, or the url of one.")
    storefront = front.storefront

    def work() -> Response:
        return _json(wire.detected(storefront.detect(get())))

    return await front.photos.run(work)


@router.post(
    "/v1/recommend",
    response_model=Recommended,
    responses=problems(*BODY),
    openapi_extra=question_body(RecommendQuery),
    tags=["ask"],
)
async def recommend(request: Request, caller: Reader) -> Response:
    """Recommend products for a photo, a product, a cart or a shopper: look-alikes, or what completes the look."""
    front = front_of(request)
    question, upload = await read_question(request, RecommendQuery)
    require_no_user(question.user, caller)
    get = await photo_bytes(question, upload, front.storefront.fetch)
    if get is not None and question.product is not None:
        raise Problem(422, "invalid", "Need a photo, a url or a product, and only one of them.")
    return await (front.searches if get is None else front.photos).run(lambda: _json(_answer(front, question, get)))


def _answer(front: Front, question: RecommendQuery, get: Callable[[], bytes] | None) -> Recommended:
    """In a worker."""
    storefront, served = front.storefront, front.storefront.served
    for example in (*question.like, *question.dislike):
        served.catalogue.product(example)  # what is no product would be taken for a photo's path
    look = storefront.see(get(), question.garment, question.region) if get else None
    found = served.shop.recommend(
        look,
        product=question.product,
        user=question.user,
        visit=question.session,
        k=question.k,
        garment=None if look else question.garment,
        region=None if look else question.region,
        strategy=question.strategy,
        where=question.where,
        exclude=question.exclude,
        in_stock=question.in_stock,
        grouped=question.grouped,
        diversity=question.diversity,
        hide=question.hide,
        like=question.like,
        dislike=question.dislike,
        scenario=question.scenario,
    )
    front.happenings.show(found.shown(question.user, question.session))
    return Recommended.model_construct(
        recommendation_id=found.id,
        strategy=found.strategy,
        why=found.why,
        note=found.note,
        photo=wire.detected(look.detections) if look else None,
        picks=wire.picks(found, served.show),
    )


# --- events


@router.post(
    "/v1/events",
    response_model=EventsTaken,
    status_code=201,
    responses=problems(*BODY),
    tags=["events"],
    openapi_extra=json_body(EventsQuery),
)
async def events(request: Request, caller: Reader) -> Response:
    """Report what shoppers did. When this answers, it lies on the disk."""
    front = front_of(request)
    question = await read_json(request, EventsQuery)

    def work() -> Response:
        added = front.happenings.add(question.events, caller)
        return _json(EventsTaken(new=added.new, known=added.known), 201)

    return await front.searches.run(work)


# --- products


@router.get("/v1/products", response_model=ProductList, responses=problems(422), tags=["catalogue"])
async def products(
    request: Request,
    _: Reader,
    q: Annotated[str | None, Query(max_length=200, description="A part of the title.")] = None,
    where: Where = None,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_K)] = 24,
) -> Response:
    """The products of the catalogue, by id."""
    front = front_of(request)
    title = 'title~"{}"'.format(q.replace('"', '""')) if q and q.strip() else None
    both = ",".join(filter(None, (title, where)))

    def work() -> Response:
        served = front.storefront.served
        ids = served.catalogue.ids(both)
        shown = tuple(served.show(one) for one in ids[offset : offset + limit])
        return _json(ProductList.model_construct(total=len(ids), offset=offset, products=shown))

    return await front.searches.run(work)


@router.get(
    "/v1/products/{product_id:path}/similar", response_model=Recommended, responses=problems(404, 422), tags=["ask"]
)
async def similar(
    request: Request,
    _: Reader,
    product_id: ProductId,
    k: K = 10,
    strategy: Annotated[str | None, Query(max_length=100)] = None,
    where: Where = None,
    in_stock: bool | None = None,
    grouped: bool | None = None,
    diversity: Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False)] = None,
) -> Response:
    """Products like one of the catalogue; with strategy=complementary, what completes a look around it."""
    front = front_of(request)
    values = {"product": product_id, "k": k, "strategy": strategy, "where": where}
    question = checked(RecommendQuery, {**values, "in_stock": in_stock, "grouped": grouped, "diversity": diversity})

    def work() -> Response:
        _require(front.storefront, product_id)
        return _json(_answer(front, question, None))

    return await front.searches.run(work)


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
        product = _require(front.storefront, product_id)
        try:
            return front.storefront.thumbnail(product, number, width)
        except QueryError as error:
            raise Problem(404, "picture", str(error)) from None

    headers = {
        "Cache-Control": "public, max-age=3600",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Security-Policy": "default-src 'none'",
    }
    return Response(await front.searches.run(work), headers=headers, media_type="image/jpeg")


@router.get("/v1/products/{product_id:path}", response_model=ProductOut, responses=problems(404), tags=["catalogue"])
async def product(request: Request, _: Reader, product_id: ProductId) -> Response:
    """One product."""
    front = front_of(request)

    def work() -> Response:
        _require(front.storefront, product_id)
        return _json(front.storefront.served.show(product_id))

    return await front.searches.run(work)


def _require(storefront: Storefront, product_id: str) -> Any:
    """The product. Raises Problem 404."""
    try:
        return storefront.served.catalogue.product(product_id)
    except QueryError as error:
        raise Problem(404, "product", str(error)) from None


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
        rejected = tuple(Rejected(id=one["id"], image=one["image"], reason=one["reason"]) for one in rejects)
        return _json(
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
        _require(front.storefront, product_id)
        front.storefront.delete(product_id)
        return Response(status_code=204)

    return await front.writes.run(work)


# --- looks


@router.get("/v1/looks", response_model=LookList, responses=problems(422), tags=["looks"])
async def looks(
    request: Request,
    _: Reader,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_K)] = 24,
) -> Response:
    """Pictures of the catalogue that show two slots or more."""
    front = front_of(request)

    def work() -> Response:
        total, shown = front.storefront.served.looks.named(offset, limit)
        return _json(LookList.model_construct(total=total, offset=offset, looks=shown))

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
        except QueryError as error:
            raise Problem(404, "look", str(error)) from None
        shown = [one.id for row in (*(spot.similar for spot in look.hotspots), look.complete) for one in row]
        list_id = uuid.uuid4().hex
        front.happenings.show(Shown(list_id, time.time(), "look", tuple(dict.fromkeys(shown))))
        return _json(look.model_copy(update={"recommendation_id": list_id}))

    return await front.searches.run(work)


# --- keys


@router.post(
    "/v1/tokens",
    response_model=Token,
    status_code=201,
    responses=problems(*BODY),
    tags=["admin"],
    openapi_extra=json_body(TokenQuery),
)
async def tokens(request: Request, _: Admin) -> Response:
    """Make a read-only token for the pages of some origins."""
    front = front_of(request)
    question = await read_json(request, TokenQuery)
    strange = [origin for origin in question.origins if origin not in front.settings.origins]
    if strange:
        named = ", ".join(front.settings.origins) or "none"
        raise Problem(
            422,
            "invalid",
            f"{strange[0]} is not served; origins named at start are: {named}. Start again with --origin {strange[0]}.",
        )
    token, expires = front.keys.token(question.origins, question.days * 86400)
    when = datetime.fromtimestamp(expires, UTC).isoformat().replace("+00:00", "Z")
    return _json(Token(token=token, expires=when, origins=question.origins), 201)


# --- for operators


@router.get("/healthz", tags=["operate"])
async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get("/readyz", tags=["operate"], responses={503: {"description": "Not ready"}})
async def readyz(request: Request) -> dict[str, Any]:
    """Models and catalogue are loaded, and there is room in the queue."""
    front = front_of(request)
    if not front.ready:
        raise Problem(503, "not-ready", "Starting or stopping. Try again soon.", headers={"Retry-After": "1"})
    return {"status": "ready", "products": len(front.storefront.served.catalogue)}


@router.get("/metrics", tags=["operate"], response_class=Response, responses=problems())
async def metrics(request: Request, _: Reader) -> Response:
    """For Prometheus."""
    front = front_of(request)
    for name, desk in (("photo", front.photos), ("search", front.searches)):
        front.metrics.queue.labels(name).set(desk.taken)
    return Response(front.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/v1/status", tags=["operate"], responses=problems())
async def status(request: Request, caller: Reader) -> dict[str, Any]:
    """What is served, by which models, and how fast."""
    front = front_of(request)
    served, stamp = front.storefront.served, front.storefront.served.catalogue.stamp
    return {
        "products": len(served.catalogue),
        "attributes": list(stamp.attributes),
        "looks": len(served.catalogue.worn_together()),
        "models": {"detector": front.storefront.detector.manifest.model_id, "embedder": stamp.embedder},
        "trouble": front.storefront.trouble,
        "queue": {
            name: {"now": desk.taken, "room": desk.room}
            for name, desk in (("photo", front.photos), ("search", front.searches))
        },
        "latency": front.metrics.latency(),
        "events": await front.searches.run(front.happenings.store.stats),
        "admin": caller.admin,
    }

"""Questions: what is in a photo, and what to recommend."""

from __future__ import annotations

import time
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from outfitter.service import wire
from outfitter.service.documented import BODY, json_body, problems, question_body
from outfitter.service.front import Front, front_of
from outfitter.service.happenings import require_no_user
from outfitter.service.problems import Problem
from outfitter.service.questions import checked, photo_bytes, read_json, read_question
from outfitter.service.routes.common import Admin, K, ProductId, Reader, Where, as_json, require_product
from outfitter.service.schema import Detected, PhotoQuery, Recommended, RecommendQuery
from outfitter.service.thumbnails import thumbnail
from outfitter.walk.parts import BOTH

router = APIRouter()

SHOWN_WIDTH: Final = 1600
"""Pixels: how wide a photo is given back at most."""


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
    question, upload = await read_question(request, PhotoQuery, front.photos)
    since = time.monotonic()
    data = await photo_bytes(question, upload, front.storefront.fetch, front.downloads)
    if data is None:
        raise Problem(422, "invalid", "There is no photo. Send one, or the url of one.")

    def work() -> Response:
        found = front.storefront.detect(data)
        front.keep(upload)
        return as_json(wire.detected(found))

    return await front.photos.run(work, since)


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
    question, upload = await read_question(request, RecommendQuery, front.photos)
    require_no_user(question.user, caller)
    if question.product is not None and (upload is not None or question.url is not None):
        raise Problem(422, "invalid", "Need a photo, a url or a product, and only one of them.")
    since = time.monotonic()
    data = await photo_bytes(question, upload, front.storefront.fetch, front.downloads)

    def work() -> Response:
        answer = _answer(front, question, data)
        front.keep(upload)
        return as_json(answer)

    return await (front.searches if data is None else front.photos).run(work, since)


@router.post(
    "/v1/photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **problems(*BODY)},
    openapi_extra=json_body(PhotoQuery),
    tags=["ask"],
)
async def photo(request: Request, _: Admin) -> Response:
    """The photo at an address on the public internet, as JPEG: for pages, which may not fetch it themselves."""
    # For the admin only: with a token, which everybody can read, this would be anybody's way around other sites' rules.
    front = front_of(request)
    question = await read_json(request, PhotoQuery)
    since = time.monotonic()
    data = await photo_bytes(question, None, front.storefront.fetch, front.downloads)
    if data is None:
        raise Problem(422, "invalid", "There is no url. Send the address of a photo.")
    made = await front.photos.run(lambda: thumbnail(data, "the photo", SHOWN_WIDTH), since)
    return Response(made, media_type="image/jpeg")


def _answer(front: Front, question: RecommendQuery, data: bytes | None) -> Recommended:
    """In a worker."""
    storefront, served = front.storefront, front.storefront.served
    for example in (*question.like, *question.dislike):
        served.catalogue.product(example)  # what is no product would be taken for a photo's path
    look = storefront.see(data, question.region) if data is not None else None
    with front.metrics.stage("recommend"):
        found = served.shop.recommend(
            look,
            product=question.product,
            user=question.user,
            visit=question.session,
            k=question.k,
            garment=question.garment,
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
            similar_by=question.similar_by,
        )
    if found:
        front.happenings.show(found.shown(question.user, question.session))
    return Recommended.model_construct(
        recommendation_id=found.id,
        strategy=found.strategy,
        why=found.why,
        note=found.note,
        photo=wire.detected(look.detections) if look else None,
        picks=wire.picks(found, served.show),
    )


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
    similar_by: Annotated[str, Query(max_length=100, description="both, shape or colour.")] = BOTH,
) -> Response:
    """Products like one of the catalogue; with strategy=complementary, what completes a look around it."""
    front = front_of(request)
    values = {"product": product_id, "k": k, "strategy": strategy, "where": where, "similar_by": similar_by}
    question = checked(RecommendQuery, {**values, "in_stock": in_stock, "grouped": grouped, "diversity": diversity})

    def work() -> Response:
        require_product(front.storefront, product_id)
        return as_json(_answer(front, question, None))

    return await front.searches.run(work)

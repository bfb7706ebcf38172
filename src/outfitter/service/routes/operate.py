"""Events, keys, and what operators look at."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from outfitter.service.documented import BODY, json_body, problems
from outfitter.service.front import front_of
from outfitter.service.problems import Problem
from outfitter.service.questions import read_json
from outfitter.service.routes.common import Admin, Reader, as_json
from outfitter.service.schema import EventsQuery, EventsTaken, Id, Token, TokenList, TokenOut, TokenQuery
from outfitter.service.wire import when

router = APIRouter()


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
        return as_json(EventsTaken(new=added.new, known=added.known), 201)

    return await front.searches.run(work)


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
    token, own_id, expires = front.keys.token(question.origins, question.days * 86400)
    return as_json(Token(id=own_id, token=token, expires=when(expires), origins=question.origins), 201)


@router.get("/v1/tokens", response_model=TokenList, responses=problems(), tags=["admin"])
async def list_tokens(request: Request, _: Admin) -> Response:
    """The browser tokens that have not expired, without what is secret in them."""
    made = [
        TokenOut(id=one.id, origins=one.origins, made=when(one.made), expires=when(one.expires), revoked=one.revoked)
        for one in front_of(request).keys.tokens
    ]
    return as_json(TokenList(tokens=tuple(made)))


@router.delete("/v1/tokens/{token_id}", status_code=204, responses=problems(404, 422), tags=["admin"])
async def revoke_token(request: Request, _: Admin, token_id: Id) -> Response:
    """Refuse a browser token from now on, and after a restart."""
    if not front_of(request).keys.tokens.revoke(token_id):
        raise Problem(404, "token", f"there is no token {token_id!r}. GET /v1/tokens lists those that were made.")
    return Response(status_code=204)


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", tags=["operate"])
async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", tags=["operate"], responses={503: {"description": "Not ready"}})
async def readyz(request: Request) -> dict[str, Any]:
    """Models and catalogue are loaded, and the service is not ending."""
    front = front_of(request)
    if not front.ready:
        raise Problem(503, "not-ready", "Starting or stopping. Try again soon.", headers={"Retry-After": "1"})
    return {"status": "ready", "products": len(front.storefront.served.catalogue)}


@router.get("/metrics", tags=["operate"], response_class=Response, responses=problems())
async def metrics(request: Request, _: Admin) -> Response:
    """For Prometheus, with the admin key."""
    return Response(front_of(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/v1/status", tags=["operate"], responses=problems())
async def status(request: Request, caller: Reader) -> dict[str, Any]:
    """What is served, by which models, and, for the admin, how fast, to how many, and with what trouble."""
    front = front_of(request)

    def work() -> dict[str, Any]:
        served = front.storefront.served
        stamp = served.catalogue.stamp
        told = {
            "products": len(served.catalogue),
            "attributes": list(stamp.attributes),
            "looks": len(served.catalogue.worn_together()),  # of a new catalogue it takes a while
            "models": {"detector": front.storefront.detector.manifest.model_id, "embedder": stamp.embedder},
            "parts": list(front.storefront.embedder.manifest.parts),
            "uploads_kept": front.uploads is not None,
            "loaded": when(served.loaded),
            "learnt": when(front.storefront.learnt),
            "admin": caller.admin,
        }
        return told | ({"events": front.happenings.store.stats()} if caller.admin else {})

    told = await front.searches.run(work)
    if not caller.admin:
        return told
    return told | {
        "trouble": front.storefront.trouble,
        "queue": {desk.name: {"now": desk.taken, "room": desk.room} for desk in front.desks},
        "latency": front.metrics.latency(),
    }

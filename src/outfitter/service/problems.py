"""Errors as RFC 9457 problem details: what is wrong, what was got, what is allowed, what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from outfitter.errors import CatalogueError, EventError, FeedError, ModelError, OutfitterError, PhotoError
from outfitter.service.log import REQUEST
from outfitter.service.tokens import TokensError

_log = logging.getLogger("outfitter.service")

METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""Those that there are; whoever asks may invent others without end."""

MEDIA_TYPE: Final = "application/problem+json"


class Problem(HTTPException):
    """Answered as problem details. kind: the last part of its type, which a program may compare."""

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(status, detail, headers)
        self.kind, self.more = kind, more


def too_busy(detail: str, seconds: float, kind: str = "busy") -> Problem:
    """503 with Retry-After."""
    return Problem(503, kind, detail, headers={"Retry-After": str(max(1, round(seconds)))})


def problem_of(error: OutfitterError) -> Problem:
    """What an error of the walk is over HTTP."""
    if isinstance(error, PhotoError):
        return Problem(422, "photo", str(error))
    if isinstance(error, EventError):
        # Of a row, or of the database; only the latter was caused by another error.
        return Problem(422, "event", str(error)) if error.__cause__ is None else too_busy(str(error), 5)
    if isinstance(error, FeedError):
        return Problem(422, "feed", str(error))
    if isinstance(error, CatalogueError):
        return Problem(503, "catalogue", str(error), headers={"Retry-After": "10"})
    if isinstance(error, TokensError | ModelError):
        # The operator's to mend, and whoever asks need not know where what lies.
        _log.error("%s", error)
        return too_busy("The service has a fault, which was logged. Its operator has to mend it.", 60, kind="fault")
    return Problem(422, "query", str(error))


def answer(problem: Problem, scope: Scope) -> Response:
    """The response; `scope` is told what kind of problem it is, for the log and the metrics."""
    scope["problem"] = problem.kind
    request = REQUEST.get()
    body = {
        "type": f"urn:outfitter:problem:{problem.kind}",
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "detail": problem.detail,
        **({"instance": f"urn:outfitter:request:{request}"} if request else {}),
        **problem.more,
    }
    text = json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return Response(text, problem.status_code, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""

    def respond(request: Request, problem: Problem) -> Response:
        return answer(problem, request.scope)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if isinstance(error, Problem):
            return respond(request, error)
        details = {
            404: f"There is nothing at {request.url.path}. /openapi.json lists what there is.",
            405: f"{request.method} is not allowed here. /openapi.json lists what is.",
        }
        detail = details.get(error.status_code, str(error.detail))
        headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
        return respond(request, Problem(error.status_code, "http", detail, headers=headers))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return respond(request, invalid_fields(error.errors()))

    @app.exception_handler(OutfitterError)
    async def ours(request: Request, error: OutfitterError) -> Response:
        return respond(request, problem_of(error))


def _allowed(request: Request) -> str:
    """The methods of all routes of this path; Starlette names those of the first."""
    scopes = {method: {**request.scope, "method": method} for method in METHODS}
    routes = request.app.routes
    return ", ".join(
        name for name, as_it in scopes.items() if any(one.matches(as_it)[0] is Match.FULL for one in routes)
    )


def invalid_fields(errors: Any) -> Problem:
    """What pydantic found wrong, as one problem that lists every field. Inputs are cut short, not repeated whole."""
    fields = [
        {"field": ".".join(str(part) for part in one["loc"] if part not in ("body", "query", "path")), "is": one["msg"]}
        for one in errors
    ]
    detail = "; ".join(f"{one['field'] or 'the body'}: {one['is']}" for one in fields[:5])
    return Problem(422, "invalid", f"{detail}. Correct the request.", errors=fields[:20])

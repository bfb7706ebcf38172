"""What the OpenAPI document says of bodies and problems, which FastAPI cannot see for itself."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from outfitter.service.problems import MEDIA_TYPE
from outfitter.service.schema import ProblemOut

_PROBLEM: Final = ProblemOut.model_json_schema()


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers that are no success, those of every route besides."""
    meanings = {
        400: "The body is not what its type says",
        401: "No key, or one that is not known",
        403: "This key may not",
        404: "No such thing",
        408: "The body came too slowly",
        413: "The body is too long",
        415: "The body has a type that is not taken",
        422: "A question that has no answer as asked",
        429: "Too many requests; Retry-After says when",
        503: "Too busy, or not ready; Retry-After says when",
    }
    common = (401, 403, 429, 503)
    return {
        status: {"description": meanings[status], "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
        for status in sorted({*common, *statuses})
    }


BODY: Final = (400, 408, 413, 415, 422)
"""Statuses of routes that take a body."""


def question_body(kind: type[BaseModel]) -> dict[str, Any]:
    """The request body that `read_question` takes."""
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    photo = {"type": "string", "format": "binary", "description": "The photo's file."}
    fields = {name: value for name, value in schema["properties"].items() if name != "url"}
    form = {"type": "object", "properties": {"photo": photo, **fields}, "required": ["photo"]}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema},
                "multipart/form-data": {"schema": form},
                "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    }


def json_body(kind: type[BaseModel]) -> dict[str, Any]:
    """The request body that `read_json` takes."""
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

"""Requests as questions: JSON, a form with a photo, or a photo as the body itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from outfitter.photo import LIMITS, read_bytes
from outfitter.service.limits import Desk
from outfitter.service.problems import Problem, invalid_fields
from outfitter.service.schema import PhotoQuery

Query = TypeVar("Query", bound=PhotoQuery)
Model = TypeVar("Model", bound=BaseModel)

PHOTO_TYPES: Final = ("image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "image/bmp", "image/tiff")


class _InMemory(MultiPartParser):
    """Uploads are never written to disk; the body's limit bounds what they take."""

    spool_max_size = 2**62
    whole = False

    def on_end(self) -> None:
        self.whole = True
        super().on_end()


async def read_question(request: Request, kind: type[Query], photos: Desk) -> tuple[Query, bytes | None]:
    """What is asked, and the photo if one was uploaded. photos: the desk that it is for.

    Raises:
        Problem: 503 if the desk has no room, the photo being unread; 415 for a type that is none of the three, 400 for
            a body that is not what its type says, 422 for values that are not allowed.
    """
    got = request.headers.get("content-type", "")
    type_ = got.partition(";")[0].strip().lower()
    if type_ == "application/json":
        return await read_json(request, kind), None
    photos.require_room()
    if type_ == "multipart/form-data":
        fields, photo = await _form(request)
    elif type_ in PHOTO_TYPES or type_ == "application/octet-stream":
        fields, photo = _texts(request.query_params.multi_items(), kind), await request.body()
    else:
        raise Problem(
            415,
            "type",
            f"The body's type is {got[:100]!r}; need application/json, multipart/form-data with a part 'photo', or an "
            f"image type such as image/jpeg.",
            headers={"Accept-Post": f"application/json, multipart/form-data, {', '.join(PHOTO_TYPES)}"},
        )
    if photo is not None and "url" in fields:
        raise Problem(422, "invalid", "A photo and a url were given; send one of them.")
    return checked(kind, _texts(list(fields.items()), kind) if type_ == "multipart/form-data" else fields), photo


async def read_json(request: Request, kind: type[Model]) -> Model:
    """A JSON body. Raises Problem."""
    body = await request.body()
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "json", f"The body is no JSON: {error}. Correct it and send it again.") from None
    return checked(kind, values)


def checked(kind: type[Model], values: Any) -> Model:
    """Raises Problem 422."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise invalid_fields(error.errors(include_url=False, include_context=False, include_input=False)) from None


async def _form(request: Request) -> tuple[dict[str, Any], bytes | None]:
    parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=1100, max_part_size=1_000_000)
    try:
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, KeyError, ValueError) as error:
        message = getattr(error, "message", str(error)) or type(error).__name__
        raise Problem(400, "form", f"The body is no whole multipart/form-data: {message}") from None
    try:
        if not parser.whole:
            raise Problem(400, "form", "The body is no whole multipart/form-data: it ends before its last boundary.")
        return await _fields_of(form)
    finally:
        await form.close()


async def _fields_of(form: FormData) -> tuple[dict[str, Any], bytes | None]:
    photo: bytes | None = None
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name != "photo":
                raise Problem(422, "invalid", f"A file was sent as {name[:50]!r}; name its part 'photo'.")
            photo = await value.read()
        elif name == "photo":
            raise Problem(422, "invalid", "The part 'photo' has no file name, so it is text; send it as a file.")
        elif name in fields:
            first = fields[name]
            fields[name] = [*(first if isinstance(first, list) else [first]), value]
        else:
            fields[name] = value
    return fields, photo


def _texts(items: list[tuple[str, Any]], kind: type[BaseModel]) -> dict[str, Any]:
    """Fields that came as text: lists are repeated names or commas, an empty text is nothing."""
    fields: dict[str, Any] = {}
    for name, value in items:
        if value == "":
            continue
        if name == "region" and isinstance(value, str):
            fields[name] = value.split(",")
        elif name in ("exclude", "like", "dislike") and name in kind.model_fields:
            fields[name] = [*fields.get(name, ()), *(value if isinstance(value, list) else [value])]
        else:
            fields[name] = value
    return fields


async def photo_bytes(
    question: PhotoQuery, upload: bytes | None, fetch: Callable[[str], bytes], downloads: Desk
) -> bytes | None:
    """The photo of a question, downloaded if need be, at the desk for that; None if it has none.

    Raises:
        Problem: the url is none, the desk is full, or it took too long.
        PhotoError: it cannot be had, is empty or too long.
    """
    if upload is not None:
        return read_bytes(upload, name="the photo")
    if question.url is None:
        return None
    url = question.url
    if "://" not in url:
        raise Problem(422, "invalid", f"url is {url[:200]!r}; need http://host/… or https://host/….")
    return await downloads.run(lambda: read_bytes(url, name=url, limits=LIMITS, fetch=fetch))

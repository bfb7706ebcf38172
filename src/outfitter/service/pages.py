"""The page at ``/`` and the widget's script: files of this package, served from memory."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response

FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/app.css": ("app.css", "text/css; charset=utf-8"),
    "/app.js": ("app.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/outfit-photo.js": ("outfit-photo.js", "text/javascript; charset=utf-8"),
}
"""Path → file and type."""


def pages() -> APIRouter:
    router = APIRouter()
    for path, (name, type_) in FILES.items():
        body = files("outfitter.service").joinpath("web", name).read_bytes()
        _add(router, path, body, type_)
    return router


def _add(router: APIRouter, path: str, body: bytes, type_: str) -> None:
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if path == "/outfit-photo.js":
        headers |= {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}

    @router.get(path, include_in_schema=False)
    async def file(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=type_)

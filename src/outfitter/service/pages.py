"""The page at ``/`` and the widget's script: files of this package, served from memory."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
WIDGET: Final = "outfit-photo.js"


def pages() -> APIRouter:
    router = APIRouter()
    for file in sorted(files("outfitter.service").joinpath("web").iterdir(), key=lambda file: file.name):
        _add(
            router,
            "/" if file.name == "index.html" else f"/{file.name}",
            file.read_bytes(),
            TYPES[Path(file.name).suffix],
        )
    return router


def _add(router: APIRouter, path: str, body: bytes, type_: str) -> None:
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if path == f"/{WIDGET}":
        headers |= {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}

    @router.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)
    async def file(request: Request) -> Response:
        known = request.headers.get("if-none-match", "").split(",")  # W/: a proxy has packed it
        if any(one.strip().removeprefix("W/") == tag for one in known):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=type_)

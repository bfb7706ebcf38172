"""Around every request: its id, security headers, one log line, metrics; limits on its body, and the last resort."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outfitter.errors import OutfitterError
from outfitter.service.log import REQUEST, request_id
from outfitter.service.metrics import Metrics
from outfitter.service.problems import METHODS, Problem, answer, problem_of

_log = logging.getLogger("outfitter.service")

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer, unless a route sets its own."""


class Envelope:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own_id = request_id(Headers(scope=scope).get("x-request-id"))
        REQUEST.set(own_id)  # of this task, which answers this request only
        started, status = time.perf_counter(), 0

        async def deliver(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = own_id
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, deliver)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The route and not the path, and never the query: paths hold ids without end, queries hold signatures.
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in METHODS else "other"
        problem, caller = scope.get("problem"), scope.get("caller")
        self._metrics.record(method, route, status, seconds, problem)
        if _log.isEnabledFor(logging.INFO):
            ms = round(1000 * seconds, 1)
            fields = {"method": method, "route": route, "status": status, "ms": ms}
            fields |= {"caller": caller} if caller else {}
            fields |= {"problem": problem} if problem else {}
            _log.info("%s %s %d in %s ms", method, route, status, ms, extra={"fields": fields})


class LastResort:
    """ASGI middleware, within that of other origins' rules: a page can read also what is answered here.

    body_bytes, body_seconds: what a request's body may have and take.
    """

    def __init__(self, app: ASGIApp, body_bytes: int, body_seconds: float) -> None:
        self._app, self._bytes, self._seconds = app, body_bytes, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def deliver(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        body = _Body(scope, receive, self._bytes, self._seconds)
        try:
            body.check_length()
            await self._app(scope, body.receive, deliver)
        except Exception as error:
            # What a route raises is answered further in. This is for middleware, and for bugs.
            if isinstance(error, OutfitterError):
                error = problem_of(error)
            if not isinstance(error, Problem):
                _log.error("a request failed", exc_info=error)
                error = Problem(
                    500, "internal", f"Something went wrong here. It was logged as request {REQUEST.get()}."
                )
            if not begun:
                await answer(error, scope)(scope, receive, send)


class _Body:
    """A request's body, counted and timed while it arrives."""

    def __init__(self, scope: Scope, receive: Receive, most: int, seconds: float) -> None:
        self._length = Headers(scope=scope).get("content-length", "")
        self._receive, self._most, self._seconds = receive, most, seconds
        self._got, self._whole, self._deadline = 0, False, 0.0

    def check_length(self) -> None:
        if self._length.isdecimal() and int(self._length) > self._most:
            raise self._too_long(f"{int(self._length):,} bytes")

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        self._deadline = self._deadline or time.monotonic() + self._seconds
        try:
            async with asyncio.timeout(max(self._deadline - time.monotonic(), 0)):  # wait_for would start another task
                message = await self._receive()
        except TimeoutError:
            raise Problem(
                408, "slow", f"The body took over {self._seconds:g} s to arrive. Send it smaller.", headers=_CLOSE
            ) from None
        if message["type"] == "http.request":
            self._got += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._got > self._most:
                raise self._too_long("more bytes than that")
        return message

    def _too_long(self, got: str) -> Problem:
        return Problem(
            413,
            "too-long",
            f"The body has {got}; the limit is {self._most:,} bytes. Send a smaller photo.",
            headers=_CLOSE,
        )


_CLOSE: Final = {"Connection": "close"}

"""A picture's bytes from the web or an object store, bounded in size and time while they arrive."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import Final, TypeAlias
from urllib.parse import quote, urljoin, urlsplit

from outfitter.errors import PhotoError, reason
from outfitter.objects import read_object
from outfitter.photo.limits import LIMITS, Limits, too_long

MAX_REDIRECTS: Final = 3

Connect: TypeAlias = Callable[..., socket.socket]
"""As `socket.create_connection`: ((host, port), timeout, source address) → a connected socket."""


def fetch_url(url: str, limits: Limits = LIMITS, *, connect: Connect | None = None) -> bytes:
    """Download a picture by http or https, following at most `MAX_REDIRECTS` redirects. No cookies, no proxies.

    connect: how every connection is made, those of redirects too; for those who choose where may be connected to.

    Raises:
        PhotoError: another scheme, no answer, an answer other than 200, a content type that is no picture's, a body
            over `limits.bytes`, or more than `limits.seconds` altogether.
    """
    deadline = monotonic() + limits.seconds
    place = url
    for _ in range(MAX_REDIRECTS + 1):
        answer = _request(place, url, deadline, limits, connect)
        if isinstance(answer, bytes):
            return answer
        place = urljoin(place, answer)
    raise PhotoError(f"{url}: is redirected more than {MAX_REDIRECTS} times. Give the picture's own address.")


def fetch_object(url: str, limits: Limits = LIMITS) -> bytes:
    """Read a picture from an object store; as `fetch_url`."""
    try:
        return read_object(url, limits.bytes, limits.seconds)
    except ValueError as error:
        raise PhotoError(too_long(url, str(error), limits)) from None
    except OSError as error:
        raise PhotoError(f"{url}: cannot be fetched: {error}. Check the address.") from None


def _request(place: str, url: str, deadline: float, limits: Limits, connect: Connect | None) -> bytes | str:
    """One request to `place`: the body, or the address it redirects to. `url` is what messages name."""
    via = "" if place == url else f", redirected to {place},"
    try:
        parts = urlsplit(place)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PhotoError(f"{url}:{via} has scheme {parts.scheme!r}; need http://host/… or https://host/….")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        port = parts.port or kind.default_port  # given, as http.client would look for one in an IPv6 address
        connection = kind(parts.hostname, port, timeout=max(deadline - monotonic(), 0.001))
        if connect:
            connection._create_connection = connect  # type: ignore[attr-defined]  # the seam of http.client, for tunnels
        with closing(connection):
            connection.connect()
            # A socket's timeout bounds each wait, not their sum: a server that drips bytes would outlast it.
            cut = threading.Timer(deadline - monotonic(), _hang_up, [connection.sock])
            cut.daemon = True
            cut.start()
            try:
                target = quote(parts._replace(scheme="", netloc="", fragment="").geturl() or "/", safe=_IN_URL)
                connection.request("GET", target, headers={"User-Agent": "outfitter", "Accept": "image/*"})
                with connection.getresponse() as response:
                    answer = _answer(response, f"{url}:{via}", limits)
            finally:
                cut.cancel()
        if monotonic() < deadline:
            return answer
        raise TimeoutError
    except (OSError, HTTPException, ValueError, PhotoError) as error:
        if monotonic() >= deadline:  # whatever came of it: what was cut off may look complete, or wrong
            raise PhotoError(f"{url}:{via} took over {limits.seconds:g} s. Try again, or download it first.") from None
        if isinstance(error, PhotoError):
            raise
        raise PhotoError(f"{url}:{via} cannot be fetched: {reason(error)}. Check the address.") from None


_IN_URL = "/%:@!$&'()*+,;=~?[]"
"""Left as it is in a path and query; anything else (spaces, letters outside ASCII) is percent-encoded."""


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):  # it ended by itself
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's, which a read in progress would trip over


def _answer(response: HTTPResponse, who: str, limits: Limits) -> bytes | str:
    if response.status in (301, 302, 303, 307, 308) and (place := response.getheader("Location")):
        return place
    if response.status != 200:
        raise PhotoError(f"{who} answered {response.status} {response.reason}; need 200. Check the address.")
    kind = response.headers.get_content_type()
    if not kind.startswith("image/") and kind not in ("application/octet-stream", "binary/octet-stream"):
        raise PhotoError(f"{who} is {kind!r}; need an image/… type. Give the picture's own address, not its page's.")
    if response.length is not None and response.length > limits.bytes:
        raise PhotoError(too_long(who.rstrip(":"), f"{response.length:,} bytes", limits))
    body = response.read(limits.bytes + 1)
    if len(body) > limits.bytes:
        raise PhotoError(too_long(who.rstrip(":"), "more bytes than it may", limits))
    if response.length:
        raise ConnectionError(f"the connection ended {response.length:,} bytes early")
    return body

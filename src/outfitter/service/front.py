"""What a route needs, in one place, and who may ask."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from outfitter.service.auth import Caller, Keys, RefusedError
from outfitter.service.happenings import Happenings
from outfitter.service.limits import Desk, Rates
from outfitter.service.metrics import Metrics
from outfitter.service.problems import Problem
from outfitter.service.settings import Settings
from outfitter.service.storefront import Storefront
from outfitter.service.uploads import Uploads

LOCAL: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(eq=False)
class Front:
    """photos: for questions that need the models; searches: for those that need the catalogue only; writes: changes,
    one at a time. Where other hosts are waited for: pictures of the catalogue, and downloads of photos."""

    settings: Settings
    keys: Keys
    metrics: Metrics
    storefront: Storefront
    happenings: Happenings
    rates: Rates
    photos: Desk
    searches: Desk
    writes: Desk
    pictures: Desk
    downloads: Desk
    uploads: Uploads | None = None
    ready: bool = False

    def keep(self, upload: bytes | None) -> None:
        """A photo that was uploaded and could be read, if the operator wants it."""
        if upload is not None and self.uploads is not None:
            self.uploads.keep(upload)

    @property
    def desks(self) -> tuple[Desk, ...]:
        return self.photos, self.searches, self.writes, self.pictures, self.downloads

    def close(self) -> None:
        for desk in self.desks:
            desk.close()
        self.storefront.close()
        self.happenings.close()


def front_of(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


_bearer = HTTPBearer(auto_error=False, description="The admin key, or a browser token.")
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def reader(request: Request, credentials: _Bearer) -> Caller:
    """Whoever may read: the admin, and pages with a token. Raises Problem 401, 403 or 429."""
    front = front_of(request)
    try:
        caller = _caller(front, request, credentials)
    except RefusedError as refused:
        front.rates.take(f"refused {_visitor(request)}")  # guessing is slowed down
        headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
        raise Problem(refused.status, "key", str(refused), headers=headers) from None
    request.scope["caller"] = caller.id
    # Everybody who looks at a page asks with the same token: one of them must not use up what all have.
    front.rates.take(caller.id if caller.admin else f"{caller.id} {_visitor(request)}")
    return caller


async def admin(caller: Annotated[Caller, Depends(reader)]) -> Caller:
    """Raises Problem 403 for whoever may only read."""
    if not caller.admin:
        raise Problem(403, "key", "A browser token may read and report events only. Use the admin key.")
    return caller


def _caller(front: Front, request: Request, credentials: HTTPAuthorizationCredentials | None) -> Caller:
    if front.settings.insecure_local:
        # Any page that a browser on this machine has open could ask, under any name that resolves to it.
        host = _host_name(request)
        if host not in LOCAL:
            raise RefusedError(403, f"--insecure-local answers to localhost only, not to {host!r}.")
        sent = request.headers.get("origin")
        if sent is not None and sent not in (*front.settings.origins, _own_origin(request)):
            raise RefusedError(403, f"Pages of {sent} may not ask. Name the origin with --origin.")
        return Caller(f"local {_address(request)}", admin=True)
    # Browsers send no origin with a GET within one, but say that it is one. Whether it is https, a proxy knows.
    own = request.headers.get("host") if request.headers.get("sec-fetch-site") == "same-origin" else None
    return front.keys.caller(credentials.credentials if credentials else None, request.headers.get("origin"), own)


def _host_name(request: Request) -> str | None:
    """The host that was asked for, without its port; as it came if it is none."""
    host = request.headers.get("host", "")
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return host


def _own_origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def _address(request: Request) -> str:
    return request.client.host if request.client else "?"


def _visitor(request: Request) -> str:
    """The address that asks; of IPv6 its network of 64 bits, in which whoever has one address has all."""
    try:
        address = ip_address(_address(request))
    except ValueError:  # a socket without addresses
        return _address(request)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(address)

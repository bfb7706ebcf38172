"""Pictures from addresses that strangers give: the public internet only, never the network the service stands in.

A host's name is resolved once, every address it resolves to must be public, and the connection goes to the address
that was checked, so a name that resolves otherwise a moment later gains nothing. Redirects are connections of their
own and are checked likewise. Time, length and type are bounded by `outfitter.photo.fetch_url`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any, Final

from outfitter.errors import PhotoError
from outfitter.photo import LIMITS, Limits, fetch_url

PORTS: Final = frozenset({80, 443})

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], list[str]]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also where it is wrapped in an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.is_site_local:  # private by an older rule, which ipaddress counts as global
            return False
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class PublicFetch:
    """URL → bytes, from public addresses only. public, ports: what may be connected to."""

    def __init__(
        self,
        limits: Limits = LIMITS,
        resolve: Resolve = resolve,
        public: Callable[[str], bool] = is_public,
        ports: frozenset[int] = PORTS,
    ) -> None:
        self._limits, self._resolve, self._public, self._ports = limits, resolve, public, ports

    def __call__(self, url: str) -> bytes:
        """The picture's file. Raises PhotoError as `fetch_url` does, and for an address that is not public."""
        return fetch_url(url, self._limits, connect=self._connect)

    def _connect(self, address: tuple[str, int], timeout: float, *_: Any) -> socket.socket:
        host, port = address
        if port not in self._ports:
            allowed = " or ".join(map(str, sorted(self._ports)))
            raise PhotoError(f"{host}: port {port} is not fetched from; need {allowed}. Upload the photo instead.")
        addresses = self._resolve(host, port)
        # Which address it was is not told: it would map the network for whoever asks.
        if not addresses or not all(self._public(one) for one in addresses):
            raise PhotoError(f"{host}: is not on the public internet. Upload the photo instead.")
        return socket.create_connection((addresses[0], port), timeout)

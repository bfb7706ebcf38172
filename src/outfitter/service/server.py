"""The app on a socket: uvicorn, set up so that it ends in order and logs nothing that is secret."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network, ip_network
from typing import Final

import uvicorn
from fastapi import FastAPI

from outfitter.service.limits import Desk
from outfitter.service.settings import Settings

GRACE: Final = 5
"""Seconds beyond what a request may take, until it is cut off when the service ends."""


def listen(app: FastAPI, settings: Settings, host: str, port: int) -> tuple[uvicorn.Server, socket.socket]:
    """A server that is ready to run on a socket that is bound already, so that its port is known.

    On SIGTERM and Ctrl-C it takes no more connections, answers what it has, and ends.

    Raises:
        OSError: the address is taken, or is not this machine's.
    """
    config = uvicorn.Config(
        app,
        host,
        port,
        access_log=False,  # it would log queries, which hold signatures; the service writes its own
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.proxies),  # whoever else asks could write them
        forwarded_allow_ips=[name for proxy in settings.proxies for name in _names(proxy)],
        timeout_graceful_shutdown=round(settings.seconds) + GRACE,
        timeout_keep_alive=10,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(config.backlog)  # whoever comes before the server runs waits for it
    except OSError as error:
        sock.close()
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from None
    return _Server(config, app.state.front.writes), sock


class _Server(uvicorn.Server):
    """Ends as late as a change of the catalogue that is under way, which goes on to its end in any case."""

    def __init__(self, config: uvicorn.Config, writes: Desk) -> None:
        super().__init__(config)
        self._writes = writes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._writes.taken:
            self.config.timeout_graceful_shutdown = round(self._writes.seconds) + GRACE
        await super().shutdown(sockets)


def _names(proxy: str) -> list[str]:
    """A network as a socket may call it: where :: is listened on, an IPv4 address arrives within an IPv6 one."""
    network = ip_network(proxy)
    if not isinstance(network, IPv4Network):
        return [proxy]
    return [proxy, f"::ffff:{network.network_address}/{96 + network.prefixlen}"]

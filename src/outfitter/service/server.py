"""The app on a socket: uvicorn, set up so that it ends in order and logs nothing that is secret."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from outfitter.service.settings import Settings


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
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=round(settings.seconds) + 5,
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
    return uvicorn.Server(config), sock

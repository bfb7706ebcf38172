"""``outfitter serve``: a shop's API, the page to try it on, and the widget."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from outfitter.cli.output import emit, say
from outfitter.errors import ConfigError

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_log = logging.getLogger("outfitter.service")


def command(
    catalogue: Annotated[str, typer.Option(help="The catalogue's folder, or s3://BUCKET/NAME.")],
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    origin: Annotated[
        list[str] | None, typer.Option(help="A website whose pages may call, such as https://shop.example; repeatable.")
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="A proxy before it, whose X-Forwarded-For is believed: its address or network; repeatable."),
    ] = None,
    insecure_local: Annotated[bool, typer.Option(help="No keys. For a laptop: loopback only.")] = False,
    state: Annotated[
        Path | None, typer.Option(help="Where keys and events are kept; default: beside --catalogue.")
    ] = None,
    events: Annotated[
        str | None, typer.Option(help="A file of SQLite, or a database's URL; by default events.db in --state.")
    ] = None,
    learnt: Annotated[Path | None, typer.Option(help="What 'outfitter events learn' wrote.")] = None,
    merchandising: Annotated[Path | None, typer.Option(help="Rules and scenarios, a YAML file.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Cores for the models; all by default.")] = None,
    queue: Annotated[int | None, typer.Option(min=1, help="Requests that may wait; beyond them 503.")] = None,
    timeout: Annotated[float | None, typer.Option(help="The longest a request may take, in seconds.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests a second for a key, or a page's visitor; 0: no limit.")
    ] = None,
    uploads: Annotated[
        Path | None, typer.Option(help="Keep uploaded photos in this folder, up to 1 GB; by default none are kept.")
    ] = None,
    log: Annotated[str, typer.Option(help="What is written to stderr: text for people, or json.")] = "text",
    detector: Annotated[Path | None, typer.Option(help="A detector's model folder instead of the shipped one.")] = None,
    embedder: Annotated[Path | None, typer.Option(help="The model folder that the catalogue was made with.")] = None,
) -> None:
    """Serve a catalogue: the API under /v1, a page at /, the widget at /outfit-photo.js."""
    from outfitter.catalogue.place import open_place
    from outfitter.catalogue.store import require_finished
    from outfitter.config import parse
    from outfitter.service.app import create_app
    from outfitter.service.auth import Keys
    from outfitter.service.log import log_to
    from outfitter.service.server import listen
    from outfitter.service.settings import Settings

    if insecure_local and host not in LOOPBACK:
        raise ConfigError(f"--insecure-local: has no keys, so --host must be {', '.join(LOOPBACK)}, not {host!r}.")
    given: dict[str, Any] = {
        "state": state,
        "origins": tuple(origin or ()),
        "proxies": tuple(proxy or ()),
        "events": events,
        "learnt": learnt,
        "merchandising": merchandising,
        "workers": workers,
        "queue": queue,
        "seconds": timeout,
        "rate": rate,
        "detector": detector,
        "embedder": embedder,
        "uploads": uploads,
        "log": log,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = parse(Settings, {"catalogue": catalogue, "insecure_local": insecure_local, **chosen}, "outfitter serve")
    log_to(kind=settings.log)
    require_finished(open_place(settings.catalogue))  # before a folder is made beside what may be mistyped
    keys, new = (Keys.ephemeral(), None) if insecure_local else Keys.open(settings.state_folder)
    # Before anything else can fail: the next start has it no more.
    if new and settings.log == "json":  # not into the log, which others keep and read
        emit({"admin_key": new})
    elif new:
        say(f"The admin key, shown this once: {new}")
    app = create_app(settings, keys)
    server, sock = listen(app, settings, host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{sock.getsockname()[1]}/"
    if settings.log == "json":
        _log.info("serving %s at %s", catalogue, address)
    elif new:
        say(f"Open {address}#key={new} in a browser. Pages of a shop get tokens: POST /v1/tokens.")
    else:
        say(f"Open {address}{'' if insecure_local else ' with the admin key that the first start printed'}.")
    # uvicorn ends in order and then raises the signal again; it has been obeyed by then.
    signal.signal(signal.SIGTERM, lambda *_: None)
    server.run(sockets=[sock])

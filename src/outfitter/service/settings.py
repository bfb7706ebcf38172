"""What ``outfitter serve`` can be told; one default per option."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from outfitter.catalogue.place import is_remote
from outfitter.config import Options
from outfitter.photo import LIMITS
from outfitter.service.log import LogFormat
from outfitter.system import cores


def checked_origin(text: str) -> str:
    """``https://shop.example``: scheme, host and perhaps a port. Raises ValueError."""
    if not re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d+)?", text):
        raise ValueError("need an origin such as https://shop.example: scheme, host in lower case, perhaps a port")
    return text


def checked_network(text: str) -> str:
    """``10.0.0.7`` or ``10.0.0.0/8`` → the network, as ``10.0.0.7/32``. Raises ValueError."""
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError("need an address such as 10.0.0.7, or a network such as 10.0.0.0/8") from None


Origin = Annotated[str, AfterValidator(checked_origin)]
Network = Annotated[str, AfterValidator(checked_network)]


class Settings(Options):
    """How a catalogue is served.

    Args:
        catalogue: the catalogue's folder, or ``s3://bucket/name``.
        state: where keys and events are kept; by default beside the catalogue, ``shop/`` → ``shop.service/``. A
            catalogue in an object store has nothing beside it, so it must be named.
        detector, embedder: model folders; None takes the shipped ones.
        events: a file of SQLite, or a database's URL; by default ``events.db`` in `state`.
        learnt: what 'outfitter events learn' wrote; None learns from the events themselves, now and then.
        merchandising: rules and scenarios, a YAML file.
        origins: websites whose pages may call the API.
        proxies: what stands before the service: only of these it believes who asks (``X-Forwarded-For``) and by which
            scheme (``X-Forwarded-Proto``).
        insecure_local: no keys; for a laptop.
        workers: cores for the models.
        queue: requests that may wait for a worker; beyond them 503.
        seconds: the longest a request may take, its waiting included; then 503.
        rate, burst: requests a second, and how many at once after a pause; then 429. 0: unlimited. Counted for the
            admin key as one, for a token by the address that asks: everybody who looks at a page has the same.
        body_bytes: the longest body of a request.
        uploads: a folder in which uploaded photos are kept; None, the default, keeps none.
        uploads_bytes: how many bytes of them are kept; the oldest give way.
        reload_seconds: how often to look whether the catalogue has changed; 0: never.
        learn_seconds: how often to learn from events that are new.
        log: records for people, or as JSON.
    """

    catalogue: str | Path
    state: Path | None = None
    detector: Path | None = None
    embedder: Path | None = None
    events: str | None = None
    learnt: Path | None = None
    merchandising: Path | None = None
    origins: tuple[Origin, ...] = ()
    proxies: tuple[Network, ...] = ()
    insecure_local: bool = False
    workers: int = Field(default_factory=cores, ge=1)
    queue: int = Field(default=64, ge=1)
    seconds: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    rate: float = Field(default=50.0, ge=0, allow_inf_nan=False)
    burst: int = Field(default=100, ge=1)
    body_bytes: int = Field(default=LIMITS.bytes + 100_000, gt=0)
    uploads: Path | None = None
    uploads_bytes: int = Field(default=1_000_000_000, gt=0)
    reload_seconds: float = Field(default=2.0, ge=0, allow_inf_nan=False)
    learn_seconds: float = Field(default=600.0, gt=0, allow_inf_nan=False)
    log: LogFormat = "text"

    @model_validator(mode="after")
    def _state_somewhere(self) -> Self:
        if self.state is None and is_remote(self.catalogue):
            raise ValueError(
                f"catalogue is {self.catalogue}; need state (--state DIR): an object store has no folder beside it for "
                "keys and events"
            )
        return self

    @property
    def state_folder(self) -> Path:
        folder = Path(self.catalogue).absolute()
        return self.state or folder.with_name(f"{folder.name}.service")

"""The ASGI app of a catalogue."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from outfitter.events import EventStore
from outfitter.service import problems
from outfitter.service.auth import Keys
from outfitter.service.envelope import Envelope, LastResort
from outfitter.service.front import Front
from outfitter.service.happenings import Happenings
from outfitter.service.limits import Desk, Rates
from outfitter.service.metrics import Metrics, Queue
from outfitter.service.pages import pages
from outfitter.service.routes import router
from outfitter.service.settings import Settings
from outfitter.service.storefront import Storefront
from outfitter.service.uploads import Uploads

SEARCHES: Final = 4
"""Searches at once, for each core: those that arrive together share one product with the catalogue's matrix."""

WAITING: Final = 16
"""Threads that wait for other hosts, for the pictures of the catalogue and for photos by their address each."""

WRITE_SECONDS: Final = 600.0
"""The longest a change of the catalogue may take: its pictures are downloaded and embedded."""

_log = logging.getLogger("outfitter.service")


def create_app(settings: Settings, keys: Keys, fetch: Callable[[str], bytes] | None = None) -> FastAPI:
    """The app; models and catalogue are loaded at once, so that what is wrong with them is an error now.

    Args:
        keys: `Keys.open` of the state folder, which tells the admin key when it makes one; or `Keys.ephemeral`.
        fetch: URL → bytes; None fetches from the public internet only.

    Raises:
        CatalogueError, ModelError, ConfigError.
    """
    metrics = Metrics()
    settings.state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    happenings = Happenings(EventStore(settings.events or settings.state_folder / "events.db"), metrics)
    storefront = Storefront(settings, keys, metrics, happenings.store, fetch)
    front = Front(
        settings,
        keys,
        metrics,
        storefront,
        happenings,
        Rates(settings.rate, settings.burst),
        photos=_desk(metrics, "photo", 2 * settings.workers, settings.queue, settings.seconds),
        searches=_desk(metrics, "search", SEARCHES * settings.workers, settings.queue, settings.seconds),
        writes=_desk(metrics, "write", 1, 8, WRITE_SECONDS),
        pictures=_desk(metrics, "picture", WAITING, settings.queue, settings.seconds),
        downloads=_desk(metrics, "fetch", WAITING, settings.queue, settings.seconds),
        uploads=Uploads(settings.uploads, settings.uploads_bytes) if settings.uploads else None,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_every(settings.learn_seconds, storefront.relearn))]
        if settings.reload_seconds:
            tasks.append(asyncio.create_task(_every(settings.reload_seconds, storefront.reload)))
        front.ready = True
        try:
            yield
        finally:  # uvicorn has answered all requests by now
            front.ready = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            front.close()

    app = FastAPI(
        title="Outfitter",
        version="1",
        description="Finds the garments in a photo and recommends what to buy with it or instead of it.",
        docs_url=None,  # they load their scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.front = front
    problems.install(app)
    app.include_router(router)
    app.include_router(pages())
    # Each goes around those before it.
    app.add_middleware(LastResort, body_bytes=settings.body_bytes, body_seconds=settings.seconds)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(settings.origins),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "X-Request-Id"],
        expose_headers=["Retry-After", "X-Request-Id"],
        max_age=3600,
    )
    app.add_middleware(Envelope, metrics=metrics)
    return app


def _desk(metrics: Metrics, name: Queue, workers: int, queue: int, seconds: float) -> Desk:
    desk = Desk(workers, queue, seconds, name, metrics.waits(name))
    metrics.watch(name, lambda: desk.taken)
    return desk


async def _every(seconds: float, work: Callable[[], object]) -> None:
    """Do it again and again, for ever."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(work)
        except Exception:  # a time that fails must not be the last
            _log.exception("%s failed", getattr(work, "__name__", "a task"))

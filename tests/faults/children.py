"""What is done in processes that are killed. They come from a server that has loaded what takes long to load."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from outfitter.catalogue import add, build, intake, lease, sync
from outfitter.detections import Detector
from outfitter.embeddings import Embedder
from outfitter.errors import CatalogueError
from outfitter.service.app import create_app
from outfitter.service.auth import Keys
from outfitter.service.server import listen
from outfitter.service.settings import Settings

LEASE_SECONDS: Final = 5.0
"""In these processes, so that nobody waits long for the lease of one that was killed."""

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


class Child:
    """``Child(work, …)``: work(say, …) in a process of its own, once it has begun. What it says comes by `hear`."""

    def __init__(
        self, work: Callable[..., None], *arguments: object, environment: Mapping[str, str] | None = None
    ) -> None:
        self._ear, mouth = _CONTEXT.Pipe(duplex=False)
        self.process: BaseProcess = _CONTEXT.Process(
            target=_run, args=(mouth, work, arguments, dict(environment or {})), daemon=True
        )
        self.process.start()
        mouth.close()
        self.heard: list[Any] = []
        assert self.hear() == "begun"

    def hear(self, seconds: float = 120) -> Any:
        """What it says next; None once it has ended."""
        try:
            assert self._ear.poll(seconds), "it says nothing"
            self.heard.append(self._ear.recv())
            return self.heard[-1]
        except EOFError:
            return None

    def signal(self, number: int) -> None:
        pid = self.process.pid
        assert pid
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(pid, number)

    def kill(self) -> bool:
        """kill -9; whether it was still at work."""
        self.signal(signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def kill_after(self, steps: int, seconds: float) -> bool:
        """kill -9 so long after it has said that so many steps are done; whether it was still at work."""
        while steps and self.heard[-1] != steps:
            if self.hear() is None:
                break
        time.sleep(seconds)
        return self.kill()

    def wait(self, seconds: float = 120) -> int:
        """Its exit code; what it still said is in `heard`."""
        while self.hear(seconds) is not None:
            pass
        self.process.join(seconds)
        code = self.process.exitcode
        assert code is not None
        self.process.close()
        return code


def _run(mouth: Connection, work: Callable[..., None], arguments: tuple[Any, ...], environment: dict[str, str]) -> None:
    os.environ.update(environment)
    warnings.simplefilter("ignore")
    for module, name, value in (
        (intake, "BATCH", 3),  # so that much of the time goes into writing
        (lease, "SECONDS", LEASE_SECONDS),
        (lease, "RENEWED_EVERY", LEASE_SECONDS / 4),
    ):
        setattr(module, name, value)
    work(mouth.send, *arguments)


def models(folders: tuple[Path, Path]) -> dict[str, Any]:
    detector, embedder = folders
    return {"detector": Detector(detector, threads=1), "embedder": Embedder(embedder, threads=1)}


def building(say: Callable[[object], None], feed: Path, place: str, folders: tuple[Path, Path]) -> None:
    loaded = models(folders)
    say("begun")
    build(feed, place, workers=1, progress=lambda done, _: say(done), **loaded)
    say("done")


def syncing(say: Callable[[object], None], feed: Path, place: str, folders: tuple[Path, Path]) -> None:
    loaded = models(folders)
    say("begun")
    try:
        sync(feed, place, workers=1, allow_removals=True, progress=lambda done, _: say(done), **loaded)
        say("done")
    except CatalogueError as error:
        say(str(error))


def adding(say: Callable[[object], None], feed: Path, place: str, folders: tuple[Path, Path]) -> None:
    """Again and again while somebody else writes; says how often that was so."""
    loaded = models(folders)
    say("begun")
    for refused in range(1000):
        try:
            add(feed, place, workers=1, **loaded)
            say(("acknowledged", refused))
            return
        except CatalogueError as error:
            if "another process" not in str(error):
                raise
            time.sleep(0.5)


def serving(say: Callable[[object], None], place: str, state: Path, folders: tuple[Path, Path], picture: bytes) -> None:
    """`outfitter serve` without keys; every picture of the internet is `picture`."""
    detector, embedder = folders
    settings = Settings(
        catalogue=place, state=state, detector=detector, embedder=embedder, rate=0, workers=1, insecure_local=True
    )
    app = create_app(settings, Keys.ephemeral(), lambda _: picture)
    server, sock = listen(app, settings, "127.0.0.1", 0)
    say("begun")
    say(sock.getsockname()[1])
    server.run(sockets=[sock])

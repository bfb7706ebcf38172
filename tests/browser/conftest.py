"""A real browser before a real server: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    expect,
    sync_playwright,
)

from outfitter.service.app import create_app
from outfitter.service.auth import Keys
from outfitter.service.settings import Settings
from tests.conftest import ToyModels
from tests.service.conftest import built as built
from tests.service.conftest import running

PATIENCE: int = 60_000
"""Milliseconds that are waited for what must come: the machine may be busy with other things."""

STRICT: str = "default-src 'none'; script-src 'self' {api}; img-src 'self' {api}; connect-src 'self' {api}"
"""A shop's policy; not even inline styles are allowed."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed after the last of these tests: as long as Playwright is open, no other test can run an event loop."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        message = "needs chromium: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Site:
    """url: where it is, without a final slash. app: the service's, of a service."""

    url: str
    app: Any = None
    key: str = ""


class _Pages(SimpleHTTPRequestHandler):
    """Files of a folder, under the policy `csp`."""

    csp = ""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.csp)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to stderr."""


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop-pages")


@pytest.fixture(scope="session")
def shop_site(shop_folder: Path) -> Iterator[Site]:
    """A shop's own website, at an origin of its own; tests write its pages into `shop_folder`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=str(shop_folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def service(
    built: Path, toy_models: ToyModels, shop_site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The service over HTTP, with keys on, and the shop's origin named."""
    settings = Settings(
        catalogue=built,
        state=tmp_path_factory.mktemp("state"),
        detector=toy_models.detector,
        embedder=toy_models.embedder,
        origins=(shop_site.url,),
        workers=2,
        rate=0,
        reload_seconds=0,
    )
    keys, key = Keys.open(settings.state_folder)
    app = create_app(settings, keys)
    with running(app, settings) as url:
        _Pages.csp = STRICT.format(api=url)
        yield Site(url, app, key or "")


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, service: Site, shop_site: Site) -> Iterator[Open]:
    """``open_page(url, width=360, scheme="dark")`` → a page; in the end it must have asked nobody else, nor erred."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    homes = (service.url, shop_site.url, "blob:")

    def start(url: str, width: int = 1280, scheme: str = "light", allow: tuple[str, ...] = (), **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))

        def console(line: ConsoleMessage) -> None:
            if line.type in ("error", "warning") and not any(text in line.text for text in allow):
                wrong.append(f"console: {line.text}")

        def request(asked: Request) -> None:
            if not asked.url.startswith(homes):
                wrong.append(f"asks {asked.url}")

        def dialog(shown: Dialog) -> None:
            wrong.append(f"dialog {shown.message}")
            shown.dismiss()

        page.on("console", console)
        page.on("request", request)
        page.on("dialog", dialog)
        page.goto(url)
        return page

    yield start
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def home(service: Site) -> str:
    """The page's address with the key, as `outfitter serve` prints it."""
    return f"{service.url}/#key={service.key}"

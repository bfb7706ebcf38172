"""Downloads, against a real server on this machine that misbehaves on request."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest
from PIL import Image

from outfitter.errors import PhotoError
from outfitter.photo import MAX_REDIRECTS, Limits, fetch_url, is_url, load_photo

PIXELS = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, "PNG")
    return out.getvalue()


class Shop(BaseHTTPRequestHandler):
    """Paths: /ok and below, and one per way to go wrong."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        name = unquote(parts.path).split("/")[1]
        with suppress(BrokenPipeError, ConnectionResetError):  # hanging up on us is what is tested
            getattr(self, f"get_{name}")(query)

    def answer(self, body: bytes, kind: str = "image/png", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for key, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def get_ok(self, query: dict[str, str]) -> None:
        self.answer(png(), query.get("type", "image/png"))

    def get_echo(self, _: dict[str, str]) -> None:
        self.answer(self.path.encode())

    def get_go(self, query: dict[str, str]) -> None:
        self.answer(b"", status=int(query.get("status", "302")), Location=query["to"])

    def get_again(self, query: dict[str, str]) -> None:
        left = int(query["left"]) - 1
        self.answer(b"", status=307, Location=f"/again?left={left}" if left else "ok")

    def get_gone(self, _: dict[str, str]) -> None:
        self.answer(b"<p>sold out", "text/html", status=410)

    def get_short(self, _: dict[str, str]) -> None:
        self.answer(png(), Content_Length="1000")

    def get_long(self, _: dict[str, str]) -> None:
        self.answer(b"", Content_Length="999999999999")
        time.sleep(5)  # whoever waits for the body has not looked at its length

    def get_endless(self, query: dict[str, str]) -> None:
        """A body of unknown length: fast, or a byte each 20 ms, so that no single wait is long."""
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        while True:
            self.wfile.write(b"\xff" if "slow" in query else bytes(65536))
            time.sleep(0.02 if "slow" in query else 0)

    def get_headers(self, _: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while True:
            self.wfile.write(b"X-More: yes\r\n")
            time.sleep(0.06)

    def get_silent(self, _: dict[str, str]) -> None:
        time.sleep(1.5)

    def log_message(self, *_: object) -> None:
        """Nothing to stderr."""


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up, or speaks TLS to us, is what is tested."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    server = QuietServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg; charset=binary", "application/octet-stream"])
def test_photo_from_a_url(shop: str, kind: str) -> None:
    photo = load_photo(f"{shop}/ok/shirt.png?type={kind}#main")
    assert (photo.pixels == PIXELS).all()
    assert photo.name == f"{shop}/ok/shirt.png?type={kind}#main"


def test_odd_letters_are_encoded_once(shop: str) -> None:
    asked = fetch_url(f"{shop}/echo/blaue hose/größe%2040.png?q=a b&r=%26")
    assert asked == b"/echo/blaue%20hose/gr%C3%B6%C3%9Fe%2040.png?q=a%20b&r=%26"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(shop: str, status: int) -> None:
    for to in ("/ok", "ok", f"{shop}/ok", shop.removeprefix("http:") + "/ok"):
        assert fetch_url(f"{shop}/go?status={status}&to={to}") == png()


def test_redirects_are_counted(shop: str) -> None:
    assert fetch_url(f"{shop}/again?left={MAX_REDIRECTS}") == png()
    with pytest.raises(PhotoError, match=rf"again\?left=4: is redirected more than {MAX_REDIRECTS} times"):
        fetch_url(f"{shop}/again?left={MAX_REDIRECTS + 1}")


@pytest.mark.parametrize("to", ["file:///etc/hostname", "ftp://127.0.0.1/a.png", "data:image/png;base64,AAAA"])
def test_redirect_away_from_the_web_is_refused(shop: str, to: str) -> None:
    with pytest.raises(PhotoError, match=rf"redirected to {to}, has scheme '{to.split(':')[0]}'; need http://"):
        fetch_url(f"{shop}/go?to={to}")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://host/a.png", "gopher://host/1", "http:///a.png"])
def test_other_schemes_are_refused(url: str) -> None:
    assert is_url(url)
    with pytest.raises(PhotoError, match=rf"^{url}: has scheme '.+'; need http://host/"):
        load_photo(url)


def test_what_is_a_url() -> None:
    assert is_url("HTTPS://shop.example/a.png")
    assert not any(map(is_url, ["photo.jpg", "C:\\photos\\a.jpg", "/tmp/a.jpg", "http.jpg", "shots/http://x", ""]))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/ok?type=text/html", "is 'text/html'; need an image/"),
        ("/gone", "answered 410 Gone; need 200"),
        ("/short", "cannot be fetched: the connection ended [0-9]+ bytes early"),
        ("/long", "has 999,999,999,999 bytes; the limit is 20,000,000 bytes"),
        ("/endless", "has more bytes than it may; the limit is 20,000,000 bytes"),
    ],
)
def test_bad_answers(shop: str, path: str, message: str) -> None:
    with pytest.raises(PhotoError, match=message):
        load_photo(shop + path)


@pytest.mark.parametrize("path", ["/endless?slow=1", "/headers", "/silent"])
def test_seconds_bound_the_whole_download(shop: str, path: str) -> None:
    """None of these servers is silent for long, or forever, but the sum is too much."""
    started = time.monotonic()
    with pytest.raises(PhotoError, match=r"took over 0\.3 s\. Try again"):
        load_photo(shop + path, limits=Limits(seconds=0.3))
    assert time.monotonic() - started < 10


def test_nobody_there(shop: str) -> None:
    port = int(shop.rsplit(":", 1)[1])
    secure = shop.replace("http:", "https:")  # answered in plain text
    for url in (secure, "http://127.0.0.1:1/a.png", f"http://[::1:{port}/a.png"):
        with pytest.raises(PhotoError, match=r"cannot be fetched: .+\. Check the address"):
            load_photo(url, limits=Limits(seconds=5))


def test_own_fetch_is_held_to_the_limit() -> None:
    with pytest.raises(PhotoError, match="has 9 bytes; the limit is 8 bytes"):
        load_photo("https://shop.example/a.png", fetch=lambda _: bytes(9), limits=Limits(bytes=8))

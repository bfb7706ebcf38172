"""Uploads are kept where the operator asks for it, and nowhere else; long bodies are refused unread."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from outfitter.catalogue import Catalogue
from outfitter.errors import ConfigError
from outfitter.service.app import create_app
from outfitter.service.auth import Keys
from outfitter.service.settings import Settings
from outfitter.service.uploads import Uploads
from tests.conftest import ToyModels
from tests.service.conftest import Serve, outfit, running
from tests.service.test_api import problem


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_uploads_are_not_written_to_disk(serve: Serve, tmp_path: Path, catalogue: Path) -> None:
    client = serve()
    client.post("/v1/detect", files={"photo": ("a.png", outfit())})
    for path in files(tmp_path):
        assert outfit()[:200] not in path.read_bytes(), path
    assert client.get("/v1/status").json()["uploads_kept"] is False
    assert len(Catalogue.open(catalogue)) == 7


def test_uploads_are_kept_if_asked_for(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    client = serve(fetch=lambda _: outfit("red", "blue"), uploads=folder)
    client.post("/v1/recommend", files={"photo": ("../../name.png", outfit())})
    client.post("/v1/detect", content=outfit(), headers={"Content-Type": "image/png"})
    client.post("/v1/detect", json={"url": "https://shop.example/a.png"})  # not uploaded
    client.post("/v1/detect", content=b"no picture", headers={"Content-Type": "image/png"})
    (kept,) = files(folder)
    assert kept.read_bytes() == outfit()
    assert len(kept.name) == 64
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, kept)] == [0o700, 0o600]
    assert client.get("/v1/status").json()["uploads_kept"] is True


def test_the_oldest_give_way(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "u", 250)
    photos = [bytes([number]) * 100 for number in range(4)]
    for at, photo in enumerate(photos[:2]):
        uploads.keep(photo)
        newest = max(files(tmp_path / "u"), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1000 + at, 1000 + at))
    uploads.keep(photos[0])  # came again, so the other one is the oldest now
    uploads.keep(photos[2])
    assert {path.read_bytes() for path in files(tmp_path / "u")} == {photos[0], photos[2]}
    uploads.keep(b"x" * 251)
    assert len(files(tmp_path / "u")) == 2


def test_a_full_disk_loses_the_upload_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    uploads = Uploads(tmp_path / "u", 1000)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    uploads.keep(b"photo")
    assert "No space left" in caplog.text
    assert files(tmp_path / "u") == set()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="Name another folder with --uploads"):
        Uploads(tmp_path / "file", 1000)


MEGABYTE = 1_000_000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_over_20_megabytes_is_refused_early(
    built: Path, toy_models: ToyModels, tmp_path: Path, chunked: bool
) -> None:
    models = {"detector": toy_models.detector, "embedder": toy_models.embedder}
    settings = Settings(catalogue=built, state=tmp_path, insecure_local=True, reload_seconds=0, workers=1, **models)
    with running(create_app(settings, Keys.ephemeral()), settings) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as client:
            length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {60 * MEGABYTE}"
            head = f"POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n{length}\r\n\r\n"
            client.sendall(head.encode())
            sent = 0
            client.setblocking(False)
            answer = b""
            chunk = b"%x\r\n" % MEGABYTE + b"x" * MEGABYTE + b"\r\n"
            while not answer and sent < 60:
                try:
                    answer = client.recv(10_000)
                except BlockingIOError:
                    if not chunked:
                        continue  # it is to be refused by its length alone
                    client.setblocking(True)
                    try:
                        client.sendall(chunk)
                    except ConnectionError:
                        answer = client.recv(10_000)
                    client.setblocking(False)
                    sent += 1
            client.setblocking(True)
            while b"}" not in answer and (more := client.recv(10_000)):
                answer += more
            assert b" 413 " in answer.split(b"\r\n")[0]
            assert b"the limit is 20,100,000 bytes" in answer
            assert sent <= 30 if chunked else sent == 0  # what the sockets' buffers hold comes on top of the limit


def test_a_photo_by_its_address_for_the_page(serve: Serve) -> None:
    client = serve(fetch=lambda _: outfit())
    answer = client.post("/v1/photo", json={"url": "https://shop.example/a.png"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content[:3] == b"\xff\xd8\xff"
    found = client.post("/v1/detect", content=answer.content, headers={"Content-Type": "image/jpeg"}).json()
    assert (found["width"], found["height"], len(found["garments"])) == (322, 480, 2)
    problem(client.post("/v1/photo", json={}), 422, "invalid")
    problem(client.post("/v1/photo", json={"url": "file"}), 422, "invalid")
    token = client.post("/v1/tokens", json={"origins": ["https://shop.example"]}).json()["token"]
    page = {"Authorization": f"Bearer {token}", "Origin": "https://shop.example"}
    problem(client.post("/v1/photo", json={"url": "https://a.example/a.png"}, headers=page), 403, "key")


def test_private_addresses_are_refused_for_the_page_too(serve: Serve) -> None:
    answer = serve().post("/v1/photo", json={"url": "http://127.0.0.1/a.png"})
    assert "is not on the public internet" in problem(answer, 422, "photo")

"""Fetching from addresses that strangers give, against a real server on this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from outfitter.errors import PhotoError
from outfitter.photo import Limits
from outfitter.service.fetch import PublicFetch, is_public
from tests.test_photo_url import png
from tests.test_photo_url import shop as serve_shop  # noqa: F401


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
        ),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *(
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "::127.0.0.1",
        ),
    ],
)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/a.png", "http://localhost/a.png", "http://[::1]/a.png", "http://2130706433/a.png"),
        *("http://0/a.png", "http://0x7f.1/a.png", "https://127.1/a.png", "http://[::ffff:127.0.0.1]/a.png"),
        "http://user:password@127.0.0.1/a.png",
    ],
)
def test_this_machine_is_not_asked(url: str) -> None:
    with pytest.raises(PhotoError, match="is not on the public internet") as refused:
        PublicFetch(Limits(seconds=5))(url)
    assert "127.0.0.1 is" not in str(refused.value)


def test_other_ports_are_not_asked() -> None:
    with pytest.raises(PhotoError, match="port 22 is not fetched from; need 80 or 443"):
        PublicFetch()("http://1.1.1.1:22/a.png")


@pytest.fixture
def place(serve_shop: str) -> tuple[str, int]:  # noqa: F811
    parts = urlsplit(serve_shop)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def test_names_are_resolved_once_and_the_checked_address_is_connected_to(place: tuple[str, int]) -> None:
    """A name that is public when checked and private when used, as a rebinding server answers."""
    host, port = place
    asked: list[str] = []

    def resolve(name: str, _: int) -> list[str]:
        asked.append(name)
        return [host] if len(asked) == 1 else ["10.0.0.1"]

    fetch = PublicFetch(resolve=resolve, public=lambda address: address == host, ports=frozenset({port}))
    assert fetch(f"http://pictures.example:{port}/ok") == png()
    assert asked == ["pictures.example"]
    with pytest.raises(PhotoError, match=r"pictures\.example: is not on the public internet"):
        fetch(f"http://pictures.example:{port}/ok")


def test_one_private_address_among_public_ones_is_enough(place: tuple[str, int]) -> None:
    host, port = place
    fetch = PublicFetch(
        resolve=lambda *_: [host, "192.168.0.9"], public=lambda address: address == host, ports=frozenset({port})
    )
    with pytest.raises(PhotoError, match="is not on the public internet"):
        fetch(f"http://pictures.example:{port}/ok")


def test_every_redirect_is_checked(place: tuple[str, int]) -> None:
    host, port = place
    inside = {"pictures.example": [host], "intranet.example": ["10.0.0.1"]}
    fetch = PublicFetch(
        resolve=lambda name, _: inside[name], public=lambda address: address == host, ports=frozenset({port})
    )
    assert fetch(f"http://pictures.example:{port}/go?to=/ok") == png()
    for to in (f"http://intranet.example:{port}/ok", f"//intranet.example:{port}/ok"):
        with pytest.raises(PhotoError, match=r"intranet\.example: is not on the public internet"):
            fetch(f"http://pictures.example:{port}/go?to={to}")
    with pytest.raises(PhotoError, match="port 6379 is not fetched from"):
        fetch(f"http://pictures.example:{port}/go?to=http://pictures.example:6379/")

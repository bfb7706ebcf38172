"""Keys, tokens, rates: who may ask, from where, how often."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from outfitter.config import parse
from outfitter.errors import ConfigError
from outfitter.service.app import create_app
from outfitter.service.auth import ADMIN, TOKEN, Caller, Keys, RefusedError
from outfitter.service.limits import Rates
from outfitter.service.problems import Problem
from outfitter.service.settings import Settings
from tests.conftest import ToyModels
from tests.service.conftest import SHOP_PAGE, Serve, running
from tests.service.test_api import problem


def test_the_admin_key_is_made_once_and_kept_as_a_digest(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    keys, key = Keys.open(folder)
    assert key is not None
    assert key.startswith(ADMIN)
    stored = (folder / "keys.json").read_text()
    assert key not in stored
    assert key.removeprefix(ADMIN) not in stored
    assert (folder / "keys.json").stat().st_mode & 0o077 == 0
    again, none = Keys.open(folder)
    assert none is None
    assert keys.caller(key, None) == again.caller(key, None) == Caller("admin", admin=True)


def test_services_that_start_together_agree_on_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = secrets.token_hex

    def slow(count: int) -> str:
        time.sleep(0.05)
        return make(count)

    monkeypatch.setattr("outfitter.service.auth.secrets.token_hex", slow)
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Keys.open(tmp_path / "state"), range(8)))
    (key,) = {key for _, key in opened if key}
    assert all(keys.caller(key, None).admin for keys, _ in opened)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"admin_sha256": "x"}', '{"admin_sha256": "x", "secret": "zz"}'])
def test_a_damaged_file_is_an_error_and_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(ConfigError, match=r"keys\.json: is damaged\. Delete it"):
        Keys.open(tmp_path)
    assert (tmp_path / "keys.json").read_text() == text


def test_a_token_is_for_its_origins_until_it_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, _ = Keys.open(tmp_path / "a")
    token, _, expires = keys.token([SHOP_PAGE], 60)
    caller = keys.caller(token, SHOP_PAGE)
    assert (caller.admin, caller.id.startswith("token ")) == (False, True)
    for origin in (
        None,
        "https://evil.example",
        "http://shop.example",
        f"{SHOP_PAGE}:444",
        f"{SHOP_PAGE}.evil.example",
    ):
        with pytest.raises(RefusedError, match="not for") as refused:
            keys.caller(token, origin)
        assert refused.value.status == 403
    monkeypatch.setattr(time, "time", lambda: expires)
    with pytest.raises(RefusedError, match="expired") as refused:
        keys.caller(token, SHOP_PAGE)
    assert refused.value.status == 401


def test_tokens_cannot_be_made_or_changed_elsewhere(tmp_path: Path) -> None:
    keys, other = Keys.open(tmp_path / "a")[0], Keys.open(tmp_path / "b")[0]
    token, _, _ = keys.token([SHOP_PAGE], 60)
    body, _, signature = token.removeprefix(TOKEN).partition(".")
    longer, _, _ = keys.token([SHOP_PAGE], 6000)[0].removeprefix(TOKEN).partition(".")
    for forged in (
        other.token([SHOP_PAGE], 60)[0],
        f"{TOKEN}{longer}.{signature}",
        f"{TOKEN}{body}.",
        f"{TOKEN}{body}",
        f"{TOKEN}.",
        f"{TOKEN}é.ü",
        TOKEN,
    ):
        with pytest.raises(RefusedError, match="not made here"):
            keys.caller(forged, SHOP_PAGE)
    for nobody in (None, "", "x", ADMIN, "Ünïcode"):
        with pytest.raises(RefusedError):
            keys.caller(nobody, SHOP_PAGE)


def test_without_a_key_nothing_is_answered(client: TestClient) -> None:
    stranger = TestClient(client.app)
    for method, path in (
        ("GET", "/v1/products"),
        ("GET", "/v1/products/top-red"),
        ("GET", "/v1/products/top-red/similar"),
        ("GET", "/v1/looks"),
        ("GET", "/v1/looks/worn.png"),
        ("POST", "/v1/detect"),
        ("POST", "/v1/recommend"),
        ("POST", "/v1/tokens"),
        ("GET", "/v1/status"),
        ("GET", "/metrics"),
    ):
        answer = stranger.request(method, path)
        assert "Authorization: Bearer" in problem(answer, 401, "key")
        assert answer.headers["www-authenticate"] == "Bearer"
        problem(stranger.request(method, path, headers={"Authorization": "Bearer ofk_wrong"}), 401, "key")


def test_a_browser_token_reads_and_no_more(client: TestClient) -> None:
    made = client.post("/v1/tokens", json={"origins": [SHOP_PAGE], "days": 1})
    assert made.status_code == 201
    page = TestClient(client.app, headers={"Authorization": f"Bearer {made.json()['token']}", "Origin": SHOP_PAGE})
    assert page.get("/v1/looks/worn.png").status_code == 200
    assert page.post("/v1/recommend", json={"product": "top-red"}).status_code == 200
    assert "Use the admin key" in problem(page.post("/v1/tokens", json={"origins": [SHOP_PAGE]}), 403, "key")
    elsewhere = page.get("/v1/looks/worn.png", headers={"Origin": "https://evil.example"})
    assert "not for pages of https://evil.example" in problem(elsewhere, 403, "key")


def test_a_page_of_the_services_own_address_sends_no_origin_with_a_get(client: TestClient) -> None:
    token = client.post("/v1/tokens", json={"origins": [SHOP_PAGE]}).json()["token"]
    page = TestClient(client.app, headers={"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "same-origin"})
    # A proxy that speaks TLS stands before the service, to which every request looks like http.
    assert page.get("/v1/looks", headers={"Host": "shop.example"}).status_code == 200
    for host in ("evil.example", "shop.example:444", "shop.example.evil.example", "[::1"):
        elsewhere = page.get("/v1/looks", headers={"Host": host})
        assert f"not for pages of {host}" in problem(elsewhere, 403, "key")
    cross = page.get("/v1/looks", headers={"Host": "shop.example", "Sec-Fetch-Site": "cross-site"})
    assert "not for requests without an Origin" in problem(cross, 403, "key")
    other = page.get("/v1/looks", headers={"Host": "shop.example", "Origin": "https://evil.example"})
    assert "not for pages of https://evil.example" in problem(other, 403, "key")


def test_what_operators_look_at_is_not_for_a_browser_token(client: TestClient) -> None:
    token = client.post("/v1/tokens", json={"origins": [SHOP_PAGE]}).json()["token"]
    page = TestClient(client.app, headers={"Authorization": f"Bearer {token}", "Origin": SHOP_PAGE})
    assert "Use the admin key" in problem(page.get("/metrics"), 403, "key")
    status = page.get("/v1/status").json()
    assert status.keys() & {"events", "latency", "queue", "trouble"} == set()
    assert (status["products"], status["admin"]) == (7, False)
    assert status.items() <= (client.get("/v1/status").json() | {"admin": False}).items()


def test_tokens_are_made_for_served_origins_only(client: TestClient) -> None:
    strange = client.post("/v1/tokens", json={"origins": ["https://other.example"]})
    assert "--origin https://other.example" in problem(strange, 422, "invalid")
    for origin in ("*", "https://shop.example/", "shop.example", "HTTPS://SHOP.EXAMPLE", "null"):
        assert "need an origin such as" in problem(
            client.post("/v1/tokens", json={"origins": [origin]}), 422, "invalid"
        )


def test_insecure_local_needs_no_key_and_answers_to_this_machine_only(serve: Serve) -> None:
    client = serve(insecure_local=True)
    client.headers.pop("authorization", None)
    assert client.get("/v1/products", headers={"Host": "localhost:8000"}).status_code == 200
    rebound = client.get("/v1/products", headers={"Host": "evil.example"})  # a name that resolves to 127.0.0.1
    assert "answers to localhost only" in problem(rebound, 403, "key")
    for host in ("[::1", "[", "", "localhost]"):
        broken = client.get("/v1/products", headers={"Host": host, "Sec-Fetch-Site": "same-origin"})
        assert "answers to localhost only" in problem(broken, 403, "key")
    page = client.get("/v1/products", headers={"Host": "localhost:8000", "Origin": "https://evil.example"})
    assert "may not ask" in problem(page, 403, "key")
    own = client.get("/v1/products", headers={"Host": "localhost:8000", "Origin": "http://localhost:8000"})
    assert own.status_code == 200


def test_rates_are_counted_for_each_caller() -> None:
    now = [100.0]
    rates = Rates(2, 3, lambda: now[0])
    for _ in range(3):
        rates.take("a")
    with pytest.raises(Problem, match="allowed are 2 a second") as refused:
        rates.take("a")
    assert (refused.value.status_code, refused.value.headers) == (429, {"Retry-After": "1"})
    rates.take("b")
    now[0] += 0.5
    rates.take("a")
    with pytest.raises(Problem):
        rates.take("a")
    now[0] += 1000
    for _ in range(3):
        rates.take("a")
    with pytest.raises(Problem):
        rates.take("a")


def test_the_rate_is_for_each_key(serve: Serve) -> None:
    client = serve(rate=0.001, burst=2)
    assert [client.get("/v1/looks").status_code for _ in range(3)] == [200, 200, 429]
    assert int(client.get("/v1/looks").headers["retry-after"]) > 1
    guess = TestClient(client.app, headers={"Authorization": "Bearer ofk_guess"})
    assert [guess.get("/v1/looks").status_code for _ in range(3)] == [401, 401, 429]


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])  # :: names an IPv4 proxy within an IPv6 address
@pytest.mark.parametrize(
    ("proxies", "askers", "statuses"),
    [
        # of a proxy that is known the service believes for whom it asks, whatever the visitor claimed before it
        ([], ["198.51.100.1", "198.51.100.2", "198.51.100.3"], [200, 200, 429]),
        (["10.0.0.0/8"], ["198.51.100.1", "198.51.100.2", "198.51.100.3"], [200, 200, 429]),
        (["127.0.0.1"], ["198.51.100.1", "198.51.100.1", "198.51.100.1", "198.51.100.2"], [200, 200, 429, 200]),
        (["127.0.0.1"], ["8.8.8.1, 198.51.100.1", "8.8.8.2, 198.51.100.1", "8.8.8.3, 198.51.100.1"], [200, 200, 429]),
        (["127.0.0.1"], ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::3"], [200, 200, 429, 200]),
    ],
)
def test_one_visitor_of_a_page_does_not_use_up_what_all_have(
    catalogue: Path, toy_models: ToyModels, host: str, proxies: list[str], askers: list[str], statuses: list[int]
) -> None:
    settings = parse(
        Settings,
        {
            "catalogue": str(catalogue),
            "detector": toy_models.detector,
            "embedder": toy_models.embedder,
            "origins": [SHOP_PAGE],
            "proxies": proxies,
            "rate": 0.001,
            "burst": 2,
        },
        "test",
    )
    keys, _ = Keys.open(settings.state_folder)
    token, _, _ = keys.token([SHOP_PAGE], 60)
    with running(create_app(settings, keys), settings, host) as url:
        found = [
            httpx2.get(
                f"{url}/v1/looks",
                headers={"Authorization": f"Bearer {token}", "Origin": SHOP_PAGE, "X-Forwarded-For": asker},
            ).status_code
            for asker in askers
        ]
    assert found == statuses


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.7/8", "*", ""])
def test_a_proxy_is_named_by_its_address(text: str) -> None:
    with pytest.raises(ConfigError, match=r"need an address such as 10\.0\.0\.7, or a network such as 10\.0\.0\.0/8"):
        parse(Settings, {"catalogue": "shop", "proxies": [text]}, "test")

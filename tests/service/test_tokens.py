"""Browser tokens are listed and revoked by their id, also by another process and after a restart."""

from __future__ import annotations

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from outfitter.errors import ConfigError
from outfitter.service.auth import Keys, RefusedError
from outfitter.service.tokens import TOKENS, Tokens
from tests.service.conftest import SHOP_PAGE, Serve
from tests.service.test_api import problem


def test_a_token_is_revoked_and_stays_so(serve: Serve) -> None:
    client = serve()
    made = [client.post("/v1/tokens", json={"origins": [SHOP_PAGE], "days": days}).json() for days in (1, 30)]
    first, second = ({"Authorization": f"Bearer {one['token']}", "Origin": SHOP_PAGE} for one in made)
    assert client.get("/v1/looks", headers=first).status_code == 200
    listed = client.get("/v1/tokens").json()["tokens"]
    assert {(one["id"], one["expires"], one["revoked"]) for one in listed} == {
        (one["id"], one["expires"], False) for one in made
    }
    assert listed[0]["origins"] == [SHOP_PAGE]
    assert "token" not in listed[0]
    assert client.delete(f"/v1/tokens/{made[0]['id']}").status_code == 204
    assert client.delete(f"/v1/tokens/{made[0]['id']}").status_code == 204  # again is no error
    for answering in (client, serve()):  # the second is another process of the same folder
        refused = answering.get("/v1/looks", headers=first)
        assert "was revoked" in problem(refused, 401, "key")
        assert refused.headers["access-control-allow-origin"] == SHOP_PAGE
        assert answering.get("/v1/looks", headers=second).status_code == 200
    assert {one["id"]: one["revoked"] for one in client.get("/v1/tokens").json()["tokens"]} == {
        made[0]["id"]: True,
        made[1]["id"]: False,
    }


def test_only_the_admin_lists_and_revokes(client: TestClient) -> None:
    made = client.post("/v1/tokens", json={"origins": [SHOP_PAGE]}).json()
    page = {"Authorization": f"Bearer {made['token']}", "Origin": SHOP_PAGE}
    problem(client.get("/v1/tokens", headers=page), 403, "key")
    problem(client.delete(f"/v1/tokens/{made['id']}", headers=page), 403, "key")
    assert "GET /v1/tokens lists" in problem(client.delete("/v1/tokens/00000000"), 404, "token")


def test_two_processes_see_each_others_changes_and_lose_none(tmp_path: Path) -> None:
    one, other = Keys.open(tmp_path)[0], Keys.open(tmp_path)[0]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: (one, other)[n % 2].token([SHOP_PAGE], 60), range(40)))
    assert {two.id for two in one.tokens} == {two.id for two in other.tokens} == {own_id for _, own_id, _ in made}
    token, own_id, _ = made[7]
    assert one.tokens.revoke(own_id)
    with pytest.raises(RefusedError, match="was revoked"):
        other.caller(token, SHOP_PAGE)


def test_the_file_holds_no_secret_and_forgets_what_has_expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, _ = Keys.open(tmp_path)
    token, _, expires = keys.token([SHOP_PAGE], 60)
    file = tmp_path / TOKENS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token.rpartition(".")[2] not in file.read_text()
    monkeypatch.setattr(time, "time", lambda: expires + 1)
    assert list(keys.tokens) == []
    _, second, _ = keys.token([SHOP_PAGE], 60)
    assert [one.id for one in Tokens(file)] == [second]


@pytest.mark.parametrize("text", ["", "{", '[{"id": "x"}]', "[1]"])
def test_a_damaged_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / TOKENS).write_text(text)
    with pytest.raises(ConfigError, match="is damaged"):
        Keys.open(tmp_path)


def test_a_file_that_is_damaged_later_is_the_operators_to_mend(
    serve: Serve, catalogue: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = serve()
    made = client.post("/v1/tokens", json={"origins": [SHOP_PAGE]}).json()
    page = {"Authorization": f"Bearer {made['token']}", "Origin": SHOP_PAGE}
    file = catalogue.parent / "shop.service" / TOKENS
    file.write_text("{")
    for answer in (client.get("/v1/looks", headers=page), client.get("/v1/tokens")):
        assert str(catalogue.parent) not in problem(answer, 503, "fault")
    assert f"{file}: is damaged" in caplog.text
    assert client.get("/v1/looks").status_code == 200

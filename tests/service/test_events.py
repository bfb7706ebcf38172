"""Events over HTTP: stored once, told of lists that were shown, and learnt from."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from outfitter.errors import EventError
from outfitter.events import EventStore, Shown
from outfitter.service.happenings import Happenings
from outfitter.service.metrics import Metrics
from tests.databases import Postgres, new_database
from tests.service.conftest import SHOP_PAGE, Serve
from tests.service.test_api import problem
from tests.service.test_catalogue_changes import until


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "kind": "view", "product": "top-red", "session": "s1", **changes}


def store(client: TestClient) -> EventStore:
    return client.app.state.front.happenings.store  # type: ignore[attr-defined, no-any-return]


def test_events_are_stored_once_and_told_of_their_list(client: TestClient) -> None:
    asked = client.post("/v1/recommend", json={"product": "top-red", "k": 2, "session": "s1"}).json()
    told = event(product=asked["picks"][0]["product"]["id"], recommendation=asked["recommendation_id"])
    assert client.post("/v1/events", json={"events": [told, event(2)]}).status_code == 201
    again = client.post("/v1/events", json={"events": [told, event(3)]})
    assert again.json() == {"new": 1, "known": 1}
    assert [one.id for one in store(client)] == ["e1", "e2", "e3"]
    until(lambda: len(list(store(client).shown())) == 1)
    (shown,) = store(client).shown()
    assert (shown.id, shown.session, len(shown.products)) == (asked["recommendation_id"], "s1", 2)
    assert client.get("/v1/status").json()["events"]["kinds"] == {"view": 3}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (event(kind="veiw"), "did you mean 'view'"),
        (event(session=None), "neither user nor session"),
        ({"kind": "view"}, "lacks id and product"),
        (event(sesion="x"), "did you mean 'session'"),
        (event(time=1e15), "Milliseconds must be divided"),
        (event(product={"a": 1}), "need text"),
        (event(id="x" * 201), "at most 200"),
        (event(user="'; DROP TABLE events; --\0"), "control characters"),
    ],
)
def test_one_wrong_event_stores_none(client: TestClient, row: dict[str, Any], message: str) -> None:
    answer = client.post("/v1/events", json={"events": [event(1), row]})
    assert message in problem(answer, 422, "event")
    assert len(store(client)) == 0


def test_events_that_are_no_list(client: TestClient) -> None:
    problem(client.post("/v1/events", json={"events": []}), 422, "invalid")
    problem(client.post("/v1/events", json={"events": [event()] * 1001}), 422, "invalid")
    problem(client.post("/v1/events", json=[event()]), 422, "invalid")


def test_a_browser_token_speaks_for_its_session_alone(client: TestClient) -> None:
    token = client.post("/v1/tokens", json={"origins": [SHOP_PAGE]}).json()["token"]
    page = TestClient(client.app, headers={"Authorization": f"Bearer {token}", "Origin": SHOP_PAGE})
    assert page.post("/v1/events", json={"events": [event()]}).status_code == 201
    user = page.post("/v1/events", json={"events": [event(2, user="ann")]})
    assert "may name a session, not a user" in problem(user, 403, "key")
    sale = page.post("/v1/events", json={"events": [event(2, kind="purchase")]})
    assert "may not report a purchase" in problem(sale, 403, "key")
    asked = page.post("/v1/recommend", json={"product": "top-red", "user": "ann"})
    assert "may name a session, not a user" in problem(asked, 403, "key")
    assert page.post("/v1/recommend", json={"product": "top-red", "session": "s1"}).status_code == 200
    assert len(store(client)) == 1


@pytest.fixture
def page(client: TestClient) -> TestClient:
    """A page of the shop, with a token."""
    token = client.post("/v1/tokens", json={"origins": [SHOP_PAGE]}).json()["token"]
    return TestClient(client.app, headers={"Authorization": f"Bearer {token}", "Origin": SHOP_PAGE})


def test_a_page_keeps_no_event_out_whose_id_it_guesses(client: TestClient, page: TestClient) -> None:
    for session, news in (
        ("s1", {"new": 1, "known": 0}),
        ("s1", {"new": 0, "known": 1}),
        ("s2", {"new": 1, "known": 0}),
    ):
        guessed = page.post("/v1/events", json={"events": [event(id="order-1001", session=session)]})
        assert guessed.json() == news
    sale = event(id="order-1001", kind="purchase", user="ann")
    for news in ({"new": 1, "known": 0}, {"new": 0, "known": 1}):
        assert client.post("/v1/events", json={"events": [sale]}).json() == news
    told = {one.id: one.kind for one in store(client)}
    assert (told.pop("order-1001"), set(told.values())) == ("purchase", {"view"})
    assert all(one.startswith("page:") for one in told)


def test_a_page_sends_few_events_at_once(client: TestClient, page: TestClient) -> None:
    rows = [event(number) for number in range(21)]
    refused = page.post("/v1/events", json={"events": rows})
    assert "21 events; a browser token may send 20 in one request" in problem(refused, 403, "key")
    assert len(store(client)) == 0
    assert page.post("/v1/events", json={"events": rows[:20]}).json() == {"new": 20, "known": 0}
    assert client.post("/v1/events", json={"events": rows}).json() == {"new": 21, "known": 0}


def test_what_somebody_did_counts_at_once_and_is_learnt_from(client: TestClient) -> None:
    nobody = client.post("/v1/recommend", json={"k": 3}).json()
    assert nobody["strategy"] == "cold_start"
    rows = [event(number, session=f"s{number}", product="footwear-green") for number in range(5)]
    client.post("/v1/events", json={"events": [*rows, event(9, session="s1", kind="dismiss", product="top-orange")]})
    mine = client.post("/v1/recommend", json={"session": "s1", "k": 7}).json()
    assert mine["strategy"] == "hybrid"
    assert "top-orange" not in [pick["product"]["id"] for pick in mine["picks"]]
    assert client.app.state.front.storefront.relearn()  # type: ignore[attr-defined]
    assert not client.app.state.front.storefront.relearn()  # type: ignore[attr-defined]
    popular = client.post("/v1/recommend", json={"k": 1}).json()
    assert (popular["strategy"], popular["picks"][0]["product"]["id"]) == ("popular", "footwear-green")


def test_more_and_less_like_these(client: TestClient) -> None:
    more = client.post("/v1/recommend", json={"like": ["top-red"], "dislike": ["top-orange"], "k": 5}).json()["picks"]
    assert {"top-red", "top-orange"}.isdisjoint(pick["product"]["id"] for pick in more)
    assert more[0]["product"]["id"] == "top-burgundy"


def test_lists_that_wait_are_written_at_the_end(serve: Serve, catalogue: Path) -> None:
    client = serve()
    for _ in range(20):
        client.get("/v1/looks/worn.png")
    client.app.state.front.close()  # type: ignore[attr-defined]
    with EventStore(catalogue.parent / "shop.service" / "events.db", make=False) as kept:
        assert [one.strategy for one in kept.shown()] == ["look"] * 20


def test_names_are_as_long_as_the_store_takes_them(client: TestClient) -> None:
    for name in ("session", "user"):
        asked = client.post("/v1/recommend", json={"product": "top-red", name: "x" * 200})
        assert asked.status_code == 200, asked.text
        longer = client.post("/v1/recommend", json={"product": "top-red", name: "x" * 201})
        assert f"{name}: String should have at most 200" in problem(longer, 422, "invalid")


def shown(number: int, session: str = "s1") -> Shown:
    return Shown(f"l{number}", time.time(), "similar", ("top-red",), session=session)


def lost(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("outfitter_lists_lost_total")


def test_a_list_that_the_database_refuses_is_lost_alone(postgres: Postgres) -> None:
    url, metrics = new_database(postgres.url), Metrics()
    happenings = Happenings(EventStore(url), metrics)
    for number in range(5):
        happenings.show(shown(number, "x" * 201 if number == 2 else "s1"))
    happenings.close()
    with EventStore(url) as kept:
        assert {one.id for one in kept.shown()} == {"l0", "l1", "l3", "l4"}
    assert lost(metrics) == 1


def test_a_database_that_is_away_is_asked_once_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, calls = Metrics(), []
    happenings = Happenings(EventStore(tmp_path / "events.db"), metrics)

    def away(*lists: Shown) -> None:
        calls.append(len(lists))
        raise EventError("cannot be written") from ConnectionError()

    monkeypatch.setattr(happenings.store, "show", away)
    for number in range(5):
        happenings.show(shown(number))
    happenings.close()
    assert (sum(calls), lost(metrics)) == (5, 5)


def test_answers_that_hold_nothing_are_not_remembered(client: TestClient) -> None:
    empty = client.post("/v1/recommend", json={"product": "top-red", "where": "price<0"})
    assert empty.json()["picks"] == []
    client.get("/v1/looks/worn.png")
    until(lambda: len(list(store(client).shown())) == 1)
    assert [one.strategy for one in store(client).shown()] == ["look"]

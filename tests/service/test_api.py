"""The API through its ASGI app, with real models and a real catalogue."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from outfitter.catalogue import Catalogue
from outfitter.errors import ModelError, PhotoError
from tests.service.conftest import SHOP_PAGE, Serve, outfit


def problem(response: Any, status: int, kind: str) -> str:
    """The detail of a problem, after checking that it is one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["type"]) == (status, f"urn:outfitter:problem:{kind}")
    assert body["instance"].removeprefix("urn:outfitter:request:") == response.headers["x-request-id"]
    return str(body["detail"])


def test_detect_takes_a_photo_three_ways(serve: Serve) -> None:
    client = serve(fetch=lambda url: outfit() if url == "https://shop.example/a.png" else b"")
    answers = [
        client.post("/v1/detect", files={"photo": ("a.png", outfit(), "image/png")}),
        client.post("/v1/detect", content=outfit(), headers={"Content-Type": "image/png"}),
        client.post("/v1/detect", json={"url": "https://shop.example/a.png"}),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json() == answers[0].json()
    found = answers[0].json()
    assert (found["width"], found["height"]) == (322, 480)
    assert [one["slot"] for one in found["garments"]] == ["top", "bottom"]
    assert found["garments"][0]["box_xyxy"] == pytest.approx([100, 60, 220, 200], abs=4)
    assert found["garments"][0]["box"] == pytest.approx([0.31, 0.125, 0.373, 0.292], abs=0.02)


def test_recommend_for_an_uploaded_photo(client: TestClient) -> None:
    answer = client.post("/v1/recommend", files={"photo": ("a.png", outfit())}, data={"k": "2", "in_stock": "true"})
    assert answer.status_code == 200, answer.text
    picks = answer.json()["picks"]
    assert [(pick["garment"], pick["rank"]) for pick in picks] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert picks[0]["product"]["id"] == "top-burgundy"
    assert picks[0]["because"] == "Looks like your burgundy top, in the same colour."
    assert picks[2]["product"] | {"picture": "", "more": []} == {
        "id": "bottom-navy",
        "title": "Navy bottom",
        "category": "bottom",
        "colour": "navy",
        "price": 49.5,
        "currency": "EUR",
        "availability": "in_stock",
        "url": None,
        "gender": None,
        "brand": None,
        "item_group_id": None,
        "attributes": {},
        "picture": "",
        "more": [],
    }
    assert "bottom-blue" not in [pick["product"]["id"] for pick in picks]


def test_similar_by(client: TestClient) -> None:
    detail = problem(client.post("/v1/recommend", json={"product": "top-red", "similar_by": "shape"}), 422, "query")
    assert "similar_by is 'shape'; toy-embedder tells apart nothing" in detail
    asked = client.get("/v1/products/top-red/similar", params={"similar_by": "color"})
    assert "similar_by is 'color'" in problem(asked, 422, "query")
    assert client.get("/v1/products/top-red/similar", params={"similar_by": "both"}).status_code == 200


def test_one_garment_and_a_region(client: TestClient) -> None:
    photo = {"photo": ("a.png", outfit())}
    one = client.post("/v1/recommend", files=photo, data={"k": "1", "garment": "1"}).json()["picks"]
    assert [(pick["garment"], pick["product"]["id"]) for pick in one] == [(1, "bottom-navy")]
    part = client.post("/v1/recommend", files=photo, data={"k": "1", "region": "112,205,208,395"}).json()["picks"]
    assert [(pick["garment"], pick["product"]["id"]) for pick in part] == [(None, "bottom-navy")]
    detail = problem(client.post("/v1/recommend", files=photo, data={"garment": "7"}), 422, "query")
    assert "the photo: there is no garment 7; found: 0 top, 1 bottom" in detail
    outside = client.post("/v1/recommend", files=photo, data={"region": "0,0,10000,10000"})
    assert "need 0 <= x1 < x2 <= 322" in problem(outside, 422, "query")
    both = client.post("/v1/recommend", files=photo, data={"region": "0,0,10,10", "garment": "0"})
    assert "garment or a region, not both" in problem(both, 422, "query")


def test_the_completed_look(client: TestClient) -> None:
    answer = client.post("/v1/recommend", json={"product": "top-red", "strategy": "complementary", "k": 1})
    assert [pick["slot"] for pick in answer.json()["picks"]] == ["bottom", "footwear"]
    assert answer.json()["picks"][0]["product"]["id"] == "bottom-navy"
    assert answer.json()["photo"] is None


def test_similar_products(client: TestClient) -> None:
    answer = client.get("/v1/products/top-red/similar", params={"k": 2, "where": "category=top"})
    assert {pick["product"]["id"] for pick in answer.json()["picks"]} == {"top-orange", "top-burgundy"}
    assert "did you mean 'top-red'" in problem(client.get("/v1/products/top-rde/similar"), 404, "product")
    detail = problem(client.get("/v1/products/top-red/similar", params={"strategy": "similr"}), 422, "query")
    assert "did you mean 'similar'" in detail


def test_products_are_listed_searched_and_filtered(client: TestClient) -> None:
    everything = client.get("/v1/products", params={"limit": 3, "offset": 2}).json()
    assert (everything["total"], [one["id"] for one in everything["products"]]) == (
        7,
        ["footwear-green", "footwear-mint", "top-burgundy"],
    )
    found = client.get("/v1/products", params={"q": "RED t", "where": "price<50"}).json()
    assert [one["id"] for one in found["products"]] == ["top-red"]
    assert client.get("/v1/products", params={"q": '"', "where": ""}).json()["total"] == 0
    for nothing in ("", " ", "\t"):
        assert client.get("/v1/products", params={"q": "red", "where": nothing}).json()["total"] == 1
        assert client.get("/v1/products", params={"where": nothing}).json()["total"] == 7
    assert client.get("/v1/products/top-red").json()["title"] == "Red top"
    assert "did you mean 'colour'" in problem(client.get("/v1/products", params={"where": "colur=red"}), 422, "query")


def test_pictures_have_signed_links(client: TestClient) -> None:
    product = client.get("/v1/products/top-red").json()
    stranger = TestClient(client.app)
    for link in (product["picture"], *product["more"]):
        shown = stranger.get(f"{link}&width=160")
        assert shown.status_code == 200, shown.text
        assert Image.open(io.BytesIO(shown.content)).format == "JPEG"
        assert Image.open(io.BytesIO(shown.content)).width == 160
    assert len(product["more"]) == 1
    path = product["picture"].partition("?")[0]
    problem(stranger.get(path), 403, "signature")
    problem(stranger.get(product["picture"].replace("/0?", "/1?")), 403, "signature")
    assert "choose from 160" in problem(stranger.get(product["picture"] + "&width=161"), 422, "invalid")


def test_looks_come_from_the_index_without_a_model(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    named = client.get("/v1/looks").json()
    assert (named["total"], named["looks"][0]["product_id"]) == (1, "top-red")
    assert named["looks"][0]["slots"] == ["top", "bottom"]

    def fail(*_: object) -> None:
        raise AssertionError("a model ran")

    monkeypatch.setattr("outfitter.detections.Detector.__call__", fail)
    monkeypatch.setattr("outfitter.embeddings.Embedder.__call__", fail)
    look = client.get(f"/v1/looks/{named['looks'][0]['photo_id']}").json()
    assert (look["width"], look["height"]) == (322, 480)
    assert [(spot["slot"], spot["name"]) for spot in look["hotspots"]] == [("top", "Top"), ("bottom", "Bottoms")]
    assert look["hotspots"][0]["box"] == pytest.approx([0.31, 0.125, 0.373, 0.292], abs=0.02)
    first, second = (spot["similar"] for spot in look["hotspots"])
    assert (first[0]["id"], first[0]["exact"], first[0]["price"]) == ("top-red", True, 9.5)
    assert (second[0]["id"], second[0]["exact"]) == ("bottom-navy", False)
    assert {one["slot"] for one in look["complete"]} == {"footwear"}
    again = client.get("/v1/looks/worn.png").json()
    assert again["recommendation_id"] != look["recommendation_id"]  # two people saw it
    assert again | {"recommendation_id": ""} == look | {"recommendation_id": ""}
    assert "GET /v1/looks lists" in problem(client.get("/v1/looks/0000"), 404, "look")


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ({"product": "top-red", "like": ["/etc/hostname"]}, "query", "there is no product '/etc/hostname'"),
        ({"dislike": ["http://127.0.0.1/a.png"]}, "query", "there is no product 'http://127.0.0.1/a.png'"),
        ({"scenario": "hmoe"}, "query", "did you mean 'home'"),
        ({"product": "top-red", "url": "https://a.example/b.png"}, "invalid", "only one of them"),
        ({"product": "gone"}, "query", "there is no product 'gone'"),
        ({"product": 4711}, "invalid", "product.0: Input should be a valid string"),
        ({"product": "top-red", "k": 0}, "invalid", "k: Input should be greater than or equal to 1"),
        ({"product": "top-red", "k": 10**30}, "invalid", "k: Input should be less than or equal to 100"),
        ({"product": "top-red", "k": "many"}, "invalid", "k: Input should be a valid integer"),
        ({"product": "top-red", "kk": 3}, "invalid", "kk: Extra inputs are not permitted"),
        ({"product": "top-red", "where": "'; DROP TABLE products; --"}, "query", "cannot read"),
        ({"product": "../../etc/passwd"}, "query", "there is no product '../../etc/passwd'"),
        ({"product": "top-red", "region": [0, 0, 9, 9]}, "query", "a product is asked for as a whole"),
        ({"product": "top-red", "diversity": 1.5}, "invalid", "diversity: Input should be less than"),
        ({"product": "a\0b"}, "invalid", "product.0: Value error, holds a character that is no text"),
        ({"url": "/etc/passwd"}, "invalid", "need http://host/"),
        ({"url": "file:///etc/passwd"}, "photo", "has scheme 'file'"),
        ([], "invalid", "valid dictionary"),
    ],
)
def test_questions_without_an_answer(client: TestClient, body: Any, kind: str, message: str) -> None:
    assert message in problem(client.post("/v1/recommend", json=body), 422, kind)


def test_bodies_that_are_not_what_they_say(client: TestClient) -> None:
    def post(content: bytes, type_: str) -> Any:
        return client.post("/v1/recommend", content=content, headers={"Content-Type": type_})

    problem(post(b"{", "application/json"), 400, "json")
    problem(post(b"[" * 100_000, "application/json"), 400, "json")
    problem(post(b"\xff\xfe", "application/json"), 400, "json")
    problem(post(b"--x\r\nbroken", "multipart/form-data; boundary=x"), 400, "form")
    problem(post(b"", "multipart/form-data"), 400, "form")
    problem(post(b"a=b", "application/x-www-form-urlencoded"), 415, "type")
    problem(post(b"<p>", "text/html"), 415, "type")
    assert "is no picture" in problem(post(b"<p>hello</p>", "image/jpeg"), 422, "photo")
    assert "is empty" in problem(post(b"", "image/jpeg"), 422, "photo")
    other = client.post("/v1/recommend", files={"other": ("a.png", b"x")})
    assert "name its part 'photo'" in problem(other, 422, "invalid")
    text = client.post("/v1/recommend", data={"photo": "text"}, files={"k": ("", b"2")})
    assert "send it as a file" in problem(text, 422, "invalid")


def test_long_bodies_are_refused_before_they_are_read(serve: Serve) -> None:
    client = serve(body_bytes=20_000)
    told = client.post("/v1/detect", content=b"\0" * 20_001, headers={"Content-Type": "image/png"})
    assert "the limit is 20,000 bytes" in problem(told, 413, "too-long")

    def endless() -> Any:
        for _ in range(30):
            yield b"\0" * 1000

    untold = client.post("/v1/detect", content=endless(), headers={"Content-Type": "image/png"})
    assert "more bytes than that" in problem(untold, 413, "too-long")


def test_a_zip_of_death_is_refused_by_its_header(client: TestClient) -> None:
    out = io.BytesIO()
    Image.new("1", (10_000, 6000)).save(out, "PNG")
    assert len(out.getvalue()) < 200_000
    answer = client.post("/v1/detect", content=out.getvalue(), headers={"Content-Type": "image/png"})
    assert "60,000,000 pixels; the limit is 50,000,000" in problem(answer, 422, "photo")


def test_errors_of_a_fetch_are_told(serve: Serve) -> None:
    def fetch(url: str) -> bytes:
        raise PhotoError(f"{url}: answered 404 Not Found; need 200. Check the address.")

    answer = serve(fetch=fetch).post("/v1/detect", json={"url": "https://shop.example/gone.png"})
    assert "answered 404" in problem(answer, 422, "photo")


def test_a_bug_is_told_without_its_traceback(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret inner detail")

    monkeypatch.setattr("outfitter.walk.Shop.recommend", bug)
    answer = client.post("/v1/recommend", json={"product": "top-red"})
    detail = problem(answer, 500, "internal")
    assert "secret" not in detail
    assert answer.headers["x-request-id"] in detail
    assert "ZeroDivisionError" in caplog.text


def test_what_the_operator_has_to_mend_is_told_to_them_alone(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def damaged(*_: object, **__: object) -> None:
        raise ModelError("/srv/models/embedder: is damaged.")

    monkeypatch.setattr("outfitter.walk.Shop.recommend", damaged)
    answer = client.post("/v1/recommend", json={"product": "top-red"})
    assert "/srv" not in problem(answer, 503, "fault")
    assert "/srv/models/embedder: is damaged" in caplog.text


def test_health_readiness_metrics_and_status(client: TestClient) -> None:
    stranger = TestClient(client.app)
    assert stranger.get("/healthz").json() == {"status": "ok"}
    assert stranger.get("/readyz").json() == {"status": "ready", "products": 7}
    client.post("/v1/recommend", json={"product": "top-red"})
    client.post("/v1/recommend", files={"photo": ("a.png", outfit())})
    text = client.get("/metrics").text
    assert 'outfitter_requests_total{method="POST",route="/v1/recommend",status="200"} 2.0' in text
    assert "outfitter_products 7.0" in text
    assert "outfitter_embedder_crops_sum 2.0" in text
    status = client.get("/v1/status").json()
    assert (status["products"], status["looks"], status["trouble"]) == (7, 1, None)
    assert status["latency"]["/v1/recommend"]["count"] == 2
    problem(stranger.get("/metrics"), 401, "key")


def test_the_status_is_worked_out_beside_the_event_loop(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    plain = Catalogue.worn_together

    def told(self: Catalogue) -> Any:
        threads.append(threading.current_thread().name)
        return plain(self)

    monkeypatch.setattr(Catalogue, "worn_together", told)
    assert client.get("/v1/status").json()["looks"] == 1
    assert [name.partition("_")[0] for name in threads] == ["search"]


def test_not_ready_before_and_after(client: TestClient) -> None:
    client.app.state.front.ready = False  # type: ignore[attr-defined]
    answer = client.get("/readyz")
    problem(answer, 503, "not-ready")
    assert answer.headers["retry-after"] == "1"


def test_paths_and_methods_that_there_are_not(client: TestClient) -> None:
    assert "/openapi.json lists" in problem(client.get("/v2/nothing"), 404, "http")
    for method, path, allowed in (
        ("DELETE", "/v1/recommend", "POST"),
        ("DELETE", "/v1/products", "GET, PUT"),
        ("POST", "/v1/products/top-red", "DELETE, GET"),
        ("POST", "/v1/products/top-red/pictures/0", "DELETE, GET, HEAD"),
        ("PUT", "/healthz", "GET, HEAD"),
    ):
        refused = client.request(method, path)
        problem(refused, 405, "http")
        assert refused.headers["allow"] == allowed


def test_what_is_fetched_may_be_asked_for_its_headers(client: TestClient) -> None:
    picture = client.get("/v1/products/top-red").json()["picture"]
    for path in ("/", "/app.js", "/outfit-photo.js", "/healthz", "/readyz", picture):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, get.status_code) == (200, 200), path
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.headers["content-length"] == get.headers["content-length"]
    assert client.head(picture[:-3]).status_code == 403


def test_every_answer_has_security_headers(client: TestClient) -> None:
    for answer in (client.get("/"), client.get("/v1/products"), client.get("/nothing"), client.get("/outfit-photo.js")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
    assert client.get("/v1/products").headers["cache-control"] == "no-store"
    page = client.get("/")
    tag = page.headers["etag"]
    for sent in (tag, f"W/{tag}", f'"a", {tag}', f'W/"a",W/{tag}'):
        assert client.get("/", headers={"If-None-Match": sent}).status_code == 304
    assert client.get("/", headers={"If-None-Match": '"a"'}).status_code == 200


def test_html_comes_back_as_text(client: TestClient) -> None:
    answer = client.get("/v1/products/footwear-mint")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["title"] == "<img src=x onerror=alert(1)> & mint"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_cross_origin_requests_only_from_the_origins_named(client: TestClient) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    allowed = client.options("/v1/recommend", headers={"Origin": SHOP_PAGE, **preflight})
    assert allowed.headers["access-control-allow-origin"] == SHOP_PAGE
    other = client.options("/v1/recommend", headers={"Origin": "https://evil.example", **preflight})
    assert "access-control-allow-origin" not in other.headers
    answer = client.get("/v1/products", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    refused = client.get("/v1/products/gone", headers={"Origin": SHOP_PAGE})
    assert refused.headers["access-control-allow-origin"] == SHOP_PAGE  # so that the page can read the problem


def test_a_page_can_read_what_the_last_resort_answers(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(body_bytes=20_000)
    client.headers["Origin"] = SHOP_PAGE
    long = client.post("/v1/detect", content=b"\0" * 20_001, headers={"Content-Type": "image/png"})
    problem(long, 413, "too-long")

    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("outfitter.walk.Shop.recommend", bug)
    broken = client.post("/v1/recommend", json={"product": "top-red"})
    problem(broken, 500, "internal")
    for answer in (long, broken):
        assert answer.headers["access-control-allow-origin"] == SHOP_PAGE
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_openapi_document_has_examples_and_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    recommend = document["paths"]["/v1/recommend"]["post"]
    assert set(recommend["requestBody"]["content"]) == {"application/json", "multipart/form-data", "image/jpeg"}
    assert recommend["requestBody"]["content"]["application/json"]["schema"]["examples"][0]["product"] == "B0001"
    assert "application/problem+json" in recommend["responses"]["422"]["content"]
    assert recommend["security"] == [{"HTTPBearer": []}]

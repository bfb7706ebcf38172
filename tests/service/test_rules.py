"""Rules and scenarios beside the catalogue that is served, and tastes that were learnt elsewhere."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from outfitter.catalogue import build
from outfitter.errors import ConfigError
from outfitter.events import EventStore
from outfitter.events.event import Event
from outfitter.recommendations.interactions import Interactions
from tests.service.conftest import Serve, feed
from tests.service.test_catalogue_changes import storefront


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [{boost: label=new}]", "rule 1: filter: there is no column 'label'"),
        ("rules: [{boost: slot=top}, {bury: price>x}]", "rule 2: filter: price>x: 'x' is not a number"),
        ("rules: [{pin: top-red, where: colur=red}]", "rule 1: filter: there is no column 'colur'"),
        ("scenarios: {sale: {where: prise<30}}", "scenario sale: filter: there is no column 'prise'"),
        (
            "scenarios: {home: {experiment: {name: x, arms: {a: {}, b: {where: slot=tpo}}}}}",
            "scenario home, arm b: filter: slot=tpo: there is no such slot",
        ),
    ],
)
def test_a_filter_that_the_catalogue_cannot_answer_is_an_error_at_start(
    serve: Serve, tmp_path: Path, text: str, message: str
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(text)
    with pytest.raises(ConfigError) as refused:
        serve(merchandising=rules)
    assert str(refused.value).startswith(f"{rules}: {message}")


def test_a_catalogue_without_what_the_rules_name_leaves_the_old_one_serving(
    serve: Serve, catalogue: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{boost: label=new}]")
    client = serve()
    models, key = storefront(client), client.headers["Authorization"]
    (tmp_path / "feed").mkdir()
    labelled = feed(tmp_path / "feed")
    header, *rows = labelled.read_text().splitlines()
    labelled.write_text("\n".join([f"{header},label", *(f"{row},new" for row in rows)]) + "\n")
    build(labelled, tmp_path / "labelled", detector=models.detector, embedder=models.embedder)
    plain = catalogue.rename(tmp_path / "plain")
    (tmp_path / "labelled").rename(catalogue)
    client = serve(merchandising=rules)
    client.headers["Authorization"] = key
    catalogue.rename(tmp_path / "labelled")
    plain.rename(catalogue)
    assert not storefront(client).reload()
    assert "rule 1: filter: there is no column 'label'" in client.get("/v1/status").json()["trouble"]
    assert client.post("/v1/recommend", json={"product": "top-red"}).status_code == 200


def learn(path: Path, product: str) -> None:
    """A file of tastes in which only this product was ever looked at."""
    with EventStore(path.with_suffix(f".{product}.db")) as store:
        now = time.time()
        store.add([Event(f"e{number}", "view", product, now, f"u{number}") for number in range(5)])
        Interactions.learn(store.log()).save(path)


def test_what_was_learnt_elsewhere_is_read_again_when_it_changes(serve: Serve, tmp_path: Path) -> None:
    taste = tmp_path / "taste.npz"
    learn(taste, "footwear-green")
    client = serve(learnt=taste)

    def wanted() -> str:
        return str(client.post("/v1/recommend", json={"k": 1}).json()["picks"][0]["product"]["id"])

    assert wanted() == "footwear-green"
    assert not storefront(client).relearn()
    learn(taste, "bottom-navy")
    assert storefront(client).relearn()
    assert wanted() == "bottom-navy"
    whole = taste.read_bytes()
    taste.write_bytes(whole[:100])
    assert not storefront(client).relearn()
    assert wanted() == "bottom-navy"
    assert "taste.npz" in client.get("/v1/status").json()["trouble"]
    assert not storefront(client).reload()  # which has troubles of its own
    assert "taste.npz" in client.get("/v1/status").json()["trouble"]
    taste.unlink()
    assert not storefront(client).relearn()
    taste.write_bytes(whole)
    assert storefront(client).relearn()
    assert client.get("/v1/status").json()["trouble"] is None

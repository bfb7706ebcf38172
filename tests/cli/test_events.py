"""Events from a file to what they do to recommendations."""

from __future__ import annotations

from pathlib import Path

import pytest

from outfitter.boutique import design, simulate
from outfitter.events import Event, EventStore
from tests.cli.conftest import Outfitter

LOG = """user,session,product,kind,time,id
ann,s1,top-red,view,2026-05-01T10:00:00Z,1
ann,s1,top-red,purchase,2026-05-01T10:05:00Z,2
bob,,top-red,view,2026-05-02T10:00:00Z,3
bob,,gone,view,2026-05-02T10:01:00Z,4
,s9,bottom-navy,like,2026-05-03T10:00:00Z,5
"""


@pytest.fixture
def database(outfitter: Outfitter, tmp_path: Path) -> Path:
    (tmp_path / "log.csv").write_text(LOG)
    run = outfitter("events", "import", tmp_path / "log.csv", "--events", tmp_path / "events.db")
    assert run.code == 0
    assert run.rows == [{"events": str(tmp_path / "events.db"), "new": 5, "known": 0, "ahead": 0, "refused": 0}]
    return tmp_path / "events.db"


def test_in_and_out_and_counted(outfitter: Outfitter, database: Path, shop: Path, tmp_path: Path) -> None:
    again = outfitter("events", "import", tmp_path / "log.csv", "--events", database)
    assert again.rows[0]["known"] == 5
    run = outfitter("events", "stats", "--events", database, "--catalogue", shop)
    told = run.rows[0]
    assert (told["events"], told["users"], told["kinds"]["purchase"]) == (5, 2, 1)
    assert told["events_of_unknown_products"] == 1
    assert told["first"] == "2026-05-01T10:00:00Z"
    assert outfitter("events", "export", tmp_path / "out.csv", "--events", database).rows[0]["events"] == 5
    assert outfitter("events", "forget", "ann", "--events", database).rows == [{"user": "ann", "deleted": 2}]
    assert outfitter("events", "keep", "0", "--events", database).rows[0]["deleted"] == 3


def test_bad_rows_exit_1_and_the_others_are_stored(outfitter: Outfitter, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,product,time\nann,p1,yesterday\nann,p2,1780000000\n")
    run = outfitter("events", "import", tmp_path / "log.csv", "--events", tmp_path / "events.db")
    assert (run.code, run.rows[0]["new"], run.rows[0]["refused"]) == (1, 1, 1)
    assert "log.csv:2: time is 'yesterday'" in run.err


@pytest.mark.parametrize("days", ["inf", "nan", "-1"])
def test_no_number_of_days_deletes_nothing(outfitter: Outfitter, database: Path, days: str) -> None:
    run = outfitter("events", "keep", "--events", database, "--", days)
    assert (run.code, run.out) == (2, "")
    assert outfitter("events", "stats", "--events", database).rows[0]["events"] == 5


def test_a_known_user_an_unknown_one_and_nobody(outfitter: Outfitter, database: Path, shop: Path) -> None:
    known = outfitter("recommend", "--catalogue", shop, "--user", "ann", "--events", database, "-k", 3)
    assert known.code == 0
    assert len(known.rows) == 3
    assert "top-red" not in [row["product_id"] for row in known.rows]  # bought
    assert known.rows[0]["recommendation_id"]
    shown = outfitter("recommend", "--catalogue", shop, "--user", "ann", "--events", database, "--hide", "nothing")
    assert "top-red" in [row["product_id"] for row in shown.rows]
    unknown = outfitter("recommend", "--catalogue", shop, "--user", "eve", "--events", database)
    assert "The user 'eve' is unknown" in unknown.err
    assert unknown.rows[0]["product_id"] == "top-red"  # the most popular
    nobody = outfitter("recommend", "--catalogue", shop, "-k", 2)
    assert "nothing is known of anybody" in nobody.err
    assert len(nobody.rows) == 2


def test_clicks_are_told_of_the_list_they_came_from(outfitter: Outfitter, database: Path, shop: Path) -> None:
    run = outfitter("recommend", "--catalogue", shop, "--visit", "s9", "--events", database, "--strategy", "session")
    first = run.rows[0]
    with EventStore(database) as store:
        store.add(
            [Event("c", "cart", first["product_id"], 1.79e9, session="s9", recommendation=first["recommendation_id"])]
        )
    told = outfitter("events", "stats", "--events", database).rows[0]["strategies"]
    assert told == {"session": {"lists": 1, "clicked": 1, "bought": 0, "rate": 1.0}}


def test_learnt_once_and_used(outfitter: Outfitter, database: Path, shop: Path, tmp_path: Path) -> None:
    taste = tmp_path / "taste.npz"
    assert outfitter("events", "learn", taste, "--events", database).rows[0]["people"] == 3
    assert outfitter("events", "learn", taste, "--events", database, "--from", taste).code == 0
    run = outfitter("recommend", "--catalogue", shop, "--user", "bob", "--learnt", taste, "-k", 2)
    assert len(run.rows) == 2
    assert "recommendation_id" not in run.rows[0]
    odd = outfitter("events", "learn", taste, "--events", database, "--algorithm", "alz")
    assert (odd.code, odd.out) == (2, "")
    assert "algorithm is 'alz'" in odd.err


def test_scenarios_rules_examples_and_reasons(outfitter: Outfitter, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules: [{pin: top-red, at: 1}]\nscenarios: {front: {k: 2}}\n")
    run = outfitter("recommend", "--catalogue", shop, "--scenario", "front", "--merchandising", tmp_path / "rules.yaml")
    assert [row["rank"] for row in run.rows] == [1, 2]
    assert run.rows[0]["because"] == "Chosen by the shop for this place."
    like = outfitter("recommend", "--catalogue", shop, "--like", "top-red", "-k", 2)
    assert "top-red" not in [row["product_id"] for row in like.rows]
    assert like.rows[0]["because"].startswith("Looks like what you want more of")
    why = outfitter(
        "recommend", "--catalogue", shop, "--product", "top-red", "--where", "slot=bottom", "--explain", "top-red"
    )
    assert why.rows[0]["because"][0] == "The filter leaves it out: slot=bottom does not hold for it."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--user", "ann"), "--user needs --events or --learnt"),
        (("--visit", "v1"), "--visit needs --events"),
        (("--session", "gone"), "there is no product 'gone'"),
        (("--scenario", "hom"), "unknown scenario 'hom'"),
        (("--hide", "all", "--session", "top-red"), "hide is 'all'; need seen, bought, nothing"),
        (("--events", "gone.db"), "gone.db: there is no such file"),
        (("--learnt", "gone.npz"), "gone.npz: cannot be read"),
        (("--explain", "gone"), "there is no product 'gone'"),
    ],
)
def test_bad_questions(outfitter: Outfitter, shop: Path, arguments: tuple[str, ...], message: str) -> None:
    run = outfitter("recommend", "--catalogue", shop, *arguments)
    assert (run.code, run.out) == (2, "")
    assert message in run.err


def test_an_experiment_read_out(outfitter: Outfitter, database: Path, shop: Path, tmp_path: Path) -> None:
    rules = "scenarios: {home: {experiment: {name: x, arms: {a: {strategy: popular}, b: {strategy: cold_start}}}}}"
    (tmp_path / "rules.yaml").write_text(rules)
    for person in range(4):
        outfitter(
            "recommend", "--catalogue", shop, "--scenario", "home", "--merchandising", tmp_path / "rules.yaml",
            "--events", database, "--user", f"u{person}",
        )  # fmt: skip
    run = outfitter("events", "readout", "x", "--events", database)
    assert run.rows[0]["method"] == "sequential"
    assert sum(arm["people"] for arm in run.rows[0]["arms"]) == 4
    odd = outfitter("events", "readout", "y", "--events", database)
    assert "there are x" in odd.err


def test_strategies_are_ranked_by_what_people_chose(outfitter: Outfitter, shop: Path, tmp_path: Path) -> None:
    names = ("top-red", "bottom-navy")
    rows = ["user,product,time"]
    rows += [f"u{number},{names[number % 2]},{1.78e9 + number}" for number in range(12)]
    rows += [f"u{number},{names[1 - number % 2]},{1.79e9 + number}" for number in range(12)]
    (tmp_path / "later.csv").write_text("\n".join(rows) + "\n")
    run = outfitter(
        "evaluate", "hybrid", "--protocol", "ranking", "--events", tmp_path / "later.csv", "--catalogue", shop,
        "--split-at", "1785000000", "--out", tmp_path / "hybrid", "--resamples", 100,
    )  # fmt: skip
    assert run.code == 0
    assert run.rows[0]["scores"]["Recall@20"]["value"] == 1.0
    odd = outfitter(
        "evaluate", "hybird", "--protocol", "ranking", "--events", tmp_path / "later.csv", "--catalogue", shop,
        "--out", tmp_path / "odd",
    )  # fmt: skip
    assert "popular, random, or with --catalogue cold_start, collaborative" in odd.err


def test_shoppers_of_the_boutique_can_be_imported(outfitter: Outfitter, tmp_path: Path) -> None:
    events = simulate(design(products=60, looks=0), people=5, looks_around=50).events
    lines = ["user,product,kind,time", *(",".join(map(str, event)) for event in events)]
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
    run = outfitter("events", "import", tmp_path / "log.csv", "--events", tmp_path / "events.db")
    assert (run.code, run.rows[0]["new"]) == (0, len(events))

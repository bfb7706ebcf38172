"""From a feed on disk to recommendations, through the command line and a real catalogue, with tiny models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import outfitter as package
from outfitter.cli import recommend
from outfitter.errors import QueryError
from tests.cli.conftest import COLOURS, Outfitter, Run, outfit
from tests.conftest import ToyModels


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("query") / "street.png"
    outfit(COLOURS["top"]["burgundy"], COLOURS["bottom"]["navy"]).save(path)
    return path


def test_build_add_remove_status(outfitter: Outfitter, feed: Path, models: tuple[object, ...], tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    run = outfitter("catalogue", "build", feed, "--out", shop, *models)
    assert run.code == 1  # gone.png
    assert run.rows == [
        {
            "catalogue": str(shop),
            "added": 10,
            "updated": 0,
            "unchanged": 0,
            "rejected": 1,
            "rejects": f"{shop}/rejects.csv",
        }
    ]
    assert run.err == f"1 rows or pictures were rejected; {shop}/rejects.csv says why.\n"
    assert "gone.png" in (shop / "rejects.csv").read_text()

    again = outfitter("catalogue", "build", feed, "--out", shop, *models)
    assert (again.rows[0]["added"], again.rows[0]["unchanged"]) == (0, 10)

    more = tmp_path / "more.jsonl"
    line = {"id": "extra", "title": "Extra", "image": str(feed.parent / "top-red.png"), "category": "top"}
    more.write_text(json.dumps(line) + "\n")
    assert outfitter("catalogue", "add", more, "--to", shop, *models).rows[0]["added"] == 1

    run = outfitter("catalogue", "remove", "lamp", "nobody", "--from", shop)
    assert (run.code, run.rows[0]["removed"], run.rows[0]["unknown"]) == (1, ["lamp"], ["nobody"])

    (status,) = outfitter("catalogue", "status", shop).rows
    assert (status["products"], status["complete"], status["attributes"]) == (10, True, ["fabric"])
    assert status["slots"] == {"top": 5, "bottom": 4, "footwear": 2}


def test_recommendations_for_a_photo(outfitter: Outfitter, shop: Path, photo: Path, models: tuple[object, ...]) -> None:
    run = outfitter("recommend", photo, "--catalogue", shop, "-k", 3, *models)
    assert run.code == 0, run.err
    assert [(row["garment"], row["rank"]) for row in run.rows] == [(g, r) for g in (0, 1) for r in (1, 2, 3)]
    first = run.rows[0]
    assert (first["product_id"], first["slot"], first["price"]) == ("top-burgundy", "top", 30.0)
    assert first["because"] == "Looks like your burgundy top, in the same colour."
    assert first["attributes"] == {"fabric": "wool"}
    assert first["score"] == pytest.approx(sum(first["parts"].values()), abs=1e-3)
    assert run.rows[3]["product_id"] == "bottom-navy"


def test_all_the_ways_to_narrow_it(outfitter: Outfitter, shop: Path, photo: Path, models: tuple[object, ...]) -> None:
    def ids(*options: object) -> list[str]:
        run = outfitter("recommend", photo, "--catalogue", shop, *options, *models)
        assert run.code == 0, run.err
        return [row["product_id"] for row in run.rows]

    assert ids("--garment", 1, "-k", 1) == ["bottom-navy"]
    assert ids("--region", "112,205,208,395", "-k", 1) == ["bottom-navy"]
    first, second, third = ids("--garment", 0, "-k", 3)
    assert ids("--garment", 0, "-k", 1, "--exclude", first, "--exclude", second) == [third]
    assert len(ids("--garment", 0, "-k", 9, "--where", "price<45")) == 4
    assert ids("--garment", 0, "--where", "category=footwear,price>85") == ["footwear-mint"]


def test_the_completed_look(outfitter: Outfitter, shop: Path, photo: Path, models: tuple[object, ...]) -> None:
    run = outfitter(
        "recommend", photo, "--catalogue", shop, "--garment", 0, "--strategy", "complementary", "-k", 2, *models
    )
    assert [(row["slot"], row["rank"]) for row in run.rows] == [
        ("bottom", 1),
        ("bottom", 2),
        ("footwear", 1),
        ("footwear", 2),
    ]
    assert run.rows[0]["product_id"] == "bottom-navy"
    assert "in the picture of “Red top”" in run.rows[0]["because"]
    assert "No picture of the shop shows shoes worn with it" in run.rows[2]["because"]
    assert run.err == "'complementary' was asked for.\n"


def test_recommendations_for_a_product_need_no_model(outfitter: Outfitter, shop: Path) -> None:
    run = outfitter("recommend", "--product", "top-red", "--catalogue", shop, "-k", 20)
    assert run.code == 0, run.err
    assert len(run.rows) == 9
    assert "top-red" not in {row["product_id"] for row in run.rows}
    assert {row["garment"] for row in run.rows} == {None}


def test_json_is_utf_8_whatever_the_terminal_says(
    outfitter_process: Outfitter, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    run = outfitter_process("recommend", "--product", "top-red", "--catalogue", shop, "-k", 1)
    assert run.code == 0, run.err
    assert run.rows[0]["because"].startswith("Looks like “Red top”")


def test_a_photo_on_standard_input(
    outfitter_process: Outfitter, shop: Path, photo: Path, models: tuple[object, ...]
) -> None:
    run = outfitter_process("recommend", "-", "--catalogue", shop, "-k", 1, *models, stdin=photo.read_bytes())
    assert run.code == 0, run.err
    assert [row["product_id"] for row in run.rows] == ["top-burgundy", "bottom-navy"]


def test_a_feed_on_standard_input(
    outfitter_process: Outfitter, feed: Path, models: tuple[object, ...], tmp_path: Path
) -> None:
    line = {"id": "one", "title": "One", "image": str(feed.parent / "top-red.png")}
    run = outfitter_process(
        "catalogue", "build", "-", "--out", tmp_path / "shop", *models, stdin=json.dumps(line).encode() + b"\n"
    )
    assert (run.code, run.rows[0]["added"]) == (0, 1), run.err


def test_nothing_matches(outfitter: Outfitter, shop: Path, photo: Path, models: tuple[object, ...]) -> None:
    run = outfitter("recommend", photo, "--catalogue", shop, "--where", "price<1", *models)
    assert (run.code, run.out) == (0, "")
    assert "No product matches the filter price<1." in run.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-k", 0), "k is 0; need at least 1"),
        (("--garment", 5), "there is no garment 5; found: 0 top, 1 bottom"),
        (("--region", "0,0,999,10"), "region is 0,0,999,10; need 0 <= x1 < x2 <= 322"),
        (("--region", "1,2,3"), "--region is '1,2,3'; need four numbers"),
        (("--where", "colur=red"), "did you mean 'colour'?"),
        (("--strategy", "similr"), "did you mean 'similar'?"),
        (("--product", "top-red"), "takes a photo or a product, not both"),
    ],
)
def test_bad_questions_exit_2(
    outfitter: Outfitter,
    shop: Path,
    photo: Path,
    models: tuple[object, ...],
    options: tuple[object, ...],
    message: str,
) -> None:
    run = outfitter("recommend", photo, "--catalogue", shop, *options, *models)
    assert (run.code, run.out) == (2, "")
    assert message in run.err
    assert "Traceback" not in run.err


def test_bad_catalogues_exit_2(
    outfitter: Outfitter, shop: Path, photo: Path, toy_models: ToyModels, tmp_path: Path
) -> None:
    def refused(run: Run, message: str) -> None:
        assert (run.code, run.out) == (2, "")
        assert message in run.err

    refused(outfitter("recommend", photo, "--catalogue", tmp_path), "outfitter catalogue build")
    other = ("--detector", toy_models.detector, "--embedder", toy_models.other_embedder)
    refused(outfitter("recommend", photo, "--catalogue", shop, *other), "other-toy")
    refused(outfitter("recommend", "--product", "top-rde", "--catalogue", shop), "did you mean 'top-red'?")
    refused(
        outfitter("recommend", "gone.jpg", "--catalogue", shop, *other[:2], "--embedder", toy_models.embedder),
        "gone.jpg",
    )


def test_python_says_the_same(shop: Path, photo: Path, toy_models: ToyModels) -> None:
    opened = package.open(shop, toy_models.detector, toy_models.embedder)
    rows = opened.recommend(str(photo), k=2)
    assert [row.product.id for row in rows][::2] == ["top-burgundy", "bottom-navy"]


def test_region_text() -> None:
    assert recommend.parse_region("1,2.5, 3,4") == [1, 2.5, 3, 4]
    assert recommend.parse_region(None) is None
    with pytest.raises(QueryError, match="need four numbers"):
        recommend.parse_region("a,b,c,d")

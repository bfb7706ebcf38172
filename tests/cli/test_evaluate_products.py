"""``outfitter evaluate`` for retrieval, photo to product, and recommended lists."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Outfitter
from tests.cli.test_evaluate import metrics
from tests.conftest import ToyModels
from tests.toy import picture


def items(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["image", "group", "kind", "x1", "y1", "x2", "y2"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_retrieval(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path) -> None:
    """Pictures of one colour are one group; the embedder sees colours and nothing else."""
    rows: list[dict[str, object]] = []
    for number in range(8):
        colour = (30 * number, 250 - 30 * number, 90 + 20 * number)
        for copy in range(2):
            name = f"{number}-{copy}.png"
            picture((60, 90), top=((5 + copy, 9, 50 + copy, 80), colour)).save(tmp_path / name)
            rows.append({"image": name, "group": f"sku{number}", "kind": "top"})
    queries = items(tmp_path / "queries.csv", rows)
    out = tmp_path / "out"
    command = ("evaluate", toy_models.embedder, "--protocol", "retrieval", "--queries", queries, "--resamples", 100)
    done = outfitter(*command, "--out", out)
    assert done.code == 0, done.err
    found = metrics(out)
    assert (found["samples"], found["items"], found["protocol"]) == (8, 16, "retrieval")
    assert found["scores"]["Recall@1"]["value"] > 0.8
    assert found["baselines"]["random order"]["Recall@1"] == pytest.approx(1 / 15, abs=1e-6)
    assert found["baselines"]["majority class"]["Recall@1"] == pytest.approx(2 / 16)
    assert (out / "report.html").is_file()
    boxed = [{**row, "x1": 5, "y1": 9, "x2": 50, "y2": 40 + 20 * (n % 3)} for n, row in enumerate(rows)]
    done = outfitter(*command[:5], items(tmp_path / "boxed.csv", boxed), "--resamples", 100, "--out", tmp_path / "c")
    assert done.code == 0, done.err
    assert 0 < metrics(tmp_path / "c")["baselines"]["constant box"]["Recall@1"] <= 1
    outside = items(tmp_path / "outside.csv", [{**boxed[0], "x1": 70, "x2": 90}, boxed[1]])
    done = outfitter(*command[:5], outside, "--out", tmp_path / "d")
    assert "the box of 'sku0' is [70.0, 9.0, 90.0, 40.0]; need one within the 60 × 90 picture" in done.err
    assert done.code == 2
    single = items(tmp_path / "single.csv", rows[:3])
    done = outfitter(*command[:5], single, "--out", tmp_path / "b")
    assert done.code == 2
    assert "query 2 is of group 'sku1', which the gallery does not hold besides the query itself" in done.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,kind\na.png,top\n", "q.csv: has no column group; need image,group"),
        ("image,group\n", "q.csv: has no rows below its head"),
        ("image,group\na.png,\n", "q.csv:2: image is 'a.png', group is ''"),
        ("image,group,x1,y1,x2,y2\na.png,g,1,2,x,4\n", "q.csv:2: the box is 1,2,x,4; need four numbers"),
        ("image,group,x1,y1,x2,y2\na.png,g,9,2,3,4\n", "q.csv:2: the box is 9,2,3,4; need x1 < x2"),
        ("image,group\nmissing.png,g\n", "1 of 1 queries cannot be scored, first: "),
    ],
)
def test_bad_queries(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "q.csv").write_text(text)
    done = outfitter(
        "evaluate",
        toy_models.embedder,
        "--protocol",
        "retrieval",
        "--queries",
        tmp_path / "q.csv",
        "--out",
        tmp_path / "o",
    )
    assert done.code == 2
    assert message in done.err


def test_end_to_end(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path) -> None:
    feed, rows = [], []
    for number in range(5):
        colour = (255 - 20 * number, 40 - 8 * number, 15 * number)
        picture((120, 160), top=((20, 20, 100, 140), colour)).save(tmp_path / f"p{number}.png")
        feed.append({"id": f"sku{number}", "title": f"Top {number}", "image": str(tmp_path / f"p{number}.png")})
        picture((150, 220), top=((30, 40, 110, 160), colour)).save(tmp_path / f"q{number}.png")
        box = {"x1": 30, "y1": 40, "x2": 110, "y2": 160}
        rows.append({"image": f"q{number}.png", "group": f"sku{number}", "kind": "top", **box})
    rows.append({**rows[0], "x1": 0, "x2": 20})  # nothing is there
    rows.append({**rows[1], "kind": "bottom"})  # found all the same
    with (tmp_path / "feed.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "title", "image"])
        writer.writeheader()
        writer.writerows(feed)
    shop = tmp_path / "shop"
    models = ("--detector", toy_models.detector, "--embedder", toy_models.embedder)
    assert outfitter("catalogue", "build", tmp_path / "feed.csv", "--out", shop, *models).code == 0
    queries = items(tmp_path / "q.csv", rows)
    command = (
        "evaluate",
        toy_models.detector,
        "--protocol",
        "end-to-end",
        "--queries",
        queries,
        "--catalogue",
        shop,
        "--embedder",
        toy_models.embedder,
        "--resamples",
        100,
        "--out",
    )
    done = outfitter(*command, tmp_path / "out")
    assert done.code == 0, done.err
    scores = {name: one["value"] for name, one in metrics(tmp_path / "out")["scores"].items()}
    assert scores["found@5"] == pytest.approx(6 / 7, abs=1e-6)
    assert scores["lost to missed box"] == pytest.approx(1 / 7, abs=1e-6)
    assert scores["found@10/bottom"] == 1
    baselines = metrics(tmp_path / "out")["baselines"]
    # Five boxes of six are alike; the mean of all is in none of them by less than half. All are tops but one.
    assert baselines["the true boxes"]["found@1"] >= baselines["constant box"]["found@1"]
    assert baselines["majority class"]["found@10"] <= 1
    assert set(metrics(tmp_path / "out")["slices"]) >= {"garments: 1", "garments: 2"}
    queries.write_text(queries.read_text().replace("sku4", "sku9"))
    done = outfitter(*command, tmp_path / "again")
    assert done.code == 2
    assert "1 of 7 products are not in the catalogue, first 'sku9'" in done.err


def test_ranking(outfitter: Outfitter, tmp_path: Path) -> None:
    """Everybody goes on with the neighbours of what they had; lists that know it beat popular and random ones."""
    events, lists = ["user,product,time"], []
    for number in range(40):
        for step in range(6):
            events.append(f"u{number},p{(number * 7 + step) % 50},{step}")
        lists.append({"user": f"u{number}", "products": [f"p{(number * 7 + 5 + step) % 50}" for step in range(4)]})
    (tmp_path / "events.csv").write_text("\n".join(events) + "\n")
    (tmp_path / "lists.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lists))
    command = ("--protocol", "ranking", "--events", tmp_path / "events.csv", "--split-at", "5", "--resamples", 100)
    for model in (tmp_path / "lists.jsonl", "popular"):
        done = outfitter("evaluate", model, *command, "--out", tmp_path / Path(model).stem)
        assert done.code == 0, done.err
        assert "); popular 0." in done.err
    found = metrics(tmp_path / "lists")
    assert (found["samples"], found["items"], found["protocol"], found["products"]) == (40, 40, "ranking", 50)
    assert found["scores"]["Recall@5"]["value"] == 1
    assert found["slices"]["past events: 5 to 19"]["NDCG@5"]["value"] == 1
    assert metrics(tmp_path / "popular")["scores"]["Recall@10"]["value"] == found["baselines"]["popular"]["Recall@10"]
    done = outfitter("compare", tmp_path / "popular", tmp_path / "lists", "--resamples", 100)
    assert {row["score"]: row["real"] for row in done.rows}["Recall@5"] is True
    done = outfitter("evaluate", tmp_path / "none.jsonl", *command, "--out", tmp_path / "b")
    assert (done.code, (tmp_path / "b").exists()) == (2, False)
    assert "is no file of lists" in done.err
    (tmp_path / "lists.jsonl").write_text('{"user": "u0", "products": ["x1"]}\n')
    done = outfitter("evaluate", tmp_path / "lists.jsonl", *command, "--out", tmp_path / "b")
    assert "39 of the 40 people who chose something after the split have no line, first 'u1'" in done.err


def test_ranking_in_a_catalogue(outfitter: Outfitter, toy_models: ToyModels, tmp_path: Path) -> None:
    """Its products are what can be recommended, and its vectors tell diversity."""
    feed = ["id,title,image"]
    for number in range(4):
        picture((120, 160), top=((20, 20, 100, 140), (250 - 60 * number, 40, 60 * number))).save(
            tmp_path / f"p{number}.png"
        )
        feed.append(f"p{number},Top {number},{tmp_path / f'p{number}.png'}")
    (tmp_path / "feed.csv").write_text("\n".join(feed) + "\n")
    shop = tmp_path / "shop"
    models = ("--detector", toy_models.detector, "--embedder", toy_models.embedder)
    assert outfitter("catalogue", "build", tmp_path / "feed.csv", "--out", shop, *models).code == 0
    events = "user,product,time\nann,p0,1\nbob,p1,2\nann,p1,3\nann,gone,4\nbob,p3,5\n"
    (tmp_path / "events.csv").write_text(events)
    done = outfitter(
        "evaluate",
        "random",
        "--protocol",
        "ranking",
        "--events",
        tmp_path / "events.csv",
        "--split-at",
        "3",
        "--catalogue",
        shop,
        "--resamples",
        100,
        "--out",
        tmp_path / "out",
    )
    assert done.code == 0, done.err
    assert "1 choices are of products that are not in the catalogue" in done.err
    found = metrics(tmp_path / "out")
    assert (found["products"], found["items"]) == (4, 2)
    assert found["scores"]["diversity"]["value"] > 0


def test_vectors_of_somebody_else(outfitter: Outfitter, tmp_path: Path) -> None:
    """Two products whose vectors agree, one whose do not; lengths do not matter."""
    rows: list[dict[str, object]] = []
    for name in ("a1", "a2", "b1", "b2"):
        picture((60, 90), top=((5, 9, 50, 80), (200, 20, 30))).save(tmp_path / f"{name}.png")
        rows.append({"image": f"{name}.png", "group": name[0]})
    queries = items(tmp_path / "q.csv", rows)
    vectors = {"a1": [1, 0, 0], "a2": [5, 1, 0], "b1": [0, 0, 3], "b2": [3, 0.3, 1], "z": [1, 1, 1]}
    file = tmp_path / "v.jsonl"
    file.write_text("".join(json.dumps({"image": f"{n}.png", "vector": v}) + "\n" for n, v in vectors.items()))
    command = ("evaluate", file, "--protocol", "retrieval", "--queries", queries, "--resamples", 100, "--out")
    done = outfitter(*command, tmp_path / "out")
    assert done.code == 0, done.err
    assert metrics(tmp_path / "out")["scores"]["Recall@1"]["value"] == 0.75  # b2 lies nearer to a2
    for text, message in (
        ('{"image": "a1.png", "vector": [1, 0]}', "3 of 4 pictures do not have a vector for each of their lines"),
        ('{"image": "a1.png", "vector": [1, 1' + "0" * 400 + "]}", 'v.jsonl:1: need {"image": '),
        ('{"image": "a1.png", "vector": [NaN, 0]}', "v.jsonl:1: the vector has a length of nan"),
        ('{"image": "a1.png"}', 'v.jsonl:1: need {"image"'),
        ('{"image": "a1.png", "vector": [1]}\n{"image": "b1.png", "vector": [1, 2]}', "has 2 numbers, others 1"),
    ):
        file.write_text(text)
        done = outfitter(*command, tmp_path / "again")
        assert (done.code, (tmp_path / "again").exists()) == (2, False)
        assert message in done.err

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from outfitter.cli.evaluate_products import end_to_end, retrieval
from outfitter.errors import ConfigError, EvaluationError
from outfitter.evaluation.bootstrap import intervals
from outfitter.evaluation.retrieval import Retrieval, score_retrieval
from outfitter.values import Embeddings


def unit(vectors: NDArray[np.floating]) -> Embeddings:
    return Embeddings((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), "toy-1")


def on_circle(*degrees: float) -> Embeddings:
    turned = np.radians(degrees)
    return unit(np.stack([np.cos(turned), np.sin(turned)], 1))


def values(found: Retrieval) -> dict[str, float]:
    return {name: score.value for name, score in intervals(found.evidence, replicates=3).items()}


def test_by_hand() -> None:
    gallery = on_circle(10, 12, 20, 30, 41, 50, 60)
    groups = ["b", "a", "a", "b", "a", "c", "a"]
    found = score_retrieval(on_circle(13, 49), ["a", "c"], gallery, groups)
    # Nearest to 13: 12 a, 10 b, 20 a, 30 b, 41 a, 50 c, 60 a; R = 4, precision 1, ., 2/3, . within the first four.
    assert found.nearest[0, :7].tolist() == [1, 0, 2, 3, 4, 5, 6]
    assert found.nearest[0, 7:].tolist() == [-1, -1, -1]
    scores = values(found)
    assert scores["Recall@1"] == 1.0
    assert scores["mAP@R"] == pytest.approx(((1 + 2 / 3) / 4 + 1) / 2)


def test_equals_a_plain_implementation_and_chance() -> None:
    rng = np.random.default_rng(3)
    gallery_groups = [f"g{n}" for n in rng.integers(0, 30, 300)]
    query_groups = [f"g{n}" for n in rng.integers(0, 30, 700)]
    queries, gallery = unit(rng.normal(size=(700, 5))), unit(rng.normal(size=(300, 5)))
    found = score_retrieval(queries, query_groups, gallery, gallery_groups)
    expected = np.array(
        [
            plain(query @ gallery.vectors.T, [group == other for other in gallery_groups])
            for query, group in zip(queries.vectors, query_groups, strict=True)
        ]
    ).mean(0)
    assert list(values(found).values()) == pytest.approx(expected.tolist(), abs=1e-12)
    # Vectors that mean nothing score as chance says.
    assert expected == pytest.approx(list(found.chance.values()), abs=0.03)


def plain(similar: NDArray[np.float32], right: Sequence[bool]) -> list[float]:
    order = sorted(range(len(similar)), key=lambda n: (-similar[n], right[n]))
    ranked = [right[n] for n in order]
    wanted = sum(ranked)
    precise = sum(sum(ranked[: n + 1]) / (n + 1) for n in range(wanted) if ranked[n]) / wanted
    return [float(any(ranked[:k])) for k in (1, 5, 10)] + [precise]


def test_a_model_that_maps_all_to_one_point_earns_nothing() -> None:
    same = unit(np.ones((40, 3)))
    groups = [f"g{n % 2}" for n in range(40)]
    scores = values(score_retrieval(same, groups, same, groups, own=np.arange(40)))
    assert set(scores.values()) == {0.0}


def test_own_item_is_left_out() -> None:
    vectors, groups = on_circle(0, 5, 50, 56, 3), ["a", "b", "c", "c", "a"]
    kept = [0, 2, 3, 4]
    found = score_retrieval(
        unit(vectors.vectors[kept]), [groups[n] for n in kept], vectors, groups, own=np.array(kept), kinds=list("xyxy")
    )
    assert found.nearest[:, 0].tolist() == [4, 3, 2, 1]
    assert values(found)["Recall@1"] == 0.75
    assert values(found)["Recall@1/y"] == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query_groups": ["a", "z"]}, "query 1 is of group 'z', which the gallery does not hold. Leave"),
        ({"own": np.array([0, 1])}, "group 'b', which the gallery does not hold besides the query itself"),
        ({"query_groups": ["a"]}, "the queries: 2 vectors and 1 groups"),
        ({"gallery": Embeddings(np.eye(3, 2, dtype=np.float32)[[0, 1, 0]], "b-2")}, "by toy-1, the gallery by b-2"),
        ({"queries": Embeddings(np.zeros((0, 2), np.float32), "toy-1")}, "0 queries and a gallery of 3"),
    ],
)
def test_bad_input(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {
        "queries": on_circle(0, 90),
        "query_groups": ["a", "b"],
        "gallery": on_circle(1, 91, 5),
        "gallery_groups": ["a", "b", "a"],
    }
    with pytest.raises(EvaluationError, match=message):
        score_retrieval(**{**given, **change})  # type: ignore[arg-type]


def test_a_training_run_is_refused_with_the_way_on(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    queries, out = tmp_path / "queries.csv", tmp_path / "out"
    with pytest.raises(ConfigError, match=r"is a training run; --protocol retrieval .* outfitter export .* --out"):
        retrieval(str(tmp_path), queries, None, out, None)
    with pytest.raises(ConfigError, match="is a training run; --protocol end-to-end scores a model folder"):
        end_to_end(str(tmp_path), queries, "shop", None, None, out, None)

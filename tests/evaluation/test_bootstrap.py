"""Replicates equal scoring the resampled photos for real; intervals cover; differences are told from noise."""

from __future__ import annotations

import numpy as np
import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.bootstrap import differences, intervals
from outfitter.evaluation.detection import score_detections
from outfitter.evaluation.evidence import DetectionEvidence
from outfitter.evaluation.matching import match
from outfitter.evaluation.means import MeanEvidence
from outfitter.evaluation.table import tabulate
from tests.evaluation.scenes import Scene, random_scene


def evidence_of(scene: Scene) -> DetectionEvidence:
    table = tabulate(scene.truth, scene.predictions, scene.class_names)
    return DetectionEvidence.of(table, match(table))


def names(scene: Scene) -> list[str]:
    return list(scene.truth)


@pytest.mark.parametrize("crowd", [0.0, 0.3])
def test_a_weighting_equals_scoring_the_photos_that_often(crowd: float) -> None:
    scene = random_scene(3, photos=20, crowd=crowd, boxes=9, score_steps=10**7)
    rng = np.random.default_rng(8)
    weights = np.stack([np.bincount(rng.integers(20, size=20), minlength=20) for _ in range(6)])
    values = evidence_of(scene)(weights)
    assert weights.max() >= 3
    assert weights.min() == 0
    for row, counts in enumerate(weights.tolist()):
        # Copies of a photo stand together: scores are distinct across photos, so no other order is possible.
        copies = [(name, copy) for name, count in zip(names(scene), counts, strict=True) for copy in range(count)]
        real = score_detections(
            {f"{name}-{copy}": scene.truth[name] for name, copy in copies},
            {f"{name}-{copy}": scene.predictions[name] for name, copy in copies},
            scene.class_names,
        )
        assert values["AP"][row] == pytest.approx(real.ap, abs=1e-9)
        assert values["AP75"][row] == pytest.approx(real.ap75, abs=1e-9)
        assert values["AR@100"][row] == pytest.approx(real.ar100, abs=1e-9)
        assert values["mAP@0.5IOU"][row] == pytest.approx(real.voc_map50, abs=1e-9)
        for size, value in real.per_size_ap.items():
            assert values[f"AP_{size}"][row] == pytest.approx(value, abs=1e-9)
        for name, value in real.per_class_ap50.items():
            assert values[f"AP50/{name}"][row] == pytest.approx(value, abs=1e-9)


def test_a_slice_equals_scoring_its_photos() -> None:
    scene = random_scene(4, photos=17, crowd=0.2, score_steps=4)
    keep = np.arange(17) % 3 != 1
    kept = [name for name, wanted in zip(names(scene), keep, strict=True) if wanted]
    part = evidence_of(scene).only(keep)
    real = score_detections(
        {name: scene.truth[name] for name in kept}, {name: scene.predictions[name] for name in kept}, scene.class_names
    )
    values = part(np.ones((1, len(kept)), np.int64))
    assert part.photos == tuple(kept)
    assert values["AP"][0] == pytest.approx(real.ap, abs=1e-12)
    assert values["AR@10"][0] == pytest.approx(real.ar10, abs=1e-12)


def test_intervals_hold_the_score_and_do_not_depend_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = evidence_of(random_scene(6, photos=40))
    found = intervals(evidence, replicates=200)
    assert found["AP50"].low < found["AP50"].value < found["AP50"].high
    assert 0.01 < found["AP50"].high - found["AP50"].low < 0.4
    few = intervals(evidence, replicates=20)
    monkeypatch.setattr("outfitter.evaluation.bootstrap.CELLS_AT_ONCE", 1)
    for name, one in intervals(evidence, replicates=20).items():
        assert vars(one) == pytest.approx(vars(few[name]), abs=1e-12)
    assert intervals(evidence, replicates=20, seed=1)["AP50"] != few["AP50"]


def test_a_class_missing_from_a_resample_is_left_out_of_its_mean() -> None:
    scene = random_scene(2, photos=6, boxes=2)
    evidence = evidence_of(scene)
    weights = np.eye(6, dtype=np.int64)
    values = evidence(weights)
    for row, name in enumerate(names(scene)):
        per_class = {name.removeprefix("AP50/"): v[row] for name, v in values.items() if name.startswith("AP50/")}
        there = [label for label, value in per_class.items() if not np.isnan(value)]
        assert set(there) == set(scene.truth[name].labels)
        assert np.isnan(values["AP50"][row]) == (not there)


def test_interval_of_a_mean_is_the_textbook_one() -> None:
    hits = (np.random.default_rng(1).random(400) < 0.3).astype(float)
    evidence = MeanEvidence.of_items(tuple(map(str, range(400))), {"hit": hits})
    found = intervals(evidence, replicates=4000)["hit"]
    wide = 1.96 * np.sqrt(hits.mean() * (1 - hits.mean()) / 400)
    assert found.value == hits.mean()
    assert found.high - found.low == pytest.approx(2 * wide, rel=0.05)


def test_items_of_one_sample_are_resampled_together() -> None:
    hits = np.repeat((np.random.default_rng(1).random(40) < 0.5).astype(float), 10)
    together = MeanEvidence(tuple(map(str, range(40))), np.repeat(np.arange(40), 10), {"hit": hits})
    apart = MeanEvidence.of_items(tuple(map(str, range(400))), {"hit": hits})
    wide, narrow = (intervals(one, replicates=2000)["hit"] for one in (together, apart))
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(10**0.5, rel=0.1)


def test_items_that_a_score_does_not_concern() -> None:
    column = np.array([1.0, np.nan, 0.0, 1.0])
    evidence = MeanEvidence.of_items(("a", "b", "c", "d"), {"hit": column})
    values = evidence(np.array([[1, 1, 1, 1], [0, 5, 0, 0], [0, 1, 3, 1]]))["hit"]
    assert values[[0, 2]].tolist() == [pytest.approx(2 / 3), 0.25]
    assert np.isnan(values[1])


def test_differences_tell_better_from_luck() -> None:
    scene = random_scene(11, photos=80)
    rng = np.random.default_rng(0)
    worse = {name: one[rng.random(len(one)) < 0.4] for name, one in scene.predictions.items()}
    first, second = evidence_of(Scene(scene.truth, worse)), evidence_of(scene)
    better = differences(first, second, replicates=300)["AP50"]
    assert better.real
    assert better.value > 0.05
    assert better.p < 0.01
    same = differences(second, second, replicates=300)["AP50"]
    assert (same.value, same.low, same.high, same.p, same.real) == (0, 0, 0, 1, False)


def test_p_is_uniform_where_there_is_no_difference() -> None:
    ps, rng = [], np.random.default_rng(3)
    labels = tuple(map(str, range(60)))
    for seed in range(200):
        a, b = (MeanEvidence.of_items(labels, {"x": rng.normal(size=60)}) for _ in range(2))
        ps.append(differences(a, b, replicates=400, seed=seed)["x"].p)
    assert 0.01 <= np.mean(np.array(ps) < 0.05) <= 0.11
    assert 0.4 < np.mean(ps) < 0.6


def test_differences_need_the_same_samples() -> None:
    a = MeanEvidence.of_items(("a",), {"x": np.ones(1)})
    b = MeanEvidence.of_items(("a", "b"), {"x": np.ones(2)})
    with pytest.raises(EvaluationError, match="on 1 and 2 samples"):
        differences(a, b)
    with pytest.raises(EvaluationError, match="need the same ones"):
        differences(a, MeanEvidence.of_items(("b",), {"x": np.ones(1)}))


def test_differences_of_samples_in_another_order() -> None:
    scene = random_scene(11, photos=30, score_steps=10**7)
    worse = {name: one[::2] for name, one in scene.predictions.items()}
    first, second = evidence_of(Scene(scene.truth, worse)), evidence_of(scene)
    turned = evidence_of(Scene(dict(reversed(scene.truth.items())), scene.predictions))
    expected, found = differences(first, second, replicates=50), differences(first, turned, replicates=50)
    assert turned.names != first.names
    assert expected["AP50"].low < expected["AP50"].high
    for name, one in expected.items():
        assert vars(found[name]) == pytest.approx(vars(one), abs=1e-12, nan_ok=True)


def test_too_few_samples_make_no_interval() -> None:
    """All resamples of one photo are alike, whatever others would be like."""
    names = tuple("abcdef")
    column, worse = np.array([0.5, 0.6, 0.7, np.nan, np.nan, np.nan]), np.array([0.1, 0.2, 0.1, 0.1, 0.3, 0.2])
    before = MeanEvidence(names, np.arange(6), {"few": column, "many": np.nan_to_num(column, nan=0.5)})
    after = MeanEvidence(names, np.arange(6), {"few": worse, "many": worse})
    found, told = differences(before, after, replicates=200), intervals(before, replicates=200)
    assert found["few"].as_dict() == {
        "difference": round(found["few"].value, 6), "low": None, "high": None, "p": None, "real": False,
    }  # fmt: skip
    assert found["many"].real
    assert told["few"].as_dict() == {"value": 0.6, "low": None, "high": None}
    assert told["many"].low < told["many"].value < told["many"].high
    items = MeanEvidence(("a", "b"), np.array([0, 0, 0, 1, 1]), {"x": np.arange(5.0)})
    assert items.support("x") == 2


def test_what_a_detection_score_rests_on() -> None:
    """Photos with a box of the class and size that count: of a crowd none does."""
    scene = random_scene(3, photos=30, crowd=0.2, class_names=("top", "a/b_small", "bag"))
    evidence = evidence_of(scene)
    limits = {"AP_small": (0, 32**2), "AR_medium": (32**2, 96**2), "AP_large": (96**2, 1e9)}
    for score in ("AP", "mAP@0.5IOU", "AR@1", "AP/bag", "AP@0.5IOU/a/b_small", "AR/a/b_small", *limits):
        least, most = limits.get(score, (0, 1e9))
        photos = set()
        for photo, one in scene.truth.items():
            assert one.crowd is not None
            for (x1, y1, x2, y2), label, crowd in zip(one.boxes_xyxy.tolist(), one.labels, one.crowd, strict=True):
                fits = score.partition("/")[2] in ("", label) and least < (x2 - x1) * (y2 - y1) < most
                photos |= {photo} if fits and not crowd else set()
        assert evidence.support(score) == len(photos), score
    assert all(evidence.support(score) for score in evidence(np.ones((1, 30), np.int32)))
    assert np.isnan(intervals(evidence.only(np.arange(30) < 3), replicates=20)["AP50"].low)

"""A result written and read back says and compares the same; what cannot be compared is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from outfitter.errors import EvaluationError
from outfitter.evaluation.baselines import learn_prior
from outfitter.evaluation.bootstrap import differences
from outfitter.evaluation.detection import score_detections
from outfitter.evaluation.evidence import DetectionEvidence
from outfitter.evaluation.judge import Judgement, judge
from outfitter.evaluation.matching import match
from outfitter.evaluation.means import MeanEvidence
from outfitter.evaluation.result import Result, Terms, comparable, read
from outfitter.evaluation.table import tabulate, truth_hash
from tests.evaluation.scenes import annotated, random_scene

SCENE = random_scene(7, photos=25, crowd=0.1, class_names=("top", "a/b c", "bag"))
TERMS = Terms("photo", "toy val", truth_hash(SCENE.truth), 25, 60, "toy-1", "abc", 0.0, 100, 0.5)


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    prior = learn_prior(SCENE.truth.values())
    tags = dict.fromkeys(list(SCENE.truth)[:9], "worn")
    return judge(SCENE.truth, SCENE.predictions, SCENE.class_names, prior, 0.5, tags=tags, replicates=30)


def result_of(judgement: Judgement) -> Result:
    return Result(
        TERMS,
        judgement.scores,
        judgement.baselines,
        judgement.slices,
        judgement.evidence,
        30,
        judgement.more(),
    )


def test_metrics_state_everything(judgement: Judgement, tmp_path: Path) -> None:
    result_of(judgement).write(tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    for name, value in vars(TERMS).items():
        assert metrics[name] == value
    scores = score_detections(SCENE.truth, SCENE.predictions, SCENE.class_names)
    assert metrics["scores"]["AP"]["value"] == pytest.approx(scores.ap, abs=1e-6)
    assert metrics["scores"]["AP@0.5IOU/a/b c"]["value"] == pytest.approx(scores.voc_ap50["a/b c"], abs=1e-6)
    assert set(metrics["baselines"]) == {"constant box", "majority class", "constant box, the model's classes"}
    assert metrics["baselines"]["constant box"]["AP50"] < metrics["scores"]["AP50"]["value"]
    assert {"garments: 1", "photo: worn", "box: over 10 %", "overlap: over 50 %"} <= set(metrics["slices"])
    assert sum(map(sum, metrics["confusion"]["counts"])) > 25
    assert set(metrics["mistakes"]) == set(metrics["AP50_gained_without"])
    for score in metrics["scores"].values():
        assert score["low"] <= score["high"]


def test_evidence_survives_the_file(judgement: Judgement, tmp_path: Path) -> None:
    result_of(judgement).write(tmp_path)
    stored = read(tmp_path)
    assert stored.terms == TERMS
    weights = np.random.default_rng(0).integers(0, 3, (5, 25))
    before, after = judgement.evidence(weights), stored.evidence(weights)
    assert list(before) == list(after)
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])
    assert all(not one.real for one in differences(stored.evidence, judgement.evidence, replicates=20).values())


def test_means_survive_the_file(tmp_path: Path) -> None:
    columns = {"hit@1": np.array([1.0, np.nan, 0.0]), "hit@1/top": np.array([1.0, np.nan, np.nan])}
    evidence = MeanEvidence(("p", "q"), np.array([0, 1, 1]), columns)
    Result(replace(TERMS, protocol="retrieval"), {}, {}, {}, evidence).write(tmp_path)
    found = read(tmp_path).evidence
    weights = np.array([[1, 1], [0, 2], [3, 0]])
    for name, values in evidence(weights).items():
        np.testing.assert_array_equal(values, found(weights)[name])


def test_damaged_results_are_refused(judgement: Judgement, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="holds no metrics.json; need a folder that 'outfitter evaluate"):
        read(tmp_path)
    result_of(judgement).write(tmp_path)
    whole = (tmp_path / "evidence.npz").read_bytes()
    (tmp_path / "evidence.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EvaluationError, match="cannot be read: .*Run 'outfitter evaluate' again"):
        read(tmp_path)
    (tmp_path / "evidence.npz").write_bytes(whole)
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(EvaluationError, match="cannot be read"):
        read(tmp_path)


def test_results_of_other_data_or_protocols_are_not_comparable(judgement: Judgement, tmp_path: Path) -> None:
    result_of(judgement).write(tmp_path)
    first = read(tmp_path)
    comparable([first, first], ["a", "b"])
    truth = dict(reversed(SCENE.truth.items()))
    turned = tabulate(truth, SCENE.predictions, SCENE.class_names)
    other_order = replace(first, evidence=DetectionEvidence.of(turned, match(turned)))
    assert truth_hash(truth) == first.terms.data_hash
    comparable([first, other_order], ["a", "b"])
    for terms, message in (
        (replace(TERMS, data_hash="0"), "b was scored on other data, or the data has changed: 0"),
        (replace(TERMS, protocol="seed-crop"), "b was scored on another protocol: seed-crop"),
    ):
        other = replace(first, terms=terms)
        with pytest.raises(EvaluationError, match=message):
            comparable([first, other], ["a", "b"])
    fewer = replace(first, evidence=judgement.evidence.only(np.arange(25) > 3))
    with pytest.raises(EvaluationError, match="other samples in spite of one data_hash"):
        comparable([first, fewer], ["a", "b"])


def test_the_data_hash_sees_every_change_and_no_order() -> None:
    base = {
        "a": annotated([[1, 2, 30, 40], [2, 3, 9, 9]], ["top", "bag"], (50, 60)),
        "b": annotated([], [], (7, 8)),
    }
    changed = [
        {**base, "c": base["b"]},
        {"a": base["a"], "z": base["b"]},
        {**base, "b": annotated([], [], (8, 7))},
        {**base, "a": annotated([[1, 2, 30, 41], [2, 3, 9, 9]], ["top", "bag"], (50, 60))},
        {**base, "a": annotated([[1, 2, 30, 40], [2, 3, 9, 9]], ["bag", "top"], (50, 60))},
        {**base, "a": annotated([[1, 2, 30, 40], [2, 3, 9, 9]], ["top", "bag"], (50, 60), [False, True])},
    ]
    assert len({truth_hash(base), *map(truth_hash, changed)}) == len(changed) + 1
    assert truth_hash(dict(reversed(base.items()))) == truth_hash(base)

"""The report holds what it promises, loads nothing, and shows hostile names as text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from outfitter.errors import PhotoError
from outfitter.evaluation.baselines import learn_prior
from outfitter.evaluation.bootstrap import intervals
from outfitter.evaluation.judge import Judgement, judge
from outfitter.evaluation.means import MeanEvidence
from outfitter.evaluation.report import detection_page, gallery, means_page
from outfitter.evaluation.report.means import Row, Shown
from outfitter.evaluation.result import Result, Terms
from outfitter.values import Photo
from tests.evaluation.scenes import CLASSES, annotated, detected, random_scene

EVIL = "<script>alert('x')</script>&\".jpg"
SCENE = random_scene(12, photos=20)
TRUTH = {**SCENE.truth, EVIL: annotated([[10, 10, 60, 90]], ["top"], (80, 100))}
FOUND = {**SCENE.predictions, EVIL: detected([[1, 1, 9, 9]] * 30, ["bag"] * 30, [0.9] * 30, (80, 100))}
TERMS = Terms("photo", EVIL, "d1", 21, 60, "toy-1", "m1", 0.0, 100, 0.5)


class Outline(HTMLParser):
    """Tags that are open and not closed, and how many of each kind there are."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count: dict[str, int] = {}
        self.ids: list[str] = []
        self.uses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        values = dict(attrs)
        if (identity := values.get("id")) is not None:
            self.ids.append(identity)
        if tag == "use":
            self.uses.append((values["href"] or "").removeprefix("#"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def load(name: str) -> Photo:
    width, height = TRUTH[name].size_wh
    return Photo(np.full((height, width, 3), 200, np.uint8), name)


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    return judge(TRUTH, FOUND, CLASSES, learn_prior(TRUTH.values()), 0.5, replicates=20)


def result_of(judgement: Judgement) -> Result:
    return Result(TERMS, judgement.scores, judgement.baselines, judgement.slices, judgement.evidence, 20)


def test_every_part_is_there_and_whole(judgement: Judgement) -> None:
    page = detection_page(result_of(judgement), judgement, load)
    outline = Outline(page)
    assert outline.open == []
    assert "script" not in outline.count
    assert len(outline.ids) == len(set(outline.ids))
    assert set(outline.uses) == {identity for identity in outline.ids if re.fullmatch(r"(worst|some)\d+", identity)}
    worst, some = gallery.worst(judgement, 50), gallery.some(judgement, 12)
    assert outline.count["image"] == len(worst) + len(some)
    headings = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', page)
    assert re.findall('<a href="#([^"]+)">(.*?)</a>', page) == headings
    assert [title for _, title in headings] == [
        "How good", "Beside guesses", "Class by class", "Precision over recall", "Mistakes", "Taken for what",
        "Where it is good, and where not", "The worst photos", "Photos at random", "On what terms",
    ]  # fmt: skip
    # Whatever is wider than a phone can be scrolled by keyboard.
    assert page.count("<table") == page.count('class="scroll" role="region" tabindex="0" aria-label="Table: ')
    for told in ("AP@0.5IOU/top", "mAP@0.5IOU", "constant box", "hash d1", "hash m1", "garments: 1"):
        assert told in page


def test_it_loads_nothing(judgement: Judgement) -> None:
    page = detection_page(result_of(judgement), judgement, load)
    links = re.findall(r"""(?:href|src|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    assert links
    assert all(link.startswith(("#", "data:image/jpeg;base64,")) for link in links)
    assert "prefers-color-scheme: dark" in page


def test_the_worst_come_first(judgement: Judgement) -> None:
    worst = gallery.worst(judgement, 3)
    assert worst[0] == EVIL  # 30 false bags and a missed top
    truth, shown = gallery.marks(judgement, list(TRUTH).index(EVIL))
    assert [mark.text for mark in truth] == ["top: missed"]
    assert {mark.text for mark in shown} == {"bag 0.90: background"}
    assert not any(mark.good for mark in (*truth, *shown))


def test_what_is_shown_in_a_crowd_is_not_wrong() -> None:
    truth = {"a": annotated([[0, 0, 40, 40], [50, 50, 100, 100]], ["top"] * 2, (100, 100), [False, True])}
    boxes = [[0, 0, 40, 40], [50, 50, 80, 80], [60, 60, 90, 90]]
    dots = []
    for count in (3, 1):
        found = {"a": detected(boxes[:count], ["top"] * count, [0.9, 0.8, 0.7][:count], (100, 100))}
        judged = judge(truth, found, ("top",), learn_prior(truth.values()), 0.5, replicates=20)
        picture = Photo(np.zeros((100, 100, 3), np.uint8), "a")
        page = detection_page(result_of(judged), judged, lambda _, picture=picture: picture)  # type: ignore[misc]
        dots.append(re.findall('<circle class="dot" cx="([^"]+)" cy="([^"]+)" r="5"/>', page))
    assert dots == [[("200.0", "0.0")]] * 2  # recall 1, precision 1


def test_boxes_are_where_they_should_be_on_a_photo_of_another_size(judgement: Judgement) -> None:
    """Predictions may be scored beside thumbnails."""

    def thumbnail(name: str) -> Photo:
        width, height = (max(1, side // 4) for side in TRUTH[name].size_wh)
        return Photo(np.full((height, width, 3), 200, np.uint8), name)

    page = gallery.pairs(judgement, [EVIL], thumbnail, "worst")  # 80 × 100 in the truth, 20 × 25 here
    assert 'x="2.5" y="2.5" width="12.5" height="20.0"' in page


def test_a_score_without_an_interval_is_told_as_such() -> None:
    evidence = MeanEvidence.of_items(("a", "b"), {"Recall@1": np.array([1.0, 0.0])})
    result = Result(replace(TERMS, protocol="retrieval"), intervals(evidence, 20), {}, {}, evidence, 20)
    page = means_page(result, ("Recall@1",))
    assert "no interval" in page
    assert "nan" not in page.partition("<body")[2]


def test_an_unreadable_photo_is_told(judgement: Judgement) -> None:
    def broken(name: str) -> Photo:
        if name == EVIL:
            raise PhotoError(f"{name}: is gone")
        return load(name)

    page = detection_page(result_of(judgement), judgement, broken)
    assert "&quot;.jpg: is gone" in page
    assert Outline(page).open == []


def test_a_diagnosis_is_shown_where_the_score_is_near_zero() -> None:
    shifted = {
        name: replace(one, labels=tuple(CLASSES[(CLASSES.index(label) + 1) % 4] for label in one.labels))
        for name, one in ((n, detected(a.boxes_xyxy, a.labels, [0.9] * len(a), a.size_wh)) for n, a in TRUTH.items())
    }
    found = judge(TRUTH, shifted, CLASSES, learn_prior(TRUTH.values()), 0.5, replicates=20)
    assert found.scores["AP50"].value < 0.05
    page = detection_page(result_of(found), found, load)
    assert "Why so low" in page
    assert "class names are mixed up: top means eyewear" in page


def test_a_report_of_means() -> None:
    columns = {"Recall@1": np.array([1.0, 0.0, 1.0]), "Recall@1/<b>": np.array([1.0, 0.0, np.nan])}
    evidence = MeanEvidence.of_items(("a", "b", "c"), columns)
    result = Result(
        replace(TERMS, protocol="retrieval", score_floor=None),
        intervals(evidence, 20),
        {"chance": {"Recall@1": 0.01}},
        {},
        evidence,
        20,
    )
    rows = [Row(EVIL, [Shown(load(EVIL)), Shown(load(EVIL), True), Shown(load(EVIL), False)])]
    page = means_page(result, ("Recall@1",), rows, "Three.")
    outline = Outline(page)
    assert outline.open == []
    alts = [told.split("&lt;")[0] for told in re.findall('<img[^>]* alt="([^"]*)"', page)]
    assert alts == ["", "right: ", "wrong: "]  # then the name
    assert "script" not in outline.count
    assert "0.667" in page
    assert "&lt;b&gt;" in page
    assert "Score floor" not in page

"""The report of the protocols ``photo`` and ``seed-crop``."""

from __future__ import annotations

from html import escape
from typing import Final

from outfitter.evaluation.curves import once
from outfitter.evaluation.judge import Judgement
from outfitter.evaluation.matching import SIZES
from outfitter.evaluation.report import charts, gallery
from outfitter.evaluation.report.gallery import LoadPhoto
from outfitter.evaluation.report.page import baselines, interval_rows, number, page, section, span, table, text, tiles
from outfitter.evaluation.result import Result

COCO: Final = ("mAP@0.5IOU", "AP50", "AP", "AP75", "AR@1", "AR@10", "AR@100")
CURVES: Final = {0: "line", 5: "line second", 8: "line third"}
"""Index of the IoU threshold (0.5, 0.75, 0.9) → style."""


def detection_page(result: Result, judgement: Judgement, load: LoadPhoto) -> str:
    """The whole report. `load` gives the photos of the galleries."""
    scores = result.scores
    original = {f"AP@0.5IOU/{name}": f"AP@0.5IOU/{name}" for name in judgement.evidence.voc}
    return page(
        result,
        [
            section("How good", tiles({name: scores[name] for name in ("AP50", "AP", "AP75", "AR@100")})),
            _diagnosis(judgement),
            section(
                "Beside guesses",
                text(
                    "The scores that the original system printed (Pascal VOC, all points), and COCO's. A constant box "
                    "looks at no photo; where it scores high, boxes are easy and only classes tell."
                ),
                baselines(result, {**original, **{name: name for name in COCO}}),
            ),
            section("Class by class", _classes(result, judgement)),
            section("Precision over recall", _legend(), _curves(judgement)),
            section(
                "Mistakes",
                text("Among what is shown; beside, how AP50 would rise if no detection at all made that kind (TIDE)."),
                _mistakes(judgement),
            ),
            section(
                "Taken for what",
                text("Rows: what is there. Columns: what is shown. Tint: the share of the row."),
                charts.matrix([*judgement.table.class_names, "background"], judgement.confusion),
            ),
            section("Where it is good, and where not", _slices(result)),
            section(
                "The worst photos",
                text("Left the truth, right what is shown. Orange and dashed: missed, or wrong and how."),
                gallery.pairs(judgement, gallery.worst(judgement), load, "worst"),
            ),
            section(
                "Photos at random",
                gallery.pairs(judgement, gallery.some(judgement), load, "some"),
            ),
        ],
    )


def _diagnosis(judgement: Judgement) -> str:
    if not judgement.findings:
        return ""
    rows = [f"<li>{escape(str(one))}</li>" for one in judgement.findings[:5]]
    return section("Why so low", f'<ol class="note">{"".join(rows)}</ol>')


def _classes(result: Result, judgement: Judgement) -> str:
    scores, names = result.scores, list(judgement.evidence.voc)
    rows = []
    for name in names:
        its = [scores[f"{score}/{name}"] for score in ("AP50", "AP", "AR")]
        told = [f'{number(one.value)} <span class="soft">{span(one)}</span>' for one in its]
        rows.append([escape(name), str(len(judgement.evidence.coco[name, "all"].wanted)), *told])
    return table(["", "boxes", "AP50", "AP", "AR@100"], rows)


def _legend() -> str:
    entries = [
        f'<span><svg viewBox="0 0 34 8"><path class="{style}" d="M0 4H34"/></svg>IoU {0.5 + 0.05 * at:.2f}</span>'
        for at, style in CURVES.items()
    ]
    dot = '<span><svg viewBox="0 0 34 8"><circle class="dot" cx="17" cy="4" r="4"/></svg>what is shown</span>'
    return f'<div class="legend">{"".join(entries)}{dot}</div>'


def _curves(judgement: Judgement) -> str:
    evidence, shown = judgement.evidence, judgement.shown
    ones = once(evidence.samples)
    figures = []
    for name in evidence.voc:
        ranking = evidence.coco[name, "all"]
        curves = ranking.curves(ones)
        lines = {style: curves[at].at_recalls()[0] for at, style in CURVES.items()}
        hit, ignored = (bits[0] & 1 for bits in (judgement.shown_matches.hit, judgement.shown_matches.ignored))
        mine = (shown.found.label == shown.class_names.index(name)) & (ignored == 0)
        right = int(hit[mine].sum())
        operating = (right / len(ranking.wanted), right / int(mine.sum())) if mine.any() else None
        ap50 = number(float(curves[0].interpolated()[0]))
        told = f"{name}: precision over recall, AP50 {ap50}"
        figures.append(
            f"<figure><figcaption><span>{escape(name)}</span><span class='soft'>AP50 {ap50}, "
            f"{len(ranking.wanted)} boxes</span></figcaption>{charts.precision_recall(lines, operating, told)}</figure>"
        )
    return f'<div class="curves">{"".join(figures)}</div>'


def _mistakes(judgement: Judgement) -> str:
    counts, most = judgement.mistakes.counts(), max(0.01, *judgement.gains.values())
    rows = [
        [escape(kind), str(count), f"+{max(0.0, judgement.gains[kind]):.3f}", charts.bar(judgement.gains[kind], most)]
        for kind, count in counts.items()
    ]
    return table(["", "how many", "AP50 gained", ""], rows)


def _slices(result: Result) -> str:
    parts = []
    for score, told in (
        ("AP50", "AP50 by photo"),
        ("recall@0.5IOU", "Share of the boxes that are shown, right in class and at IoU 0.5"),
    ):
        chosen = {name: scores[score] for name, scores in result.slices.items() if score in scores}
        parts.append(table([told, "", "95 %", ""], interval_rows(chosen)) if chosen else "")
    for score in ("AP", "AR"):
        names = [f"{score}_{size}" for size in SIZES[1:]]
        sizes = {name: result.scores[name] for name in names if name in result.scores}
        parts.append(
            table([f"{score} by COCO’s sizes: area under 32², to 96², over", "", "95 %", ""], interval_rows(sizes))
        )
    return "\n".join(parts)

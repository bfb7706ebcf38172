"""The report of protocols whose scores are means: ``packshot``, ``retrieval``, ``end-to-end``, ``ranking``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from outfitter.evaluation.bootstrap import Interval
from outfitter.evaluation.report.charts import whisker
from outfitter.evaluation.report.gallery import embedded
from outfitter.evaluation.report.page import (
    baselines,
    interval_rows,
    number,
    page,
    section,
    span,
    table,
    text,
    tiles,
)
from outfitter.evaluation.result import Result
from outfitter.values import Photo

PICTURE_SIDE: Final = 200
DRAWN_BESIDE: Final = 4
"""Columns of numbers beside which a drawing fits."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture of a gallery row; right: None for the question itself, else whether it answers it."""

    photo: Photo
    right: bool | None = None


@dataclass(frozen=True, eq=False)
class Row:
    """What was asked and what came of it."""

    caption: str
    pictures: Sequence[Shown]


def means_page(
    result: Result,
    headline: Sequence[str],
    rows: Sequence[Row] = (),
    told: str = "",
    *,
    parts: Sequence[str] = (),
    intro: str = "",
    extra: str = "",
) -> str:
    """The whole report.

    headline: the scores of the tiles. rows: the gallery. told: what its pictures are. parts: the scores that are shown
    part by part, by default those of the tiles. intro, extra: HTML below the tiles, and below the guesses.
    """
    plain = {name: score for name, score in result.scores.items() if "/" not in name}
    return page(
        result,
        [
            section("How good", tiles({name: plain[name] for name in headline if name in plain}), intro),
            section("Beside guesses", baselines(result, {name: name for name in plain}) if result.baselines else ""),
            extra,
            section("All scores", table(["", "", "95 %", ""], interval_rows(plain))),
            section("Part by part", _parts(result, parts or headline)),
            section("Some of them", text(told), _gallery(rows)) if rows else "",
        ],
    )


def _parts(result: Result, scores: Sequence[str]) -> str:
    """A row for each class and slice, a column for each score, and a drawing of the first where there is room."""
    found: dict[str, dict[str, Interval]] = {}
    for name, score in result.scores.items():
        what, _, part = name.partition("/")
        if part:
            found.setdefault(part, {})[what] = score
    found |= {part: dict(its) for part, its in result.slices.items()}
    told = [name for name in scores if any(name in its for its in found.values())]
    if not told:
        return ""
    rows = [
        [
            escape(part),
            *(f'{number(its[name].value)} <span class="soft">{span(its[name])}</span>' for name in told if name in its),
            *([whisker(its[told[0]])] if len(told) <= DRAWN_BESIDE else []),
        ]
        for part, its in found.items()
        if all(name in its for name in told)
    ]
    return table(["", *told, *([""] if len(told) <= DRAWN_BESIDE else [])], rows)


def _gallery(rows: Sequence[Row]) -> str:
    figures = []
    for row in rows:
        pictures = []
        for shown in row.pictures:
            href, (w, h) = embedded(shown.photo, PICTURE_SIDE)
            style = {None: "", True: ' class="right"', False: ' class="wrong"'}[shown.right]
            alt = escape({None: "", True: "right: ", False: "wrong: "}[shown.right] + shown.photo.name)
            pictures.append(f'<img{style} src="{href}" width="{w}" height="{h}" alt="{alt}">')
        caption = f"<figcaption>{escape(row.caption)}</figcaption>"
        figures.append(f'<figure><div class="row">{"".join(pictures)}</div>{caption}</figure>')
    return f'<div class="gallery">{"".join(figures)}</div>'

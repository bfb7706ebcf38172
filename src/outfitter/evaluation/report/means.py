"""The report of protocols whose scores are means: ``packshot``, ``retrieval``, ``end-to-end``, ``ranking``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from outfitter.evaluation.bootstrap import Interval
from outfitter.evaluation.report.gallery import embedded
from outfitter.evaluation.report.page import baselines, interval_rows, page, section, table, text, tiles
from outfitter.evaluation.result import Result
from outfitter.values import Photo

PICTURE_SIDE = 200


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
    intro: str = "",
    extra: str = "",
) -> str:
    """The whole report.

    headline: the scores of the tiles. rows: the gallery. told: what its pictures are. intro, extra: HTML below the
    tiles, and below the guesses.
    """
    plain = {name: score for name, score in result.scores.items() if "/" not in name}
    parts: dict[str, dict[str, Interval]] = {}
    for name, score in result.scores.items():
        if "/" in name:
            what, part = name.split("/", 1)
            parts.setdefault(what, {})[part] = score
    for part, scores in result.slices.items():
        for what, score in scores.items():
            parts.setdefault(what, {})[part] = score
    return page(
        result,
        [
            section("How good", tiles({name: plain[name] for name in headline if name in plain}), intro),
            section("Beside guesses", baselines(result, {name: name for name in plain}) if result.baselines else ""),
            extra,
            section("All scores", table(["", "", "95 %", ""], interval_rows(plain))),
            *(
                section(f"{what}, part by part", table(["", "", "95 %", ""], interval_rows(scores)))
                for what, scores in parts.items()
                if what in headline
            ),
            section("Some of them", text(told), _gallery(rows)) if rows else "",
        ],
    )


def _gallery(rows: Sequence[Row]) -> str:
    figures = []
    for row in rows:
        pictures = []
        for shown in row.pictures:
            href, (w, h) = embedded(shown.photo, PICTURE_SIDE)
            style = {None: "", True: ' class="right"', False: ' class="wrong"'}[shown.right]
            pictures.append(f'<img{style} src="{href}" width="{w}" height="{h}" alt="{escape(shown.photo.name)}">')
        caption = f"<figcaption>{escape(row.caption)}</figcaption>"
        figures.append(f'<figure><div class="row">{"".join(pictures)}</div>{caption}</figure>')
    return f'<div class="gallery">{"".join(figures)}</div>'

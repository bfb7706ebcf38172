"""The frame of a report and the pieces that all reports have: tiles, tables, the small print."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files

from outfitter.evaluation.bootstrap import Interval
from outfitter.evaluation.report.charts import scroll, whisker
from outfitter.evaluation.result import PROTOCOLS, Result

_HEADINGS = re.compile(r'<h2 id="([^"]+)">([^<]+)</h2>')

LOADS_NOTHING = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(result: Result, sections: Iterable[str]) -> str:
    """The whole file: heading, sections, small print."""
    terms = result.terms
    style = files("outfitter.evaluation.report").joinpath("report.css").read_text(encoding="utf-8")
    title = escape(f"{terms.model} · {terms.protocol} · {terms.data}")
    body = "\n".join(part for part in (*sections, _small_print(result)) if part)
    links = "".join(f'<a href="#{slug}">{title}</a>' for slug, title in _HEADINGS.findall(body))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{LOADS_NOTHING}">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<span class="over">Protocol {escape(terms.protocol)}</span>
<h1>{escape(terms.model)} on {escape(terms.data)}</h1>
<p class="soft">{escape(PROTOCOLS[terms.protocol])}</p>
<nav aria-label="Sections">{links}</nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def section(title: str, *parts: str) -> str:
    """Empty if all its parts are."""
    body = "\n".join(part for part in parts if part)
    slug = re.sub(r"\W+", "-", title.casefold()).strip("-")
    return f'<section>\n<h2 id="{slug}">{escape(title)}</h2>\n{body}\n</section>' if body else ""


def text(words: str) -> str:
    return f'<p class="soft">{escape(words)}</p>'


def tiles(scores: Mapping[str, Interval]) -> str:
    cells = [
        f'<div class="tile"><span class="over">{escape(name)}</span><b>{number(score.value)}</b>'
        f'<span class="soft">{span(score)}</span></div>'
        for name, score in scores.items()
    ]
    return f'<div class="tiles">{"".join(cells)}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML, the first of a row names it; one that holds a drawing gets what room is left."""
    columns = "".join(f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in head)
    body = []
    for first, *row in rows:
        cells = "".join(f'<td class="wide">{cell}</td>' if "<svg" in cell else f"<td>{cell}</td>" for cell in row)
        body.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    told = next((cell for cell in head if cell), "")
    return scroll(f"<table><thead><tr>{columns}</tr></thead><tbody>{''.join(body)}</tbody></table>", f"Table: {told}")


def interval_rows(scores: Mapping[str, Interval]) -> list[list[str]]:
    """Name, value, interval, drawing: for `table`."""
    return [
        [escape(name), number(score.value), f'<span class="soft">{span(score)}</span>', whisker(score)]
        for name, score in scores.items()
    ]


def number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def span(score: Interval) -> str:
    """The interval, or that there is none."""
    return "no interval" if math.isnan(score.low) else f"{score.low:.3f} to {score.high:.3f}"


def baselines(result: Result, names: Mapping[str, str]) -> str:
    """The model's scores beside the baselines'; `names` maps scores to how they are printed."""
    rows = [
        [
            escape(label),
            f'{number(result.scores[name].value)} <span class="soft">{span(result.scores[name])}</span>',
            *(number(scores.get(name)) for scores in result.baselines.values()),
        ]
        for name, label in names.items()
        if name in result.scores
    ]
    return table(["", "the model", *result.baselines], rows)


def _small_print(result: Result) -> str:
    terms = result.terms
    facts = {
        "Protocol": terms.protocol,
        "Data": f"{terms.data}, hash {terms.data_hash}",
        "Model": f"{terms.model}, hash {terms.model_hash}",
        "Samples": f"{terms.samples}, with {terms.items} items to find",
        "Score floor": terms.score_floor,
        "Detections, at most": terms.max_detections and f"{terms.max_detections} a photo and class",
        "Shown from": terms.shown_from,
        "Intervals": f"95 %, percentile bootstrap of {result.replicates} resamples of whole samples",
    }
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items() if value is not None
    )
    return section("On what terms", f"<dl>{rows}</dl>")

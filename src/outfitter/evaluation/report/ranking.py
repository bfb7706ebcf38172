"""The report of the protocol ``ranking``."""

from __future__ import annotations

from html import escape
from typing import Any

from outfitter.evaluation.report.means import means_page
from outfitter.evaluation.report.page import section, table, text
from outfitter.evaluation.result import Result

HEADLINE = ("Recall@10", "NDCG@10", "coverage", "novelty", "diversity")
PARTS = ("NDCG@10", "Recall@10", "novelty", "diversity")


def ranking_page(result: Result) -> str:
    """The whole report; `result` is `judge_ranking`'s."""
    more = result.more
    split = text(
        f"There were {more['past_events']} events before {more['split_at']}. From then on {result.terms.samples} "
        f"people chose {result.terms.items} of {more['products']} products"
        f"{'' if more['repeats_count'] else ', which they had not met before'}. Novelty is in bits: the rarer what is "
        "shown, the higher. Diversity is the mean of 1 – cosine of two products of a list; it needs a catalogue."
    )
    beside = section(
        "Really better than a guess?",
        text("The difference to each guess, resampled over the same people. Bold: the interval holds no 0."),
        *(_differences(name, rows) for name, rows in more["differences"].items()),
    )
    return means_page(result, HEADLINE, parts=PARTS, intro=split, extra=beside)


def _differences(guess: str, rows: dict[str, dict[str, Any]]) -> str:
    cells = []
    for name, one in rows.items():
        told = f"{one['difference']:+.3f}" if one["difference"] is not None else "–"
        between = "no interval" if one["low"] is None else f"{one['low']:.3f} to {one['high']:.3f}"
        cells.append([escape(name), f"<b>{told}</b>" if one["real"] else told, f'<span class="soft">{between}</span>'])
    return table([f"minus {guess}", "difference", "95 %"], cells)

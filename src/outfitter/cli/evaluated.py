"""The last lines of every ``outfitter evaluate``: the files, the scores in words, the JSON line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from outfitter.cli.output import say
from outfitter.evaluation.report.page import span
from outfitter.evaluation.result import Result


def finish(result: Result, page: str, out: Path, what: str) -> dict[str, Any]:
    """Write the result, ``metrics.json`` last, and tell it; returns what is printed. what: the things counted."""
    (out / "report.html").write_text(page, encoding="utf-8")
    result.write(out)
    for name, score in result.scores.items():
        if "/" not in name:
            say(f"{name}: {score.value:.4f} ({span(score)}){_beside(result, name)}")
    say(f"{result.terms.items} {what}. The report is {out / 'report.html'}.")
    return summary(result, out)


def summary(result: Result, out: Path) -> dict[str, Any]:
    """The JSON line."""
    return {"result": str(out), **{name: result.as_dict()[name] for name in ("protocol", "samples", "scores")}}


def _beside(result: Result, name: str) -> str:
    guesses = [f"{guess} {scores[name]:.4f}" for guess, scores in result.baselines.items() if name in scores]
    return f"; {', '.join(guesses)}" if guesses else ""

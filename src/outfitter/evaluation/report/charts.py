"""Drawings as inline SVG, coloured by the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation.bootstrap import Interval
from outfitter.evaluation.curves import RECALLS

Curves = Mapping[str, NDArray[np.float64]]
"""Style (``line``, ``line second``, …) → precision at each of `RECALLS`."""


def precision_recall(curves: Curves, operating: tuple[float, float] | None, told: str) -> str:
    """Precision over recall, both from 0 to 1. operating: recall and precision of what is shown. told: for readers who
    do not see it."""
    w, h = 200.0, 150.0
    grid = "".join(
        f'<path class="grid-line" d="M0 {h * part:g}H{w:g}M{w * part:g} 0V{h:g}"/>' for part in (0, 0.25, 0.5, 0.75, 1)
    )
    lines = "".join(f'<path class="{style}" d="{_path(values, w, h)}"/>' for style, values in curves.items())
    dot = ""
    if operating is not None:
        dot = f'<circle class="dot" cx="{w * operating[0]:.1f}" cy="{h * (1 - operating[1]):.1f}" r="5"/>'
    ticks = (
        f'<text class="axis" x="0" y="{h + 14:g}">0</text>'
        f'<text class="axis" x="{w / 2:g}" y="{h + 14:g}" text-anchor="middle">recall</text>'
        f'<text class="axis" x="{w:g}" y="{h + 14:g}" text-anchor="end">1</text>'
        f'<text class="axis" x="-5" y="9" text-anchor="end">1</text>'
        f'<text class="axis" x="-5" y="{h:g}" text-anchor="end">0</text>'
        f'<text class="axis" transform="translate(-7 {h / 2:g}) rotate(-90)" text-anchor="middle">precision</text>'
    )
    box = f"-20 -4 {w + 24:g} {h + 22:g}"
    label = f'role="img" aria-label="{escape(told)}"'
    return f'<svg class="chart" viewBox="{box}" {label}>{grid}{lines}{dot}{ticks}</svg>'


def _path(values: NDArray[np.float64], w: float, h: float) -> str:
    """Steps down to the recall that is reached; straight runs are one command."""
    reached = int(np.flatnonzero(values)[-1]) + 1 if values.any() else 0
    if not reached:
        return ""
    commands = [f"M0 {h * (1 - values[0]):.1f}"]
    for i in range(1, reached):
        if values[i] != values[i - 1]:
            commands.append(f"H{w * RECALLS[i - 1]:.1f}V{h * (1 - values[i]):.1f}")
    return "".join([*commands, f"H{w * RECALLS[reached - 1]:.1f}", f"V{h:g}" if reached < len(values) else ""])


def whisker(score: Interval, most: float = 1.0) -> str:
    """A score as a dot and its interval as a bar, on a line from 0 to `most`; nothing for one that is not within, nor
    without an interval."""
    if math.isnan(score.low) or not 0 <= score.value <= most:
        return ""
    x, low, high = (round(500 * min(max(v, 0.0), most) / most, 1) for v in (score.value, score.low, score.high))
    return (
        '<svg class="chart whisker" viewBox="-6 0 512 16" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="grid-line" d="M0 8H500M0 4V12M250 4V12M500 4V12"/><path class="span" d="M{low} 8H{high}"/>'
        f'<path class="point" d="M{x} 8h0"/></svg>'
    )


def bar(value: float, most: float) -> str:
    """A bar of `value`, the full width being `most`."""
    width = 500 * max(value, 0.0) / most if most > 0 else 0.0
    return (
        '<svg class="chart whisker" viewBox="0 0 500 16" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="bar" y="3" width="{width:.1f}" height="10"/></svg>'
    )


def matrix(names: Sequence[str], counts: NDArray[np.int64]) -> str:
    """Counts as a table, each cell tinted by its share of its row."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = []
    for name, row in zip(names, counts, strict=True):
        shares = row / max(1, row.sum())
        cells = "".join(
            f'<td style="--share:{share:.3f}">{count or ""}</td>'
            for count, share in zip(row.tolist(), shares.tolist(), strict=True)
        )
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    body = f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return scroll(f'<table class="matrix">{body}</table>', "Table: what is taken for what")


def scroll(content: str, told: str) -> str:
    """What may be wider than the page; the keyboard scrolls it, too."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(told)}">{content}</div>'

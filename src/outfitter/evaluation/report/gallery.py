"""Photos with truth and prediction side by side. A photo is in the file once and drawn twice."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from outfitter.errors import PhotoError
from outfitter.evaluation.judge import Judgement
from outfitter.evaluation.mistakes import KINDS
from outfitter.photo import encode_jpeg
from outfitter.values import Photo

SIDE: Final = 420
"""Longest side in pixels: two fit a phone's width, and 60 photos 2 MB."""

LoadPhoto = Callable[[str], Photo]
"""Photo by its name in the data set; may raise PhotoError."""


@dataclass(frozen=True)
class Mark:
    """A box to be drawn, with what is said of it."""

    box_xyxy: tuple[float, float, float, float]
    text: str
    good: bool

    def scaled(self, by: NDArray[np.float64]) -> Mark:
        """The box times `by`, (4,)."""
        return replace(self, box_xyxy=tuple(np.multiply(self.box_xyxy, by).tolist()))


WORST: Final = 50
SAMPLE: Final = 12


def chosen(judgement: Judgement) -> list[str]:
    """The photos of both galleries, each once."""
    return list(dict.fromkeys([*worst(judgement), *some(judgement)]))


def worst(judgement: Judgement, count: int = WORST) -> list[str]:
    """The photos with most mistakes: false detections that are shown, and true boxes that none of them hit."""
    photos = judgement.shown.photos
    false = np.bincount(judgement.shown.found.photo[judgement.mistakes.kind >= 0], minlength=len(photos))
    unfound = (judgement.shown_matches.finder < 0) & ~judgement.shown.crowd
    missed = np.bincount(judgement.shown.truth.photo[unfound], minlength=len(photos))
    total = false + missed
    order = np.argsort(-total, kind="stable")[:count]
    return [photos[number] for number in order if total[number]]


def some(judgement: Judgement, count: int = SAMPLE) -> list[str]:
    """Photos drawn at random, the same ones every time: the worst alone would mislead."""
    photos = judgement.shown.photos
    picks = np.random.default_rng(0).permutation(len(photos))[:count]
    return [photos[number] for number in sorted(picks)]


def pairs(judgement: Judgement, names: Sequence[str], load: LoadPhoto, prefix: str) -> str:
    """The gallery of some photos. `prefix` makes ids that no other gallery of the page has."""
    numbers = {name: number for number, name in enumerate(judgement.shown.photos)}
    figures = [_pair(judgement, numbers[name], load, f"{prefix}{place}") for place, name in enumerate(names)]
    return f'<div class="gallery">{"".join(figures)}</div>' if figures else ""


def marks(judgement: Judgement, number: int) -> tuple[list[Mark], list[Mark]]:
    """Truth and what is shown of photo `number`."""
    table, names = judgement.shown, judgement.shown.class_names
    truth, shown = [], []
    for i in np.flatnonzero(table.truth.photo == number):
        found = judgement.shown_matches.finder[i] >= 0 or bool(table.crowd[i])
        label = names[table.truth.label[i]] + (" (crowd)" if table.crowd[i] else "" if found else ": missed")
        truth.append(Mark(tuple(table.truth.boxes_xyxy[i].tolist()), label, found))
    for i in np.flatnonzero(table.found.photo == number):
        kind = judgement.mistakes.kind[i]
        label = f"{names[table.found.label[i]]} {table.score[i]:.2f}" + (f": {KINDS[kind]}" if kind >= 0 else "")
        shown.append(Mark(tuple(table.found.boxes_xyxy[i].tolist()), label, kind < 0))
    return truth, shown


def _pair(judgement: Judgement, number: int, load: LoadPhoto, identity: str) -> str:
    name = judgement.shown.photos[number]
    try:
        photo = load(name)
    except PhotoError as error:
        return f'<figure class="note">{escape(str(error))}</figure>'
    href, (w, h) = embedded(photo, SIDE)
    by = np.tile((w, h) / judgement.shown.sizes_wh[number], 2)
    truth, shown = ([mark.scaled(by) for mark in its] for its in marks(judgement, number))
    picture = f'<image id="{identity}" href="{href}" width="{w}" height="{h}"/>'
    left = _drawing(picture, truth, (w, h), f"{name}: the truth")
    right = _drawing(f'<use href="#{identity}"/>', shown, (w, h), f"{name}: what is shown")
    wrong = sum(not mark.good for mark in (*truth, *shown))
    caption = f"{escape(name)} · {wrong} {'mistake' if wrong == 1 else 'mistakes'}"
    return f'<figure><div class="pair">{left}{right}</div><figcaption>{caption}</figcaption></figure>'


def _drawing(picture: str, boxes: Sequence[Mark], size_wh: tuple[int, int], told: str) -> str:
    drawn = []
    for mark in reversed(boxes):  # the surest lies on top
        x1, y1, x2, y2 = (round(value, 1) for value in mark.box_xyxy)
        rest = f'x="{x1}" y="{y1}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}"'
        drawn.append(f'<rect class="box rim" {rest}/><rect class="box {"good" if mark.good else "bad"}" {rest}/>')
    for mark, (x, y) in zip(boxes, _places(boxes, size_wh), strict=True):
        style = "good" if mark.good else "bad"
        drawn.append(f'<text class="tag {style}" x="{x:.1f}" y="{y:.1f}">{escape(mark.text)}</text>')
    view = f"0 0 {size_wh[0]} {size_wh[1]}"
    return f'<svg viewBox="{view}" role="img" aria-label="{escape(told)}">{picture}{"".join(drawn)}</svg>'


def _places(boxes: Sequence[Mark], size_wh: tuple[int, int]) -> list[tuple[float, float]]:
    """Where labels stand: at the top of their box, or lower where another label stands already."""
    height, taken = 15.0, list[tuple[float, float, float]]()
    for mark in boxes:
        width = 8.4 * len(mark.text)  # of a wide font's letters
        x = min(max(2.0, mark.box_xyxy[0] + 4), max(2.0, size_wh[0] - width))
        y = min(max(13.0, mark.box_xyxy[1] + 14), size_wh[1] - 4.0)
        while any(abs(y - other) < height and x < end and start < x + width for start, end, other in taken):
            y += height
            if y > size_wh[1] - 4:
                break
        taken.append((x, x + width, min(y, size_wh[1] - 4.0)))
    return [(x, y) for x, _, y in taken]


def embedded(photo: Photo, side: int) -> tuple[str, tuple[int, int]]:
    """A data URI of the photo, at most `side` pixels long, and its size."""
    image = Image.fromarray(photo.pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    data = base64.b64encode(encode_jpeg(np.asarray(image))).decode()
    return f"data:image/jpeg;base64,{data}", image.size

"""``outfitter evaluate`` for detectors: predict (or read predictions), score, explain, write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from outfitter import datasets
from outfitter.cli.draw import draw_boxes
from outfitter.cli.evaluated import summary
from outfitter.cli.output import progress, say, wide_console
from outfitter.cli.predicted import UNFINISHED_FILE, coco_ids, predicted
from outfitter.cli.subject import Subject, open_subject
from outfitter.datasets.categories import read_mapping
from outfitter.datasets.output import stems
from outfitter.errors import ConfigError, EvaluationError, PhotoError
from outfitter.evaluation import bootstrap, packshot, report, tensorboard
from outfitter.evaluation.baselines import learn_prior, perfect
from outfitter.evaluation.diagnosis import Change
from outfitter.evaluation.items import read_tags
from outfitter.evaluation.judge import judge
from outfitter.evaluation.matching import MAX_DETECTIONS
from outfitter.evaluation.predictions import renamed
from outfitter.evaluation.report import gallery
from outfitter.evaluation.report.means import Row, Shown
from outfitter.evaluation.report.page import span
from outfitter.evaluation.result import Result, Terms
from outfitter.evaluation.table import truth_hash
from outfitter.evaluation.tensorboard import Drawn
from outfitter.geometry import clip, scale
from outfitter.photo import encode_jpeg, load_photo
from outfitter.values import Annotations, Detections, Example, Photo

DRAWN_SIDE: Final = 640


@dataclass(frozen=True)
class Asked:
    """The command line's choices."""

    split: str
    protocol: str | None
    shown_from: float | None
    map: Path | None
    tags: Path | None
    resamples: int | None


def evaluate(model: str, on: Path, out: Path, asked: Asked, workers: int) -> dict[str, Any]:
    """The whole of it; returns what is printed."""
    data = datasets.load(on)
    by_name = {example.name: example for example in data.split(asked.split)}
    if not by_name:
        raise EvaluationError(
            f"{on}: its split {asked.split!r} is empty; there is nothing to score. Try another --split."
        )
    ids = coco_ids(on / f"{asked.split}.json")
    examples = [by_name[name] for name in ids.images.values()]
    protocol = _protocol(data.crops, on, asked)
    subject = open_subject(model, threads=1 if workers > 1 else None)
    truth = {example.name: example.annotations for example in examples}
    tags = read_tags(asked.tags, list(truth)) if asked.tags else None
    stamp = {"model": subject.hash, "data": truth_hash(truth), "split": asked.split}
    predictions = predicted(subject, ids, examples, out, stamp, workers)
    if asked.map is not None:
        mapping = read_mapping(asked.map)
        predictions = {name: renamed(one, mapping) for name, one in predictions.items()}
    # Whether a packshot's garment is shown, or anything where there is none, its best detection alone decides.
    own = subject.best_from if protocol == "packshot" else subject.shown_from
    shown_from = own if asked.shown_from is None else asked.shown_from
    terms = Terms(
        protocol=protocol,
        data=f"{on.resolve().name} {asked.split}",
        data_hash=stamp["data"],
        samples=len(truth),
        items=sum(int((~one.crowd).sum()) for one in truth.values() if one.crowd is not None),
        model=subject.name,
        model_hash=subject.hash,
        score_floor=round(min((float(one.scores.min()) for one in predictions.values() if len(one)), default=0.0), 4),
        max_detections=MAX_DETECTIONS,
        shown_from=shown_from,
    )
    training = data.split("train") or examples
    if training is examples:
        say("There is no train split, so the baselines learn from what they are scored on, and look a little better.")
    images = {example.name: example.image for example in examples}
    replicates = bootstrap.replicates_for(len(truth), asked.resamples)
    detect = _mapped(subject, asked)
    scored = _Scored(terms, truth, predictions, data.class_names, training, images, tags, replicates, detect)
    result, page, drawn = _packshots(scored) if protocol == "packshot" else _photos(scored)
    _write(result, page, drawn, out, asked.split)
    _tell(result, out)
    return summary(result, out)


@dataclass(frozen=True, eq=False)
class _Scored:
    """All that the two kinds of protocols need."""

    terms: Terms
    truth: Mapping[str, Annotations]
    predictions: Mapping[str, Detections]
    class_names: Sequence[str]
    training: Sequence[Example]
    images: Mapping[str, Path]
    tags: Mapping[str, str] | None
    replicates: int
    detect: Callable[[Photo], Detections] | None

    def retry(self, name: str, change: Change) -> Detections | None:
        """What the model sees on a photo whose pixels are changed; None for a file of predictions."""
        if self.detect is None:
            return None
        photo = self.load(name)
        return self.detect(Photo(change(photo.pixels), name))

    def load(self, name: str) -> Photo:
        return load_photo(self.images[name], name=name)

    def picture(self, name: str) -> Photo | None:
        """To be drawn. Predictions can be scored without the photos: what cannot be read is told and left out."""
        try:
            return self.load(name)
        except PhotoError as error:
            say(str(error))
            return None


def _protocol(crops: Sequence[str] | None, on: Path, asked: Asked) -> str:
    """The protocol asked for, if the data set fits it; else the one that the data set was prepared for.

    Raises:
        ConfigError: crops asked for and whole photos there, or the other way round.
    """
    if crops is None:  # made by hand: whoever asks knows what it is
        return asked.protocol or "photo"
    cropped = asked.split in crops
    if asked.protocol == "seed-crop" and not cropped:
        raise ConfigError(
            f"--protocol seed-crop: the {asked.split} photos of {on} are not all crops. "
            "Make crops with 'outfitter datasets prepare SOURCE --crop 0.05,0.20 --out CROPS'."
        )
    if asked.protocol == "photo" and cropped:
        raise ConfigError(f"--protocol photo: the {asked.split} photos of {on} are crops; that is 'seed-crop'.")
    return asked.protocol or ("seed-crop" if cropped else "photo")


def _mapped(subject: Subject, asked: Asked) -> Callable[[Photo], Detections] | None:
    """The model itself, its classes renamed as they were."""
    detect = subject.detect
    if detect is None or asked.map is None:
        return detect
    mapping = read_mapping(asked.map)
    return lambda photo: renamed(detect(photo), mapping)


def _photos(scored: _Scored) -> tuple[Result, str, Iterator[Drawn]]:
    shown_from = scored.terms.shown_from
    assert shown_from is not None
    with progress("resamples") as advance:
        judgement = judge(
            scored.truth,
            scored.predictions,
            scored.class_names,
            learn_prior(example.annotations for example in scored.training),
            shown_from,
            tags=scored.tags,
            retry=scored.retry,
            replicates=scored.replicates,
            progress=advance,
        )
    result = Result(
        scored.terms,
        judgement.scores,
        judgement.baselines,
        judgement.slices,
        judgement.evidence,
        scored.replicates,
        judgement.more(),
    )
    for place, finding in enumerate(judgement.findings[:5], 1):
        say(f"AP50 is near 0. {place}. {finding}")
    return (
        result,
        report.detection_page(result, judgement, scored.load),
        _side_by_side(scored, gallery.chosen(judgement)),
    )


def _side_by_side(scored: _Scored, names: Sequence[str]) -> Iterator[Drawn]:
    """Photos with the truth on the left and what is shown on the right."""
    shown_from = scored.terms.shown_from
    assert shown_from is not None
    files = stems([f"{name}.jpg" for name in names], flat=True)  # photos keep their own ending, too
    for name, file in zip(names, files, strict=True):
        photo = scored.picture(name)
        if photo is None:
            continue
        truth, found = scored.truth[name], scored.predictions[name]
        left = draw_boxes(*_smaller(photo, perfect(truth)), scores=False)
        both = np.hstack([left, draw_boxes(*_smaller(photo, found[found.scores >= shown_from]))])
        yield Drawn(file, encode_jpeg(both, 85), (both.shape[1], both.shape[0]))


def _smaller(photo: Photo, detections: Detections) -> tuple[Photo, Detections]:
    """At most `DRAWN_SIDE` pixels long. Boxes keep their share of the photo, which may be of another size than said."""
    image = Image.fromarray(photo.pixels)
    image.thumbnail((DRAWN_SIDE, DRAWN_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    factor = (image.width / detections.size_wh[0], image.height / detections.size_wh[1])
    boxes = clip(scale(detections.boxes_xyxy, factor), image.size)
    return Photo(np.asarray(image), photo.name), replace(detections, boxes_xyxy=boxes, size_wh=image.size)


def _packshots(scored: _Scored) -> tuple[Result, str, Iterator[Drawn]]:
    terms, truth, class_names = scored.terms, scored.truth, scored.class_names
    assert terms.shown_from is not None
    evidence = packshot.score_packshots(truth, scored.predictions, class_names, terms.shown_from, scored.tags)
    prior = learn_prior(example.annotations for example in scored.training)
    guesses = packshot.baselines(truth, prior, class_names, terms.shown_from)
    with progress("resamples") as advance:
        result = Result.of_means(terms, evidence, guesses, scored.replicates, progress=advance)
    wrong = packshot.wrong(evidence)
    rows = [row for name in wrong[: gallery.WORST] if (row := _packshot_row(scored, name))]
    told = f"{len(wrong)} of {evidence.samples} are wrong. The first: the truth and, orange, what was found first."
    page = report.means_page(result, ("rank-1", "right slot", "right box", "false alarm"), rows, told)
    return result, page, _side_by_side(scored, wrong[: gallery.WORST])


def _packshot_row(scored: _Scored, name: str) -> Row | None:
    """The truth and what was found first, side by side."""
    photo, best, truth = scored.picture(name), scored.predictions[name][:1], scored.truth[name]
    if photo is None:
        return None
    left = Photo(draw_boxes(*_smaller(photo, perfect(truth)), scores=False), f"{name}: the truth")
    right = Photo(draw_boxes(*_smaller(photo, best)), f"{name}: found first")
    found = f"{best.labels[0]} {best.scores[0]:.2f}" if len(best) else "nothing"
    caption = f"{name}: {truth.labels[0] if len(truth) else 'no garment'}; found {found}"
    return Row(caption, [Shown(left), Shown(right, False)])


def _write(result: Result, page: str, drawn: Iterator[Drawn], out: Path, split: str) -> None:
    """``metrics.json`` comes last: with it, the result is whole."""
    pictures = list(drawn)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.html").write_text(page, encoding="utf-8")
    events: Path | None = out / "tensorboard"
    try:
        tensorboard.write_summaries(out / "tensorboard", tensorboard.tags(result), pictures)
    except ModuleNotFoundError:
        say("No TensorBoard summaries: tensorboard is not installed. Run: pip install 'outfitter[learn]'")
        events = None
    tensorboard.write_zip(out / f"eval_{split}.zip", events, pictures)
    result.write(out)
    (out / UNFINISHED_FILE).unlink(missing_ok=True)


def _tell(result: Result, out: Path) -> None:
    """The table that the original printed, beside the guesses, for the person at the terminal."""
    from rich.table import Table

    title = f"{result.terms.model} on {result.terms.data}, protocol {result.terms.protocol}"
    shown = Table(title=title, title_justify="left", box=None)
    for column in ("", "model", "95 %", *result.baselines):
        shown.add_column(column, justify="right" if column else "left", no_wrap=column in ("", "model", "95 %"))
    names = [name for name in result.scores if name.startswith("AP@0.5IOU/")]
    names += [name for name in ("mAP@0.5IOU", "AP50", "AP75", "AP", "AR@100") if name in result.scores]
    for name in names or [name for name in result.scores if "/" not in name]:
        score = result.scores[name]
        guesses = (scores.get(name) for scores in result.baselines.values())
        shown.add_row(
            name,
            f"{score.value:.4f}",
            span(score),
            *("–" if guess is None else f"{guess:.4f}" for guess in guesses),
        )
    wide_console().print(shown)
    say(f"{result.terms.samples} photos. The report is {out / 'report.html'}.")

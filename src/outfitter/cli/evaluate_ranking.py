"""``outfitter evaluate`` for the protocol ``ranking``: anybody's lists of products against what people chose later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from outfitter.artifact import sha256_of
from outfitter.candidates import CatalogueSource
from outfitter.catalogue import Catalogue
from outfitter.cli.evaluated import finish
from outfitter.cli.inputs import new_folder
from outfitter.cli.output import progress, say
from outfitter.errors import ConfigError
from outfitter.evaluation import report
from outfitter.evaluation.bootstrap import replicates_for
from outfitter.evaluation.event_log import moment, read_events, read_time, split_in_time
from outfitter.evaluation.judge_ranking import judge_ranking
from outfitter.evaluation.ranked_lists import GUESSES, read_lists
from outfitter.recommendations import STRATEGIES
from outfitter.recommendations.replay import replay

if TYPE_CHECKING:
    from outfitter.evaluation.event_log import TemporalSplit
    from outfitter.evaluation.ranked_lists import Lists


def ranking(
    model: str, events: Path, catalogue: str | None, at: str | None, repeats: bool, out: Path, resamples: int | None
) -> dict[str, Any]:
    """model: a JSONL file of lists, the name of a guess, or of a strategy, which recommends from the catalogue."""
    log = read_events(events)
    when = None if at is None else read_time(at, "--split-at")
    opened = None if catalogue is None else Catalogue.open(catalogue)
    items = None if opened is None else [product.id for product in opened.products()]
    split = split_in_time(log, when, items=items, repeats=repeats)
    if split.dropped:
        say(f"{split.dropped} choices are of products that are not in the catalogue; no list could hold them.")
    if opened is not None and model in STRATEGIES and not Path(model).exists() and model not in GUESSES:
        lists, digest = _recommended(model, split, opened), model
    else:
        lists, digest = _lists(model, split)
    vectors = None if opened is None else _vectors(opened, split)
    new_folder(out, "--out")
    with progress("resamples") as advance:
        result = judge_ranking(
            split,
            lists,
            model=Path(model).name,
            model_hash=digest,
            data=f"{events.stem} from {moment(split.at)}",
            vectors=vectors,
            replicates=replicates_for(len(split.chosen), resamples),
            progress=advance,
        )
    return finish(result, report.ranking_page(result), out, "choices")


def _lists(model: str, split: TemporalSplit) -> tuple[Lists, str]:
    if not Path(model).exists() and (guess := GUESSES.get(model)):
        return guess(split), model
    if not Path(model).is_file():
        raise ConfigError(
            f"{model}: is no file of lists; --protocol ranking scores JSON lines of "
            f'{{"user": "…", "products": ["…"]}}, {", ".join(GUESSES)}, or with --catalogue {", ".join(STRATEGIES)}.'
        )
    lists, others = read_lists(Path(model), split)
    if others:
        say(f"{others} more people have a list, but chose nothing new after the split.")
    return lists, sha256_of(Path(model))[:16]


def _recommended(strategy: str, split: TemporalSplit, catalogue: Catalogue) -> Lists:
    """What the strategy recommends to each, from the events before the split alone; what they have met is left out."""
    lists = {}
    with progress("people", len(split.chosen)) as advance:
        for person, listed in replay(strategy, split, CatalogueSource(catalogue)):
            lists[person] = listed
            advance()
    return lists


def _vectors(catalogue: Catalogue, split: TemporalSplit) -> dict[str, NDArray[np.float32]]:
    """One for each product: the mean over its garments, of length 1."""
    vectors = {}
    with progress("products", len(split.items)) as advance:
        for item in split.items:
            mean = np.mean([garment.vector for garment in catalogue.garments(item)], axis=0)
            vectors[item] = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
            advance()
    return vectors

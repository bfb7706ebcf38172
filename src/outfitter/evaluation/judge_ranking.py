"""Everything the protocol ``ranking`` says of recommended lists, beside popular and random ones.

split = split_in_time(read_events(Path("events.csv")), items=catalogue_ids)
lists = {person: strategy(person, split.past) for person in split.chosen}  # product ids, best first
result = judge_ranking(split, lists, model="hybrid", model_hash="…", data="spring", vectors=vectors)
result.write(folder)
(folder / "report.html").write_text(report.ranking_page(result))
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from outfitter.evaluation import bootstrap
from outfitter.evaluation.event_log import TemporalSplit, moment
from outfitter.evaluation.ranked_lists import GUESSES, LENGTH, Lists
from outfitter.evaluation.ranking import RankingEvidence, score_ranking
from outfitter.evaluation.result import Result, Terms


def judge_ranking(
    split: TemporalSplit,
    recommended: Lists,
    *,
    model: str,
    model_hash: str,
    data: str,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
    replicates: int = bootstrap.REPLICATES,
    progress: bootstrap.Progress | None = None,
) -> Result:
    """Score lists, bound the scores, and tell whether they really differ from popular's and random's.

    Args:
        recommended: a list for everybody in ``split.chosen``, of which the first 20 are scored; see `score_ranking`.
        model, model_hash, data: what to call it in reports; the hash tells two models of one name apart.
        vectors: unit vectors of the items, for diversity.
        progress: is told of resamples done.

    Raises:
        EvaluationError: the lists do not fit the split, see `score_ranking`.
    """

    def evidence_of(lists: Lists) -> RankingEvidence:
        return score_ranking(
            {person: listed[:LENGTH] for person, listed in lists.items()},
            split.chosen,
            split.items,
            popularity=split.past.counts(),
            vectors=vectors,
            past=split.past_events,
        )

    evidence = evidence_of(recommended)
    guesses = {name: evidence_of(guess(split)) for name, guess in GUESSES.items()}
    if progress:
        progress(0, total=replicates * (1 + len(guesses)))
    terms = Terms(
        protocol="ranking",
        data=data,
        data_hash=split.data_hash,
        samples=len(split.chosen),
        items=sum(map(len, split.chosen.values())),
        model=model,
        model_hash=model_hash,
    )
    more = {
        "split_at": moment(split.at),
        "past_events": len(split.past),
        "products": len(split.items),
        "choices_not_among_the_products": split.dropped,
        "repeats_count": split.repeats,
        "differences": {
            name: {
                score: difference.as_dict()
                for score, difference in bootstrap.differences(guess, evidence, replicates, progress=progress).items()
                if "/" not in score
            }
            for name, guess in guesses.items()
        },
    }
    plain = {name: bootstrap.plain(guess) for name, guess in guesses.items()}
    return Result.of_means(terms, evidence, plain, replicates, more, progress)

"""What recommendations cost and are worth; each prints one JSON line.

    python benchmarks/recommendations.py learn --events 1000000
    python benchmarks/recommendations.py ask --catalogue shop/
    python benchmarks/recommendations.py shoppers --catalogue shop/ --products 800 --seed 5
    python benchmarks/recommendations.py shoppers --catalogue shop/ --log events.csv
    python benchmarks/recommendations.py looks --catalogue shop/ --products 800 --seed 5

learn: how long so many events take to be stored, read and learnt from, and the process's peak memory.
ask: a recommendation for a known person, beside the bare search with one vector; both measured in turns.
shoppers: strategies beside each other on simulated shoppers of the boutique whose catalogue is given, or on a log.
looks: how often what completes a look goes with it by the stylist's rule, beside any product of the same slot.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import numpy as np

from outfitter.boutique import design, goes_together, simulate
from outfitter.candidates import CatalogueSource
from outfitter.catalogue import Catalogue
from outfitter.evaluation.bootstrap import differences
from outfitter.evaluation.event_log import EventLog, TemporalSplit, read_events, split_in_time
from outfitter.evaluation.ranked_lists import at_random, popular
from outfitter.evaluation.ranking import RankingEvidence, score_ranking
from outfitter.events import Event, EventStore
from outfitter.recommendations import Interactions, choose
from outfitter.recommendations.replay import replay
from outfitter.recommendations.strategy import Query
from outfitter.walk import open_shop

STRATEGIES = ("popular", "trending", "collaborative", "session", "hybrid")
COLD, WARM = 5, 20
"""Events below which a product is cold, and from which a person is warm."""


def learn(events: int) -> dict[str, object]:
    """People and products as skewed as in shops: a tenth of either makes most of the events."""
    rng = np.random.default_rng(0)
    people, products = max(events // 20, 10), max(events // 50, 10)
    person = (people * rng.random(events) ** 2).astype(np.int32)
    product = (products * rng.random(events) ** 3).astype(np.int32)
    kinds = ("view", "cart", "purchase")
    kind = rng.choice(3, events, p=(0.85, 0.1, 0.05)).astype(np.int32)
    names = (tuple(f"u{n}" for n in range(people)), tuple(f"p{n}" for n in range(products)))
    log = EventLog(*names, kinds, person, product, kind, np.sort(1.78e9 + rng.random(events) * 7e6))
    with tempfile.TemporaryDirectory() as folder, EventStore(Path(folder) / "events.db") as store:
        began = time.perf_counter()
        store.add(
            Event(str(n), kind, product, time_, user=person)
            for n, (person, product, kind, time_) in enumerate(log.rows())
        )
        stored = time.perf_counter() - began
        began = time.perf_counter()
        log = store.log()
        read = time.perf_counter() - began
    began = time.perf_counter()
    learnt = Interactions.learn(log)
    first = time.perf_counter() - began
    began = time.perf_counter()
    Interactions.learn(log, before=learnt)
    again = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "events": events,
        "people": people,
        "products": products,
        "stored_s": stored,
        "read_s": read,
        "learnt_s": first,
        "again_s": again,
        "peak_mb": peak,
    }


def ask(folder: Path, rounds: int = 60) -> dict[str, object]:
    source = CatalogueSource(Catalogue.open(folder))
    rng = np.random.default_rng(0)
    rows = [
        (f"u{person}", source.ids[int(product)], "view", 1.78e9 + place)
        for place, (person, product) in enumerate(
            zip(rng.integers(0, 500, 20000), len(source.ids) * rng.random(20000) ** 2, strict=True)
        )
    ]
    interactions = Interactions.learn(EventLog.of(rows))
    garments = [source.garments(name)[0].vector for name in source.ids[:: max(len(source.ids) // rounds, 1)]]
    bare, asked = [], []
    for turn in range(rounds + 5):
        vector = (garments[turn % len(garments)] + rng.normal(0, 1e-4, len(garments[0]))).astype(np.float32)
        vector /= np.linalg.norm(vector)
        began = time.perf_counter()
        source.find(vector[None], 20)
        bare.append(time.perf_counter() - began)
        person = f"u{turn}"
        began = time.perf_counter()
        query = Query((), 20, user=person, met=interactions.met(person))
        choose(None, query, interactions).strategy.recommend(query, source)
        asked.append(time.perf_counter() - began)
    search, person_ = median(bare[5:]), median(asked[5:])
    return {
        "products": len(source.ids),
        "search_ms": 1e3 * search,
        "person_ms": 1e3 * person_,
        "ratio": person_ / search,
    }


def shoppers(folder: Path, products: int, seed: int, people: int, log: Path | None) -> dict[str, object]:
    source = CatalogueSource(Catalogue.open(folder))
    if log is None:
        done = simulate(design(products=products, looks=60, seed=seed), people=600, looks_around=40000, seed=people)
        events = EventLog.of(done.events)
    else:
        events = read_events(log)
    split = split_in_time(events, items=list(source.ids))
    interactions = Interactions.learn(split.past)
    counts = split.past.counts()
    cold = frozenset(name for name in source.ids if counts.get(name, 0) < COLD)
    lists: dict[str, dict[str, list[str]]] = {
        "random": {person: list(listed) for person, listed in at_random(split).items()},
        "most events": {person: list(listed) for person, listed in popular(split).items()},
    }
    everything = {}
    for name in STRATEGIES:
        whole = dict(replay(name, split, source, interactions, alone=True, k=len(source.ids)))
        lists[name] = {person: listed[:20] for person, listed in whole.items()}
        everything[name] = whole
    scored = {name: _score(split, one, split.chosen) for name, one in lists.items()}
    warm = {person: items for person, items in split.chosen.items() if split.past_events.get(person, 0) >= WARM}
    of_cold = {person: items & cold for person, items in split.chosen.items() if items & cold}

    def against(people: Mapping[str, frozenset[str]], only: frozenset[str] | None) -> dict[str, object]:
        def of(name: str) -> RankingEvidence:
            whole = everything[name]
            own = {one: [item for item in whole[one] if only is None or item in only][:20] for one in people}
            return _score(split, own, people)

        collaborative, hybrid = of("collaborative"), of("hybrid")
        change = differences(collaborative, hybrid)["NDCG@20"]
        return {
            "people": len(people),
            "collaborative": _mean(collaborative),
            "hybrid": _mean(hybrid),
            "difference": [round(value, 4) for value in (change.value, change.low, change.high)],
        }

    return {
        "people": len(split.chosen),
        "events": len(split.past),
        "NDCG@20": {name: _mean(one) for name, one in scored.items()},
        "warm people": against(warm, None),
        "cold products": against(of_cold, cold),
    }


def _score(
    split: TemporalSplit, lists: Mapping[str, list[str]], chosen: Mapping[str, frozenset[str]]
) -> RankingEvidence:
    own = {person: lists[person] for person in chosen}
    return score_ranking(own, chosen, split.items, popularity=split.past.counts(), past=split.past_events)


def _mean(evidence: RankingEvidence) -> float:
    from outfitter.evaluation.bootstrap import plain

    return round(float(plain(evidence)["NDCG@20"]), 4)


def looks(folder: Path, products: int, seed: int) -> dict[str, object]:
    boutique = design(products=products, looks=60, seed=seed)
    known = {product.id: product for product in boutique.products}
    shop = open_shop(folder)
    good, chance = [], []
    for look in boutique.looks:
        first = known[look.products[0]]
        rows = shop.recommend(product=first.id, strategy="complementary", k=5)
        good.append(np.mean([goes_together(first, known[row.product.id]) for row in rows]))
        of_slot = {row.slot for row in rows}
        chance.append(
            np.mean(
                [
                    np.mean([goes_together(first, other) for other in boutique.products if other.slot == slot])
                    for slot in of_slot
                ]
            )
        )
    rng = np.random.default_rng(0)
    resampled = [np.mean(rng.choice(good, len(good))) for _ in range(2000)]
    low, high = np.quantile(resampled, (0.025, 0.975))
    return {
        "looks": len(good),
        "goes": float(np.mean(good)),
        "low": low,
        "high": high,
        "chance": float(np.mean(chance)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("learn", "ask", "shoppers", "looks"))
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--products", type=int, default=800)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--shoppers", type=int, default=7, help="which: the hybrid's constants were chosen on 0")
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    if given.what == "learn":
        print(json.dumps(learn(given.events)))
    elif given.catalogue is None:
        parser.error("needs --catalogue")
    elif given.what == "ask":
        print(json.dumps(ask(given.catalogue)))
    elif given.what == "shoppers":
        print(json.dumps(shoppers(given.catalogue, given.products, given.seed, given.shoppers, given.log)))
    else:
        print(json.dumps(looks(given.catalogue, given.products, given.seed)))


if __name__ == "__main__":
    main()

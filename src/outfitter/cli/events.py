"""``outfitter events``: what people did in the shop, and what was learnt from it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from outfitter.cli.output import emit, progress, say

if TYPE_CHECKING:
    from outfitter.events import Event
    from outfitter.events.files import Refused

SHOWN: Final = 5
"""Refused rows that are printed; the JSON line has the count of all."""
Database = Annotated[
    str, typer.Option("--events", help="A file of SQLite, or a database's URL: postgresql+psycopg://user@host/name.")
]

app = typer.Typer(no_args_is_help=True)


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV or JSON lines with user or session, product, time; kind and id.")],
    events: Database,
) -> None:
    """Store a file's events. The same events again change nothing; rows that are none are told, the rest is stored."""
    from outfitter.events import EventStore
    from outfitter.events.files import read_file

    refused: list[Refused] = []
    with EventStore(events) as store, progress("events") as advance:

        def told() -> Iterator[Event]:
            for event in read_file(file, refused.append):
                advance()
                yield event

        added = store.add(told())
    emit({"events": str(events), "new": added.new, "known": added.known, "ahead": added.ahead, "refused": len(refused)})
    for one in refused[:SHOWN]:
        say(f"{one.where}: {one.reason}")
    if len(refused) > SHOWN:
        say(f"… and {len(refused) - SHOWN} more.")
    if added.ahead:
        say(f"{added.ahead} events were ahead of this machine's clock and count as of now.")
    if refused:
        raise typer.Exit(1)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The new file, .csv or .jsonl.")],
    events: Database,
) -> None:
    """Write all events to a file that 'outfitter events import' and 'outfitter evaluate' read."""
    from outfitter.events import EventStore
    from outfitter.events.files import write_file

    with EventStore(events, make=False) as store:
        emit({"file": str(file), "events": write_file(file, store)})


@app.command()
def stats(
    events: Database,
    catalogue: Annotated[
        str | None, typer.Option(help="Also count the events of products that this catalogue has no more.")
    ] = None,
) -> None:
    """Count events, people and products, and say what came of each strategy's lists."""
    from outfitter.events import EventStore
    from outfitter.events.readout import by_strategy

    with EventStore(events, make=False) as store:
        told = store.stats()
        clicks = by_strategy(store.shown(), store)
        products = Counter(event.product for event in store) if catalogue else Counter[str]()
    for name in ("first", "last"):
        told[name] = None if told[name] is None else f"{datetime.fromtimestamp(told[name], UTC):%Y-%m-%dT%H:%M:%SZ}"
    if catalogue:
        from outfitter.catalogue import Catalogue

        known = {product.id for product in Catalogue.open(catalogue).products()}
        told["events_of_unknown_products"] = sum(number for name, number in products.items() if name not in known)
    told["strategies"] = {name: {**dataclasses.asdict(one), "rate": round(one.rate, 4)} for name, one in clicks.items()}
    emit(told)


@app.command()
def forget(
    user: Annotated[str, typer.Argument(help="Whose events to delete.")],
    events: Database,
) -> None:
    """Delete everything that is stored of one user. What was learnt before must be learnt again."""
    from outfitter.events import EventStore

    with EventStore(events, make=False) as store:
        gone = store.forget(user)
    emit({"user": user, "deleted": gone})
    say("Models that were learnt from these events still hold them: run 'outfitter events learn' again.")


@app.command()
def keep(
    days: Annotated[float, typer.Argument(min=0, help="Delete what is older than so many days.")],
    events: Database,
) -> None:
    """Delete old events."""
    from outfitter.events import EventStore

    with EventStore(events, make=False) as store:
        emit({"days": days, "deleted": store.keep_days(days)})


@app.command()
def learn(
    out: Annotated[Path, typer.Argument(help="The file of what is learnt, .npz.")],
    events: Database,
    algorithm: Annotated[str, typer.Option(help="als, bpr or item-item.")] = "als",
    start: Annotated[
        Path | None, typer.Option("--from", help="Start from what was learnt before: fewer rounds are needed.")
    ] = None,
) -> None:
    """Learn tastes, from whoever did whatever, for 'outfitter recommend --learnt'."""
    from outfitter.config import parse
    from outfitter.events import EventStore
    from outfitter.recommendations.interactions import InteractionOptions, Interactions

    options = parse(InteractionOptions, {"algorithm": algorithm}, "command line")
    before = Interactions.load(start) if start else None
    with EventStore(events, make=False) as store:
        log = store.log()
    learnt = Interactions.learn(log, options, before=before)
    learnt.save(out)
    emit({"learnt": str(out), "events": len(log), "people": len(learnt.people), "products": len(learnt.products)})


@app.command()
def readout(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    events: Database,
    horizon: Annotated[
        int | None, typer.Option(min=1, help="People at which to conclude; without, an interval for any time.")
    ] = None,
) -> None:
    """Say which arm of an A/B experiment does better: click-through, with an interval."""
    from outfitter.events import EventStore
    from outfitter.events.readout import read_out

    with EventStore(events, make=False) as store:
        found = read_out(experiment, list(store.shown()), store, horizon=horizon)
    emit(dataclasses.asdict(found))
    say(found.note)
    for one in found.comparisons:
        between = f"{one.difference:+.4f} ({one.low:+.4f} to {one.high:+.4f})"
        say(f"{one.arm} against {one.against}: {between}, {one.verdict}.")

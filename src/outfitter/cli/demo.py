"""``outfitter demo``: the whole walk on a shop it draws itself, or on pictures of one's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Final

import typer

from outfitter.cli.output import emit, progress, say
from outfitter.errors import ConfigError

if TYPE_CHECKING:
    from outfitter.catalogue import Catalogue
    from outfitter.cli.page import Answered
    from outfitter.values import Recommendation
    from outfitter.walk import Shop

MARK: Final = "demo.json"
LOOKS: Final = 6
SIMILAR: Final = 8
COMPLETE: Final = 8


@dataclass(frozen=True)
class Query:
    """An outfit photo to ask about. worn: the very products in it, where known. exclude: what not to answer."""

    photo: str | Path
    worn: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()


class Log:
    """Says what is done, how long it took, and remembers it for the page."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []
        self.started = perf_counter()

    @contextmanager
    def stage(self) -> Iterator[list[str]]:
        """``with log.stage() as done: ... done.append("Did it")``."""
        started, done = perf_counter(), list[str]()
        yield done
        seconds = f"{perf_counter() - started:.1f} s"
        for text in done:
            say(f"{text:<72} {seconds:>8}")
            self.rows.append((text, seconds))
            seconds = ""

    @property
    def seconds(self) -> float:
        return perf_counter() - self.started


def command(
    out: Annotated[Path, typer.Option(help="Where the shop, its catalogue and the page go.")] = Path("outfitter-demo"),
    photos: Annotated[
        Path | None, typer.Option(help="A folder of your own pictures instead of the drawn shop.")
    ] = None,
    products: Annotated[int, typer.Option(min=40, help="How many products to draw.")] = 200,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    detector: Annotated[Path | None, typer.Option(help="A detector's model folder instead of the shipped one.")] = None,
    embedder: Annotated[
        Path | None, typer.Option(help="An embedder's model folder instead of the shipped one.")
    ] = None,
) -> None:
    """Build a small shop, find the garments of outfits in it, recommend, and write one HTML page."""
    from outfitter import catalogue
    from outfitter.cli.catalogue import models, steps
    from outfitter.photo import list_photos
    from outfitter.walk import open_shop

    log, queries = Log(), list[Query]()
    if photos is not None:
        list_photos(photos)  # no folder, no pictures: an error before anything is written
    claim(out, {"photos": str(photos.resolve()) if photos else None, "products": None if photos else products})
    feed = photos
    if feed is None:
        with log.stage() as done, progress("pictures") as advance:
            feed, queries, drew = draw(out / "shop", products, steps(advance))
            done.append(drew)
    with log.stage() as done, progress("products") as advance:
        catalogue.build(feed, out / "catalogue", progress=steps(advance), **models(detector, embedder))
        size = catalogue.status(out / "catalogue")
        done.append(f"Catalogued {size.products:,} products: {size.pictures:,} pictures, {size.garments:,} garments")
    with log.stage() as done:
        opened = catalogue.Catalogue.open(out / "catalogue")
        shop = open_shop(opened, detector, embedder)
        _ = shop.detector, shop.embedder
        done.append("Opened the catalogue and both models")

    queries = queries or own_looks(opened)
    with log.stage() as done:
        answered = [answer(shop, query) for query in queries]
        seen = sum(len(one.look.garments) for one in answered)
        done += [f"Answered {len(answered)} photos, {seen} garments", *filter(None, [worn_first(answered)])]
    tell(answered[0])

    page = out / "index.html"
    page.write_text(front(opened, answered, log, photos), encoding="utf-8")
    say(f"Wrote {page}. Open it in a browser. All of it took {log.seconds:.0f} s.")
    emit(
        {
            "page": str(page),
            "catalogue": str(out / "catalogue"),
            "looks": len(answered),
            "seconds": round(log.seconds, 1),
        }
    )
    if open_page:
        import webbrowser

        webbrowser.open(page.resolve().as_uri())


def front(catalogue: Catalogue, answered: Sequence[Answered], log: Log, photos: Path | None) -> str:
    """The page's HTML."""
    from outfitter.cli.page import Note, listed, render
    from outfitter.photo import load_photo

    whose = "drawn for this page" if photos is None else f"from the pictures in {photos}"
    intro = (
        f"A shop of {len(catalogue):,} products, {whose}, and nobody has bought anything yet. Point at a garment "
        f"to see what looks like it. All of it was found by looking, on this computer, in {log.seconds:.0f} seconds."
    )
    made_by = [("Finds garments", catalogue.stamp.detector), ("Compares them", catalogue.stamp.embedder)]
    own = "outfitter catalogue build feed.csv --out shop\noutfitter recommend photo.jpg --catalogue shop"
    notes = [
        Note("What it took", log.rows),
        Note("Which models", made_by, "They come with Outfitter and run on the processor; nothing left this computer."),
        Note(
            "Your own shop",
            text=f"A feed needs {listed(('id', 'title', 'image'))}; a folder of pictures will do.",
            code=own,
        ),
    ]
    heading = "Shop the look, before the first customer"
    return render(heading, intro, answered, lambda product: load_photo(catalogue.picture(product.id)), notes)


def claim(out: Path, settings: dict[str, object]) -> None:
    """Make the demo's folder, or go on in one that was made with the same settings. Raises ConfigError otherwise."""
    mark = out / MARK
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == settings:
        return
    if out.exists() and (not out.is_dir() or any(path != mark for path in out.iterdir())):
        raise ConfigError(f"--out {out}: is not empty and holds no demo with these settings. Name a new folder.")
    out.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps(settings) + "\n", encoding="utf-8")


def draw(folder: Path, products: int, progress: Callable[[int, int], None]) -> tuple[Path, list[Query], str]:
    """Draw the boutique unless it is there: its feed, outfits of it that are in no feed, and what was done."""
    from outfitter.boutique import design, write

    shop = design(products=products, looks=2 * LOOKS)
    feed, truth = folder / "feed.csv", folder / "truth.json"
    done = "Found the boutique of the last run"
    if not truth.is_file():
        if folder.exists():  # interrupted; the folder is the demo's own
            shutil.rmtree(folder)
        write(shop, folder, progress)
        done = f"Drew a boutique: {products:,} products and {len(shop.looks)} outfits, no picture of the world in it"
    # The richest outfits, women's and men's in turn.
    ranked = sorted(shop.looks, key=lambda look: -len(look.products))
    both = [[look for look in ranked if look.gender == gender] for gender in ("women", "men")]
    chosen = [look for pair in zip_longest(*both) for look in pair if look][:LOOKS]
    return feed, [Query(folder / "looks" / f"{look.id}.jpg", frozenset(look.products)) for look in chosen], done


def own_looks(catalogue: Catalogue) -> list[Query]:
    """The pictures of the catalogue that show the most slots, one a product; any pictures if none shows several."""
    pictures = sorted(
        catalogue.worn_together(),
        key=lambda seen: (-len({garment.slot for garment in seen}), -sum(garment.score for garment in seen)),
    )
    chosen: dict[str, str | None] = {}
    for seen in pictures:
        chosen.setdefault(seen[0].product_id, seen[0].image)
    for product in catalogue.products():
        chosen.setdefault(product.id, None)
    return [
        Query(str(catalogue.picture(product_id, image)), exclude=frozenset({product_id}))
        for product_id, image in list(chosen.items())[:LOOKS]
    ]


def answer(shop: Shop, query: Query) -> Answered:
    """See one photo, find its look-alikes and complete its look."""
    from outfitter.cli.page import Answered

    started = perf_counter()
    look = shop.see(query.photo)
    similar = shop.recommend(look, k=SIMILAR, exclude=query.exclude)
    complete = shop.recommend(look, k=COMPLETE, strategy="complementary", exclude=query.exclude)
    seconds = perf_counter() - started
    slots = len({row.slot for row in complete})
    each = min(COMPLETE // 2, max(1, COMPLETE // slots)) if slots else 0
    return Answered(
        Path(str(query.photo)).name, look, similar, [row for row in complete if row.rank <= each], seconds, query.worn
    )


def tell(answered: Answered) -> None:
    """Say in prose what one photo led to."""
    from outfitter.cli.page import call, price

    def line(head: str, row: Recommendation) -> str:
        product = " · ".join(filter(None, (row.product.title, price(row.product))))
        return f"    {head:<22}{product}\n    {'':<22}{row.because}"

    w, h = answered.look.photo.size_wh
    say(f"\n  {answered.name}, {w} × {h} pixels, shows in {answered.seconds:.2f} s:")
    for garment in answered.look.garments:
        first = next((row for row in answered.similar if row.garment == garment.index), None)
        if first:
            say(line(call(garment), first))
    if answered.complete:
        say("  To complete the look:")
    for row in answered.complete:
        if row.rank == 1:
            say(line(row.slot, row))
    say()


def worn_first(answered: Sequence[Answered]) -> str:
    """How often the very product in the photo came first; empty where nobody knows what is worn."""
    worn = sum(len(one.worn) for one in answered)
    first = sum(len(one.worn & {row.product.id for row in one.similar if row.rank == 1}) for one in answered)
    return f"Of {worn} pieces worn in these photos, {first} came first among their look-alikes" if worn else ""

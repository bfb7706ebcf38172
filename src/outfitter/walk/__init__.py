"""The walk, online: a photo in, recommendations out. Six stages, one line each.

    photo → detections → crops → embeddings → candidates → recommendations

The offline half, which fills the catalogue, is `outfitter.catalogue.build`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from outfitter.artifact import EmbedderInput, Manifest
from outfitter.crops import crop, crop_whole
from outfitter.errors import CatalogueError, ModelError, PhotoError, QueryError
from outfitter.photo import load_photo
from outfitter.recommendations import CandidateSource, Garment, Query, choose
from outfitter.recommendations.answer import Answer
from outfitter.recommendations.arrange import MORE_LIKE, Arrangement, no_example
from outfitter.recommendations.colour import find_colour
from outfitter.recommendations.explain import explain
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.merchandising import Merchandising, read_merchandising
from outfitter.recommendations.person import History, meet
from outfitter.recommendations.settle import Place, nothing, settle
from outfitter.recommendations.slots import own_slot, own_views
from outfitter.values import Crops, Detections, Embeddings, Photo
from outfitter.walk.asked import asked_for, require_garment, require_kinds
from outfitter.walk.parts import BOTH, as_asked

if TYPE_CHECKING:
    from outfitter.catalogue import Catalogue
    from outfitter.events import EventStore

PhotoSource: TypeAlias = Photo | str | Path | bytes


class Finds(Protocol):
    """Photo → Detections: a `Detector`, or anything that does the same."""

    def __call__(self, photo: PhotoSource, /) -> Detections: ...


class Embeds(Protocol):
    """Crops → Embeddings: an `Embedder`, or anything that does the same and has a manifest."""

    @property
    def manifest(self) -> Manifest: ...

    def __call__(self, crops: Crops, /) -> Embeddings: ...


@dataclass(frozen=True, eq=False)
class Look:
    """A photo that has been seen: ask several questions about it, and the models still run once."""

    photo: Photo
    detections: Detections
    garments: tuple[Garment, ...]

    def only(self, garment: int) -> Look:
        """The look, with detection number `garment` as all that is asked about.

        Raises:
            QueryError: there is no such garment, or it was not embedded, only another part of the photo.
        """
        require_garment(garment, self.detections, self.photo.name)
        own = tuple(one for one in self.garments if one.index == garment)
        if not own:
            raise QueryError(
                f"{self.photo.name}: garment {garment} was not looked at, only another part of the photo. Choose a "
                "garment or a region, not both."
            )
        return replace(self, garments=own)


class Shop:
    """A catalogue and the two models: ``outfitter.open("shop/").recommend("photo.jpg")``. Thread-safe.

    Args:
        source: the catalogue to recommend from.
        detector: None takes the one that comes with Outfitter; it is loaded when first needed.
        embedder: likewise; it must be the one that made the catalogue.
        embedder_id: the embedder that made the catalogue; None checks nothing.
        interactions: what was learnt from events; None is nothing.
        history: person → their latest events, newer than what was learnt; an `outfitter.events.EventStore`.
        merchandising: the shop's rules and scenarios.
    """

    def __init__(
        self,
        source: CandidateSource,
        detector: Finds | None = None,
        embedder: Embeds | None = None,
        embedder_id: str | None = None,
        interactions: Interactions | None = None,
        history: History | None = None,
        merchandising: Merchandising | None = None,
    ) -> None:
        self.source = source
        self.interactions = interactions or Interactions.none()
        self.history = history
        self.merchandising = merchandising or Merchandising()
        self._detector, self._embedder, self._embedder_id = detector, embedder, embedder_id
        if embedder is not None:
            _ = self.embedder  # a wrong one is an error now, not at the first question

    @cached_property
    def detector(self) -> Finds:
        if self._detector is None:
            from outfitter.detections import Detector

            return Detector()
        return self._detector

    @cached_property
    def embedder(self) -> Embeds:
        embedder: Embeds
        if self._embedder is None:
            from outfitter.embeddings import Embedder

            embedder = Embedder()
        else:
            embedder = self._embedder
        loaded = embedder.manifest.model_id
        if self._embedder_id not in (None, loaded):
            raise CatalogueError(
                f"the catalogue was made by the embedder {self._embedder_id}, and {loaded} is loaded; vectors of two "
                "embedders cannot be compared. Load the catalogue's embedder, or run 'outfitter catalogue build' again."
            )
        return embedder

    def detect(self, photo: PhotoSource) -> Detections:
        """The garments of a photo, best first. Raises PhotoError if it cannot be read."""
        return self.detector(photo)

    def see(self, photo: PhotoSource, garment: int | None = None, region: Sequence[float] | None = None) -> Look:
        """Find and embed a photo's garments: all, only detection number `garment`, or only what is in `region`.

        region: x1, y1, x2, y2 in pixels of the turned photo. A photo without garments is seen as a whole.

        Raises:
            PhotoError: the photo cannot be read.
            QueryError: no such garment, a region outside the photo, or both at once.
        """
        loaded = load_photo(photo)
        detections = self.detector(loaded)
        boxes, garments = asked_for(loaded, detections, garment, region)
        side = _input(self.embedder).side
        crops = crop(loaded, boxes, side) if len(boxes) else crop_whole(loaded, side)
        vectors = self.embedder(crops).vectors
        return Look(
            loaded,
            detections,
            tuple(replace(one, vectors=vector[None]) for one, vector in zip(garments, vectors, strict=True)),
        )

    def recommend(
        self,
        photo: PhotoSource | Look | None = None,
        *,
        product: str | Sequence[str] | None = None,
        user: str | None = None,
        session: Sequence[str] = (),
        visit: str | None = None,
        k: int | None = None,
        garment: int | None = None,
        region: Sequence[float] | None = None,
        strategy: str | None = None,
        where: str | None = None,
        exclude: Collection[str] = (),
        in_stock: bool | None = None,
        grouped: bool | None = None,
        diversity: float | None = None,
        hide: str | None = None,
        like: Sequence[PhotoSource] = (),
        dislike: Sequence[PhotoSource] = (),
        scenario: str | None = None,
        similar_by: str = BOTH,
    ) -> Answer:
        """Products for whatever is known: a photo, a product or several, a person, a visit, or nothing.

        "similar" and "hybrid" answer each garment with k products; "complementary" fills each slot that the outfit
        lacks with k products, the outfit being the whole photo, the one garment asked for, or all products. Without
        photo and product there is one answer of k products for the person. `choose` says which strategy answers where
        none is named.

        Args:
            product: an id, or the ids in a cart; they are left out themselves.
            user: as the events know them; somebody unknown is told so in the answer's note.
            session: ids of products that were looked at in this visit, the latest last.
            visit: the visit, as the events know it: what was looked at in it comes before `session`.
            k: products for each answer; 10, or the scenario's.
            where: filters such as ``"category=top,price<50"``.
            exclude: ids of products not to show.
            in_stock: leave out what cannot be bought.
            grouped: one product of each item_group_id, the best.
            diversity: 0 keeps the strategy's order; up to 1, products unlike those above them come earlier.
            hide: "seen" leaves out what the person has met, "bought" what they bought, "nothing" neither; what they
                dismissed goes with both, and for a person alone what they looked at in this visit.
            like, dislike: more like this, less like that: product ids or photos.
            scenario: takes what is not given here from the scenario of that name, and its experiment's arm.
            similar_by: "shape", "colour" or "both": what of the photo or product, and of the examples, counts.

        Raises:
            PhotoError: the photo cannot be read.
            QueryError: k is no whole number from 1, diversity outside 0–1, no such garment, product or filter column, a
                region outside the photo, an unknown `hide`, a `similar_by` that the embedder cannot tell apart, an
                example that is neither a product's id nor a photo, one id or example where a list is due.
            ConfigError: no such strategy or scenario.
        """
        asked = Question(
            photo,
            product=product,
            user=user,
            session=session,
            visit=visit,
            k=k,
            garment=garment,
            region=region,
            strategy=strategy,
            where=where,
            exclude=exclude,
            in_stock=in_stock,
            grouped=grouped,
            diversity=diversity,
            hide=hide,
            like=like,
            dislike=dislike,
            scenario=scenario,
            similar_by=similar_by,
        )
        place, query, arrangement, note = self._settled(asked)
        choice = choose(place.strategy, query, self.interactions)
        rows = arrangement.recommend(choice.strategy, query, self.source)
        told = note if rows else f"{note} {nothing(query, place, self.source)}".strip()
        return Answer(rows, choice.name, choice.why, told, scenario, place.experiment, place.arm)

    def explain(self, product_id: str, photo: PhotoSource | Look | None = None, **question: Any) -> list[str]:
        """Why a product is not in the answer to a question, asked as in `recommend`; or where in it it stands.

        Raises:
            QueryError: no such product; and whatever `recommend` raises.
        """
        place, query, arrangement, _ = self._settled(Question(photo, **question))
        strategy = choose(place.strategy, query, self.interactions).strategy
        return explain(product_id, strategy, query, arrangement, self.source)

    def _settled(self, asked: Question) -> tuple[Place, Query, Arrangement, str]:
        """The question as strategies take it, what is to be done to the answer, and what to tell with it."""
        require_kinds(asked.k, exclude=asked.exclude, session=asked.session, like=asked.like, dislike=asked.dislike)
        place = settle(self.merchandising, asked.scenario, asked.options, asked.user or asked.visit)
        by = asked.similar_by
        garments = as_asked(by, self._garments(asked), lambda: self.embedder.manifest)
        liked, disliked = self._examples(asked.like, by), self._examples(asked.dislike, by)
        person = meet(self.interactions, self.history, asked.user, asked.visit, asked.session, self.source)
        if not garments and len(liked) and not person.met:
            garments = (Garment(liked, None, MORE_LIKE, by=None if by == BOTH else by),)
        left_out = frozenset(asked.exclude) | set(asked.products) | person.hidden(place.hide, not garments)
        left_out |= {one for one in (*asked.like, *asked.dislike) if isinstance(one, str)}
        query = Query(garments, place.k, place.where, left_out, asked.user, person.met, person.session)
        rules = self.merchandising.rules_of(place.scenario)
        arrangement = Arrangement(place.in_stock, place.grouped, place.diversity, liked, disliked, rules)
        return place, query, arrangement, person.note

    def _garments(self, asked: Question) -> tuple[Garment, ...]:
        photo = asked.photo
        if photo is not None and asked.product is not None:
            raise QueryError("recommend takes a photo or a product, not both.")
        part = asked.garment is not None or asked.region is not None
        if photo is None:
            if part:
                raise QueryError("garment and region choose a part of a photo; a product is asked for as a whole.")
            return tuple(self._of_product(one) for one in asked.products)
        if isinstance(photo, Look) and asked.region is None:
            return (photo if asked.garment is None else photo.only(asked.garment)).garments
        return self.see(photo.photo if isinstance(photo, Look) else photo, asked.garment, asked.region).garments

    def _examples(self, examples: Sequence[PhotoSource], by: str) -> NDArray[np.float32]:
        """Looks, float32 (V, D), as `by` counts them: of products by their ids, else of photos' garments."""
        looks: list[Garment] = []
        for one in examples:
            if isinstance(one, str) and self.source.place(one) is not None:
                looks.append(self._of_product(one))
                continue
            try:
                looks += self.see(one).garments
            except PhotoError as error:
                if not isinstance(one, str):
                    raise
                raise QueryError(
                    f"more or less like {one!r}: no product has this id, and as a photo, {error}"
                ) from None
        counted = as_asked(by, looks, lambda: self.embedder.manifest)
        return np.concatenate([one.vectors for one in counted]) if looks else no_example()

    def _of_product(self, product_id: str) -> Garment:
        product = self.source.product(product_id)
        views = own_views(self.source, product_id)
        if not views:
            raise CatalogueError(f"product {product_id!r} has no picture in the catalogue. Add it again.")
        vectors = np.stack([view.vector for view in views])
        slot, colour = own_slot(self.source, product), find_colour(product.colour)
        return Garment(vectors, slot, f"“{product.title}”", colour=colour, product=product_id)


@dataclass(frozen=True, eq=False)
class Question:
    """What `Shop.recommend` was asked; see there."""

    photo: PhotoSource | Look | None = None
    product: str | Sequence[str] | None = None
    user: str | None = None
    session: Sequence[str] = ()
    visit: str | None = None
    k: int | None = None
    garment: int | None = None
    region: Sequence[float] | None = None
    strategy: str | None = None
    where: str | None = None
    exclude: Collection[str] = ()
    in_stock: bool | None = None
    grouped: bool | None = None
    diversity: float | None = None
    hide: str | None = None
    like: Sequence[PhotoSource] = ()
    dislike: Sequence[PhotoSource] = ()
    scenario: str | None = None
    similar_by: str = BOTH

    @property
    def products(self) -> tuple[str, ...]:
        return (self.product,) if isinstance(self.product, str) else tuple(dict.fromkeys(self.product or ()))

    @property
    def options(self) -> dict[str, Any]:
        """What a scenario would settle otherwise."""
        names = ("strategy", "k", "where", "in_stock", "grouped", "diversity", "hide")
        return {name: getattr(self, name) for name in names}


def _input(embedder: Embeds) -> EmbedderInput:
    if embedder.manifest.embedder_input is None:
        raise ModelError(f"{embedder.manifest.model_id}: its manifest lacks embedder_input. Export the model again.")
    return embedder.manifest.embedder_input


def open_shop(
    catalogue: str | Path | Catalogue,
    detector: str | Path | None = None,
    embedder: str | Path | None = None,
    *,
    events: str | Path | EventStore | None = None,
    learnt: str | Path | None = None,
    merchandising: str | Path | None = None,
) -> Shop:
    """The shop of a catalogue's folder or ``s3://bucket/name``, with the shipped models or with other model folders.

    Args:
        events: a file of SQLite, a database's URL, or an open store. Without `learnt`, tastes are learnt from it now.
        learnt: what 'outfitter events learn' wrote.
        merchandising: the shop's rules and scenarios, a YAML file.

    Raises:
        CatalogueError: no whole catalogue there, or it was made by another embedder.
        ModelError: a model folder that is not whole.
        EventError: events or what was learnt cannot be read.
        ConfigError: rules that cannot be read, or contradict each other.
    """
    from outfitter.candidates import CatalogueSource
    from outfitter.catalogue import Catalogue
    from outfitter.detections import Detector
    from outfitter.embeddings import Embedder

    source = CatalogueSource(catalogue if isinstance(catalogue, Catalogue) else Catalogue.open(catalogue))
    rules = read_merchandising(Path(merchandising)) if merchandising else None
    store = None
    if events is not None:
        from outfitter.events import EventStore

        store = events if isinstance(events, EventStore) else EventStore(events, make=False)
    interactions = None
    if learnt is not None:
        interactions = Interactions.load(Path(learnt))
    elif store is not None:
        interactions = Interactions.learn(store.log())
    return Shop(
        source,
        Detector(detector) if detector else None,
        Embedder(embedder) if embedder else None,
        source.embedder_id,
        interactions,
        store,
        rules,
    )

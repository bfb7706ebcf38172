"""What goes over the wire, in and out: the OpenAPI document is made of these."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from outfitter.events.event import LONGEST
from outfitter.service.settings import Origin
from outfitter.walk.parts import BOTH

MAX_K: Final = 100
MOST_EXCLUDED: Final = 1000

Text = Annotated[str, Field(min_length=1, max_length=500)]
Pixel = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


def printable(text: str) -> str:
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text) or "\0" in text:
        raise ValueError("holds a character that is no text")
    return text


Id = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(printable)]


Person = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(printable)]


Name = Annotated[str, Field(max_length=100), AfterValidator(printable)]


_ID: Final = {"type": "string", "minLength": 1, "maxLength": 500}
Products = Annotated[
    tuple[Id, ...],
    BeforeValidator(lambda value: value if isinstance(value, list | tuple) else (value,)),
    WithJsonSchema({"anyOf": [_ID, {"type": "array", "items": _ID, "maxItems": 50}]}),
]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PhotoQuery(_In):
    """A photo by its address. Uploads are sent as multipart/form-data (part `photo`) or as the body itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://shop.example/looks/1.jpg"}]})

    url: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(printable)] | None = Field(
        None, description="http or https, on the public internet."
    )


class RecommendQuery(PhotoQuery):
    """A question: for a photo (`url`, or uploaded), for a product or several, for a shopper, or for nobody known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"product": "B0001", "k": 5, "strategy": "complementary"},
                {"url": "https://shop.example/looks/1.jpg", "k": 8, "where": "price<80,availability=in_stock"},
            ]
        }
    )

    product: Products | None = Field(
        None, max_length=50, description="A product of the catalogue instead of a photo, or those of a cart."
    )
    user: Person | None = Field(None, description="The shopper, as your events name them; with the admin key only.")
    session: Person | None = Field(None, description="The shopper's visit, as your events name it.")
    k: int | None = Field(None, ge=1, le=MAX_K, description="Products for each garment or slot; 10 by default.")
    garment: int | None = Field(None, ge=0, le=10_000, description="Only this detection of the photo, from 0.")
    region: tuple[Pixel, Pixel, Pixel, Pixel] | None = Field(
        None, description="Only this part: x1, y1, x2, y2 in pixels of the upright photo."
    )
    strategy: Name | None = Field(None, description="similar, complementary (completes the look), hybrid, …")
    where: Annotated[str, Field(max_length=2000), AfterValidator(printable), AfterValidator(str.strip)] | None = Field(
        None, description="Filters, such as category=top,price<50."
    )
    exclude: tuple[Id, ...] = Field((), max_length=MOST_EXCLUDED, description="Products not to show.")
    in_stock: bool | None = Field(None, description="Leave out what cannot be bought.")
    grouped: bool | None = Field(None, description="One colour of a style.")
    diversity: float | None = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="0 keeps the order; 1 varies most."
    )
    hide: Literal["seen", "bought", "nothing"] | None = Field(None, description="What of the shopper's not to show.")
    like: tuple[Id, ...] = Field((), max_length=50, description="More like these products.")
    dislike: tuple[Id, ...] = Field((), max_length=50, description="Less like these products.")
    similar_by: Name = Field(BOTH, description="What of its looks counts: both, shape or colour.")
    scenario: Name | None = Field(None, description="A place in the shop: product, cart, home, look, or one of yours.")


class EventsQuery(_In):
    """What shoppers did. Sent again with the same ids, nothing is counted twice."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {
                            "id": "5b1c6e0e",
                            "kind": "view",
                            "product": "B0001",
                            "session": "s-81",
                            "recommendation": "0f6c",
                        }
                    ]
                }
            ]
        }
    )

    events: tuple[dict[Annotated[str, Field(max_length=100)], Any], ...] = Field(
        min_length=1,
        max_length=1000,
        description="Of each: id, kind (view, cart, purchase, like, dismiss), product, user or session; perhaps time "
        "(now, if it is left out) and recommendation, the id that came with the list. With a browser token 20 at most.",
    )


class EventsTaken(BaseModel):
    """new: stored; known: had been sent before."""

    new: int
    known: int


class ProductsQuery(_In):
    """Rows of a feed: id, title and image, and any other column. Pictures are fetched from the public internet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "products": [
                        {
                            "id": "4711",
                            "title": "Linen shirt",
                            "image": "https://shop.example/4711.jpg",
                            "category": "shirt",
                            "price": "49.90 EUR",
                        }
                    ]
                }
            ]
        }
    )

    products: tuple[dict[Annotated[str, Field(max_length=100)], Any], ...] = Field(min_length=1, max_length=500)


class Rejected(BaseModel):
    """A row, or one picture of a row, that could not be used."""

    id: str
    image: str
    reason: str


class Put(BaseModel):
    """added, updated, unchanged: products. products: how many are served now."""

    added: int
    updated: int
    unchanged: int
    rejected: tuple[Rejected, ...]
    products: int


class TokenQuery(_In):
    """A browser token for pages of these origins."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"origins": ["https://shop.example"], "days": 90}]})

    origins: tuple[Origin, ...] = Field(min_length=1, max_length=20)
    days: float = Field(90, gt=0, le=3660, allow_inf_nan=False)


class Token(BaseModel):
    """id: names it, and is no secret. token: told this once."""

    id: str
    token: str
    expires: str = Field(description="UTC, ISO 8601.")
    origins: tuple[str, ...]


class TokenOut(BaseModel):
    """A token that was made. made, expires: UTC, ISO 8601."""

    id: str
    origins: tuple[str, ...]
    made: str
    expires: str
    revoked: bool


class TokenList(BaseModel):
    """Those that have not expired, the newest first."""

    tokens: tuple[TokenOut, ...]


class DetectionOut(BaseModel):
    """box_xyxy: pixels of the upright photo; box: x, y, width, height as shares of it."""

    garment: int
    slot: str
    score: float
    box_xyxy: tuple[float, float, float, float]
    box: tuple[Share, Share, Share, Share]


class Detected(BaseModel):
    """What was found in a photo, best first. width, height: of the upright photo, in pixels."""

    width: int
    height: int
    garments: tuple[DetectionOut, ...]


class ProductOut(BaseModel):
    """A product of the catalogue. picture: its main picture, as this service shows it; more: its others."""

    id: str
    title: str
    category: str | None = None
    colour: str | None = None
    price: float | None = None
    currency: str | None = None
    availability: str | None = None
    url: str | None = None
    gender: str | None = None
    brand: str | None = None
    item_group_id: str | None = None
    attributes: dict[str, str] = {}
    picture: str
    more: tuple[str, ...] = ()


class Pick(BaseModel):
    """A recommended product. rank: from 1, for each garment or slot. because: why, for people; parts: of the score."""

    garment: int | None
    slot: str
    rank: int
    score: float
    because: str
    parts: dict[str, float]
    product: ProductOut


class Recommended(BaseModel):
    """recommendation_id: name it when you report what was shown or clicked."""

    recommendation_id: str
    strategy: str
    why: str
    note: str = ""
    photo: Detected | None = None
    picks: tuple[Pick, ...]


class ProductList(BaseModel):
    """total: how many match; products: `limit` of them from `offset`."""

    total: int
    offset: int
    products: tuple[ProductOut, ...]


class LookName(BaseModel):
    photo_id: str
    product_id: str
    src: str
    slots: tuple[str, ...]


class LookList(BaseModel):
    """Pictures of the catalogue that show two slots or more."""

    total: int
    offset: int
    looks: tuple[LookName, ...]


class Shown(BaseModel):
    """A product as a hotspot shows it. exact: it is the very product in the picture."""

    id: str
    title: str
    price: float | None = None
    currency: str | None = None
    url: str | None = None
    picture: str
    because: str
    exact: bool = False
    slot: str


class Hotspot(BaseModel):
    """box: x, y, width, height as shares of the picture. similar: best first."""

    slot: str
    name: str
    box: tuple[Share, Share, Share, Share]
    similar: tuple[Shown, ...]


class LookOut(BaseModel):
    """An outfit picture, made shoppable: everything the widget needs."""

    photo_id: str
    src: str
    width: int
    height: int
    hotspots: tuple[Hotspot, ...]
    complete: tuple[Shown, ...]
    recommendation_id: str | None = None


class ProblemOut(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[dict[str, Any]] | None = None

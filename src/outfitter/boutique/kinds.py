"""What the boutique sells: each kind of product, how it may be cut, clad, coloured and priced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from outfitter.boutique import cuts
from outfitter.boutique.cuts import Cut, Rng


@dataclass(frozen=True)
class Kind:
    """One category. layer: inner, outer, bottom, dress, coat, or the slot's name. weight: share of the range.

    materials, patterns, colours, formality, season: space-free choices with weights, as "a:2 b c".
    """

    category: str
    slot: str
    layer: str
    weight: float
    genders: str
    formality: str
    season: str
    materials: str
    patterns: str
    colours: str
    price: tuple[int, int]
    words: str
    cut: Callable[[Rng], Cut]


def choose(rng: Rng, choices: str) -> str:
    """One of "a:2 b c", by weight; underscores stand for spaces."""
    names, weights = [], []
    for choice in choices.split():
        name, _, weight = choice.partition(":")
        names.append(name.replace("_", " "))
        weights.append(float(weight or 1))
    return str(rng.choice(names, p=np.array(weights) / sum(weights)))


# fmt: off
_PLAIN = "black:3 charcoal:2 grey:2 white:3 cream:2 beige:2 navy:3 brown camel olive"
_BRIGHT = (
    "light_blue blue:2 teal mint green olive khaki yellow mustard orange coral red:2 burgundy:2 pink:2 fuchsia lilac "
    "purple"
)
_ALL = f"{_PLAIN} {_BRIGHT}"
_EARTH = "black:3 charcoal grey beige:2 camel:2 brown:2 navy:2 cream olive:2 khaki burgundy green"
_LEATHERS = "black:4 brown:3 camel:3 cream white beige navy burgundy:2 red green pink"
_PRINTED = "solid:4 floral:4 polka_dot:2 abstract:2 leopard vertical_stripe gingham"

KINDS: Final[tuple[Kind, ...]] = (
    Kind("t-shirt", "top", "inner", 14, "women men unisex", "casual:5 sport", "summer all:2", "jersey",
        "solid:5 breton_stripe:2 graphic:4 tie-dye wide_stripe", _ALL, (12, 45), "T-shirt|Tee|Cotton T-shirt",
        cuts.tee),
    Kind("tank top", "top", "inner", 6, "women", "casual:3 sport smart", "summer", "jersey:2 rib:2 satin",
        "solid:5 floral polka_dot breton_stripe", _ALL, (10, 39), "Tank|Camisole|Sleeveless top", cuts.tank),
    Kind("shirt", "top", "inner", 12, "men:2 women unisex", "smart:3 casual:2", "all:3 summer",
        "cotton:3 linen denim", "solid:4 vertical_stripe:2 gingham:2 tartan:2 pinstripe floral",
        "white:4 light_blue:3 black navy blue red green burgundy pink beige olive cream", (29, 89),
        "Shirt|Oxford shirt|Button-down", cuts.shirt),
    Kind("blouse", "top", "inner", 8, "women", "smart:3 casual", "all:2 summer", "satin:2 cotton", _PRINTED, _ALL,
        (25, 79), "Blouse|Puff-sleeve blouse|Tie blouse", cuts.blouse),
    Kind("sweater", "top", "inner", 11, "women men unisex", "casual:3 smart:2", "winter:3 all", "knit:4 wool rib",
        "solid:5 breton_stripe:2 wide_stripe herringbone", _ALL, (35, 129), "Sweater|Knit jumper|Pullover",
        cuts.sweater),
    Kind("hoodie", "top", "inner", 7, "unisex men women", "casual:2 sport:2", "all winter", "jersey",
        "solid:5 graphic:2 tie-dye camouflage", _ALL, (35, 85), "Hoodie|Zip hoodie", cuts.hoodie),
    Kind("sweatshirt", "top", "inner", 5, "unisex men women", "casual sport", "all winter", "jersey",
        "solid:3 graphic:3 wide_stripe", _ALL, (30, 75), "Sweatshirt|Crew sweatshirt", cuts.sweatshirt),
    Kind("blazer", "top", "outer", 8, "women men", "smart", "all:2 winter", "wool:3 cotton linen",
        "solid:5 pinstripe tartan houndstooth:2 herringbone windowpane",
        f"{_PLAIN} burgundy green pink light_blue lilac", (79, 229), "Blazer|Tailored blazer", cuts.blazer),
    Kind("jacket", "top", "outer", 9, "women men unisex", "casual:4 sport", "all:2 winter",
        "denim:2 leather:2 nylon:2 suede", "solid:8 camouflage", f"{_EARTH} denim:3 blue red yellow orange", (59,
        259), "Jacket|Short jacket", cuts.jacket),
    Kind("cardigan", "top", "outer", 7, "women:2 men unisex", "casual:2 smart", "winter all", "knit:4 wool",
        "solid:5 breton_stripe wide_stripe abstract", _ALL, (39, 119), "Cardigan|Knit cardigan", cuts.cardigan),
    Kind("vest", "top", "outer", 4, "men women unisex", "smart casual:2", "all winter", "wool knit:2 nylon:2",
        "solid:4 herringbone tartan", _EARTH, (35, 99), "Vest|Waistcoat|Gilet", cuts.vest),
    Kind("jeans", "bottom", "bottom", 11, "women:2 men:2 unisex", "casual", "all", "denim", "solid",
        "denim:6 navy:3 black:3 light_blue:3 grey:2 white cream", (45, 139), "Jeans|Straight jeans|Slim jeans",
        cuts.jeans),
    Kind("trousers", "bottom", "bottom", 9, "women:2 men:2", "smart:3 casual", "all:3 summer winter",
        "wool:2 cotton:2 linen", "solid:6 pinstripe tartan houndstooth windowpane herringbone",
        f"{_PLAIN} khaki:2 burgundy green pink", (39, 149), "Trousers|Tailored trousers|Chinos", cuts.trousers),
    Kind("joggers", "bottom", "bottom", 4, "unisex men women", "sport:2 casual", "all", "jersey nylon",
        "solid:5 camouflage", "black:3 grey:3 charcoal navy:2 olive burgundy beige", (29, 79), "Joggers|Track pants",
        cuts.joggers),
    Kind("cargo trousers", "bottom", "bottom", 3, "unisex men women", "casual", "all", "cotton", "solid:5 camouflage",
        "olive:3 khaki:3 black:2 beige grey brown", (39, 99), "Cargo trousers|Utility trousers", cuts.cargo),
    Kind("leggings", "bottom", "bottom", 4, "women", "sport", "all", "jersey", "solid:5 leopard camouflage",
        "black:4 charcoal navy burgundy olive purple blue teal", (19, 69), "Leggings|Training leggings",
        cuts.leggings),
    Kind("shorts", "bottom", "bottom", 7, "women men unisex", "casual:3 sport smart", "summer",
        "cotton:2 denim:2 linen jersey", "solid:5 gingham floral vertical_stripe", f"{_ALL} denim:3 khaki:2", (19,
        69), "Shorts|Tailored shorts", cuts.shorts),
    Kind("mini skirt", "bottom", "bottom", 5, "women", "casual:2 smart", "summer all", "cotton denim wool leather",
        "solid:3 tartan:3 houndstooth gingham leopard polka_dot", f"{_ALL} denim:2", (25, 79),
        "Mini skirt|A-line mini skirt", cuts.mini),
    Kind("midi skirt", "bottom", "bottom", 6, "women", "smart:2 casual", "all:2 summer", "satin:2 cotton wool",
        _PRINTED, _ALL, (35, 109), "Midi skirt|Slip skirt", cuts.midi),
    Kind("pleated skirt", "bottom", "bottom", 4, "women", "smart:2 casual", "all", "satin cotton",
        "solid:5 polka_dot tartan floral", _ALL, (39, 119), "Pleated skirt", cuts.pleated),
    Kind("dress", "long", "dress", 17, "women", "smart:2 casual:2", "summer:2 all:2", "cotton:2 satin:2 jersey linen",
        "solid:4 floral:4 polka_dot:2 leopard gingham breton_stripe abstract:2 tie-dye", _ALL, (39, 189),
        "Dress|Midi dress|Day dress", cuts.dress),
    Kind("coat", "long", "coat", 11, "women:2 men unisex", "smart:3 casual", "winter", "wool:4 cotton nylon",
        "solid:7 tartan houndstooth herringbone windowpane", f"{_EARTH} camel:3 beige:2 red pink light_blue", (119,
        399), "Coat|Wool coat|Overcoat", cuts.coat),
    Kind("jumpsuit", "long", "dress", 4, "women", "smart casual", "summer all", "cotton linen satin",
        "solid:5 floral pinstripe", _ALL, (49, 159), "Jumpsuit|Wide-leg jumpsuit", cuts.jumpsuit),
    Kind("sneakers", "footwear", "footwear", 12, "women men unisex:2", "casual:2 sport:2", "all",
        "leather canvas:2 suede", "solid:9 leopard",
        "white:5 black:3 grey navy red green beige pink blue yellow cream", (39, 149),
        "Sneakers|Trainers|Low-top sneakers", cuts.item("sneakers", 16)),
    Kind("loafers", "footwear", "footwear", 5, "men women", "smart", "all", "leather:3 suede", "solid", _LEATHERS,
        (69, 189), "Loafers|Penny loafers", cuts.item("loafers")),
    Kind("ankle boots", "footwear", "footwear", 6, "women men", "smart casual", "winter all", "leather:3 suede:2",
        "solid", _LEATHERS, (79, 219), "Ankle boots|Chelsea boots|Lace-up boots", cuts.item("ankle boots")),
    Kind("knee boots", "footwear", "footwear", 3, "women", "smart casual", "winter", "leather:3 suede:2", "solid",
        _LEATHERS, (99, 289), "Knee boots|Tall boots", cuts.item("tall boots")),
    Kind("heels", "footwear", "footwear", 6, "women", "smart", "all", "leather:2 suede satin", "solid:6 leopard",
        f"{_LEATHERS} fuchsia blue lilac", (59, 199), "Heels|Pumps|Stilettos", cuts.item("heels", height=(0.7, 1.2))),
    Kind("sandals", "footwear", "footwear", 5, "women men unisex", "casual", "summer", "leather:3 suede", "solid",
        f"{_LEATHERS} coral teal", (29, 119), "Sandals|Strappy sandals", cuts.item("sandals")),
    Kind("tote bag", "bag", "bag", 6, "women:2 unisex", "casual:2 smart", "all summer", "canvas:2 leather:2",
        "solid:4 breton_stripe floral gingham abstract", f"{_LEATHERS} yellow olive light_blue", (25, 189),
        "Tote bag|Canvas tote|Shopper", cuts.item("tote")),
    Kind("handbag", "bag", "bag", 7, "women", "smart", "all", "leather:4 suede satin", "solid:6 houndstooth leopard",
        f"{_LEATHERS} fuchsia blue mustard lilac", (59, 349), "Handbag|Top-handle bag|Quilted bag",
        cuts.item("handbag")),
    Kind("crossbody bag", "bag", "bag", 5, "women unisex", "casual smart", "all", "leather:3 nylon suede",
        "solid:6 leopard camouflage", f"{_LEATHERS} olive mustard lilac", (35, 159),
        "Crossbody bag|Camera bag|Saddle bag", cuts.item("crossbody")),
    Kind("backpack", "bag", "bag", 5, "unisex men", "casual sport", "all", "nylon:2 canvas leather",
        "solid:6 camouflage floral", f"{_EARTH} yellow red blue teal", (39, 159), "Backpack|Day pack",
        cuts.item("backpack")),
    Kind("cap", "headwear", "headwear", 6, "unisex:2 men women", "casual sport:2", "all summer", "cotton denim",
        "solid:6 camouflage gingham", f"{_ALL} denim", (15, 39), "Cap|Baseball cap", cuts.item("cap")),
    Kind("beanie", "headwear", "headwear", 6, "unisex:2 men women", "casual", "winter", "knit:2 rib",
        "solid:5 breton_stripe", _ALL, (12, 45), "Beanie|Ribbed beanie|Bobble hat", cuts.item("beanie")),
    Kind("fedora", "headwear", "headwear", 4, "women men", "smart casual", "all", "wool", "solid",
        "black:2 camel:3 grey brown:2 navy burgundy olive beige", (29, 89), "Fedora|Felt hat", cuts.item("brimmed", 1,
        (0.9, 1.1))),
    Kind("sun hat", "headwear", "headwear", 3, "women", "casual smart", "summer", "straw", "solid",
        "beige:4 cream:2 camel:2 white black", (19, 69), "Sun hat|Straw hat", cuts.item("brimmed", 2, (1.1, 1.35))),
    Kind("bucket hat", "headwear", "headwear", 3, "unisex women", "casual", "summer", "cotton denim",
        "solid:3 gingham leopard tie-dye floral", f"{_ALL} denim", (15, 45), "Bucket hat", cuts.item("bucket")),
    Kind("sunglasses", "eyewear", "eyewear", 11, "women men unisex", "casual smart", "summer:2 all", "rubber:3 metal",
        "solid:4 tortoise:2", "black:4 brown:3 beige grey red green pink blue", (19, 169), "Sunglasses",
        cuts.item("sunglasses", 10, (0.95, 1.2), (0.8, 1.3))),
    Kind("glasses", "eyewear", "eyewear", 5, "women men unisex", "smart casual", "all", "rubber:2 metal",
        "solid:3 tortoise:2", "black:4 brown:3 navy grey red burgundy", (49, 199), "Glasses|Optical frames",
        cuts.item("glasses", 10, (0.95, 1.15), (0.8, 1.3))),
)
# fmt: on

"""A drawn boutique: products and outfits with known truth, for the demo, the tests, and to train on.

    shop = design(products=240, looks=40, seed=0)
    photo, truth = draw_packshot(shop.products[0], view=0)
    photo, truth, ids = draw_look(shop, shop.looks[0])
    write(shop, Path("boutique"))                 # feed.csv, photos/, looks/, truth.json
    photo, truth = draw_scene(seed=1)             # endless variety
    simulate(shop).events                         # who viewed and bought what

Everything is a pure function of its arguments; no picture of the world is in it.
"""

from outfitter.boutique.design import Boutique, design
from outfitter.boutique.draw import draw_look, draw_packshot, draw_scene
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.shoppers import Shoppers, simulate
from outfitter.boutique.stylist import Look, goes_together, outfit_score
from outfitter.boutique.write import write

__all__ = [
    "Boutique",
    "BoutiqueProduct",
    "Look",
    "Shoppers",
    "design",
    "draw_look",
    "draw_packshot",
    "draw_scene",
    "goes_together",
    "outfit_score",
    "simulate",
    "write",
]

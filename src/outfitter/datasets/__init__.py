"""Annotated photos: read from any format, checked, prepared, converted, drawn.

prepare(source, out, PrepareOptions(format="masks", categories="slots"))
data = load(out)
data.class_names, data.split("train")
"""

from outfitter.datasets import class_folders, masks  # noqa: F401  (each registers itself, as the other formats do)
from outfitter.datasets.dataset import Dataset, load
from outfitter.datasets.prepare import Prepared, PrepareOptions, prepare
from outfitter.datasets.records import READERS

__all__ = ["READERS", "Dataset", "PrepareOptions", "Prepared", "load", "prepare"]

"""Annotated photos: read from any format, checked, prepared, converted, drawn.

prepare(source, out, PrepareOptions(format="masks", categories="slots"))
data = load(out)
data.class_names, data.split("train")
"""

from outfitter.datasets import (  # noqa: F401  (each registers itself)
    boxes_csv,
    class_folders,
    coco,
    deepfashion,
    deepfashion2,
    labelme,
    masks,
    tfexample,
    voc,
    yolo,
)
from outfitter.datasets.dataset import Dataset, load
from outfitter.datasets.prepare import Prepared, PrepareOptions, prepare
from outfitter.datasets.records import READERS

__all__ = ["READERS", "Dataset", "PrepareOptions", "Prepared", "load", "prepare"]

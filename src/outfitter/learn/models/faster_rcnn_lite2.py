"""The light default with a larger trunk: `faster_rcnn_lite` on EfficientNet-Lite2.

All behind the trunk is the same. It learns faster from ImageNet's weights (``recipes/README.md``, "A larger trunk").
"""

from __future__ import annotations

from collections.abc import Sequence

from outfitter.learn.models import faster_rcnn_lite

DEFAULTS = faster_rcnn_lite.DEFAULTS


def build(class_names: Sequence[str], weights: str | None = None) -> faster_rcnn_lite.LiteFasterRCNN:
    """weights: EfficientNet-Lite2's for ImageNet, from a file, else from an installed package or the hub."""
    return faster_rcnn_lite.build(class_names, weights, variant=2)

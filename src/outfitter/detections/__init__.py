"""Photo → Detections: which garments are in a photo, and where."""

from outfitter.detections.detector import Detector, as_input

__all__ = ["Detector", "as_input"]

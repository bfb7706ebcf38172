"""Photo → Detections: which garments are in a photo, and where."""

from outfitter.detections.detector import Detector

__all__ = ["Detector"]

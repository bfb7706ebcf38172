"""A result as one HTML file that loads nothing, for people; it follows the reader's light or dark setting."""

from outfitter.evaluation.report.detection import detection_page
from outfitter.evaluation.report.means import means_page
from outfitter.evaluation.report.ranking import ranking_page

__all__ = ["detection_page", "means_page", "ranking_page"]

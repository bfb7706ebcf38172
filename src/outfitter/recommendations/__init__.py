"""Candidates → Recommendations: what to show, in which order, and why, in words."""

from outfitter.recommendations.choose import Choice, choose
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Garment, Query, Strategy

__all__ = ["STRATEGIES", "CandidateSource", "Choice", "Garment", "Query", "Strategy", "choose"]

"""Candidates → Recommendations: what to show, in which order, and why, in words."""

from outfitter.recommendations.answer import Answer
from outfitter.recommendations.choose import Choice, choose
from outfitter.recommendations.interactions import Interactions
from outfitter.recommendations.strategy import STRATEGIES, CandidateSource, Garment, Query, Strategy

__all__ = [
    "STRATEGIES",
    "Answer",
    "CandidateSource",
    "Choice",
    "Garment",
    "Interactions",
    "Query",
    "Strategy",
    "choose",
]

"""Crops → Embeddings: where each garment lies in a space in which look-alikes are neighbours."""

from outfitter.embeddings.embedder import Embedder

__all__ = ["Embedder"]

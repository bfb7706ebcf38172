"""Finds the garments in a photo and recommends what to buy."""

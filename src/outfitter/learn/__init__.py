"""The training wing. It meets serving only in a model folder on disk; nothing outside it imports torch."""

"""Faults: what is done to Outfitter on purpose, and what was lost by it.

python -m tests.faults             every fault, with as many trials as docs/faults.md tells of
pytest tests/faults                every fault, with a few trials
"""

"""Naive in-memory engine, the oracle of other engines."""

"""Naive in-memory engine: the oracle that other engines are tested against."""

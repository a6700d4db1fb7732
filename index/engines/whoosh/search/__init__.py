"""Searching: weights, postings, positions, scoring, top docs, facets."""

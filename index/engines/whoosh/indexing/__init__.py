"""Indexing: inversion, segment writing, commit, merging."""

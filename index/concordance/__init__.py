"""Concordance: the matches of a search as lines, each word in its context (KWIC)."""

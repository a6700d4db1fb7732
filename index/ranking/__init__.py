"""Ranking: BM25F and spelling correction."""

"""Ranking: BM25F, spelling."""

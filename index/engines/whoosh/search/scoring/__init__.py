"""Scoring: BM25F with bonuses, pruned for OR queries, and by coverage for relaxed ones."""

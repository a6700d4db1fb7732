"""Highlighting: token tables, term matcher, highlighter, passages, hits."""

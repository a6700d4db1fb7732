"""Highlighting: matcher, passages, explanation."""

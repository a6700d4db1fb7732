"""Formats of editions, journals and bibliographies."""

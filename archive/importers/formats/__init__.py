"""Formats: one module or package each, with `detect`, `count` and `read`."""
